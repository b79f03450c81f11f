"""What `/metrics` shows of the sockets: sums over all sockets of a kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from softswitch.telemetry.metrics import Metric
from softswitch.transport.datagrams.udp import UdpTransport
from softswitch.transport.tcp import TcpTransport
from softswitch.transport.tls import TlsTransport
from softswitch.transport.transport import Transport
from softswitch.transport.web_sockets.transport import WebSocketTransport


def transport_metrics(transports: Sequence[Transport]) -> Iterator[Metric]:
    """The metrics of sockets that are open at the scrape: `transports` may be filled later."""
    yield from _tcp_metrics(transports)
    yield from _tls_metrics(transports)
    yield from _udp_metrics(transports)


def _tcp_metrics(transports: Sequence[Transport]) -> Iterator[Metric]:
    def tcp() -> list[TcpTransport | WebSocketTransport]:
        return [each for each in transports if isinstance(each, TcpTransport | WebSocketTransport)]

    yield Metric(
        "connections", "SIP connections open", lambda: sum(len(each.connections) for each in tcp())
    )
    yield Metric(
        "connections_refused_total",
        "SIP connections above a limit",
        lambda: sum(each.refused for each in tcp()),
    )
    yield Metric(
        "connections_gave_way_total",
        "SIP connections that owed a message and lost their place to newcomers",
        lambda: sum(each.gave_way for each in tcp()),
    )
    yield Metric(
        "connections_timed_out_total",
        "SIP connections whose message did not come in time",
        lambda: sum(each.timed_out for each in tcp()),
    )


def _tls_metrics(transports: Sequence[Transport]) -> Iterator[Metric]:
    def tls() -> list[TlsTransport]:
        return [each for each in transports if isinstance(each, TlsTransport)]

    yield Metric(
        "tls_handshakes_total",
        "Handshakes of SIP over TLS that were completed",
        lambda: sum(each.handshakes for each in tls()),
    )
    yield Metric(
        "tls_handshakes_waiting",
        "Handshakes of SIP over TLS that wait for a place or their turn",
        lambda: sum(each.pending for each in tls()),
    )
    yield Metric(
        "tls_failures_total",
        "Handshakes of SIP over TLS that failed, gave way or came too late",
        lambda: sum(each.failures for each in tls()),
    )


def _udp_metrics(transports: Sequence[Transport]) -> Iterator[Metric]:
    def udp() -> list[UdpTransport]:
        return [each for each in transports if isinstance(each, UdpTransport)]

    yield Metric(
        "datagrams_ignored_total",
        "Keep-alives and datagrams that are no SIP",
        lambda: sum(each.ignored for each in udp()),
    )
    yield Metric(
        "datagrams_unsent_total",
        "Datagrams that the kernel had no room for",
        lambda: sum(each.dropped for each in udp()),
    )
