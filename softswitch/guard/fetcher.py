"""Fetches URLs of scripts: each is judged, again after DNS and after every redirect.

Against server-side request forgery (CWE-918): only http and https, no loopback, private,
link-local or multicast address unless the settings allow it, and the connection goes to the very
address that was judged.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import aiohttp
import structlog
from yarl import URL

from softswitch.guard.causes import cause
from softswitch.guard.proofs.signing import HEADER, signature
from softswitch.guard.reach import AddressRefused, GuardedResolver, Reach
from softswitch.guard.special_purpose import Network

log = structlog.get_logger("guard")

REDIRECTS = frozenset({301, 302, 303, 307, 308})
CONNECTIONS_PER_HOST = 100
AUTHORITY = re.compile(
    r"(?:[^/?#]*@)?(?P<host>\[[^\]/?#@]*\](?::\d*)?|[^/?#@:\[\]]*(?::\d*)?)(?=[/?#]|$)"
)
"User and password, and the host and port that a URL leads to (RFC 3986 section 3.2)."
END = re.compile(r"[?#]")


class FetchError(Exception):
    """The URL could not or must not be fetched; the sentence names URL and cause."""


class FetchRefused(FetchError):
    """The settings do not allow the URL or its address."""


class NoConnection(FetchError):
    """The server could not be reached: one more try may help."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a web server."""

    url: str
    "Where the answer came from, after redirects."
    status: int
    headers: Mapping[str, str]
    content_type: str
    "Without parameters, lower case."
    charset: str | None
    body: bytes


class Cookies:
    """The cookies of one call: set by an application's answers, sent back to it alone."""

    def __init__(self) -> None:
        self.jar = aiohttp.CookieJar(unsafe=True)

    def header(self, url: URL) -> str:
        """The value of the Cookie header for the URL; empty where there is none."""
        cookies = self.jar.filter_cookies(url)
        return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())

    def keep(self, cookies: SimpleCookie, url: URL) -> None:
        """Keep the cookies that an answer sets."""
        self.jar.update_cookies(cookies, url)


class Fetcher:
    """Fetches URLs within a reach, with bounds on time, size and redirects."""

    def __init__(
        self,
        *,
        allow: Iterable[Network] = (),
        origins: Iterable[str] = (),
        connect_seconds: float = 5.0,
        total_seconds: float = 10.0,
        max_octets: int = 10_000_000,
        max_redirects: int = 3,
        secret: str = "",
    ) -> None:
        """`secret` signs the forms that are sent to `origins`; empty for no signatures."""
        self._secret = secret
        self.reach = Reach(allow, origins)
        self.max_octets = max_octets
        self.max_redirects = max_redirects
        self.timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self.reach),
            use_dns_cache=False,
            limit=0,
            limit_per_host=CONNECTIONS_PER_HOST,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self.timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        cookies: Cookies | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Fetch a URL. Raises FetchError."""
        return await self._fetch("GET", url, None, cookies, headers or {})

    async def post(
        self, url: str, fields: Mapping[str, str], *, cookies: Cookies | None = None
    ) -> Fetched:
        """Send form fields to a URL. Raises FetchError."""
        return await self._fetch("POST", url, fields, cookies, {})

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """Send a body to a URL; a redirect is an answer. Raises FetchError."""
        try:
            async with asyncio.timeout(self.timeout.total):
                answer, _ = await self._once("POST", self.judge(url), body, None, headers)
        except TimeoutError:
            raise FetchError(
                f"{shown(url)}: no complete answer in {self.timeout.total:g} s"
            ) from None
        return answer

    def judge(self, url: str) -> URL:
        """The URL, when it may be fetched as far as can be told without DNS.

        Raises FetchRefused.
        """
        try:
            parsed = URL(url)
            host, port = parsed.host, parsed.port
        except ValueError:
            raise FetchRefused(f"{shown(url)}: not a URL") from None
        if parsed.scheme not in ("http", "https") or not host or not port:
            raise FetchRefused(f"{shown(url)}: expected an http or https URL")
        parsed = parsed.with_user(None)
        if self.reach.permits_url(parsed):
            return parsed
        try:
            permitted = self.reach.permits_address(host)
        except ValueError:
            permitted = True  # a name: its addresses are judged when it is resolved
        if not permitted:
            raise FetchRefused(f"{shown(url)}: the settings do not allow this address")
        return parsed

    async def _fetch(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | None,
        cookies: Cookies | None,
        headers: Mapping[str, str],
    ) -> Fetched:
        next_url = url
        try:
            async with asyncio.timeout(self.timeout.total):
                for _ in range(self.max_redirects + 1):
                    judged = self.judge(next_url)
                    answer, location = await self._once(method, judged, fields, cookies, headers)
                    if location is None:
                        return answer
                    if answer.status in (301, 302, 303):
                        method, fields = "GET", None
                    next_url = str(_joined(judged, location))
        except TimeoutError:
            raise FetchError(
                f"{shown(url)}: no complete answer in {self.timeout.total:g} s"
            ) from None
        raise FetchError(f"{shown(url)}: more than {self.max_redirects} redirects")

    async def _once(
        self,
        method: str,
        url: URL,
        fields: Mapping[str, str] | bytes | None,
        cookies: Cookies | None,
        headers: Mapping[str, str],
    ) -> tuple[Fetched, str | None]:
        """One exchange: the answer, and where it redirects to if it does."""
        if self._session is None:
            raise RuntimeError("the fetcher has not been entered")
        sent = {"Accept-Encoding": "identity", "Cache-Control": "no-store,no-cache", **headers}
        if cookies is not None and (cookie := cookies.header(url)):
            sent["Cookie"] = cookie
        body = (
            urlencode(fields, errors="replace").encode() if isinstance(fields, Mapping) else fields
        )
        if isinstance(fields, Mapping) and body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            if self._secret and self.reach.permits_url(url):
                sent[HEADER] = signature(self._secret, time.time(), body)
        try:
            async with self._session.request(
                method, url, data=body, headers=sent, allow_redirects=False
            ) as response:
                if cookies is not None:
                    cookies.keep(response.cookies, url)
                location = response.headers.get("Location")
                redirects = response.status in REDIRECTS and location is not None
                body = b"" if redirects else await self._body(response, str(url))
                fetched = Fetched(
                    url=str(url),
                    status=response.status,
                    headers=response.headers,
                    content_type=response.content_type.lower(),
                    charset=response.charset,
                    body=body,
                )
                return fetched, location if redirects else None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                raise FetchRefused(
                    f"{shown(str(url))}: the settings do not allow this address"
                ) from None
            raise NoConnection(f"{shown(str(url))}: {cause(error)}") from None
        except (aiohttp.InvalidURL, ValueError) as error:
            log.debug("not fetched", url=shown(str(url)), error=str(error))
            raise FetchRefused(f"{shown(str(url))}: not a URL that can be fetched") from None
        except aiohttp.ClientError as error:
            log.debug("not fetched", url=shown(str(url)), error=repr(error))
            raise NoConnection(f"{shown(str(url))}: {cause(error)}") from None

    async def _body(self, response: aiohttp.ClientResponse, url: str) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError(f"{shown(url)}: the answer is compressed, which was not asked for")
        if (response.content_length or 0) > self.max_octets:
            raise FetchError(f"{shown(url)}: larger than {self.max_octets} octets")
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(65_536):
            size += len(part)
            if size > self.max_octets:
                raise FetchError(f"{shown(url)}: larger than {self.max_octets} octets")
            parts.append(part)
        return b"".join(parts)


def _joined(base: URL, location: str) -> URL:
    try:
        return base.join(URL(location))
    except ValueError:
        raise FetchRefused(f"{shown(str(base))}: it redirects to what is no URL") from None


def shown(url: str) -> str:
    """The URL as a log line or an error may show it: without user, password and query, bounded."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        path = url.partition("?")[0]
        before, _, after = path.rpartition("@")
        return (after if ":" in before else path)[:200]
    authority = AUTHORITY.match(rest)
    if authority is None:  # no URL that can be fetched: what stands before @ may be a password
        rest = rest.rpartition("@")[2]
    else:
        rest = authority["host"] + rest[authority.end() :]
    return f"{scheme}{mark}{END.split(rest, 1)[0]}"[:200]
