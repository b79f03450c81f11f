"""Phones that fetch their configuration, from the settings: URLs, facts, and the path itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from aiohttp import web

from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.media import media_addresses
from softswitch.calls.numbers.directory import Directory
from softswitch.guard.rates import RequestSources
from softswitch.http.provisioning.facts import NO_DOMAIN, Facts, PhoneServer
from softswitch.http.provisioning.phone_files import SERVICE, PhoneFiles
from softswitch.http.provisioning.phone_urls import OF, PhoneUrls
from softswitch.http.users import Users
from softswitch.http.v1.extensions.provisioning_api import ProvisioningApi
from softswitch.live.live_settings import LiveSettings
from softswitch.settings.load import Settings
from softswitch.settings.values import ListenAddress
from softswitch.transport.addresses import WILDCARDS
from softswitch.transport.transport import Transport

TABLES = ("provisioning",)
"The tables of the file that phones' files follow without a restart."
PREFERENCE = ("tls", "udp", "tcp")
"The transports that phones register by, the best one first."
SECURE = ("tls", "wss")
"Transports of `sip.listen` whose clients compare the server's name with its certificate."


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """What phones fetch, and where."""

    urls: PhoneUrls
    facts: Facts
    files: PhoneFiles

    def routes(self, users: Users) -> Iterator[web.RouteDef]:
        """What the HTTP server serves to phones, and to users about them."""
        yield from self.files.routes()
        yield from ProvisioningApi(self.facts, self.urls, users).routes()


async def build_provisioning(
    settings: Settings,
    foundation: Foundation,
    directory: Directory,
    live: LiveSettings,
    transports: Callable[[], Iterable[Transport]],
) -> Provisioning:
    """The URLs that an earlier process renewed, and the rest. Raises StoreError.

    `settings` are those that sockets and media were made from; what phones are told beside follows
    `live`. `transports` are the sockets of SIP, once they are open.
    """
    store, http = foundation.store, settings.http
    host, port = http.listen
    urls = PhoneUrls(
        await store.secret("provisioning"),
        store.write,
        (shown_host(settings, host, secure=http.tls), port),
        await store.load_choices(OF),
        public=http.public_url,
        scheme=http.scheme,
    )

    def now() -> Settings:
        running = {"sip": settings.sip, "media": settings.media}
        return live.now.settings.model_copy(update=running)

    def server(current: Settings) -> PhoneServer:
        open_now = [ListenAddress(each.name, *each.local) for each in transports()]
        return phone_server(current, open_now or settings.sip.listen)

    facts = Facts(directory, now, lambda: live.now.passwords.phones, server)
    files = PhoneFiles(
        facts,
        urls,
        lambda: live.now.settings.provisioning,
        foundation.bans.open(SERVICE),
        RequestSources(map(ip_network, settings.guard.trusted)),
    )
    return Provisioning(urls=urls, facts=facts, files=files)


def phone_server(settings: Settings, listen: Iterable[ListenAddress]) -> PhoneServer:
    """Where phones register: a socket of SIP that is no WebSocket, the best one."""
    common = settings.provisioning
    order = PREFERENCE if common.transport is None else (common.transport, *PREFERENCE)
    sockets = sorted(
        (each for each in listen if not each.is_web_socket),
        key=lambda each: order.index(each.transport),
    )
    best = sockets[0] if sockets else ListenAddress("udp", *settings.sip.listen[0][1:])
    is_secure = best.transport in SECURE
    host = common.server or shown_host(settings, best.host, secure=is_secure)
    return PhoneServer(host, best.port, best.transport)


def shown_host(settings: Settings, host: str, *, secure: bool) -> str:
    """What others reach a socket by; with TLS the name that the certificate must have."""
    if host not in WILDCARDS:
        return host
    if secure and settings.sip.domain != NO_DOMAIN:
        return settings.sip.domain
    return settings.sip.advertise or media_addresses(settings.sip, settings.media)[0]
