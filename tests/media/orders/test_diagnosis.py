"""One sentence for what is wrong with a leg: the worst cause first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from media.orders.diagnosis import LegQuality, diagnose


def sentence_of(leg: LegQuality) -> str | None:
    found = diagnose(leg)
    return None if found is None else found.sentence


WELL = LegQuality(seconds=30.0, expected_address="10.0.0.5", packets_in=1500, packets_out=1500)


def test_a_good_leg_needs_no_sentence() -> None:
    assert sentence_of(WELL) is None


def test_a_young_leg_is_not_judged() -> None:
    assert sentence_of(replace(WELL, seconds=1.0, packets_in=0)) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"packets_in": 0, "unknown_source": "203.0.113.7"},
            "one-way audio: no packet came from 10.0.0.5; the phone sends from 203.0.113.7",
        ),
        ({"packets_in": 0}, "one-way audio: no packet came from 10.0.0.5"),
        (
            {"packets_in": 0, "packets_out": 0},
            "no audio: no packet came from 10.0.0.5, and nothing was sent",
        ),
        ({"packets_out": 0}, "one-way audio: nothing was sent to 10.0.0.5"),
        (
            {"packets_in": 0, "wrong_payload_types": 40},
            "one-way audio: 40 packets came with a payload type that was not agreed",
        ),
        (
            {"packets_in": 0, "undecryptable": 40},
            "one-way audio: 40 packets came, but none could be decrypted",
        ),
        ({"silent": True}, "1500 packets came from 10.0.0.5, but they hold only silence"),
        ({"lost_percent": 7.25}, "7.2 % of the packets from 10.0.0.5 were lost"),
        ({"remote_lost_percent": 3.0}, "10.0.0.5 misses 3.0 % of our packets"),
        (
            {"discarded_percent": 4.0, "jitter_ms": 80.4},
            "4.0 % of the packets from 10.0.0.5 came too late to be played (jitter 80 ms)",
        ),
        ({"round_trip_ms": 640.0}, "packets to 10.0.0.5 and back take 640 ms"),
        ({"clipped_percent": 24.0}, "the audio from 10.0.0.5 is too loud: it is clipped"),
    ],
)
def test_each_cause_has_its_sentence(change: dict[str, object], sentence: str) -> None:
    assert sentence_of(replace(WELL, **change)) == sentence  # type: ignore[arg-type]


def test_the_worst_cause_is_the_one_named() -> None:
    leg = replace(WELL, packets_in=0, remote_lost_percent=50.0, round_trip_ms=900.0)
    assert sentence_of(leg) == "one-way audio: no packet came from 10.0.0.5"


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_silence_on_hold_is_no_fault(direction: str) -> None:
    assert sentence_of(replace(WELL, packets_in=0, direction=direction)) is None


def test_a_leg_that_only_listens_sends_nothing() -> None:
    assert sentence_of(replace(WELL, packets_out=0, direction="recvonly")) is None
