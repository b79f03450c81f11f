"""The front desk: every request that belongs to no dialog yet comes here (RFC 3261 section 8.2).

Whoever asks is checked first; nothing is allocated before that. Then the method decides: REGISTER
goes to the registrations, INVITE becomes a call with a task of its own, MESSAGE is relayed, OPTIONS
is answered on the spot, and what this switch does not do is refused with the list of what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Protocol

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.services import CallServices
from softswitch.calls.call_task import Course, live
from softswitch.calls.endings.endings import RETRY_AFTER, EndedBy
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.routing import LONGEST_NUMBER
from softswitch.calls.options import capabilities
from softswitch.calls.pager import relay
from softswitch.calls.setup.setup import follow_number
from softswitch.calls.transfer.replacing import Denied, replaced, take_over
from softswitch.guard.authentication import Admitted, Decision, Refused
from softswitch.sip import element
from softswitch.sip.dialog.refer import Replaces, parse_replaces
from softswitch.sip.effects import Flow
from softswitch.sip.element import KNOWN
from softswitch.sip.events import NewRequest
from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import sip_uri
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.calls")

LONGEST_NAME = 128
"Characters of a display name; the rest is cut off, with a mark."

METHODS = (*element.METHODS, "REFER")
"What phones may ask of the switch, in their calls or outside."
EXTENSIONS = ("norefersub", "replaces")
"Option tags of what goes beyond RFC 3261: RFC 4488 and RFC 3891."

IN_DIALOG = frozenset(("BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"))
"Methods that mean nothing outside of a dialog: 481."


class Gatekeeper(Protocol):
    """Who may ask for anything."""

    def check(self, request: Request, flow: Flow, now: float) -> Decision:
        """Decide, without keeping anything of strangers."""


class RegistrationService(Protocol):
    """Where REGISTER goes."""

    async def register(self, request: Request, flow: Flow, user: str) -> Response:
        """The answer, once it is on disk."""


MessageDesk = Callable[[NewRequest, Address], Coroutine[Any, Any, Response]]
"Answers an authenticated MESSAGE of that sender."


class Dispatch:
    """Takes new requests from the core; owns the tasks that answer them."""

    def __init__(
        self, house: CallServices, gate: Gatekeeper, registrar: RegistrationService
    ) -> None:
        self.house = house
        self.draining = False
        "Whether new calls are refused."
        self.refused = 0
        "INVITEs that met a full or draining switch."
        self.message_desk: MessageDesk = partial(relay, house)
        "Where MESSAGE goes."
        self._gate = gate
        self._registrar = registrar
        self._tasks: set[asyncio.Task[None]] = set()
        self._desks: dict[str, Callable[[NewRequest, str], None]] = {
            "REGISTER": self._register,
            "INVITE": self._invite,
            "OPTIONS": self._options,
            "MESSAGE": self._message,
        }

    def metrics(self) -> Iterator[Metric]:
        """How many calls were turned away."""
        yield Metric(
            "calls_refused_total",
            "Calls that met a full or draining switch",
            lambda: self.refused,
        )

    # -- what comes --------------------------------------------------------------------------------

    def receive(self, new: NewRequest) -> None:
        """Take a request that belongs to no dialog."""
        try:
            self._receive(new)
        except MessageError as error:
            request = new.request
            self._answer(new, response_to(request, error.status, error.phrase, to_tag=None))
        except Exception:
            log.exception("request failed", method=new.request.method)
            self._refuse(new, 500)

    def _receive(self, new: NewRequest) -> None:
        request, house = new.request, self.house
        if request.method == "INVITE" and house.calls.is_own_invite(request.call_id):
            self._refuse(new, 482)
            return
        decision = self._gate.check(request, new.flow, house.now())
        if isinstance(decision, Admitted) and decision.trunk:
            self._from_outside(new, decision)
        elif isinstance(decision, Admitted):
            desk = self._desks.get(request.method, self._unserved)
            desk(new, decision.user)
        elif isinstance(decision, Refused):
            self._answer(new, decision.response)

    def _from_outside(self, new: NewRequest, caller: Admitted) -> None:
        """Take what an outside line asks for: calls in, and signs of life."""
        if new.request.method == "INVITE":
            self._call_in(new, caller)
        else:
            self._options(new, caller.user)

    def _invite(self, new: NewRequest, user: str) -> None:
        if (named := new.request.headers.get("Replaces")) is not None:
            self._take_over(new, user, parse_replaces(named))
            return
        name = self._name(new.request, user)
        call = self._begin_call(new, (user, name), _dialled(new.request), "")
        if call is not None:
            call.caller.extension = user

    def _take_over(self, new: NewRequest, user: str, replaces: Replaces) -> None:
        """Let a phone take the place of another in a call that goes on."""
        try:
            call, leaving = replaced(self.house, user, replaces)
        except Denied as error:
            self._refuse(new, error.status)
            return
        leg = Leg.incoming(self.house.stack, new, name=f"{call.id}-{call.legs}")
        self._start(take_over(call, leaving, leg), name="take over")

    def _call_in(self, new: NewRequest, caller: Admitted) -> None:
        """Begin a call that an outside line brings; its caller is nobody of the directory."""
        request, trunk = new.request, self.house.trunks[caller.trunk]
        if "Replaces" in request.headers:
            self._refuse(new, 403)
            return
        number = trunk.dialled(request)[:LONGEST_NUMBER] or _dialled(request)
        who = caller.user[:LONGEST_NUMBER], _cut(request.from_.display_name)
        trunk.incoming += 1
        call = self._begin_call(new, who, number, trunk.name)
        if call is not None and call.caller.leg is not None:
            trunk.carry(call.caller.leg)
            call.caller.leg.usage.credentials = trunk.credentials

    def _begin_call(
        self, new: NewRequest, caller: tuple[str, str], dialled: str, line: str
    ) -> Call | None:
        house = self.house
        if self.draining or len(house.calls) >= house.limits.calls:
            self.refused += 1
            self._refuse(new, 503, RETRY_AFTER)
            return None
        call = Call(house, caller, dialled, new.request)
        call.caller.line = line
        call.caller.leg = Leg.incoming(house.stack, new, name=f"{call.id}-0", deliver=call.put)
        self.begin(call)
        return call

    def begin(self, call: Call, course: Course = follow_number) -> None:
        """Let a call take its course, in a task of its own."""
        self.house.calls.add(call)
        self._start(live(call, course), name=f"call {call.id}")

    def _register(self, new: NewRequest, user: str) -> None:
        self._start(
            self._respond(new, self._registrar.register(new.request, new.flow, user)),
            name="register",
        )

    def _message(self, new: NewRequest, user: str) -> None:
        sender = Address(sip_uri(user, self.house.domain), self._name(new.request, user))
        self._start(self._respond(new, self.message_desk(new, sender)), name="message")

    def _options(self, new: NewRequest, user: str) -> None:
        self._answer(new, capabilities(self.house.stack.endpoint, new.request))

    def _unserved(self, new: NewRequest, user: str) -> None:
        method = new.request.method
        if method in IN_DIALOG:
            self._refuse(new, 481)
        elif method == "REFER":
            self._refuse(new, 403)
        else:
            status = 405 if method in KNOWN else 501
            self._refuse(new, status, self.house.stack.endpoint.allow)

    def _name(self, request: Request, user: str) -> str:
        """The display name of who asks: the directory's, else the one that the phone gives."""
        extension = self.house.directory.find(user)
        name = (extension and extension.name) or request.from_.display_name
        return _cut(name)

    # -- answers -----------------------------------------------------------------------------------

    async def _respond(self, new: NewRequest, answer: Coroutine[Any, Any, Response]) -> None:
        """Answer a request in a transaction of its own, once the answer is known."""
        stack = self.house.stack
        transaction, effects = stack.endpoint.accept(new.request, new.flow)
        stack.perform(effects)
        try:
            response = await answer
        except Exception:
            log.exception("request failed", method=new.request.method)
            response = response_to(new.request, 500, to_tag=None)
        except asyncio.CancelledError:
            response = response_to(new.request, 503, to_tag=None, headers=[RETRY_AFTER])
            stack.perform(stack.endpoint.respond(transaction, response))
            raise
        stack.perform(stack.endpoint.respond(transaction, response))

    def _answer(self, new: NewRequest, response: Response) -> None:
        stack = self.house.stack
        stack.perform(stack.endpoint.respond_statelessly(new.request, response, new.flow))

    def _refuse(self, new: NewRequest, status: int, *headers: tuple[str, str]) -> None:
        self._answer(new, response_to(new.request, status, to_tag=None, headers=headers))

    # -- tasks and the end -------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task failed", task=task.get_name(), exc_info=task.exception())

    async def drain(self, grace: float) -> None:
        """Refuse new calls, let the others go on for `grace` seconds, then end them politely."""
        self.draining = True
        if self._tasks and grace > 0:
            await asyncio.wait(self._tasks, timeout=grace)
        for call in self.house.calls:
            call.end_soon(EndedBy.SYSTEM, "shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE)

    async def close(self) -> None:
        """End whatever still runs; every task is done afterwards."""
        self.draining = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


GOODBYE = 2.0
"Seconds for BYE to leave and records to be handed over at the end of a drain."


def _dialled(request: Request) -> str:
    """The number that an INVITE asks for, as the record shows it."""
    user = getattr(request.uri, "user", None)
    return (user or request.uri_text)[:LONGEST_NUMBER]


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
