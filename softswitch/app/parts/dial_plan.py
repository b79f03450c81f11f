"""Extensions, routes and trunks of the settings, as the dial plan."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from hashlib import blake2b
from zoneinfo import ZoneInfo

from softswitch.app.certificates import trust_of
from softswitch.app.entropy import Entropy
from softswitch.calls.kinds import extension_of
from softswitch.calls.leg.media_terms import SrtpTerms
from softswitch.calls.numbers.calendar import Calendar, Calendars
from softswitch.calls.numbers.directory import Block, Directory, block
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.classes import Classes, NumberClass
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.numbers.trunk import Trunk, TrunkTerms
from softswitch.calls.numbers.trunk_watch import Resolve
from softswitch.calls.numbers.trunks import Trunks
from softswitch.settings.dialplan.calendars import read_holiday, read_hours
from softswitch.settings.dialplan.routes import RouteSettings
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.load import Settings
from softswitch.settings.values import Secret
from softswitch.sip.effects import Flow
from softswitch.sip.message.parameters import Parameters
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.transport.addresses import WILDCARDS
from softswitch.transport.names.resolver import Resolver, Unresolvable
from softswitch.transport.tls import Peer

WITHOUT_PASSWORD = {"password": None, "password_file": None}
"Passwords have no business outside of the settings and `settings/passwords.py`."


def directory_of(entries: Iterable[ExtensionSettings]) -> Directory:
    """All extensions."""
    known = list(entries)
    return Directory(singles_of(known), blocks_of(known))


def singles_of(entries: Iterable[ExtensionSettings]) -> list[Extension]:
    """Those of single numbers."""
    return [extension_of(_without_password(each)) for each in entries if each.range is None]


def blocks_of(entries: Iterable[ExtensionSettings]) -> list[Block]:
    """Those of blocks of numbers."""
    return [
        block(each.range, extension_of(_without_password(each)))
        for each in entries
        if each.range is not None
    ]


def _without_password(entry: ExtensionSettings) -> ExtensionSettings:
    return entry.model_copy(update=WITHOUT_PASSWORD) if isinstance(entry, Secret) else entry


def rules_of(settings: Settings) -> Rules:
    """The routes in the order of the file, and what else decides about numbers."""
    emergency = settings.emergency
    return Rules(
        routes=tuple(map(_route, settings.routes)),
        classes=Classes(
            tuple(NumberClass(each.name, each.prefixes, each.sent) for each in settings.classes)
        ),
        rights=settings.dialling.rights,
        emergency=EmergencyTerms(
            numbers=frozenset(emergency.numbers),
            trunks=emergency.trunks or tuple(trunk.name for trunk in settings.trunks),
            callback=emergency.callback or "",
            location=emergency.location,
            sends_location=emergency.send_location,
            tell=emergency.tell,
        ),
    )


def _route(route: RouteSettings) -> Route:
    kind, _, name = route.to.partition(":")
    return Route(
        pattern=route.number or "",
        regex=route.regex or "",
        name=route.name or "",
        trunk=name if kind == "trunk" else "",
        extension=name if kind == "extension" else "",
        refuse=int(name or 403) if kind == "refuse" else 0,
        reason=route.reason,
        strip=route.strip,
        prefix=route.prefix,
        called=route.called or "",
        caller=route.caller or "",
        extensions=frozenset(route.extensions),
        callers=route.callers,
        from_trunks=frozenset(route.from_trunks),
        when_open=route.when_open or "",
        when_closed=route.when_closed or "",
    )


def calendars_of(settings: Settings) -> Calendars:
    """All calendars; other parts may open and close them by hand."""
    return Calendars(
        Calendar(
            entry.name,
            tuple(map(read_hours, entry.hours)),
            tuple(map(read_holiday, entry.holidays)),
            None if entry.timezone is None else ZoneInfo(entry.timezone),
        )
        for entry in settings.calendars
    )


def own_hosts(settings: Settings) -> set[str]:
    """The hosts by which URIs may name us, besides the address that a request came to."""
    sip = settings.sip
    hosts = {sip.domain, *(host for _, host, _ in sip.listen if host not in WILDCARDS)}
    return hosts | ({sip.advertise} if sip.advertise else set())


def trunks_of(settings: Settings, key: bytes, entropy: Entropy) -> Trunks:
    """All trunks; `key` is secret and outlives restarts, and so do our contacts there."""
    return Trunks(Trunk(terms_of(entry, key), entropy.token) for entry in settings.trunks)


def peers_of(settings: Settings) -> dict[str, Peer]:
    """Who the trunks must prove to be that are reached over TLS, by their names."""
    peers = {}
    for index, trunk in enumerate(settings.trunks):
        if trunk.may_use_tls:
            host, _ = trunk.proxy_address or trunk.address
            peers[trunk.name] = Peer(host.strip("[]"), trust_of(index, trunk), trunk.wildcards)
    return peers


def terms_of(entry: TrunkSettings, key: bytes) -> TrunkTerms:
    """What holds for a trunk; `key` as above."""
    host, port = entry.address
    domain = entry.domain or host
    contact = blake2b(entry.name.encode(), key=key[:64], digest_size=10, person=b"trunk")
    return TrunkTerms(
        name=entry.name,
        server=sip_uri(None, host, port, parameters=_parameters(entry)),
        domain=domain,
        realm=entry.realm or domain,
        contact_user=contact.hexdigest(),
        username=entry.username or "",
        password=entry.password or "",
        digest=entry.digest,
        caller_number=entry.caller_number or entry.username or "*",
        registers=entry.register_contact,
        expires=entry.expires,
        networks=tuple(map(ipaddress.ip_network, entry.networks)),
        mutual_tls=entry.mutual_tls,
        calls=entry.calls,
        timeout=entry.timeout,
        keep_alive=entry.keep_alive,
        srtp=SrtpTerms(entry.srtp, entry.srtp_keys),
        trusted=entry.trusted,
        country=entry.country or "",
        ringback="" if entry.ringback is None else source_of(entry.ringback),
        diversions=entry.diversions,
        proxy=_proxy(entry),
    )


def _proxy(entry: TrunkSettings) -> SipUri | None:
    """Where its requests go instead; a loose router (RFC 3261 section 16.12)."""
    address = entry.proxy_address
    if address is None:
        return None
    host, port = address
    return sip_uri(None, host, port, parameters=_parameters(entry, lr=None))


def _parameters(entry: TrunkSettings, **more: str | None) -> Parameters:
    """The transport, unless that is for DNS to say."""
    named = {} if entry.transport is None else {"transport": entry.transport}
    return Parameters({**named, **more})


def resolve_with(resolver: Resolver) -> Resolve:
    """The resolver as trunks use it: a name that cannot be resolved has no flows."""

    async def resolve(uri: SipUri) -> list[Flow]:
        try:
            return await resolver.resolve(uri)
        except Unresolvable:
            return []

    return resolve
