"""One webhook: sends the events behind its number to a web server, until that takes each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from softswitch.events.event import LOST, NumberedEvent
from softswitch.events.event_journal import EventJournal
from softswitch.events.filters import EventFilter
from softswitch.events.following import Following
from softswitch.guard.fetcher import Fetched, Fetcher, FetchError, shown
from softswitch.guard.proofs.signing import HEADER, signature
from softswitch.guard.rights import THE_SWITCH
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.settings.exchange.events import WebhookSettings
from softswitch.store.database.changes import Write
from softswitch.store.errors import StoreError
from softswitch.store.events.webhook_rows import (
    FailureRow,
    WebhookRow,
    save_failure,
    save_webhook,
)

log = structlog.get_logger("softswitch.webhooks")

WAIT = 60.0
"Seconds after which a webhook that has nothing to send looks whether it goes on."
AT_A_TIME = 8
"Requests of one webhook that are under way."
WAITS = BackOff(1.0, 300.0)
"Seconds between two attempts to send an event."
LONGEST_WAIT = 600.0
"Seconds that the server may ask for by Retry-After."
REFUSED_TRIES = 5
"Attempts after which an event is put aside that the server answers, but refuses."
LATER = frozenset({408, 409, 425, 429})
"Statuses of clients' faults that mean: not now."
HOUR = 3600.0


class NotTaken(Exception):
    """The server has not taken an event; the sentence says why."""

    def __init__(self, sentence: str, *, is_refused: bool = False, wait: float = 0.0) -> None:
        """`is_refused`: it will hardly ever take it; `wait`: seconds that it asks for."""
        super().__init__(sentence)
        self.is_refused = is_refused
        self.wait = wait


@dataclass(slots=True)
class WebhookState:
    """How a webhook is doing."""

    number: int
    "All events up to this one were taken, or put aside."
    told_at: float = 0.0
    "When the server has taken the last one, seconds since 1970; 0 for never."
    failing: int = 0
    "Attempts that have failed since then."
    error: str = ""
    "Why the last of them has failed."


class Webhook:
    """Sends what comes behind its number."""

    def __init__(
        self,
        settings: WebhookSettings,
        journal: EventJournal,
        fetcher: Fetcher,
        write: Write,
        kept: WebhookRow | None,
        *,
        clock: Callable[[], float] = time.time,
        waits: BackOff = WAITS,
    ) -> None:
        """`kept` is how far it was told; a new one is told of what happens from now on."""
        self.settings = settings
        self.state = WebhookState(journal.newest)
        if kept is not None:
            self.state = WebhookState(kept.number, kept.told_at)
        self._journal = journal
        self._fetcher = fetcher
        self._write = write
        self._clock = clock
        self._waits = waits

    @property
    def behind(self) -> int:
        """How many numbers there are that it has not been told of."""
        return max(0, self._journal.newest - self.state.number)

    def _row(self) -> WebhookRow:
        return WebhookRow(
            name=self.settings.name, number=self.state.number, told_at=self.state.told_at
        )

    async def run(self) -> None:
        """Send what happens, until cancelled. Raises StoreError where nothing can be kept."""
        wanted = EventFilter.of(",".join(self.settings.types), self.settings.number)
        following = Following(self._journal, self.state.number, wanted, THE_SWITCH)
        await self._write(save_webhook(self._row()))  # a new one is known from here on
        while not self._journal.is_over:
            portion = await following.next(WAIT)
            for event in portion.events:
                if event.type == LOST:
                    log.error("webhook has missed events", webhook=self.settings.name,
                              behind=self.state.number, oldest=self._journal.oldest)  # fmt: skip
            await self._send_all([each for each in portion.events if each.type != LOST])
            if portion.number != self.state.number:
                self.state.number = portion.number
                self._note()

    async def _send_all(self, events: Sequence[NumberedEvent]) -> None:
        """Send these, those about one subject one after the other."""
        lanes: dict[str, list[NumberedEvent]] = {}
        for event in events:
            lanes.setdefault(event.call or _subject(event), []).append(event)
        left = {event.id for event in events}
        places = asyncio.Semaphore(AT_A_TIME)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._send_lane(lane, left, places))

    async def _send_lane(
        self, lane: Iterable[NumberedEvent], left: set[int], places: asyncio.Semaphore
    ) -> None:
        for event in lane:
            await self._send_until_taken(event, places)
            left.discard(event.id)
            if left:  # all before the first one that is still to be sent
                self.state.number = max(self.state.number, min(left) - 1)
                self._note()

    async def _send_until_taken(self, event: NumberedEvent, places: asyncio.Semaphore) -> None:
        began, attempts = self._clock(), 0
        while True:
            attempts += 1
            try:
                async with places:
                    await self.send(event.id, event.type, event.body)
            except NotTaken as error:
                self.state.failing += 1
                self.state.error = str(error)
                self._say(event, attempts, error)
                late = self._clock() - began >= self.settings.give_up_hours * HOUR
                if late or (error.is_refused and attempts >= REFUSED_TRIES):
                    await self._put_aside(event, attempts, error)
                    return
                await asyncio.sleep(max(self._waits.wait(attempts), error.wait))
            else:
                self.state.told_at = self._clock()
                self.state.failing, self.state.error = 0, ""
                return

    async def send(self, number: int, kind: str, body: str) -> None:
        """Send an event once. Raises NotTaken."""
        octets, secret = body.encode(), self.settings.secret or ""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "softswitch",
            "Softswitch-Event-Id": str(number),
            "Softswitch-Event-Type": kind,
            HEADER: signature(secret, self._clock(), octets),
        }
        try:
            answer = await self._fetcher.send(self.settings.url, octets, headers)
        except FetchError as error:
            raise NotTaken(str(error)) from None
        if not 200 <= answer.status < 300:
            is_refused = 400 <= answer.status < 500 and answer.status not in LATER
            raise NotTaken(
                f"{shown(self.settings.url)}: answered {answer.status}",
                is_refused=is_refused,
                wait=_asked_wait(answer),
            )

    async def _put_aside(self, event: NumberedEvent, attempts: int, error: NotTaken) -> None:
        """Let the others go on; the event stays where operators find it."""
        # No error: that would be an event, which the same server would refuse, and so on.
        log.warning(
            "event put aside",
            webhook=self.settings.name,
            number=event.id,
            attempts=attempts,
            reason=str(error),
            hint=f"see /v1/webhooks/{self.settings.name}/failures",
        )
        row = FailureRow(
            webhook=self.settings.name,
            event=event.id,
            body=event.body,
            attempts=attempts,
            error=str(error),
            failed_at=self._clock(),
        )
        try:
            await self._write(save_failure(row))
        except StoreError as lost:
            log.error("event put aside in the log only", body=event.body, error=str(lost))

    def _note(self) -> None:
        """Note how far it was told, so that a restart goes on there; nobody waits for it."""
        try:
            self._write(save_webhook(self._row()))
        except StoreError as error:  # it is sent again after a restart, which is allowed
            log.warning("webhook not noted", webhook=self.settings.name, error=str(error))

    def _say(self, event: NumberedEvent, attempts: int, error: NotTaken) -> None:
        """Log the first failure of a row of them, and then every tenth."""
        if self.state.failing == 1 or self.state.failing % 10 == 0:
            log.warning(
                "event not taken",
                webhook=self.settings.name,
                number=event.id,
                attempts=attempts,
                reason=str(error),
            )


def _subject(event: NumberedEvent) -> str:
    return str(msgspec.json.decode(event.body)["subject"])


def _asked_wait(answer: Fetched) -> float:
    """The seconds of Retry-After; 0 where it names none."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0
