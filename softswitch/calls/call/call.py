"""A call: two parties, its state, and the inbox through which everything reaches its one task.

A leg's events, timers, media and commands are put into the inbox as they happen; the task takes
them out one by one (`setup/setup.py`, `setup/conversation.py`), so that nothing needs a task of its
own and every race is an order of events.
"""

from __future__ import annotations

import asyncio
import weakref
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

import structlog

from softswitch.calls.call.inbox_events import CallGone, EndCall, Forward, Work
from softswitch.calls.call.party import Party, Side
from softswitch.calls.call.progress import Progress
from softswitch.calls.call.recording import CallRecordings
from softswitch.calls.call.steps import CallTrace, Steps
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CallEnds, CannotNow, EndedBy, Ending
from softswitch.calls.endings.states import FINAL, RINGS, CallState, Occurrence, follow
from softswitch.calls.endings.whereabouts import Whereabouts
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.ports.under_way import Playing, RecordingInProgress
from softswitch.sip.events import InfoReceived, Ringing
from softswitch.sip.message.body import sdp_of
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import is_sips
from softswitch.trace.traces import Traces

log = structlog.get_logger("softswitch.calls")

INBOX_LIMIT = 64
"Unread events beyond which INFO and provisional responses are dropped: the peer floods."


Listener = Callable[["Call", CallState], None]
"Called with the call and the state it has entered, in the order of the changes; must not block."

TakePlace = Callable[[Leg], Awaitable[bool]]
"Given the leg that has ended; False when the call ends with it."

RungListener = Callable[["Call"], None]
"Called after each change of the phones that are rung for a call; must not block or raise."

RecordingListener = Callable[["Call", str, RecordingInProgress], None]
"Called with a call, the path of the file and the recording that begins; must not block or raise."


class Call:
    """Legs that belong together."""

    __slots__ = (
        "__weakref__",
        "_children",
        "_inbox",
        "_listeners",
        "_listeners_of_all",
        "_now",
        "_progress_listeners",
        "_rung_listeners",
        "_waiter",
        "answered_at",
        "callee",
        "caller",
        "caller_sdp",
        "chain",
        "changing",
        "dialled",
        "ended",
        "ended_at",
        "id",
        "invite",
        "is_urgent",
        "joined",
        "late_answer",
        "legs",
        "most_legs",
        "rang_at",
        "recordings",
        "ringback",
        "rung",
        "start_record",
        "started_at",
        "state",
        "steps",
        "take_place",
        "terms",
        "trace",
        "transferred",
        "whereabouts",
    )

    def __init__(
        self,
        call_id: str,
        terms: CallTerms,
        caller: tuple[str, str],
        dialled: str,
        invite: Request | None = None,
        *,
        now: Callable[[], float],
        traces: Traces,
        listeners: Sequence[Listener] = (),
        rung_listeners: Sequence[RungListener] = (),
        recording_listeners: Sequence[RecordingListener] = (),
    ) -> None:
        """`caller`: number and name of the caller; `now`: Unix time in seconds.

        `traces` begin its timeline.

        `listeners` hear of the changes of all calls, after the call's own, and `rung_listeners` of
        the phones that ring for them, `recording_listeners` of recordings; see `Calls.new`.
        """
        self.id: Final = call_id
        self.terms: Final = terms
        self.caller = Party(Side.CALLER, *caller, _session_id(self.id, Side.CALLER))
        self.callee = Party(Side.CALLEE, dialled, "", _session_id(self.id, Side.CALLEE))
        self.dialled = dialled
        "The number that the caller asked for."
        self.invite = invite
        "The caller's; None for a call that the switch began itself."
        self.caller_sdp = sdp_of(invite) if invite is not None else None
        "The caller's offer; None when it left the offer to the callee."
        self.chain, self.is_urgent = "", False
        """The id of the first call of the chain that it belongs to, empty for a first one; whether
        it goes to an emergency number."""
        self.steps, self.trace = Steps(), CallTrace(traces, call_id)
        self.state = CallState.SETUP
        self.whereabouts = Whereabouts(self.state, now)
        self.started_at = now()
        "Unix time in seconds, as the three below; None while it has not happened."
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.transferred = False
        "Whether a transfer has given a party's place to another, or has dissolved the call."
        self.joined: Call | None = None
        "The call in which a party of this one talks on, where a transfer has dissolved it."
        self.start_record: asyncio.Future[None] | None = None
        "Done when the start of the call is on disk."
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        "Set when everything of the call has been freed."
        self.legs, self.most_legs = 0, terms.legs_per_call
        "How many legs were dialled, and how many may be."
        self.changing = asyncio.Lock()
        "Held while media changes: one offer at a time runs through the call."
        self.late_answer: asyncio.Future[bytes | None] | None = None
        "Waits for the ACK that answers an offer of ours in a change of media."
        # By a weak reference: else the call would be part of a circle, freed by the collector only.
        self.recordings = CallRecordings(partial(_recorded, weakref.ref(self), recording_listeners))
        self.ringback: Playing | None = None
        "The file that the caller heard while it rang: then it has our own answer to its offer."
        self.take_place: TakePlace | None = None
        "Lets a third who talks to both parties stand where one has hung up; None without a third."
        self.rung: dict[Leg, str] = {}
        "The phones that are rung now, with the extension of each; those at trunks are left out."
        self._children: set[asyncio.Task[None]] = set()
        self._now = now
        self._listeners: list[Listener] = []
        self._listeners_of_all = listeners
        self._rung_listeners = rung_listeners
        self._progress_listeners: list[Callable[[Progress], None]] = []
        self._inbox: deque[tuple[Leg | None, object]] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<call {self.id} {self.caller.number}>{self.dialled} {self.state.value}>"

    @property
    def is_sips(self) -> bool:
        """Whether the caller wants TLS on every hop (RFC 5630)."""
        return self.invite is not None and is_sips(self.invite.uri)

    # -- what happens ------------------------------------------------------------------------------

    def put(self, leg: Leg | None, event: object) -> None:
        """Drop an event into the inbox; from any callback of this loop, at any time."""
        if len(self._inbox) >= INBOX_LIMIT and isinstance(event, (Ringing, InfoReceived)):
            return
        self._inbox.append((leg, event))
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def next_event(self) -> tuple[Leg | None, object]:
        """Take the oldest event out of the inbox, waiting for one if there is none."""
        while not self._inbox:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._inbox.popleft()

    # -- state -------------------------------------------------------------------------------------

    def happen(self, occurrence: Occurrence, **details: str) -> None:
        """Enter the state that follows, and tell the listeners; `details` are for the log."""
        self.state = follow(self.state, occurrence)
        now = self._now()
        self.whereabouts.enter(self.state, now)
        if self.state is CallState.RINGING:
            self.rang_at = now
        elif self.state is CallState.ANSWERED:
            self.answered_at = now
        elif self.state is CallState.TRANSFERRED:
            self.transferred = True
        elif self.state in FINAL:
            self.ended_at = now
        log.info(self.state.value, call=self.id, **details)
        self.trace.entered(self.state, self.parties, details)
        for listener in (*self._listeners, *self._listeners_of_all):
            try:
                listener(self, self.state)
            except Exception:
                log.exception("listener failed", call=self.id)

    def tell(self, what: str, **facts: str) -> None:
        """Note a step for the record: `what` is a verb, `facts` say who, whom and why."""
        self.steps.add(self._now(), what, facts)
        self.trace.told(what, facts)

    @property
    def chain_id(self) -> str:
        """The id of the first call of its chain, which may be itself."""
        return self.chain or self.id

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of every change of state from now on; returns what ends the listening."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def advance(self, progress: Progress) -> None:
        """Tell those who follow the ringing."""
        for listener in self._progress_listeners:
            listener(progress)

    def follow_ringing(self, listener: Callable[[Progress], None]) -> None:
        """Hear of what happens while the call rings; `listener` must not block or raise."""
        self._progress_listeners.append(listener)

    def ring(self, leg: Leg, extension: str) -> None:
        """Note that a phone of an extension is rung; again when it says that it rings."""
        self.rung[leg] = extension
        self._tell_rung()

    def ring_no_more(self, leg: Leg) -> None:
        """Note that a phone has answered, has refused, or is let go; harmless if it is known."""
        if self.rung.pop(leg, None) is not None:
            self._tell_rung()

    def _tell_rung(self) -> None:
        for listener in self._rung_listeners:
            listener(self)

    def stop_ringback(self) -> None:
        """Let the caller hear no more of the file that stands for the ringing."""
        if self.ringback is not None:
            self.ringback.stop()

    @property
    def is_late_offer(self) -> bool:
        """Whether the callee makes the offer and the caller's ACK brings the answer."""
        return self.caller_sdp is None

    @property
    def is_inside(self) -> bool:
        """Whether the switch calls itself: the caller is a party of another call."""
        return self.caller.leg is not None and self.caller.leg.is_inside

    @property
    def is_answered(self) -> bool:
        """Whether the callee has answered and the call has not ended."""
        return self.state not in RINGS and self.state not in FINAL

    # -- parties -----------------------------------------------------------------------------------

    @property
    def parties(self) -> tuple[Party, Party]:
        """Caller and callee."""
        return (self.caller, self.callee)

    def party_of(self, leg: Leg | None) -> Party | None:
        """The party whose leg it is; None for a leg that is no longer part of the call."""
        if leg is None:
            return None
        if leg is self.caller.leg:
            return self.caller
        return self.callee if leg is self.callee.leg else None

    def other(self, party: Party) -> Party:
        """The other party."""
        return self.callee if party is self.caller else self.caller

    def replace(self, leaving: Party, newcomer: Party) -> None:
        """Let a party take the place of another, in recordings too."""
        if leaving is self.caller:
            self.caller = newcomer
        else:
            self.callee = newcomer
        self.recordings.follow(leaving, newcomer)

    def new_session_id(self) -> str:
        """A session id of SDP for a party that joins later, different from all before."""
        self.legs += 1
        return _session_id(f"{self.id}-{self.legs}", Side.CALLEE)

    # -- children ----------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the call's task; it ends with the call at the latest."""
        task = asyncio.get_running_loop().create_task(work, name=f"call {self.id} child")
        self._children.add(task)
        task.add_done_callback(self._child_done)
        return task

    def _child_done(self, task: asyncio.Task[None]) -> None:
        self._children.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call failed", call=self.id, exc_info=error)
            self.end_soon(EndedBy.SYSTEM, "internal error")

    async def stop_children(self) -> None:
        """Cancel what runs beside the call's task, and wait for it."""
        if self._children:
            children = list(self._children)
            for child in children:
                child.cancel()
            await asyncio.wait(children)

    # -- work for the call's task ------------------------------------------------------------------

    async def ask(self, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let the call's task do something; returns when it is done, raises what it raises.

        Raises CallGone when the call ends before.
        """
        await self.ask_for(lambda done: Work(do, done))

    async def ask_for(self, work: Callable[[asyncio.Future[None]], Work]) -> None:
        """Ask for work that is more than a function; it is made with the future of its end.

        Raises as `ask` does.
        """
        if self.ended.done():
            raise CallGone
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.put(None, work(done))
        await done

    async def work(self, work: Work) -> None:
        """Do it; called by the call's task. Raises only what ends the call."""
        if work.done.done():
            return  # the requester has gone
        try:
            await work.do()
        except (CallEnds, Forwarded, asyncio.CancelledError):
            if not work.done.done():
                work.done.set_exception(CallGone())
            raise
        except Exception as error:
            if not work.done.done():
                work.done.set_exception(error)
        else:
            if not work.done.done():
                work.done.set_result(None)

    def leave_work(self) -> None:
        """Let those hear of it whose work will not be done any more."""
        while self._inbox:
            _, event = self._inbox.popleft()
            if isinstance(event, Work) and not event.done.done():
                event.done.set_exception(CallGone())

    # -- commands ----------------------------------------------------------------------------------

    async def hang_up(self, by: EndedBy = EndedBy.COMMAND, detail: str = "") -> Ending:
        """End the call for everybody; returns when all is freed and its record is on its way."""
        self.end_soon(by, detail)
        return await asyncio.shield(self.ended)

    def end_soon(self, by: EndedBy = EndedBy.COMMAND, detail: str = "") -> None:
        """Ask for the end of the call, or of the one that it is part of, without waiting for it."""
        if self.joined is not None:
            self.joined.end_soon(by, detail)
        else:
            self.put(None, EndCall(by, detail))

    def end_with(self, other: Call, detail: str) -> Callable[[], None]:
        """Ask for the end of the call when the other ends; returns what ends the listening."""

        def changed(_other: Call, state: CallState) -> None:
            if state in FINAL:
                self.end_soon(EndedBy.SYSTEM, detail)

        return other.listen(changed)

    def forward(self, number: str) -> None:
        """Redirect a call that still rings; raises CannotNow when it does not."""
        if self.state not in RINGS:
            raise CannotNow(f"a call in {self.state.value} cannot be forwarded")
        self.put(None, Forward(number))


def _recorded(
    recorded: weakref.ref[Call],
    listeners: Sequence[RecordingListener],
    path: str,
    recording: RecordingInProgress,
) -> None:
    """Tell of a recording that begins."""
    call = recorded()
    if call is not None:
        for listener in listeners:
            listener(call, path, recording)


def _session_id(call_id: str, side: Side) -> str:
    """The number of a party's session in `o=`: 31 bits, for phones that read it as an integer."""
    return str(zlib.crc32(f"{call_id} {side.value}".encode()) & 0x7FFF_FFFF)
