"""The path `/provisioning/NUMBER/SECRET/FILE`: who may fetch, and which file is meant.

The file holds the password of an extension. So it goes over HTTPS only, unless the settings say
otherwise, is kept nowhere on the way, and who guesses at secrets is banned. A wrong secret, an
extension that is not there and a name that no phone asks for are answered alike.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import structlog
from aiohttp import web

from softswitch.guard.bans import Bans
from softswitch.guard.rates import RequestSources
from softswitch.http.provisioning.facts import Facts
from softswitch.http.provisioning.makers import maker_of
from softswitch.http.provisioning.phone_urls import PLACE, PhoneUrls
from softswitch.http.provisioning.templates import NotWritten, Templates
from softswitch.settings.exchange.provisioning import ProvisioningSettings

log = structlog.get_logger("softswitch.provisioning")

SERVICE = "PROVISIONING"
"What the bans of sources that guess secrets are called."
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"Of every answer: nobody on the way keeps it, or passes its URL on."


class PhoneFiles:
    """Writes the files of phones, for those who know the secret."""

    def __init__(
        self,
        facts: Facts,
        urls: PhoneUrls,
        settings: Callable[[], ProvisioningSettings],
        bans: Bans,
        sources: RequestSources,
    ) -> None:
        self.facts = facts
        self._urls = urls
        self._settings = settings
        self._bans = bans
        self._sources = sources

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get(PLACE + "{number}/{secret}/{file:.*}", self.fetch)]

    async def fetch(self, request: web.Request) -> web.Response:
        """The file of a phone."""
        settings = self._settings()
        if not settings.enabled:
            return _nothing()
        if (refused := _refused(request, settings)) is not None:
            return refused
        number, file = request.match_info["number"], request.match_info["file"]
        source = self._sources.find(request.remote or "")
        if self._bans.refuses(source, number):
            left = self._bans.retry_after(source, number)
            return _say(429, "too many wrong URLs", {"Retry-After": str(left)})
        if not self._urls.is_right(number, request.match_info["secret"]):
            log.warning("wrong phone URL", extension=number[:64], source=request.remote)
            self._bans.wrong(source, number)
            return _nothing()
        self._bans.right(source, number)
        return await self._write(request, settings, number, file)

    async def _write(
        self, request: web.Request, settings: ProvisioningSettings, number: str, file: str
    ) -> web.Response:
        phone = self.facts.phone(number)
        if phone is None:
            return _nothing()
        extension, chosen = phone
        templates = templates_in(settings.templates)
        maker = maker_of(file, chosen.model, request.headers.get("User-Agent", ""))
        template = templates.file_of(chosen.model, maker)
        mac = maker.mac_of(file) if maker is not None else None
        if template is None or (mac is not None and chosen.mac not in (None, mac)):
            log.info("no such phone file", extension=number, file=file[:64], source=request.remote)
            return _nothing()
        facts = self.facts.of(extension, chosen, mac or "", self._urls.url(number))
        try:
            written = await asyncio.to_thread(templates.write, template, facts)
        except NotWritten as error:
            log.error("phone file not written", error=str(error))
            return _say(500, "the file cannot be written, see the log of the switch")
        log.info("phone file fetched", extension=number, file=file[:64], source=request.remote)
        return web.Response(
            body=written.text.encode(),
            content_type=written.content_type,
            charset="utf-8",
            headers=HEADERS,
        )


@lru_cache(maxsize=4)
def templates_in(folder: Path | None) -> Templates:
    """The templates, which are compiled once; a file that changes is read again."""
    return Templates(folder)


def _refused(request: web.Request, settings: ProvisioningSettings) -> web.Response | None:
    """The answer to who may not ask from where it is, or not so; None for the others."""
    try:
        address = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return _nothing()
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not (request.secure or settings.insecure or address.is_loopback):
        log.warning("phone file asked for without HTTPS", source=request.remote)
        return _say(403, "phones are configured over HTTPS: http.tls, or provisioning.insecure")
    networks = map(ipaddress.ip_network, settings.networks)
    if settings.networks and not any(address in network for network in networks):
        log.warning("phone file asked for from another network", source=request.remote)
        return _nothing()
    return None


def _nothing() -> web.Response:
    return _say(404, "not found")


def _say(status: int, text: str, more: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, headers={**HEADERS, **(more or {})})
