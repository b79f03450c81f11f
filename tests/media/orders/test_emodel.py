"""Scores of the E-model: worked examples, and that more loss or delay is never better."""

from __future__ import annotations

import numpy as np
import pytest

from media.orders import emodel


def test_the_worked_example_of_g711_with_concealment() -> None:
    # Telephony facts: 200 ms one way, 1 % loss.
    assert emodel.delay_impairment(200.0) == pytest.approx(7.297, abs=0.001)
    assert emodel.loss_impairment(1.0) == pytest.approx(3.640, abs=0.001)
    assert emodel.r_factor(200.0, 1.0) == pytest.approx(82.26, abs=0.01)
    assert emodel.mos("PCMA", 200.0, 1.0) == pytest.approx(4.11, abs=0.005)


@pytest.mark.parametrize(
    ("r", "score"),
    [(93.2, 4.41), (80, 4.02), (70, 3.60), (60, 3.10), (50, 2.58), (-5, 1), (120, 4.5)],
)
def test_scores_of_the_published_table(r: float, score: float) -> None:
    assert emodel.mean_opinion_score(r) == pytest.approx(score, abs=0.005)


def test_delay_hurts_more_beyond_the_knee() -> None:
    assert emodel.delay_impairment(177.3) == pytest.approx(4.2552)
    assert emodel.delay_impairment(277.3) == pytest.approx(0.024 * 277.3 + 11.0)


def test_lost_packets_hurt_less_when_they_are_concealed() -> None:
    bare = emodel.WITHOUT_CONCEALMENT
    assert emodel.loss_impairment(3.0, bare.ie, bare.bpl) > 3 * emodel.loss_impairment(3.0)


def test_bursts_hurt_more_than_random_loss() -> None:
    assert emodel.mos("PCMU", 50, 5, burst_ratio=2.0) < emodel.mos("PCMU", 50, 5)


def test_scores_of_many_legs_in_one_expression() -> None:
    scores = emodel.mean_opinion_score(emodel.r_factor(np.zeros(3), np.array([0.0, 5.0, 100.0])))
    assert scores.shape == (3,)
    assert np.all(np.diff(scores) < 0)
    assert np.all(scores >= 1.0)


def test_codec_names_in_any_letter_case() -> None:
    assert emodel.mos("opus", 20, 0) == emodel.mos("OPUS", 20, 0)
    assert emodel.mos("g729", 20, 0) < emodel.mos("PCMU", 20, 0)
