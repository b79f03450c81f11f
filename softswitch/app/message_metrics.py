"""What `/metrics` shows of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from softswitch.http.metrics import Metric
from softswitch.messaging.queue.delivery import Delivery

if TYPE_CHECKING:
    from softswitch.app.application import Application


def message_figures(app: Application) -> Iterator[Metric]:
    """Accepted, sent, failed, waiting; and what peers did that they should not."""
    yield Metric(
        "messages_accepted_total", "Messages stored and acknowledged", lambda: app.messages.accepted
    )
    yield Metric(
        "messages_arrived_total", "Messages that connections brought", lambda: app.messages.arrivals
    )
    yield Metric("messages_refused_total", "Messages not accepted", lambda: app.messages.refused)

    def each(count: Callable[[Delivery], int]) -> Callable[[], dict[str, float]]:
        return lambda: {name: count(delivery) for name, delivery in app.messages.deliveries.items()}

    for kind, text, count in (
        ("sent", "Messages that a connection took", lambda d: d.counts.sent),
        ("retried", "Attempts that are made again later", lambda d: d.counts.retried),
        ("failed", "Messages that no connection takes", lambda d: d.counts.failed),
        ("expired", "Messages that were not sent in time", lambda d: d.counts.expired),
    ):
        yield Metric(f"messages_{kind}_total", text, each(count), "connection")
    yield Metric(
        "messages_held",
        "Messages in memory",
        lambda: {name: lane.held for name, lane in app.messages.lanes.items()},
        "connection",
    )
    yield Metric(
        "message_connections_up",
        "Whether a connection can carry messages",
        lambda: {name: float(state.up) for name, state in app.messages.states().items()},
        "connection",
    )
    yield Metric(
        "message_receipts_unknown_total",
        "Delivery receipts of no message",
        lambda: app.messages.receipts.unknown,
    )
    for kind, text in (
        ("bad", "PDUs that could not be read"),
        ("throttled", "Requests above the window"),
        ("duplicates", "Requests with a sequence number in use"),
        ("strays", "Answers to nothing"),
    ):
        yield Metric(f"smpp_{kind}_total", text, _link_counts(app, kind), "connection")


def _link_counts(app: Application, kind: str) -> Callable[[], dict[str, float]]:
    return lambda: {
        name: getattr(counts, kind)
        for name, connection in app.messages.connections.items()
        if (counts := getattr(connection, "counts", None)) is not None
    }
