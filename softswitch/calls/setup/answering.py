"""Calls that the switch itself answers or begins, and what a script does to them.

A script runs beside the call's task (`Call.spawn`); what needs the inbox it asks of the task
(`Call.ask`). The other party of such a call is the one that has a leg.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from softswitch.calls.call.admission import together
from softswitch.calls.call.call import Call
from softswitch.calls.call.history import History
from softswitch.calls.call.hold import settle
from softswitch.calls.call.inbox_events import EndCall, Forward, Work
from softswitch.calls.call.party import Party
from softswitch.calls.call.progress import Progress
from softswitch.calls.endings.endings import (
    CallEnds,
    CannotNow,
    EndedBy,
    Ending,
    NotReached,
    broken,
    refused_here,
)
from softswitch.calls.endings.states import CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.header_passthrough import warning
from softswitch.calls.numbers.forwarding import MOST_FORWARDS, Forwarded
from softswitch.calls.numbers.routing import COMMAND, Rights
from softswitch.calls.setup.caller_leg import (
    acknowledged,
    answer_caller,
    open_caller_port,
    read_offer,
)
from softswitch.calls.setup.conversation import Conversation, end_of, take
from softswitch.calls.setup.ringing import Ringer, tell_forward, tell_nobody
from softswitch.sdp.description import DescriptionError

ScriptRun = Callable[[Call], Awaitable[bool]]
"Runs the script of a call to its end; must not raise. True: the call goes on without it."
DONE = EndCall(EndedBy.SYSTEM, "done")
"How a call ends when what the switch itself does on it is over: a code, the voicemail."
SCRIPT_OVER = EndCall(EndedBy.COMMAND, "the script has ended")
"The same for a script of the user."


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers and begins calls in the switch's own name."""

    ringer: Ringer
    history: History
    conversation: Conversation

    async def attend(self, call: Call, script: ScriptRun, over: EndCall = DONE) -> None:
        """Run a script on a call until the script or a party ends it; only ends by raising.

        It goes on when the phone that it talks to is replaced, and ends when its own side is.
        `over` tells how the call ends when the script has.
        """
        running = call.spawn(_run(call, script, over))
        played = [party for party in call.parties if party.leg is None]
        try:
            while True:
                leg, event = await call.next_event()
                if await self.conversation.did(call, leg, event):
                    if any(party not in call.parties for party in played):
                        running.cancel("the call was transferred")  # who stays talks to another
                elif call.is_answered:
                    take(call, leg, event)
                elif isinstance(event, Forward):
                    raise Forwarded(event.number)
                elif (ending := end_of(call, leg, event)) is not None:
                    raise CallEnds(ending)
        except CallEnds as end:
            running.cancel(_said(end.ending))
            raise
        except BaseException:
            running.cancel()
            raise

    async def answer(self, call: Call) -> None:
        """Answer the caller in the switch's own name; nothing happens when it is answered already.

        Only for the call's own task: from elsewhere `call.ask(lambda: answer(call))`.
        """
        if call.is_answered or call.caller.leg is None:
            return
        audio = call.caller.audio
        if audio.heard is None:
            read_offer(call)
        await open_caller_port(self.ringer.ports, call)
        late = call.is_late_offer
        try:
            sdp = audio.offer_own() if late else audio.answer_own()
        except DescriptionError as error:
            headers = (warning(error, call.terms.domain),)
            raise CallEnds(refused_here(error.status, headers=headers)) from error
        await answer_caller(self.history, call, sdp, [])
        try:
            described = await acknowledged(call)
            if late:
                audio.answered(described)
        except DescriptionError as error:
            raise CallEnds(refused_here(488)) from error
        call.happen(Occurrence.CONNECTED)
        settle(call)

    async def begin(
        self,
        call: Call,
        ring_time: float | None,
        rights: Rights = COMMAND,
        *,
        shown: Party | None = None,
    ) -> None:
        """Ring the callee of a call that the switch begins; it is answered when this returns.

        `rights` say which routes it may take. The phone shows the call's caller, or a party of
        another call: then its port is on the worker of that party's. Raises CallEnds when nobody
        answers.
        """
        await self._ring(call, call.callee, shown or call.caller, None, ring_time, rights=rights)
        self._connected(call)

    async def begin_both(self, call: Call, ring_time: float | None) -> None:
        """Ring the caller, then the callee, and let them talk (`CallSetup`)."""
        caller, callee = call.caller, call.callee
        await self._ring(call, caller, callee, None, ring_time)
        settle(call)
        port = caller.audio.port
        ringback = port.play_tone("ringback") if port is not None else None
        await self._ring(call, callee, caller, caller.audio, ring_time)
        if ringback is not None:
            ringback.stop()
        together(call)
        self._connected(call)

    async def _ring(
        self,
        call: Call,
        party: Party,
        shown: Party,
        like: AudioStream | None,
        ring_time: float | None,
        *,
        rights: Rights = COMMAND,
    ) -> None:
        """Ring a party, or the number that a command forwards the call to meanwhile."""
        tell = tell_nobody
        for _ in range(MOST_FORWARDS + 1):
            try:
                await self.ringer.ring_party(
                    call, party, shown, like=like, ring_time=ring_time, rights=rights, tell=tell
                )
                return
            except NotReached as error:
                raise CallEnds(error.ending) from error
            except CannotNow as error:
                raise CallEnds(broken(str(error), answered=False, cause=88, status=488)) from error
            except Forwarded as forwarded:
                tell_forward(call, party.number, forwarded)
                party.number, party.name = forwarded.number, ""
                call.advance(Progress.FORWARDING)
                tell = partial(_forwarded, call)
        raise CallEnds(refused_here(482, "forwarded in a circle"))

    def _connected(self, call: Call) -> None:
        call.happen(Occurrence.ANSWERED)
        self.history.answered(call)
        call.happen(Occurrence.CONNECTED)
        settle(call)


async def _run(call: Call, script: ScriptRun, over: EndCall) -> None:
    if not await script(call):
        call.put(None, over)


def _said(ending: Ending) -> str:
    """Why a script ends with its call, for the log."""
    detail = f", {ending.detail}" if ending.detail else ""
    return f"the call was ended by {ending.by.value}{detail}"


def _forwarded(call: Call, _status: int) -> None:
    call.advance(Progress.FORWARDED)


def ring_back(call: Call) -> None:
    """Tell the caller that it rings."""
    if call.state is CallState.SETUP:
        call.happen(Occurrence.RANG)
        if call.caller.leg is not None:
            call.caller.leg.progress(180)


def reject(call: Call, status: int) -> None:
    """Refuse the caller; raises CannotNow when the call is answered."""
    if call.is_answered:
        raise CannotNow(f"a call in {call.state.value} cannot be rejected")

    async def refuse() -> None:
        raise CallEnds(refused_here(status))

    call.put(None, Work(refuse, asyncio.get_running_loop().create_future()))


def other_parties(call: Call) -> list[Party]:
    """The parties that have a phone: a script talks to these."""
    return [party for party in call.parties if party.leg is not None]
