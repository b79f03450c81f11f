"""The work of one connection: a bounded queue over the rows of the database that are due.

A message that comes while the queue has room goes straight through memory. One that does not fit
stays on disk and is loaded when its turn comes, so memory does not grow with the backlog. A
message is *held* from the moment it is in the queue until its outcome is on disk: it is never
loaded twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage, hasten

_LOG = structlog.get_logger("softswitch.messaging")

ROOM = 500
"Messages in the queue."
UNWRITTEN = 2_000
"Messages whose outcome may be on its way to the disk."
DISK_PAUSE = 1.0
"Seconds until a disk that has refused is tried again."
LOOK_AHEAD = 86_400.0
"Seconds of back-off that end when a connection comes back."
LONGEST_SLEEP = 60.0
"Seconds after which a lane looks for due messages in any case."


class Done(NamedTuple):
    """The outcome of one attempt."""

    changes: tuple[Change, ...] = ()
    again_at: float | None = None
    "When this lane has to try the message again, seconds since 1970."
    follow: tuple[TextMessage, ...] = ()
    "Messages that other lanes have to take now."


class LaneStore(Protocol):
    """The part of the store that is needed here."""

    def write(self, *changes: Change) -> asyncio.Future[None]: ...
    async def load_due(
        self, lane: str, now: float, limit: int, ahead: float, held: Container[str]
    ) -> tuple[list[TextMessage], bool]: ...
    async def next_due(self, lane: str, after: float) -> float | None: ...


class Lane:
    """A queue, the workers that empty it, and the task that fills it."""

    def __init__(
        self,
        name: str,
        disk: LaneStore,
        work: Callable[[TextMessage], Awaitable[Done]],
        follow: Callable[[TextMessage], None],
        *,
        workers: int,
        clock: Callable[[], float],
    ) -> None:
        """`work` makes one attempt; `follow` takes messages for other lanes."""
        self.name = name
        self._disk = disk
        self._work = work
        self._follow = follow
        self._workers = workers
        self._clock = clock
        self._queue: asyncio.Queue[TextMessage] = asyncio.Queue(ROOM)
        self._held: set[str] = set()
        self._cancelled: set[str] = set()
        self._behind = True
        "Whether rows may be due that are not in the queue."
        self._loading = False
        self._finished_meanwhile: set[str] = set()
        "Messages released while rows were being loaded, which may show them as they were before."
        self._ahead = 0.0
        "Seconds by which the next load looks ahead, after the connection has come back."
        self._wakes = 0
        "How often it has been woken."
        self._next_at: float | None = None
        self._look = asyncio.Event()
        self._released = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def held(self) -> int:
        """Messages in memory."""
        return len(self._held)

    def start(self) -> None:
        """Begin to work."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._fill(), name=f"lane {self.name}")]
        for number in range(self._workers):
            self._tasks.append(loop.create_task(self._run(), name=f"lane {self.name} {number}"))

    async def stop(self) -> None:
        """End; the rest is done after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def put(self, message: TextMessage) -> None:
        """Take a message that is on disk."""
        if message.next_at is not None and message.next_at > self._clock():
            self._expect(message.next_at)
        elif self._behind or self._loading or self._queue.full():
            self._behind = True
            self._look.set()
        elif message.id not in self._held:
            self._held.add(message.id)
            self._queue.put_nowait(message)

    def cancel(self, message_id: str) -> None:
        """Skip a message that has been deleted, unless an attempt is under way."""
        if message_id in self._held:
            self._cancelled.add(message_id)

    def wake(self, *, ahead: bool = False) -> None:
        """Look for due messages; `ahead` also tries those at once that wait between attempts."""
        self._behind = True
        self._wakes += 1
        if ahead:
            self._ahead = LOOK_AHEAD
        self._look.set()

    def _expect(self, at: float) -> None:
        if self._next_at is None or at < self._next_at:
            self._next_at = at
            self._look.set()

    # -- filling -----------------------------------------------------------------------------------

    async def _fill(self) -> None:
        while True:
            try:
                if self._behind:
                    await self._load()
            except StoreError as error:
                _LOG.error("messages cannot be loaded", lane=self.name, error=str(error))
                await asyncio.sleep(DISK_PAUSE)
                continue
            if self._behind:
                continue
            await self._sleep()

    async def _sleep(self) -> None:
        wait = LONGEST_SLEEP
        if self._next_at is not None:
            wait = min(wait, self._next_at - self._clock())
        if wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self._look.wait()
            except TimeoutError:
                self._behind = True
        else:
            self._behind = True
        self._look.clear()

    async def _load(self) -> None:
        """Put the due messages into the queue, waiting while it is full.

        What is asked of the lane meanwhile is kept: the disk may have been read before.
        """
        self._behind, self._next_at = False, None
        ahead, self._ahead = self._ahead, 0.0
        more = True
        try:
            with self._noting_what_ends():
                more = await self._load_due(self._clock(), ahead)
        finally:
            if more:
                self._behind, self._ahead = True, max(ahead, self._ahead)

    async def _load_due(self, now: float, ahead: float) -> bool:
        """Put the due messages into the queue; whether there are more."""
        limit = ROOM + len(self._held)
        due, more = await self._disk.load_due(self.name, now, limit, ahead, self._held)
        later = await self._disk.next_due(self.name, now)
        if later is not None:
            self._expect(later)
        for message in due:
            await self._hold(message)
        return more

    @contextmanager
    def _noting_what_ends(self) -> Iterator[None]:
        self._loading = True
        try:
            yield
        finally:
            self._loading = False
            self._finished_meanwhile.clear()

    async def _hold(self, message: TextMessage) -> None:
        if message.id not in self._held and message.id not in self._finished_meanwhile:
            self._held.add(message.id)
            await self._queue.put(message)

    # -- working -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            message = await self._queue.get()
            if message.id in self._cancelled:
                self._release(message)
                continue
            try:
                done = await self._work(message)
            except Exception:
                _LOG.exception("message failed", lane=self.name, id=message.id)
                self._release(message)
                self._expect(self._clock() + LONGEST_SLEEP)
                continue
            await self._record(message, done)
            while len(self._held) > UNWRITTEN:
                self._released.clear()
                await self._released.wait()

    async def _record(self, message: TextMessage, done: Done) -> None:
        """Write the outcome; the message is held until that is on disk."""
        wakes = self._wakes
        while True:
            try:
                written = self._disk.write(*self._timely(message, done, wakes))
                break
            except StoreError:
                await asyncio.sleep(DISK_PAUSE)
        written.add_done_callback(partial(self._recorded, message, done, wakes))

    def _timely(self, message: TextMessage, done: Done, wakes: int) -> tuple[Change, ...]:
        """The changes of an outcome that may be late: the disk has refused them for a while.

        Where the lane has been woken since, the message is due at once: what is written now would
        else undo that, for it says how long to wait as it seemed then.
        """
        if done.again_at is None or wakes == self._wakes:
            return done.changes
        return (*done.changes, hasten(self.name, message.to_address, self._clock()))

    def _recorded(
        self, message: TextMessage, done: Done, wakes: int, written: asyncio.Future[None]
    ) -> None:
        if written.cancelled():
            return
        if written.exception() is not None:
            # The attempt was made but is not on disk: a held message is not tried again.
            asyncio.get_running_loop().call_later(DISK_PAUSE, self._again, message, done, wakes)
            return
        self._release(message)
        if done.again_at is not None:
            self._expect(done.again_at if wakes == self._wakes else self._clock())
        for other in done.follow:
            self._follow(other)

    def _again(self, message: TextMessage, done: Done, wakes: int) -> None:
        if not self._tasks:
            return
        try:
            written = self._disk.write(*self._timely(message, done, wakes))
        except StoreError:
            asyncio.get_running_loop().call_later(DISK_PAUSE, self._again, message, done, wakes)
            return
        written.add_done_callback(partial(self._recorded, message, done, wakes))

    def _release(self, message: TextMessage) -> None:
        self._held.discard(message.id)
        if self._loading:
            self._finished_meanwhile.add(message.id)
        self._cancelled.discard(message.id)
        self._released.set()
