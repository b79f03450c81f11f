"""How parties sound, in the timelines of their calls."""

from __future__ import annotations

import asyncio

from softswitch.calls.ports.figures import TOGETHER, write_figures
from softswitch.calls.ports.media_port import MediaPort, Statistics
from softswitch.trace.lines import LineKind, TraceLine
from softswitch.trace.timeline import Timeline
from softswitch.trace.traces import UNTRACED, Traces
from tests.calls.ports.test_media_hosts import Worker, port_on
from tests.calls.virtual_time import run


class CountingWorker(Worker):
    """A worker that tells what has come."""

    async def statistics(self, leg: int) -> Statistics:
        return Statistics(packets_in=250)


def lines(timeline: Timeline) -> list[TraceLine]:
    return [line for line in timeline.lines if isinstance(line, TraceLine)]


def test_every_traced_port_has_a_line_every_few_seconds() -> None:
    async def story() -> None:
        traces, worker = Traces(lambda: 1.0), CountingWorker()
        ports: list[MediaPort] = []
        for number in range(2 * TOGETHER + 1):
            port = port_on(worker)
            port.timeline, port.party = traces.begin(f"C{number}"), lambda: "1000"
            ports.append(port)
        ports[1].timeline = UNTRACED.begin("C1")
        writing = asyncio.create_task(write_figures(lambda: ports, 5.0))
        await asyncio.sleep(14.9)
        writing.cancel()
        first, second, *others = (lines(port.timeline) for port in ports)
        assert not second
        assert [(line.kind, line.party) for line in first] == [(LineKind.MEDIA, "1000")] * 3
        assert first[0].facts["packets_in"] == 250
        assert all(len(each) == 3 for each in others)

    run(story())
