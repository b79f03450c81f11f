"""What `/metrics` shows of messages: accepted, sent, failed, held; and which connections are up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from softswitch.messaging.delivery.delivery import Delivery
from softswitch.messaging.queue.messages import Messages
from softswitch.telemetry.metrics import Metric

ATTEMPTS: tuple[tuple[str, str, Callable[[Delivery], int]], ...] = (
    ("messages_sent_total", "Messages that a connection took", lambda each: each.counts.sent),
    (
        "messages_retried_total",
        "Attempts that are made again later",
        lambda each: each.counts.retried,
    ),
    ("messages_failed_total", "Messages that no connection takes", lambda each: each.counts.failed),
    (
        "messages_expired_total",
        "Messages that were not sent in time",
        lambda each: each.counts.expired,
    ),
)
"Name, text for people, value."


def message_metrics(messages: Messages) -> Iterator[Metric]:
    """The messages as a whole, then those of each connection by its name."""
    yield Metric(
        "messages_accepted_total", "Messages stored and acknowledged", lambda: messages.accepted
    )
    yield Metric(
        "messages_arrived_total", "Messages that connections brought", lambda: messages.arrivals
    )
    yield Metric("messages_refused_total", "Messages not accepted", lambda: messages.refused)
    yield Metric(
        "message_receipts_unknown_total",
        "Delivery receipts of no message",
        lambda: messages.receipts.unknown,
    )
    yield from _connection_metrics(messages)


def _connection_metrics(messages: Messages) -> Iterator[Metric]:
    for name, text, count in ATTEMPTS:
        yield Metric(name, text, partial(_of_each, messages, count), "connection")
    yield Metric(
        "messages_held",
        "Messages in memory",
        lambda: {name: lane.held for name, lane in messages.lanes.items()},
        "connection",
    )
    yield Metric(
        "message_connections_up",
        "Whether a connection can carry messages",
        lambda: {name: float(state.up) for name, state in messages.states().items()},
        "connection",
    )


def _of_each(messages: Messages, count: Callable[[Delivery], int]) -> dict[str, float]:
    return {name: count(delivery) for name, delivery in messages.deliveries.items()}
