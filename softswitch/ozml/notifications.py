"""Tells applications what happens and reads the scripts they answer (API reference, section 8).

A notification is a form-encoded POST whose first field is `NotificationName`; it is sent again once
when the server could not be reached. The answer is an OzML document, or empty; what parses as OzML
is OzML, whatever its `Content-Type` says, because web servers give scripts the type of pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from softswitch.guard.fetcher import Cookies, Fetched, Fetcher, FetchError, NoConnection, shown
from softswitch.ozml.document import DocumentError, XmlElement, parse_document
from softswitch.trace.lines import Fact, LineKind
from softswitch.trace.masking import masked_text
from softswitch.trace.timeline import LONGEST_TEXT
from softswitch.trace.traces import UNTRACED, Traces

log = structlog.get_logger("script")

OZML_TYPES = frozenset({"application/xml", "text/xml", "text/plain", "application/octet-stream"})
"What a script calls itself; an error names any other type, which may be its cause."
BLANK = b" \t\r\n\xef\xbb\xbf"
"What an empty answer may hold: white space and a byte order mark."
TRIES = 2
QUICKLY_READ = 65_536
"Octets of a document; a larger one is read beside the calls, not between them."


class ScriptUnavailable(Exception):
    """A script that cannot be fetched or read; the sentence names the URL and the cause."""


@dataclass(frozen=True, slots=True)
class Document:
    """A script and where it came from."""

    root: XmlElement
    url: str
    "The base of relative URLs in it; empty where it did not come from the web."


class ApplicationAsked(NamedTuple):
    """A question to an application, and how it was answered."""

    call: str
    "The id of the call that it is about; empty where it is about none."
    notification: str
    extension: str
    "The extension whose script has asked; empty where none has."
    url: str
    "Without query and password."
    status: str
    "The status of the answer; `none` where there is none."
    milliseconds: int


class Applications:
    """The web applications that the switch talks to."""

    def __init__(self, fetcher: Fetcher, traces: Traces = UNTRACED) -> None:
        """`traces` show each request, and how the answer began, in the trace of its call."""
        self._fetcher = fetcher
        self.listeners: list[Callable[[ApplicationAsked], None]] = []
        "Told of each application that was asked, when it has answered or has not."
        self._traces = traces

    async def notify(
        self, url: str, name: str, fields: Mapping[str, str], cookies: Cookies | None = None
    ) -> Document | None:
        """Send a notification; the script of the answer, or None where there is none.

        Raises ScriptUnavailable.
        """
        form = {"NotificationName": name, **fields}
        fetched = await self._asked(url, name, form, cookies)
        if len(fetched.body) <= QUICKLY_READ:
            return _document(fetched)
        return await asyncio.to_thread(_document, fetched)

    async def _asked(
        self, url: str, name: str, form: Mapping[str, str], cookies: Cookies | None
    ) -> Fetched:
        """The answer, of which the log has a line; why there is none, says who has asked."""
        status, body, began = "none", "", time.monotonic()
        extension = form.get("ApiExtension")
        about = {"extension": extension} if extension else {}
        try:
            fetched = await self._sent(url, form, cookies)
            status, body = str(fetched.status), _beginning(fetched)
            return fetched
        finally:
            milliseconds = round((time.monotonic() - began) * 1000)
            asked = ApplicationAsked(
                form.get("CallId", ""), name, extension or "", shown(url), status, milliseconds
            )
            log.info(
                "application asked",
                call=asked.call,
                notification=name,
                **about,
                url=asked.url,
                status=status,
                milliseconds=milliseconds,
            )
            for listener in self.listeners:
                listener(asked)
            told: dict[str, Fact] = {
                "notification": name,
                **about,
                "url": asked.url,
                "status": status,
                "milliseconds": milliseconds,
                "body": body,
            }
            kind = LineKind.APPLICATION
            self._traces.write(asked.call, kind, "application asked", told, direction="out")

    async def _sent(self, url: str, form: Mapping[str, str], cookies: Cookies | None) -> Fetched:
        left = TRIES
        while True:
            left -= 1
            try:
                return await self._fetcher.post(url, form, cookies=cookies)
            except NoConnection as error:
                if not left:
                    raise ScriptUnavailable(str(error)) from None
            except FetchError as error:
                raise ScriptUnavailable(str(error)) from None


def _beginning(fetched: Fetched) -> str:
    """How an answer begins, for traces."""
    text = fetched.body[:LONGEST_TEXT].decode("utf-8", "replace")
    return masked_text(text)


def _document(fetched: Fetched) -> Document | None:
    if not 200 <= fetched.status < 300:
        raise ScriptUnavailable(f"{shown(fetched.url)}: answered {fetched.status}")
    if not fetched.body.strip(BLANK):
        return None
    try:
        return Document(parse_document(fetched.body, charset=fetched.charset), fetched.url)
    except DocumentError as error:
        kind = fetched.content_type
        named = kind not in OZML_TYPES and not kind.endswith("+xml")
        said = f"the answer, which calls itself {kind[:80]}, is no OzML: " if named else ""
        raise ScriptUnavailable(f"{shown(fetched.url)}: {said}{error}") from None
