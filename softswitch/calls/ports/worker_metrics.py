"""What media workers report, for `/metrics` and for `/v1/health`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.telemetry.metrics import Metric

REPORTED = (
    ("media_ports", "legs", "Ports in use"),
    ("media_ports_free", "ports_free", "Port pairs that are free"),
    ("media_packets_received_total", "packets_in", "RTP and RTCP packets received"),
    ("media_packets_sent_total", "packets_out", "RTP and RTCP packets sent"),
    ("media_packets_bad_total", "bad", "Packets that were dropped as bad"),
    ("media_srtp_forged_total", "forged", "SRTP packets that no key of their leg has protected"),
    ("media_srtp_repeated_total", "repeated", "SRTP packets that had been there before"),
    ("media_srtp_withheld_total", "withheld", "Packets that could not be protected"),
    ("media_cpu_seconds_total", "cpu_seconds", "Processor time of the worker"),
    ("media_ticks_skipped_total", "ticks_skipped", "Ticks that could not be held"),
)
"Name, field of the worker's report, text for people."


class WorkerState(NamedTuple):
    """A worker that is alive, as its last report says."""

    pid: int
    legs: int
    "Ports in use."
    ports: tuple[int, int]
    "The first and the last port of the range that all workers share."
    ports_free: int
    "Pairs."
    load: float
    "The share of a processor that it uses."
    cpu_seconds: float
    packets_in: int
    packets_out: int
    tick_late_max_ms: float
    ticks_skipped: int


def worker_states(media: MediaWorkers) -> list[WorkerState]:
    """The workers that are alive and have reported."""
    return [
        WorkerState(
            pid=worker.pid or 0,
            legs=report.legs,
            ports=worker.ports,
            ports_free=report.ports_free,
            load=worker.load,
            cpu_seconds=report.cpu_seconds,
            packets_in=report.packets_in,
            packets_out=report.packets_out,
            tick_late_max_ms=report.tick_late_max_ms,
            ticks_skipped=report.ticks_skipped,
        )
        for worker in media.workers
        if (report := worker.report) is not None
    ]


def worker_metrics(media: MediaWorkers) -> Iterator[Metric]:
    """The workers that are alive, and the work of each by its number."""
    yield Metric("media_workers", "Media workers alive", lambda: len(media.workers))
    yield Metric("media_worker_restarts_total", "Media workers replaced", lambda: media.restarts)
    for name, field, text in REPORTED:
        yield Metric(name, text, partial(_of_each, media, field), "worker")
    yield Metric(
        "media_tick_lateness_seconds",
        "The most that a tick was late in the last second",
        partial(_of_each, media, "tick_late_max_ms", 1 / 1000),
        "worker",
    )


def _of_each(media: MediaWorkers, field: str, unit: float = 1) -> dict[str, float]:
    return {
        str(number): getattr(report, field) * unit for number, report in enumerate(media.reports())
    }
