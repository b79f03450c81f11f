"""Writes how every party sounds into the timeline of its call, every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from softswitch.calls.ports.media_port import MediaPort
from softswitch.calls.ports.quality import quality_of
from softswitch.trace.lines import LineKind

TURNS = 10
"In how many parts the ports are asked, so that no worker gets all questions at once."


async def write_figures(ports: Callable[[], Collection[MediaPort]], seconds: float) -> None:
    """Write a line about each port of a traced call every so many seconds, until cancelled."""
    while True:
        for turn in range(TURNS):
            await asyncio.sleep(seconds / TURNS)
            for port in [port for port in ports() if port.leg % TURNS == turn]:
                await _write(port)


async def _write(port: MediaPort) -> None:
    timeline = port.timeline
    if not timeline.is_kept:
        return
    counted = await port.statistics()
    if port.timeline is not timeline or not counted.packets_in + counted.packets_out:
        return
    quality = quality_of(counted)
    timeline.note(
        LineKind.MEDIA,
        quality.codec,
        party=port.party(),
        packets_in=quality.packets_in,
        packets_out=quality.packets_out,
        lost_percent=quality.lost_percent,
        late_packets=quality.late_packets,
        jitter_ms=quality.jitter_ms,
        round_trip_ms=quality.round_trip_ms,
        mos=quality.mos,
        remote_mos=quality.remote_mos,
        srtp=quality.srtp,
        found=quality.diagnosis,
    )
