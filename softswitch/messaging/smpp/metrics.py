"""SMPP in `/metrics`: protocol errors of peers, by connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from softswitch.messaging.connections.connection import Connection
from softswitch.messaging.smpp.client import SmppConnection
from softswitch.messaging.smpp.link import LinkCounts
from softswitch.messaging.smpp.server import SmppServer
from softswitch.telemetry.metrics import Metric

COUNTED: tuple[tuple[str, str, Callable[[LinkCounts], int]], ...] = (
    ("smpp_bad_total", "PDUs that could not be read", lambda counts: counts.bad),
    ("smpp_throttled_total", "Requests above the window", lambda counts: counts.throttled),
    (
        "smpp_duplicates_total",
        "Requests with a sequence number in use",
        lambda counts: counts.duplicates,
    ),
    ("smpp_strays_total", "Answers to nothing", lambda counts: counts.strays),
)
"Name, text for people, value."


def smpp_metrics(connections: Iterable[Connection]) -> Iterator[Metric]:
    """The metrics of those of the connections that speak SMPP."""
    links = {
        each.name: each.counts
        for each in connections
        if isinstance(each, SmppConnection | SmppServer)
    }
    for name, text, count in COUNTED:
        yield Metric(name, text, partial(_of_each, links, count), "connection")


def _of_each(links: dict[str, LinkCounts], count: Callable[[LinkCounts], int]) -> dict[str, float]:
    return {name: count(counts) for name, counts in links.items()}
