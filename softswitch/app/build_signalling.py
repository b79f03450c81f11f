"""Parts of the switch made from the settings; `app.py` joins them."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterator
from hashlib import blake2b

from softswitch.app.entropy import Entropy
from softswitch.calls.dispatch import EXTENSIONS, METHODS
from softswitch.calls.kinds import extension_of
from softswitch.calls.numbers.directory import Directory, block
from softswitch.calls.numbers.routing import Route
from softswitch.calls.numbers.trunk_watch import Resolve
from softswitch.calls.numbers.trunks import Trunk, Trunks, TrunkTerms
from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Gate
from softswitch.guard.bans import Bans
from softswitch.guard.events import SecurityEvents
from softswitch.guard.rates import Rates
from softswitch.settings.dialplan import TrunkSettings
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import MediaSettings, SipSettings
from softswitch.settings.values import Secret
from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.parameters import Parameters
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.sip.requests.nonce import Nonces
from softswitch.transport.addresses import WILDCARDS, family_of, primary_address, source_for
from softswitch.transport.driver import Driver
from softswitch.transport.resolver import Resolver, Unresolvable
from softswitch.transport.tcp import TcpLimits, TcpTransport
from softswitch.transport.transport import Transport
from softswitch.transport.udp import UdpTransport

WITHOUT_PASSWORD = {"password": None, "password_file": None}
"Passwords have no business outside of the settings and `passwords.py`."


def directory_of(settings: Settings) -> Directory:
    """All extensions."""
    singles, blocks = [], []
    for entry in settings.extensions:
        if entry.range is None:
            singles.append(extension_of(_without_password(entry)))
        else:
            blocks.append(block(entry.range, extension_of(_without_password(entry))))
    return Directory(singles, blocks)


def _without_password(entry: AnyExtension) -> AnyExtension:
    return entry.model_copy(update=WITHOUT_PASSWORD) if isinstance(entry, Secret) else entry


def routes_of(settings: Settings) -> list[Route]:
    """Where numbers go that are no extension, in the order of the file."""
    routes = []
    for route in settings.routes:
        kind, _, name = route.to.partition(":")
        routes.append(
            Route(
                pattern=route.number,
                trunk=name if kind == "trunk" else "",
                extension=name if kind == "extension" else "",
                strip=route.strip,
                prefix=route.prefix,
                extensions=frozenset(route.extensions),
            )
        )
    return routes


def trunks_of(settings: Settings, key: bytes, entropy: Entropy) -> Trunks:
    """All outside lines; `key` is secret and outlives restarts, and so do our contacts there."""
    return Trunks(Trunk(_terms(entry, key), entropy.token) for entry in settings.trunks)


def _terms(entry: TrunkSettings, key: bytes) -> TrunkTerms:
    host, port = entry.address
    domain = entry.domain or host
    contact = blake2b(entry.name.encode(), key=key[:64], digest_size=10, person=b"trunk")
    return TrunkTerms(
        name=entry.name,
        server=sip_uri(None, host, port, parameters=Parameters({"transport": entry.transport})),
        domain=domain,
        realm=entry.realm or domain,
        contact_user=contact.hexdigest(),
        username=entry.username or "",
        password=entry.password or "",
        caller_number=entry.caller_number or entry.username or "*",
        registers=entry.register_contact,
        expires=entry.expires,
        networks=tuple(map(ipaddress.ip_network, entry.networks)),
        calls=entry.calls,
        keep_alive=entry.keep_alive,
    )


def resolve_with(resolver: Resolver) -> Resolve:
    """The resolver as outside lines ask it: a name that leads nowhere has no flows."""

    async def resolve(uri: SipUri) -> list[Flow]:
        try:
            return await resolver.resolve(uri)
        except Unresolvable:
            return []

    return resolve


def gate_of(
    settings: Settings,
    passwords: Passwords,
    key: bytes,
    events: SecurityEvents,
    *,
    entropy: Entropy,
    trunks: Trunks,
) -> Gate:
    """The gate with all accounts; `key` is secret and outlives restarts."""
    guard, sip = settings.guard, settings.sip
    accounts = Accounts(sip.domain, sip.digest, key)
    for number, password in passwords.phones.items():
        accounts.add(number, password)
    return Gate(
        accounts,
        Nonces(key, sip.nonce_life),
        rates=Rates(guard.requests_per_second),
        bans=Bans(guard.failures, guard.failure_window, guard.ban_time),
        key=key,
        events=events,
        trusted=[ipaddress.ip_network(network) for network in guard.trusted],
        entropy=entropy.octets,
        line_of=trunks.source,
    )


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
    )


def transports_of(settings: Settings, driver: Driver) -> Iterator[Transport]:
    """The sockets of `sip.listen`, not open yet."""
    sip, bounds = settings.sip, settings.limits
    limits = TcpLimits(
        bounds.connections, bounds.connections_per_address, sip.connect_timeout, sip.stream_timeout
    )
    for transport, host, port in sip.listen:
        if transport == "tcp":
            yield TcpTransport(host, port, driver.receive, limits=limits, dscp=sip.dscp)
        else:
            yield UdpTransport(
                host, port, driver.receive, dscp=sip.dscp, receive_buffer=sip.receive_buffer
            )


def own_hosts(settings: Settings) -> set[str]:
    """The hosts by which URIs may name us, besides the address that a request came to."""
    sip = settings.sip
    hosts = {sip.domain, *(host for _, host, _ in sip.listen if host not in WILDCARDS)}
    return hosts | ({sip.advertise} if sip.advertise else set())


def media_addresses(sip: SipSettings, media: MediaSettings) -> tuple[str, str | None]:
    """What SDP announces for IPv4 and for IPv6 (None: no SIP socket has it)."""
    hosts = [address.host for address in sip.listen]
    four = [host for host in hosts if family_of(host) == socket.AF_INET]
    six = [host for host in hosts if family_of(host) == socket.AF_INET6]
    address, address6 = _announced(four, primary_address()), None
    if six:
        address6 = _announced(six, source_for("2001:db8::1"))
    if media.address == "auto":
        return address, address6
    if ":" in media.address:
        return address, media.address
    return media.address, address6


def _announced(hosts: list[str], primary: str) -> str:
    return next((host for host in hosts if host not in WILDCARDS), primary)


def binding_address(announced: str) -> str | None:
    """Where media binds when `announced` is not an address of this machine; None when it is."""
    with socket.socket(family_of(announced), socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((announced, 0))
        except OSError:
            return "0.0.0.0"
    return None
