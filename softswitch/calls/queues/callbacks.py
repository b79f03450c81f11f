"""Callers who have asked to be called back: they keep their place, and are called in their turn.

An agent is kept first, then the caller's number is dialled with the rights of the queue, and when
it is answered the agent is rung. Who does not answer is tried again later. A callback is on disk
before it is promised, and outlives a restart with its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import msgspec
import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call.party import Party
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import CallEnds, EndedBy
from softswitch.calls.features.kept import Kept, readable
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.queues.call_queue import CallQueue
from softswitch.calls.queues.queued_caller import QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.setup.answering import Answering
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow

log = structlog.get_logger("softswitch.queues")

MOST = 200
"Callers of one queue who wait for being called back; the others stay on the line."
RING_SECONDS = 30.0
"How long a caller's phone rings when it is called back."
LIFE = 24 * 3600
"Seconds after which a switch that starts calls nobody back any more."
OF_QUEUE_CALLBACKS = "queue callbacks"
"What choices are for that are callers of queues who will be called back."


class WaitingRoom(Protocol):
    """What the calls of those who are called back go on with, as those of other callers."""

    def begin(self, queue: CallQueue, caller: QueuedCaller, call: Call, own_side: Party) -> None:
        """Let the other side of an answered call wait from now on."""

    async def wait(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Wait until an agent talks to the caller. Raises CallEnds and Forwarded."""


class _CallbackRow(msgspec.Struct, frozen=True):
    """A callback on disk."""

    queue: str
    number: str
    name: str
    since: float
    "Unix time in seconds."
    chain: str = ""
    "That of the call that has asked for it."
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Calls back who has asked for it."""

    queues: CallQueues
    answering: Answering
    calls: Calls
    tasks: CallTasks
    rows: Kept

    @staticmethod
    def are_too_many(queue: CallQueue) -> bool:
        """Whether no further caller can be called back."""
        return len(list(_callbacks(queue))) >= MOST

    async def ask(self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller) -> bool:
        """Give the place of a caller to its callback; a number is called back once.

        Not before the call that asked has ended: an agent may be free at once. On disk when this
        returns, unless the queue was removed meanwhile: then False. Raises StoreError when the
        disk does not take it.
        """
        same = (each for each in _callbacks(queue) if each.number == caller.number)
        before = next(same, None)
        callback = before or self._add(room, queue, caller)
        try:
            await self.rows.save(*_row(queue, callback))
        except StoreError:
            if before is None:
                self.queues.leave(queue, callback)
            raise
        return callback in queue.callers

    def _add(self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller) -> QueuedCaller:
        """Put a callback before the caller who has asked for it."""
        call = caller.call
        assert call is not None
        call_back = partial(self._call_back, room, queue)
        callback = QueuedCaller(
            caller.number, caller.name, caller.settings, caller.since, call_back
        )
        callback.chain = call.chain_id
        callback.rests = True
        call.ended.add_done_callback(lambda _: self._try_again(callback))
        queue.callers.insert(queue.callers.index(caller), callback)
        return callback

    def restore(self, room: WaitingRoom, rows: Iterable[ChoiceRow]) -> None:
        """Take what an earlier process has kept, but for what is too old or for no queue."""
        found = (value for _, value in readable(rows, _CallbackRow))
        for each in sorted(found, key=lambda each: each.since):
            settings = self.queues.settings(each.queue)
            if settings is None or each.since < self.rows.now() - LIFE:
                log.info("callback given up", queue=each.queue, number=each.number)
                self.rows.save_soon(_name(each.queue, each.number), {})
                continue
            queue = self.queues.queue(each.queue)
            call_back = partial(self._call_back, room, queue)
            callback = QueuedCaller(each.number, each.name, settings, each.since, call_back)
            callback.chain, callback.tries = each.chain, each.tries
            queue.callers.append(callback)

    def kept(self) -> Iterable[str]:
        """The queues that will call somebody back."""
        return {queue.number for queue, _ in self._waiting()}

    def forget(self, numbers: Iterable[str]) -> None:
        """Call nobody back for queues that are gone, and no extension that is."""
        gone = set(numbers)
        for queue, caller in list(self._waiting()):
            if not gone.isdisjoint((queue.number, caller.number)):
                self._leave(queue, caller)

    def _waiting(self) -> Iterator[tuple[CallQueue, QueuedCaller]]:
        for queue in self.queues.known():
            yield from ((queue, each) for each in _callbacks(queue))

    def _leave(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Take a callback out for good."""
        self.queues.leave(queue, caller)
        asked_again = any(each.number == caller.number for each in _callbacks(queue))
        if not asked_again:
            self.rows.save_soon(_name(queue.number, caller.number), {})

    def _is_cut_off(self, error: BaseException) -> bool:
        """Whether a shutdown has ended a callback: then the next start calls back."""
        if not self.tasks.is_draining:
            return False
        if isinstance(error, CallEnds):
            return error.ending.by is EndedBy.SYSTEM
        return isinstance(error, asyncio.CancelledError)

    def _call_back(self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller) -> None:
        """Dial the number of a caller for whom an agent is kept."""
        if self.tasks.is_draining:
            self.queues.leave(queue, caller)  # the next start calls back
            return
        try:
            call = self.calls.new((queue.number, ""), caller.number)
        except TooManyCalls as error:
            self._wait_again(queue, caller, str(error))
            return
        call.chain = caller.chain
        caller.tries += 1
        call.tell("called back", queue=queue.number, number=caller.number, tries=str(caller.tries))
        self.tasks.begin(call, partial(self._course, room, queue, caller))

    async def _course(
        self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller, call: Call
    ) -> None:
        """Ring the caller, and connect it to the agent; ends by raising CallEnds."""
        try:
            await self.answering.begin(call, RING_SECONDS, Rights(queue.number))
        except BaseException as error:
            self._not_answered(queue, caller, error)
            raise
        leave = self._leave
        try:
            room.begin(queue, caller, call, call.caller)
            await room.wait(queue, caller)
        except BaseException as error:
            if self._is_cut_off(error):
                leave = self.queues.leave
            raise
        finally:
            caller.stop()
            leave(queue, caller)
        await self.answering.conversation.converse(call)

    def _not_answered(self, queue: CallQueue, caller: QueuedCaller, error: BaseException) -> None:
        """Try again later, unless there were enough tries."""
        if self._is_cut_off(error) or caller not in queue.callers:
            self.queues.leave(queue, caller)
            return
        if not isinstance(error, CallEnds) or caller.tries >= caller.settings.callback_tries:
            log.info("callback given up", queue=queue.number, number=caller.number)
            self._leave(queue, caller)
            return
        self.rows.save_soon(*_row(queue, caller))
        self._wait_again(queue, caller, str(error))

    def _wait_again(self, queue: CallQueue, caller: QueuedCaller, why: str) -> None:
        """Leave it alone for a while, and the agents that were kept for it."""
        log.info("not called back", queue=queue.number, number=caller.number, reason=why)
        caller.rests = True
        self.queues.withdraw(caller)
        loop = asyncio.get_running_loop()
        loop.call_later(caller.settings.callback_pause, self._try_again, caller)

    def _try_again(self, caller: QueuedCaller) -> None:
        caller.rests = False
        self.queues.look_soon()


def _callbacks(queue: CallQueue) -> Iterable[QueuedCaller]:
    return (each for each in queue.callers if each.is_callback)


def _name(queue: str, number: str) -> str:
    return f"{queue} {number}"


def _row(queue: CallQueue, caller: QueuedCaller) -> tuple[str, dict[str, object]]:
    """The name and the value of the row of a callback."""
    row = _CallbackRow(
        queue.number, caller.number, caller.name, caller.since, caller.chain, caller.tries
    )
    return _name(queue.number, caller.number), msgspec.to_builtins(row)
