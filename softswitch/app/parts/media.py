"""The media workers, from the settings: their addresses, ports and codecs."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack

from softswitch.calls.ports.media_port import UnexpectedAddress
from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.calls.ports.prompts import Prompts
from softswitch.guard.events import SecurityEvents
from softswitch.sdp.codecs import named
from softswitch.settings.load import Settings
from softswitch.settings.server import MediaSettings, SipSettings
from softswitch.transport.addresses import WILDCARDS, family_of, primary_address, source_for
from softswitch.transport.names.records import Names


async def start_media(
    settings: Settings,
    events: SecurityEvents,
    names: Names,
    prompts: Prompts,
    cleanup: AsyncExitStack,
) -> MediaWorkers:
    """The media workers, every one of them ready. Raises WorkerGone."""
    media = settings.media

    def unexpected(call_id: str, event: UnexpectedAddress) -> None:
        events.report_source(call_id, (event.address, event.port), event.packets)

    address, address6 = media_addresses(settings.sip, media)
    workers = MediaWorkers(
        address=address,
        address6=address6,
        bind=binding_address(address),
        ports=(media.ports[0], media.ports[-1]),
        workers=media.workers,
        spoken=named(media.codecs),
        warm_speech=media.warm_speech,
        unexpected=unexpected,
        names=names.addresses,
        prompts=prompts,
    )
    await workers.start()
    cleanup.push_async_callback(workers.stop)
    return workers


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
