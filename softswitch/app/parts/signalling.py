"""SIP, from the settings: the driver of the core, the registrations, the trunks, and the gate."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from softswitch.app.entropy import Entropy
from softswitch.app.parts.dial_plan import peers_of, resolve_with, trunks_of
from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.web_sockets import web_socket_transport
from softswitch.calls.dispatch import EXTENSIONS, METHODS
from softswitch.calls.numbers.registrations import RegistrarLimits, Registrations
from softswitch.calls.numbers.trunk_watch import TrunkWatch
from softswitch.calls.numbers.trunks import Trunks
from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Gate
from softswitch.guard.rates import Rates
from softswitch.http.connections import HttpLimits
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import LoggingSettings, SipSettings
from softswitch.sip.effects import Flow
from softswitch.sip.element import SessionTerms
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.registrar.registrar import Registrar
from softswitch.sip.requests.nonce import Nonces
from softswitch.transport.certificates import Certificates
from softswitch.transport.datagrams.udp import UdpTransport
from softswitch.transport.driver import Driver
from softswitch.transport.keepalive import PhoneWatch
from softswitch.transport.names.name_service import Dns
from softswitch.transport.names.resolver import Resolver
from softswitch.transport.places import Places
from softswitch.transport.tcp import TcpLimits, TcpTransport
from softswitch.transport.tls import TlsLimits, TlsTransport
from softswitch.transport.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalling:
    """What SIP needs before there are calls; no socket is open yet."""

    registrations: Registrations
    "Those that are on disk are loaded."
    trunks: Trunks
    watch: TrunkWatch
    "Looks after them."
    gate: Gate
    driver: Driver
    phones: PhoneWatch
    names: Dns


async def build_signalling(
    settings: Settings, passwords: Passwords, foundation: Foundation
) -> Signalling:
    """Load the registrations, and build the rest. Raises StoreError."""
    trunks = trunks_of(settings, foundation.key, foundation.entropy)
    registrations = await _registrations(settings.sip, foundation)
    driver = _driver(settings, foundation)
    registrations.moved.append(driver.moved)
    registrations.gone.append(driver.connection_gone)
    sip = settings.sip
    phones = PhoneWatch(driver, registrations, sip.domain, sip.options_interval)
    registrations.is_silent = phones.is_silent
    names = Dns(sip.name_servers)
    return Signalling(
        registrations=registrations,
        trunks=trunks,
        watch=TrunkWatch(trunks, driver, resolve_with(Resolver(driver.flow, names))),
        gate=gate_of(settings, passwords, foundation, trunks),
        driver=driver,
        phones=phones,
        names=names,
    )


async def _registrations(sip: SipSettings, foundation: Foundation) -> Registrations:
    limits = RegistrarLimits(
        sip.max_contacts, sip.min_expires, sip.default_expires, sip.max_expires
    )
    registrations = Registrations(
        foundation.store, Registrar(limits), reconnect_time=sip.reconnect_time
    )
    await registrations.load()
    return registrations


def _driver(settings: Settings, foundation: Foundation) -> Driver:
    traces = foundation.traces
    return Driver(
        endpoint_of(settings.sip, foundation.entropy),
        tcp_above=settings.sip.tcp_above,
        write_messages=messages_to_write(settings.logging),
        tap=traces.travelled if traces.is_enabled else None,
    )


def messages_to_write(logging: LoggingSettings) -> str:
    """What is logged of each message; its line is of level info, so nothing is made in vain."""
    return logging.messages if logging.level in ("debug", "info") else "off"


def gate_of(
    settings: Settings, passwords: Passwords, foundation: Foundation, trunks: Trunks
) -> Gate:
    """The gate with all accounts."""
    guard, sip = settings.guard, settings.sip
    accounts = Accounts(sip.domain, sip.digest, foundation.key)
    phones = (each for each in settings.extensions if isinstance(each, PhoneExtension))
    add_accounts(accounts, phones, passwords)
    return Gate(
        accounts,
        Nonces(foundation.key, sip.nonce_life),
        rates=Rates(guard.requests_per_second),
        bans=foundation.bans.open("SIP"),
        unproven=foundation.bans.open("SIP, source not proven"),
        key=foundation.key,
        events=foundation.events,
        trusted=[ipaddress.ip_network(network) for network in guard.trusted],
        entropy=foundation.entropy.octets,
        trunk_of=trunks.source,
        proves=trunks.is_proven,
    )


def add_accounts(
    accounts: Accounts, phones: Iterable[PhoneExtension], passwords: Passwords
) -> None:
    """Let these phones authenticate."""
    for entry in phones:
        for number in entry.numbers():
            accounts.add(number, passwords.phones[number], algorithms=entry.digest)


def endpoint_of(sip: SipSettings, entropy: Entropy) -> Endpoint:
    """The core, with randomness and our public address."""
    public = sip.advertise

    def advertise(flow: Flow) -> tuple[str, int]:
        return public or flow.local[0], flow.local[1]

    return Endpoint(
        tokens=entropy.token,
        pick=random.SystemRandom().randint,
        advertise=advertise if public else None,
        methods=METHODS,
        extensions=EXTENSIONS,
        session=SessionTerms(sip.session_expires, sip.min_session_expires),
    )


def transports_of(
    settings: Settings,
    signalling: Signalling,
    certificates: Certificates,
    most: int,
    handshakes: HttpLimits,
) -> Iterator[Transport]:
    """The sockets of `sip.listen`, not open yet, with `most` connections in all of them.

    Bindings end with their connections. `handshakes` bounds those that are about to be WebSockets.
    """
    sip, driver, registrations = settings.sip, signalling.driver, signalling.registrations
    places = Places(most, settings.limits.connections_per_address)
    limits = TcpLimits(sip.connect_timeout, sip.stream_timeout)
    gone = registrations.connection_gone
    for listen in sip.listen:
        transport, host, port = listen
        if listen.is_web_socket:
            yield web_socket_transport(
                settings,
                listen,
                driver.receive,
                gone=gone,
                places=places,
                handshakes=handshakes,
                certificates=certificates,
            )
        elif transport == "tls":
            yield TlsTransport(
                host,
                port,
                driver.receive,
                certificates,
                peers=peers_of(settings),
                limits=_tls_limits(settings),
                places=places,
                dscp=sip.dscp,
                gone=gone,
            )
        elif transport == "tcp":
            yield TcpTransport(
                host,
                port,
                driver.receive,
                limits=limits,
                places=places,
                dscp=sip.dscp,
                gone=gone,
            )
        else:
            yield UdpTransport(
                host, port, driver.receive, dscp=sip.dscp, receive_buffer=sip.receive_buffer
            )


def _tls_limits(settings: Settings) -> TlsLimits:
    sip, tls = settings.sip, settings.tls
    return TlsLimits(
        sip.connect_timeout,
        sip.stream_timeout,
        handshakes=tls.handshakes,
        handshake_timeout=tls.handshake_timeout,
    )
