"""The course of a caller's call in a queue: answered, waiting, and the ways out of it.

These are an agent (`agent_ringing`), a callback, the overflow, and the removal of the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import Work
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import (
    CallEnds,
    CannotNow,
    EndedBy,
    NotReached,
    by_command,
    refused_here,
)
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.numbers.routing import Rights, Unroutable
from softswitch.calls.queues.agent_ringing import AgentRinging
from softswitch.calls.queues.call_queue import CallQueue
from softswitch.calls.queues.callbacks import Callbacks
from softswitch.calls.queues.phrases import phrases_of, place, said_key, wait
from softswitch.calls.queues.queued_caller import PlayedOut, QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.conversation import take
from softswitch.calls.transfer.transfer import Transfers
from softswitch.calls.transfer.transfer_line import TransferWay, failed
from softswitch.settings.extensions.queue import QueueExtension
from softswitch.store.errors import StoreError

log = structlog.get_logger("softswitch.queues")

UNALLOCATED = 1
"The cause of Q.850 that a number leads nowhere (any more)."


class _CallbackFirst(Exception):
    """The caller has chosen to be called back while agents are rung for it."""


class _CommandFirst(Exception):
    """A command wants something of the call while agents are rung for it."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueService:
    """Serves the calls to queues."""

    queues: CallQueues
    answering: Answering
    ringing: AgentRinging
    transfers: Transfers
    callbacks: Callbacks
    now: Callable[[], float]
    "Unix time in seconds."

    async def serve(self, call: Call, extension: Extension) -> None:
        """Answer a call to a queue and connect it in its turn; ends by raising as services do."""
        settings = extension.settings_as(QueueExtension)
        queue = self.queues.queue(extension.number)
        self._admit(call, queue, settings)
        caller = QueuedCaller(call.caller.number, call.caller.name, settings, self.now())
        own_side = call.callee
        call.tell("queued", queue=queue.number, position=str(len(queue) + 1))
        self.queues.join(queue, caller)
        try:
            caller.rests = True  # not before it has been answered
            await self.answering.answer(call)
            caller.rests = False
            self.begin(queue, caller, call, own_side)
            await self.wait(queue, caller)
        finally:
            caller.stop()
            self.queues.leave(queue, caller)
        await self.answering.conversation.converse(call)

    def _admit(self, call: Call, queue: CallQueue, settings: QueueExtension) -> None:
        """See that a caller may wait; raises CallEnds and Forwarded."""
        if any(
            other.call is not None and other.call is not call and other.is_overdue
            and other.call.chain_id == call.chain_id
            for other in queue.callers
        ):  # fmt: skip
            raise CallEnds(refused_here(482, "forwarded in a circle"))
        full = settings.max_callers is not None and len(queue) >= settings.max_callers
        nobody = not self.queues.members(queue.number, settings)
        if full or (nobody and settings.without_agents == "overflow"):
            status, why = (486, "the queue is full") if full else (480, "no agent is logged in")
            call.tell("not queued", queue=queue.number, reason=why)
            if settings.overflow is not None:
                raise Forwarded(settings.overflow, Rights(queue.number), status=status)
            raise CallEnds(refused_here(status, why))

    def begin(self, queue: CallQueue, caller: QueuedCaller, call: Call, own_side: Party) -> None:
        """Let the other side of an answered call wait from now on."""
        caller.wait(call, own_side, partial(self._announcement, queue, caller))
        if caller.offer is None:
            self.queues.look_soon()
        else:
            caller.look_again()

    async def wait(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Wait until an agent talks to the caller, or somebody else has taken the queue's place.

        Raises CallEnds when the call ends, and Forwarded when it goes on elsewhere.
        """
        call = caller.call
        assert call is not None
        conversation = self.answering.conversation
        try:
            while caller.is_here:
                if caller.wants_something or queue.is_gone:
                    await self._look(queue, caller)
                    continue
                leg, event = await call.next_event()
                if isinstance(event, Work):
                    await self._obey(caller, event)
                elif not await conversation.did(call, leg, event):
                    take(call, leg, event)
        except CallEnds as end:
            hung_up = end.ending.by in (EndedBy.CALLER, EndedBy.CALLEE)
            if hung_up and not caller.wants_callback:
                queue.abandoned += 1
                call.tell("gave up", queue=queue.number, waited=caller.waited(self.now()))
            raise

    async def _look(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Do what the caller's place asks for."""
        if caller.wants_callback and self._takes_callback(queue, caller):
            self.queues.withdraw(caller)
            await self._promise_callback(queue, caller)
        elif caller.offer is not None:
            await self._ring(queue, caller)
        elif queue.is_gone:
            await self._release(queue, caller)
        elif caller.is_overdue:
            await self._overflow(queue, caller)

    async def _obey(self, caller: QueuedCaller, work: Work) -> None:
        """Do what a command wants of the call; no agent is kept for the caller meanwhile."""
        assert caller.call is not None
        caller.rests = True
        try:
            await caller.call.work(work)
        finally:
            caller.rests = False
            self.queues.look_soon()

    async def _ring(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Ring the agents that are kept for the caller, unless something else goes before."""
        try:
            await self.ringing.ring(queue, caller, partial(self._interrupt, queue, caller))
        except _CallbackFirst:
            pass  # `_look` lets go of the agents
        except _CommandFirst as first:
            self.queues.withdraw(caller)
            await self._obey(caller, first.work)

    def _interrupt(self, queue: CallQueue, caller: QueuedCaller, event: object) -> None:
        """Put a command, and the caller's choice to be called back, before the ringing agents."""
        if isinstance(event, Work):
            raise _CommandFirst(event)
        if caller.wants_callback and self._takes_callback(queue, caller):
            raise _CallbackFirst

    # -- other ways --------------------------------------------------------------------------------

    async def _overflow(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Send a caller who has waited too long elsewhere; it waits on when nobody is there."""
        number = caller.settings.overflow
        if number is None:
            caller.is_overdue = False
        elif not await self._send_on(queue, caller, number):
            caller.be_overdue_later()

    async def _release(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Send a caller of a queue that was removed where the queue would overflow.

        Raises CallEnds when nobody is there, after telling the caller.
        """
        call, number = caller.call, queue.overflow
        assert call is not None
        call.tell("queue removed", queue=queue.number, waited=caller.waited(self.now()))
        log.info("queue removed", call=call.id, queue=queue.number)
        if number is not None and await self._send_on(queue, caller, number):
            return
        await self._say_last(call, caller, phrases_of(caller.settings.language).removed)
        ending = by_command(EndedBy.SYSTEM, "queue removed", answered=True)
        raise CallEnds(replaced(ending, cause=UNALLOCATED))

    async def _send_on(self, queue: CallQueue, caller: QueuedCaller, number: str) -> bool:
        """Connect a caller to a number; whether somebody is there. Raises CallEnds, Forwarded."""
        call, own_side = caller.call, caller.own_side
        assert call is not None
        assert own_side is not None
        rights = Rights(queue.number)
        call.tell("overflow", queue=queue.number, to=number, waited=caller.waited(self.now()))
        try:
            destination = self.answering.ringer.plan.routing.destination(number, rights)
            if isinstance(destination, Extension) and destination.ring_plan is None:
                caller.stop()
                raise Forwarded(number, rights, status=408)
            caller.rests = True
            await self.transfers.blind_transfer(
                call, own_side, number, rights=rights, way=TransferWay.QUEUE
            )
        except (Unroutable, NotReached, CannotNow) as error:
            if isinstance(error, Unroutable):
                failed(call, own_side, to=number, kind="blind", way=TransferWay.QUEUE, error=error)
            return False
        finally:
            caller.rests = False
            self.queues.look_soon()
        return True

    async def _say_last(self, call: Call, caller: QueuedCaller, text: str) -> None:
        """Let a caller hear nothing but this, to its end; raises CallEnds when it hangs up."""
        port = caller.party.audio.port
        if port is not None:
            port.stop_sound()
        spoken = caller.say(text)
        if spoken is None:
            return
        spoken.done.add_done_callback(lambda _: call.put(None, PlayedOut(caller)))
        while True:
            source, event = await call.next_event()
            if isinstance(event, PlayedOut) and event.who is caller:
                return
            take(call, source, event)

    async def _promise_callback(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Say goodbye to a caller who is called back in turn; raises CallEnds then.

        Who cannot be, since the disk does not take it, is told so and waits on.
        """
        call = caller.call
        assert call is not None
        try:
            is_promised = await self.callbacks.ask(self, queue, caller)
        except StoreError as error:
            log.error("callback not stored", queue=queue.number, error=str(error))
            is_promised = False
        if not is_promised:
            self._refuse_callback(queue, caller)
            return
        call.tell("callback", queue=queue.number, number=caller.number)
        await self._say_last(call, caller, phrases_of(caller.settings.language).calls_back)
        raise CallEnds(by_command(EndedBy.SYSTEM, "callback", answered=True))

    def _takes_callback(self, queue: CallQueue, caller: QueuedCaller) -> bool:
        """Whether a caller who wants to be called back can be; who cannot is told so."""
        if self.can_call_back(queue, caller):
            return True
        self._refuse_callback(queue, caller)
        return False

    def _refuse_callback(self, queue: CallQueue, caller: QueuedCaller) -> None:
        caller.wants_callback = False
        if not queue.is_gone:
            caller.say(phrases_of(caller.settings.language).cannot_call_back)
        self.queues.look_soon()

    def can_call_back(self, queue: CallQueue, caller: QueuedCaller) -> bool:
        """Whether the queue may dial the number of a caller, which must have shown it."""
        if queue.is_gone or self.callbacks.are_too_many(queue):
            return False
        if not caller.number or caller.party.is_private:
            return False
        routing = self.answering.ringer.plan.routing
        return routing.may_call_back(caller.number, Rights(queue.number))

    def _announcement(self, queue: CallQueue, caller: QueuedCaller) -> str:
        """What a caller is told now; empty for nothing."""
        settings, phrases = caller.settings, phrases_of(caller.settings.language)
        position = queue.position(caller)
        told: list[str] = []
        if settings.announce_position:
            told.append(place(phrases, position, settings.announce_position_limit))
        likely = queue.likely_wait(position) if settings.announce_wait else None
        if likely is not None:
            told.append(wait(phrases, likely))
        if settings.callback_key is not None and self.can_call_back(queue, caller):
            key = said_key(phrases, settings.callback_key)
            told.append(phrases.callback.format(key=key))
        return " ".join(told)
