"""The front desk: every request that belongs to no dialog yet comes here (RFC 3261 section 8.2).

The requester is authenticated first; nothing is allocated before that. Then the method decides:
REGISTER goes to the registrations, INVITE becomes a call with a task of its own, MESSAGE goes to
the messages, SUBSCRIBE and PUBLISH to the lamps, OPTIONS is answered on the spot, and what this
switch does not do is refused with the list of what it does.

Whatever a phone has proved its password for gets a transaction in the same turn of the loop. The
transaction absorbs repeats of the request; the gate would take them for replays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import RETRY_AFTER
from softswitch.calls.incoming import IncomingCalls, RequestRefused, cut
from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.routing import INSIDE
from softswitch.calls.options import capabilities
from softswitch.calls.setup.dialler import Dialler
from softswitch.calls.transfer.offers import CallOffers
from softswitch.guard.authentication import Admitted, Decision, Refused
from softswitch.sip import element
from softswitch.sip.effects import INSIDE_LINE, Flow
from softswitch.sip.element import KNOWN
from softswitch.sip.events import NewRequest
from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import sip_uri
from softswitch.sip.transaction.server import ServerTransaction

log = structlog.get_logger("softswitch.calls")

METHODS = (*element.METHODS, "REFER", "SUBSCRIBE", "PUBLISH")
"What phones may ask of the switch, in their calls or outside."
EXTENSIONS = ("100rel", "join", "norefersub", "replaces", "timer")
"Option tags of what goes beyond RFC 3261: RFC 3262, 3911, 4488, 3891 and 4028."

IN_DIALOG = frozenset(("BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"))
"Methods that mean nothing outside of a dialog: 481."

NAMES_DIALOG = ("Replaces", "Join")
"Headers of INVITE alone (RFC 3891 section 3, RFC 3911 section 4)."


class Gatekeeper(Protocol):
    """Authenticates the requesters of new requests."""

    def check(self, request: Request, flow: Flow, now: float) -> Decision:
        """Decide, without keeping anything of unknown sources; `now` is Unix time in seconds."""


class RegistrationService(Protocol):
    """Where REGISTER goes."""

    async def register(self, request: Request, flow: Flow, user: str) -> Response:
        """The answer, once it is on disk."""


class SubscriptionDesk(Protocol):
    """Where SUBSCRIBE and PUBLISH go."""

    @property
    def allow_events(self) -> tuple[str, str]:
        """The header that names the event packages."""

    def subscribe(self, new: NewRequest, watcher: str) -> Response | None:
        """Take the SUBSCRIBE of an authenticated extension, or refuse it with a response."""

    def publish(self, new: NewRequest, publisher: str) -> Response:
        """Answer the PUBLISH of an authenticated extension."""


MessageDesk = Callable[[NewRequest, Address], Coroutine[Any, Any, Response]]
"Answers an authenticated MESSAGE of that sender."


class Dispatch:
    """Takes new requests from the core, and hands each to the part that answers it."""

    def __init__(
        self,
        *,
        stack: Stack,
        dialler: Dialler,
        plan: DialPlan,
        gate: Gatekeeper,
        registrar: RegistrationService,
        message_desk: MessageDesk,
        offers: CallOffers,
        subscriptions: SubscriptionDesk,
        incoming: IncomingCalls,
        tasks: CallTasks,
        domain: str,
        now: Callable[[], float],
    ) -> None:
        """`domain` is the host of extensions; `now` is Unix time in seconds."""
        self.incoming = incoming
        self._stack = stack
        self._dialler = dialler
        self._plan = plan
        self._gate = gate
        self._registrar = registrar
        self._message_desk = message_desk
        self._offers = offers
        self._subscriptions = subscriptions
        self._tasks = tasks
        self._domain = domain
        self._now = now
        self._desks: dict[str, Callable[[NewRequest, str], None]] = {
            "REGISTER": self._register,
            "INVITE": self._invite,
            "OPTIONS": self._options,
            "MESSAGE": self._message,
            "SUBSCRIBE": self._subscribe,
            "PUBLISH": self._publish,
        }

    # -- what comes --------------------------------------------------------------------------------

    def receive(self, new: NewRequest) -> None:
        """Take a request that belongs to no dialog."""
        request = new.request
        try:
            if new.flow == INSIDE_LINE:
                self._from_inside(new)
                return
            if request.method == "INVITE" and self._dialler.is_own(request.call_id):
                self._answer(new, _refusal(request, 482))
                return
            decision = self._gate.check(request, new.flow, self._now())
        except MessageError as error:
            self._answer(new, response_to(request, error.status, error.phrase, to_tag=None))
        except Exception:
            log.exception("request failed", method=request.method)
            self._answer(new, _refusal(request, 500))
        else:
            if isinstance(decision, Admitted):
                self._admitted(new, decision)
            elif isinstance(decision, Refused):
                self._answer(new, decision.response)

    def _admitted(self, new: NewRequest, asker: Admitted) -> None:
        """Hand the request to its desk; what the desk raises is answered."""
        request = new.request
        desk = self._desks.get(request.method, self._unserved)
        try:
            if request.method != "INVITE" and any(name in request.headers for name in NAMES_DIALOG):
                raise RequestRefused(400)
            if asker.trunk:
                self._from_trunk(new, asker)
            else:
                desk(new, asker.user)
        except RequestRefused as refusal:
            self._settle(new, _refusal(request, refusal.status, *refusal.headers))
        except MessageError as error:
            self._settle(new, response_to(request, error.status, error.phrase, to_tag=None))
        except Exception:
            log.exception("request failed", method=request.method)
            self._answer(new, _refusal(request, 500))

    def _from_inside(self, new: NewRequest) -> None:
        """Take a call of the switch to itself, which needs no proof; nothing else comes so."""
        caller = self._dialler.caller_of(new.request.call_id)
        try:
            if caller is None or new.request.method != "INVITE":
                raise RequestRefused(481)
            self.incoming.from_inside(new, *caller)
        except RequestRefused as refusal:
            self._settle(new, _refusal(new.request, refusal.status, *refusal.headers))

    def _from_trunk(self, new: NewRequest, caller: Admitted) -> None:
        """Take a request of a trunk: an incoming call, or OPTIONS."""
        if new.request.method == "INVITE":
            trunk = self._plan.trunks[caller.trunk]
            rights = INSIDE._replace(trunk=trunk.name, caller=caller.user)
            number = self._plan.routing.leading(trunk.dialled(new.request), rights)
            self.incoming.from_trunk(new, caller, trunk, number)
        else:
            self._answer(new, capabilities(self._stack.endpoint, new.request))

    def _invite(self, new: NewRequest, user: str) -> None:
        name = self._name(new.request, user)
        extension = self._plan.directory.find(user)
        identities = extension.identities if extension is not None else ()
        self.incoming.from_phone(new, user, name, self._plan.srtp(user), identities)

    def _register(self, new: NewRequest, user: str) -> None:
        self._await(new, self._registered(new, user))

    async def _registered(self, new: NewRequest, user: str) -> Response:
        """The answer to REGISTER, which tells what can be watched (RFC 6665 section 8.2.2)."""
        response = await self._registrar.register(new.request, new.flow, user)
        if response.status == 200:
            response.headers.add(*self._subscriptions.allow_events)
        return response

    def _message(self, new: NewRequest, user: str) -> None:
        sender = Address(sip_uri(user, self._domain), self._name(new.request, user))
        self._offers.read(new.request, user)
        self._await(new, self._message_desk(new, sender))

    def _subscribe(self, new: NewRequest, user: str) -> None:
        refused = self._subscriptions.subscribe(new, user)
        if refused is not None:
            self._settle(new, refused)

    def _publish(self, new: NewRequest, user: str) -> None:
        self._settle(new, self._subscriptions.publish(new, user))

    def _options(self, new: NewRequest, user: str) -> None:
        more = [self._subscriptions.allow_events]
        self._settle(new, capabilities(self._stack.endpoint, new.request, more))

    def _unserved(self, new: NewRequest, user: str) -> None:
        method = new.request.method
        if method in IN_DIALOG:
            raise RequestRefused(481)
        if method == "REFER":
            raise RequestRefused(403)
        raise RequestRefused(405 if method in KNOWN else 501, self._stack.endpoint.allow)

    def _name(self, request: Request, user: str) -> str:
        """The display name of the requester: the directory's, else the one that its phone gives."""
        extension = self._plan.directory.find(user)
        name = (extension and extension.name) or request.from_.display_name
        return cut(name)

    # -- answers -----------------------------------------------------------------------------------

    def _answer(self, new: NewRequest, response: Response) -> None:
        """Answer and remember nothing: for senders that have proved no password."""
        stack = self._stack
        stack.perform(stack.endpoint.respond_statelessly(new.request, response, new.flow))

    def _settle(self, new: NewRequest, response: Response) -> None:
        """Answer in a transaction, which repeats the answer when the request is repeated."""
        stack = self._stack
        stack.perform(stack.endpoint.respond(self._accept(new), response))

    def _await(self, new: NewRequest, answer: Coroutine[Any, Any, Response]) -> None:
        """Answer in a transaction that begins now, once the answer is known."""
        work = self._respond(self._accept(new), new.request, answer)
        self._tasks.start(work, name=new.request.method.lower())

    def _accept(self, new: NewRequest) -> ServerTransaction:
        transaction, effects = self._stack.endpoint.accept(new.request, new.flow)
        self._stack.perform(effects)
        return transaction

    async def _respond(
        self,
        transaction: ServerTransaction,
        request: Request,
        answer: Coroutine[Any, Any, Response],
    ) -> None:
        stack = self._stack
        try:
            response = await answer
        except Exception:
            log.exception("request failed", method=request.method)
            response = _refusal(request, 500)
        except asyncio.CancelledError:
            stack.perform(stack.endpoint.respond(transaction, _refusal(request, 503, RETRY_AFTER)))
            raise
        stack.perform(stack.endpoint.respond(transaction, response))

    # -- the end -----------------------------------------------------------------------------------

    async def drain(self, grace: float, urgent: float = 0.0) -> None:
        """Refuse new calls, let the others go on for `grace` seconds, then end them politely.

        Emergency calls are taken all the same, and go on for `urgent` seconds more.
        """
        self.incoming.draining = True
        await self._tasks.drain(grace, urgent)

    async def close(self) -> None:
        """End whatever still runs; every task is done afterwards."""
        self.incoming.draining = True
        await self._tasks.close()


def _refusal(request: Request, status: int, *headers: tuple[str, str]) -> Response:
    return response_to(request, status, to_tag=None, headers=headers)
