"""SIP over WebSocket, from the settings: servers of its own, or a place beside the web API.

The same address in `http.listen` and in `sip.listen` is one server.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from softswitch.http.connections import HttpLimits
from softswitch.http.server import HttpServer
from softswitch.http.web_sockets import WebSocketEntry
from softswitch.settings.load import Settings
from softswitch.settings.values import ListenAddress
from softswitch.transport.certificates import Certificates
from softswitch.transport.places import Places
from softswitch.transport.transport import Gone, Receive, Transport
from softswitch.transport.web_sockets.transport import WebSocketTransport


def web_socket_transport(
    settings: Settings,
    listen: ListenAddress,
    receive: Receive,
    *,
    gone: Gone,
    places: Places,
    handshakes: HttpLimits,
    certificates: Certificates,
) -> WebSocketTransport:
    """The WebSockets of one address; `handshakes` bounds the connections before they are some."""

    def server_of(transport: WebSocketTransport) -> HttpServer:
        entry = WebSocketEntry(transport, settings.sip.origins)
        everywhere = [web.get("/{path:.*}", entry.answer)]
        tls = certificates.server_context() if transport.name == "wss" else None
        return HttpServer(transport.local, everywhere, handshakes, tls=tls)

    return WebSocketTransport(
        listen.transport,
        (listen.host, listen.port),
        receive,
        places=places,
        dscp=settings.sip.dscp,
        gone=gone,
        listener=None if settings.http.is_at(listen) else server_of,
    )


def entry_beside_the_api(
    settings: Settings, transports: Iterable[Transport]
) -> WebSocketEntry | None:
    """The way in at the server of the web API, where `sip.listen` has its address."""
    for transport in transports:
        if isinstance(transport, WebSocketTransport) and settings.http.is_at(
            ListenAddress(transport.name, *transport.local)
        ):
            return WebSocketEntry(transport, settings.sip.origins)
    return None
