"""Writes how every party sounds into the timeline of its call, every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from softswitch.calls.ports.media_port import MediaPort
from softswitch.calls.ports.quality import quality_of
from softswitch.trace.lines import LineKind

TOGETHER = 32
"""Ports that are asked at once: questions that travel together cost a third, and more of them would
keep a worker from its packets."""


async def write_figures(ports: Callable[[], Collection[MediaPort]], seconds: float) -> None:
    """Write a line about each port of a traced call every so many seconds, until cancelled."""
    while True:
        asked = [port for port in ports() if port.timeline.is_kept]
        turns = range(0, len(asked), TOGETHER)
        for first in turns:
            await asyncio.gather(*map(_write, asked[first : first + TOGETHER]))
            await asyncio.sleep(seconds / len(turns))
        if not turns:
            await asyncio.sleep(seconds)


async def _write(port: MediaPort) -> None:
    timeline = port.timeline
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
