"""The package `presence`: whether an extension can be called, and what it does (RFC 3856).

An extension is open while a phone of it is registered and it wants calls. A call shows as the
activity `on-the-phone`. What a phone has published (RFC 3903) counts beside that: its note and its
activities, and it may close an extension that is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from softswitch.calls.lamps.dialog_info import DialogState
from softswitch.calls.lamps.dialogs import FollowedCalls
from softswitch.calls.lamps.package import EventDocument, WatchedByName
from softswitch.calls.lamps.pidf import (
    CONTENT_TYPE,
    LARGEST,
    Presence,
    UnreadablePresence,
    pidf,
    read_pidf,
)
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.settings.exchange.lamps import LampSettings
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response
from softswitch.sip.subscription.publication import Publications, PublicationTerms
from softswitch.telemetry.metrics import Metric

NAME = "presence"
ON_THE_PHONE, UNDISTURBED = "On the phone", "Do not disturb"


class PresencePackage(WatchedByName):
    """The presence of the extensions that are watched, and what their phones publish."""

    name = NAME
    content_type = CONTENT_TYPE
    is_private = False

    def __init__(
        self,
        calls: FollowedCalls,
        plan: DialPlan,
        domain: str,
        terms: LampSettings,
        *,
        tokens: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        """`domain` is the host of extensions; `tokens` makes tags; `now` never goes back."""
        super().__init__()
        self._calls = calls
        self._plan = plan
        self._domain = domain
        self._now = now
        bounds = PublicationTerms(terms.min_expires, terms.max_expires)
        self.publications = Publications(_published, bounds, tokens)
        self._expiring: dict[str, asyncio.TimerHandle] = {}
        "What tells that a publication of an extension has expired."

    # -- the package -------------------------------------------------------------------------------

    def exists(self, resource: str) -> bool:
        """Whether it is an extension."""
        return self._plan.directory.find(resource) is not None

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Follow the calls of an extension; the rest is told by `changed`."""
        super().watch(resource, changed)
        self._calls.follow(resource, changed)

    def leave(self, resource: str) -> None:
        """Follow them no more."""
        self._calls.leave(resource, self._watched.pop(resource))

    def document(self, resource: str) -> EventDocument:
        """The presence of an extension."""
        return pidf(resource, self._domain, self._presence(resource))

    def _presence(self, number: str) -> Presence:
        extension = self._plan.directory.find(number)
        if extension is None:
            return Presence(is_open=False)
        published = self.publications.latest(number, self._now()) or Presence()
        activities, note = list(published.activities), published.note
        is_open = published.is_open is not False
        if extension.kind.registers:
            is_open = is_open and bool(self._plan.registrations.contacts(number))
        if self._plan.features_of(extension).do_not_disturb:
            is_open, note = False, UNDISTURBED
            activities.append("busy")
        talking = {each.state for each in self._calls.dialogs(number)}
        if talking & {DialogState.CONFIRMED, DialogState.EARLY, DialogState.TRYING}:
            activities.append("on-the-phone")
            note = note or ON_THE_PHONE
        return Presence(is_open, note, tuple(dict.fromkeys(activities)))

    # -- PUBLISH -----------------------------------------------------------------------------------

    def publish(self, request: Request, extension: str) -> Response:
        """Take what a phone of an extension says of itself; raises MessageError (400, 413, 415)."""
        response = self.publications.publish(request, extension, self._now())
        if response.status == 200:
            self._wait(extension)
            self.changed(extension)
        return response

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget what phones of extensions that are gone have published."""
        for number in numbers:
            if self.publications.drop(number):
                self._wait(number)
            self.changed(number)

    def metrics(self) -> Iterator[Metric]:
        """How much is published."""
        yield Metric(
            "publications", "Publications of presence that count", self.publications.__len__
        )

    def _wait(self, extension: str) -> None:
        """Tell it when the next publication has expired."""
        waiting = self._expiring.pop(extension, None)
        if waiting is not None:
            waiting.cancel()
        until = self.publications.expires_at(extension, self._now())
        if until is not None:
            seconds = max(0.0, until - self._now())
            loop = asyncio.get_running_loop()
            self._expiring[extension] = loop.call_later(seconds + 0.01, self._expired, extension)

    def _expired(self, extension: str) -> None:
        self._wait(extension)
        self.changed(extension)

    def close(self) -> None:
        """Wait for nothing any more."""
        for waiting in self._expiring.values():
            waiting.cancel()
        self._expiring.clear()


def _published(request: Request) -> Presence:
    """What a PUBLISH says; raises MessageError."""
    if request.content_type != CONTENT_TYPE:
        raise MessageError(f"Content-Type: expected {CONTENT_TYPE}", 415)
    if len(request.body) > LARGEST:
        raise MessageError(f"a document of {len(request.body)} octets", 413)
    try:
        return read_pidf(request.body)
    except UnreadablePresence as error:
        raise MessageError(f"the document: {error}") from None
