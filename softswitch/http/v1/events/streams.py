"""The readers of events that are there now, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.http.v1.asking import NotServed
from softswitch.telemetry.metrics import Metric

RETRY_AFTER = 10
"Seconds after which a reader may find a place."


class EventStreams:
    """The places of readers."""

    def __init__(self, most: int, send_time: float) -> None:
        """`send_time`: seconds in which a reader must take what it was sent."""
        self._most, self.send_time = most, send_time
        self.cut_off = 0
        "Readers that did not read."
        self._taken = 0

    def change(self, most: int, send_time: float) -> None:
        """Let in as many from now on; those that are there stay."""
        self._most, self.send_time = most, send_time

    def metrics(self) -> Iterator[Metric]:
        """How many readers there are."""
        yield Metric("event_clients", "Readers of events", lambda: self._taken)
        yield Metric(
            "event_clients_cut_off_total", "Readers that did not read", lambda: self.cut_off
        )

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one reader. Raises NotServed where there is none."""
        if self._taken >= self._most:
            raise NotServed(
                503,
                f"{self._most} readers of events are there, as many as events.clients allows",
                {"Retry-After": str(RETRY_AFTER)},
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
