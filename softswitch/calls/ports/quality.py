"""The quality of a party's sound: the statistics of its leg as users read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from softswitch.calls.ports.media_port import Statistics


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The sound of one party, counted from the opening of its port."""

    codec: Annotated[str, Meta(description="What the party speaks, else what was agreed first.")]
    packets_in: Annotated[int, Meta(description="RTP packets that came from the party.")]
    packets_out: Annotated[int, Meta(description="RTP packets that were sent to it.")]
    lost_percent: Annotated[float, Meta(description="Packets from it that never came.")]
    late_packets: Annotated[
        int,
        Meta(
            description="Packets from it that came too late to be played; counted while the"
            " switch plays, mixes, records or converts, and not while it only relays."
        ),
    ]
    jitter_ms: Annotated[float, Meta(description="Interarrival jitter of what comes (RFC 3550).")]
    round_trip_ms: Annotated[
        float | None, Meta(description="By RTCP; null before the party's first report.")
    ]
    mos: Annotated[
        float | None,
        Meta(description="How the party sounds here, 1 to 4.5, by the E-model; null unheard."),
    ]
    remote_mos: Annotated[
        float | None,
        Meta(description="How we sound there; null before the party's first RTCP report."),
    ]
    diagnosis: Annotated[
        str | None, Meta(description="What is wrong, as one sentence; null when nothing is.")
    ]
    srtp: Annotated[
        str | None,
        Meta(description="The suite that encrypts it (RFC 4568, RFC 7714); null for plain RTP."),
    ]


def quality_of(counted: Statistics) -> Quality:
    """The quality of a leg from the statistics of its port."""
    return Quality(
        codec=counted.codec,
        packets_in=counted.packets_in,
        packets_out=counted.packets_out,
        lost_percent=round(counted.lost_percent, 2),
        late_packets=counted.late,
        jitter_ms=round(counted.jitter_ms, 1),
        round_trip_ms=None if counted.round_trip_ms is None else round(counted.round_trip_ms, 1),
        mos=counted.mos,
        remote_mos=counted.remote_mos,
        diagnosis=counted.diagnosis,
        srtp=counted.srtp or None,
    )


def recorded_quality(statistics: Mapping[str, Any]) -> Quality:
    """The quality of a leg from its statistics in the record of a call."""
    return quality_of(msgspec.convert(statistics, Statistics))
