"""The statistics of legs as users and Prometheus read them."""

from __future__ import annotations

from softswitch.calls.ports.ended_legs import MOS_BOUNDS, EndedLegs
from softswitch.calls.ports.media_port import Statistics
from softswitch.calls.ports.quality import quality_of, recorded_quality

POOR = Statistics(
    packets_in=95,
    lost=5,
    late=2,
    codec="PCMU",
    jitter_ms=12.345,
    mos=3.2,
    cause="loss",
    diagnosis="5.0 % of the packets from 10.0.0.5 were lost",
)


def test_a_leg_is_shown_in_rounded_numbers() -> None:
    shown = quality_of(POOR)
    assert (shown.lost_percent, shown.late_packets, shown.jitter_ms) == (5.0, 2, 12.3)
    assert (shown.round_trip_ms, shown.remote_mos) == (None, None)
    assert (shown.mos, shown.diagnosis) == (3.2, POOR.diagnosis)


def test_records_of_earlier_versions_can_be_read() -> None:
    shown = recorded_quality({"packets_in": 50, "jitter_ms": 1.0, "forgotten": True})
    assert (shown.packets_in, shown.codec, shown.mos) == (50, "", None)


def test_legs_that_have_ended_are_summed_up() -> None:
    ended = EndedLegs()
    for mos in (1.5, 1.51, 4.41):
        ended.count(Statistics(packets_in=10, mos=mos))
    ended.count(POOR)
    ended.count(Statistics(packets_in=10, lost=-3))
    assert len(ended.mos_classes) == len(MOS_BOUNDS) + 1
    assert ended.mos_classes == [1, 1, 0, 0, 1, 0, 0, 1]
    assert round(ended.mos_sum, 2) == 10.62
    assert (ended.lost, ended.late, dict(ended.causes)) == (5, 2, {"loss": 1})
