"""What final responses mean: telephony facts section 20, RFC 3398, RFC 3261 section 16.7."""

from __future__ import annotations

import pytest

from softswitch.calls.endings.outcomes import (
    CAUSE_TEXT,
    SIP_OF_CAUSE,
    VERDICTS,
    Outcome,
    best_of,
    judge,
    q850,
    status_for_caller,
)


@pytest.mark.parametrize(
    ("status", "outcome", "cause"),
    [
        (302, Outcome.FAILED, 23),
        (403, Outcome.REJECTED, 21),
        (404, Outcome.WRONG_NUMBER, 1),
        (410, Outcome.WRONG_NUMBER, 22),
        (480, Outcome.NO_ANSWER, 18),
        (486, Outcome.BUSY, 17),
        (488, Outcome.FAILED, 88),
        (503, Outcome.FAILED, 41),
        (600, Outcome.BUSY, 17),
        (603, Outcome.REJECTED, 21),
        (499, Outcome.FAILED, 41),  # unknown: counts as 400
        (599, Outcome.FAILED, 41),  # as 500
        (699, Outcome.REJECTED, 21),  # a refusal
    ],
)
def test_the_meaning_of_a_final_response(status: int, outcome: Outcome, cause: int) -> None:
    verdict = judge(status)
    assert (verdict.outcome, verdict.cause) == (outcome, cause)


def test_a_timeout_is_no_answer_only_when_it_rang() -> None:
    assert judge(408).outcome is Outcome.FAILED
    assert judge(408, rang=True).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("of_callee", "to_caller"),
    [
        (486, 486),
        (603, 603),
        (404, 404),
        (401, 500),
        (407, 500),
        (420, 500),
        (421, 500),
        (422, 500),
        (408, 480),
        (481, 480),
        (503, 500),
        (302, 480),
    ],
)
def test_what_the_caller_is_told(of_callee: int, to_caller: int) -> None:
    assert status_for_caller(of_callee) == to_caller


@pytest.mark.parametrize(
    ("responses", "best"),
    [
        ([486, 603], 603),  # a 6xx wins over all
        ([503, 486], 486),  # the lowest class
        ([408, 486], 486),  # a phone that spoke over one that is gone
        ([486, 415], 415),  # tells how to repair the request
        ([480, 408], 408),
        ([500], 500),
        ([302, 404], 302),
    ],
)
def test_the_best_of_several_responses(responses: list[int], best: int) -> None:
    assert best_of(responses) == best
    assert best_of(reversed(responses)) == best


def test_every_cause_that_is_written_has_its_text() -> None:
    assert {verdict.cause for verdict in VERDICTS.values()} <= set(CAUSE_TEXT)


def test_causes_lead_back_to_responses() -> None:
    assert SIP_OF_CAUSE[17] == 486
    assert SIP_OF_CAUSE[20] == 480
    assert all(300 <= status < 700 for status in SIP_OF_CAUSE.values())


def test_a_reason_header_names_the_cause() -> None:
    assert q850(16) == 'Q.850;cause=16;text="Normal call clearing"'
    assert q850(19, "media timeout") == 'Q.850;cause=19;text="media timeout"'
    assert q850(19, 'a "b"') == r'Q.850;cause=19;text="a \"b\""'
