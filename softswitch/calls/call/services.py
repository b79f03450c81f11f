"""What every call works with: the other parts of the switch, the limits, and the calls that run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from softswitch.calls.call.call import Call, Listener, Party
from softswitch.calls.call.history import History
from softswitch.calls.call.rooms import ConferenceRooms
from softswitch.calls.endings.endings import Ending
from softswitch.calls.leg.leg import Leg, Stack
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension, ExtensionKind, RingPlan
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import COMMAND, Rights, Routing, Unroutable, Way
from softswitch.calls.numbers.targets import Rounds, in_rounds, phones_of
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.ports.media_port import MediaPort, OnWorker, WorkerClient
from softswitch.sip.events import RequestReceived
from softswitch.telemetry.metrics import Metric

Service = Callable[[Call, Extension], Awaitable[None]]
"Plays the callee of a call to an extension of some kind; ends by raising CallEnds."

Asked = Callable[[Call, Leg, RequestReceived], Awaitable[None]]
"Does what a phone asks in its call, in the call's own task; raises only what ends the call."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Bounds of the calls, from the settings."""

    calls: int = 2000
    "Calls at a time; more are refused with 503."
    legs_per_call: int = 32
    "Phones that one call may ring, those of forwarded calls included."
    ring_time: float = 60.0
    "Seconds of ringing, where the extension has no time of its own."
    media_timeout: float = 60.0
    "Seconds without a valid packet that end a call."
    hold_timeout: float = 3600.0
    "The same for a side that is on hold."


class Contacts(Protocol):
    """Where the phones of an extension are."""

    def contacts(self, extension: str) -> list[Binding]:
        """Unexpired bindings, best q first."""


class Ports(Protocol):
    """Where media ports come from."""

    async def open(self, beside: OnWorker | None = None, *, ipv6: bool = False) -> MediaPort:
        """Raises NoPortFree, WorkerGone."""

    def choose(self) -> WorkerClient:
        """The worker for something new; raises WorkerGone."""


class Calls:
    """The calls that have not ended, by id; and what has become of the others."""

    __slots__ = ("_active", "_own_invites", "listeners", "outcomes")

    def __init__(self) -> None:
        self._active: dict[str, Call] = {}
        self._own_invites: set[str] = set()
        self.listeners: list[Listener] = []
        "Told of every change of state of every call, after the call's own listeners."
        self.outcomes: Counter[str] = Counter()
        "Calls that have ended, by outcome."

    def get(self, call_id: str) -> Call | None:
        """The call with that id, if it has not ended."""
        return self._active.get(call_id)

    def add(self, call: Call) -> None:
        """List a call."""
        self._active[call.id] = call

    def remove(self, call: Call, ending: Ending) -> None:
        """Take a call that has ended off the list."""
        if self._active.pop(call.id, None) is not None:
            self.outcomes[ending.outcome.value] += 1

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._active.values()))

    def __len__(self) -> int:
        return len(self._active)

    def metrics(self) -> Iterator[Metric]:
        """How many calls there are, and what has become of the others."""
        yield Metric("calls", "Calls that go on", self.__len__)
        yield Metric(
            "calls_ended_total",
            "Calls that have ended, by outcome",
            lambda: dict(self.outcomes),
            "outcome",
        )

    def invited(self, sip_call_id: str) -> None:
        """Remember the Call-ID of an INVITE of ours while its call lasts."""
        self._own_invites.add(sip_call_id)

    def forget_invite(self, sip_call_id: str) -> None:
        """Forget it."""
        self._own_invites.discard(sip_call_id)

    def is_own_invite(self, sip_call_id: str) -> bool:
        """Whether an INVITE with this Call-ID left this switch: it has come round in a loop."""
        return sip_call_id in self._own_invites


@dataclass(slots=True, kw_only=True)
class CallServices:
    """The parts, joined once by `app.py`."""

    domain: str
    "The host of From and To in leg B."
    stack: Stack
    ports: Ports
    registrations: Contacts
    directory: Directory
    routing: Routing
    history: History
    calls: Calls
    now: Callable[[], float]
    "Unix time in seconds."
    call_ids: Callable[[], str]
    refer: Asked
    "Transfers a call as one of its phones asks."
    limits: CallLimits = field(default_factory=CallLimits)
    services: Mapping[ExtensionKind, Service]
    "What plays the callee of each kind of extension that rings no phones."
    hold_music: str | None = None
    "The audio file that parties hear whom a command holds."
    trunks: Trunks = field(default_factory=Trunks)
    rooms: ConferenceRooms = field(default_factory=ConferenceRooms)
    "The conferences that somebody is in."

    intercept: Callable[[Call], Awaitable[None]] | None = None
    """Sends a call where an application says, before the dial plan is asked; returns when the dial
    plan is to decide."""

    def targets(self, number: str, caller: Party | None = None, rights: Rights = COMMAND) -> Rounds:
        """Whom to ring for a number that somebody with these rights wants; `caller` is shown.

        Raises Unroutable: the number leads nowhere (404), not for this caller (403), or to an
        extension that is no phone (480).
        """
        destination = self.routing.destination(number, rights)
        if not isinstance(destination, Extension):
            return self.ways_out(destination, caller)
        plan = destination.ring_plan
        if plan is None:
            raise Unroutable(480, f"an extension of kind {destination.kind.name} is no phone")
        return self.phones(plan)

    def conference(self, number: str, rights: Rights = COMMAND) -> Extension | None:
        """The conference that a number leads to; None when it leads elsewhere."""
        try:
            destination = self.routing.destination(number, rights)
        except Unroutable:
            return None
        if isinstance(destination, Extension) and destination.kind.is_room:
            return destination
        return None

    def phones(self, plan: RingPlan) -> Rounds:
        """The phones that ring for an extension."""
        contacts = self.registrations.contacts
        return in_rounds(plan, [phones_of(contacts(number)) for number in plan.numbers])

    def ways_out(self, ways: Sequence[Way], caller: Party | None) -> Rounds:
        """The servers of the outside lines, as a call of this caller takes them."""
        if caller is None:
            return self.trunks.ways_out(ways, "", "")
        return self.trunks.ways_out(ways, caller.number, caller.name, is_ours=not caller.line)
