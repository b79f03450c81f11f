"""Callers who have asked to be called back: they keep their place, and are called in their turn.

An agent is kept first, then the caller's number is dialled with the rights of the queue, and when
it is answered the agent is rung. Who does not answer is tried again later.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call.party import Party
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import CallEnds
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.queues.call_queue import CallQueue
from softswitch.calls.queues.queued_caller import QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.setup.answering import Answering

log = structlog.get_logger("softswitch.queues")

MOST = 200
"Callers of one queue who wait for being called back; the others stay on the line."
RING_SECONDS = 30.0
"How long a caller's phone rings when it is called back."


class WaitingRoom(Protocol):
    """What the calls of those who are called back go on with, as those of other callers."""

    def begin(self, queue: CallQueue, caller: QueuedCaller, call: Call, own_side: Party) -> None:
        """Let the other side of an answered call wait from now on."""

    async def wait(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Wait until an agent talks to the caller. Raises CallEnds and Forwarded."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Calls back who has asked for it."""

    queues: CallQueues
    answering: Answering
    calls: Calls
    tasks: CallTasks

    @staticmethod
    def are_too_many(queue: CallQueue) -> bool:
        """Whether no further caller can be called back."""
        return sum(each.is_callback for each in queue.callers) >= MOST

    def ask(self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller) -> None:
        """Give the place of a caller to its callback; a number is called back once.

        Not before the call that asked has ended: an agent may be free at once.
        """
        if any(each.is_callback and each.number == caller.number for each in queue.callers):
            return
        call_back = partial(self._call_back, room, queue)
        callback = QueuedCaller(
            caller.number, caller.name, caller.settings, caller.since, call_back
        )
        queue.callers.insert(queue.callers.index(caller), callback)
        callback.rests = True
        assert caller.call is not None
        callback.chain = caller.call.chain_id
        caller.call.ended.add_done_callback(lambda _: self._try_again(callback))

    def _call_back(self, room: WaitingRoom, queue: CallQueue, caller: QueuedCaller) -> None:
        """Dial the number of a caller for whom an agent is kept."""
        if self.tasks.is_draining:
            self.queues.leave(queue, caller)
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
        try:
            room.begin(queue, caller, call, call.caller)
            await room.wait(queue, caller)
        finally:
            caller.stop()
            self.queues.leave(queue, caller)
        await self.answering.conversation.converse(call)

    def _not_answered(self, queue: CallQueue, caller: QueuedCaller, error: BaseException) -> None:
        """Try again later, unless there were enough tries."""
        if not isinstance(error, CallEnds) or caller.tries >= caller.settings.callback_tries:
            log.info("callback given up", queue=queue.number, number=caller.number)
            self.queues.leave(queue, caller)
            return
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
