"""INVITEs that belong to no dialog: each becomes a call, takes one over (RFC 3891), or joins one
(RFC 3911).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call.party import Party
from softswitch.calls.call_task import CallTasks, Course
from softswitch.calls.endings.endings import RETRY_AFTER
from softswitch.calls.leg.leg import Leg, Stack
from softswitch.calls.leg.lines import Lines
from softswitch.calls.leg.media_terms import SrtpTerms
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.numbers.rules.route import LONGEST_NUMBER
from softswitch.calls.numbers.trunk import Trunk
from softswitch.calls.setup.pickup import PickUp
from softswitch.calls.transfer.dialogs import Denied
from softswitch.calls.transfer.joining import Joining
from softswitch.calls.transfer.replacing import Replacing
from softswitch.guard.authentication import Admitted
from softswitch.sip.events import NewRequest
from softswitch.sip.message.message import Request
from softswitch.sip.message.subscriber import number_of
from softswitch.sip.requests.diversion import given_diversions
from softswitch.sip.requests.privacy import asserted, preferred, wants_privacy
from softswitch.sip.subscription.refer import Replaces, parse_join, parse_replaces

LONGEST_NAME = 128
"Characters of a display name; the rest is cut off, with a mark."


class RequestRefused(Exception):
    """A new request is refused with `status` and headers."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.headers = headers


class IncomingCalls:
    """Makes calls of INVITEs whose sender is known."""

    def __init__(
        self,
        *,
        stack: Stack,
        calls: Calls,
        tasks: CallTasks,
        course: Course,
        replacing: Replacing,
        joining: Joining,
        lines: Lines,
        is_emergency: Callable[[str, Rights], bool],
    ) -> None:
        """`course` runs every call.

        `lines` counts the phones that call; `is_emergency` knows the calls that have no limit.
        """
        self._is_emergency = is_emergency
        self._stack = stack
        self._calls = calls
        self._tasks = tasks
        self._course = course
        self._replacing = replacing
        self._joining = joining
        self._lines = lines
        self.draining = False
        "Whether new calls are refused."

    def from_phone(
        self,
        new: NewRequest,
        user: str,
        name: str,
        srtp: SrtpTerms,
        identities: Collection[str] = (),
    ) -> None:
        """Take the INVITE of an extension, whose settings say `srtp`.

        It may show one of the `identities`, if it prefers that (RFC 3325 section 9.2). Raises
        RequestRefused, MessageError.
        """
        if (named := new.request.headers.get("Replaces")) is not None:
            if "Join" in new.request.headers:
                raise RequestRefused(400)
            self._replace(new, (user, name), parse_replaces(named), srtp)
            return
        if self._join(new, (user, name), srtp):
            return
        wanted = preferred(new.request)
        identity = number_of(wanted.uri) if wanted is not None else ""
        dialled = _dialled(new.request)
        is_urgent = self._is_emergency(dialled, Rights(user))
        call = self._begin(new, (user, name), dialled, "", is_urgent=is_urgent)
        self._take_line(call, user, srtp)
        if identity in identities:
            call.caller.identity = identity

    def _replace(
        self, new: NewRequest, who: tuple[str, str], replaces: Replaces, srtp: SrtpTerms
    ) -> None:
        """Let a phone take the place of another in a call that rings it, or that goes on.

        `who`: extension and name of the phone.
        """
        user, dialogs = who[0], self._replacing.dialogs
        try:
            ringing = dialogs.ringing(user, replaces)
            if ringing is not None:
                self._pick_up(new, who, ringing, srtp)
                return
            call, leaving = self._replacing.replaced(user, replaces)
        except Denied as error:
            raise RequestRefused(error.status) from None
        wish = PickUp(self._leg_for(new, user, call), *who, srtp)
        self._tasks.start(self._replacing.take_over(call, leaving, wish), name="take over")

    def _pick_up(
        self, new: NewRequest, who: tuple[str, str], ringing: tuple[Call, str], srtp: SrtpTerms
    ) -> None:
        """Let a phone take a call that rings an extension."""
        call, rung = ringing
        wish = PickUp(self._leg_for(new, who[0], call), *who, srtp)
        self._tasks.start(self._replacing.pick_up(call, rung, wish), name="pick up")

    def _leg_for(self, new: NewRequest, user: str, call: Call) -> Leg:
        """The leg of a phone that another call is to get, which gets its events later."""
        leg = Leg.incoming(self._stack, new, name=f"{call.id}-{call.legs}")
        self._lines.take(user, leg, talks=True)
        call.trace.follow(leg, user)
        return leg

    def _join(self, new: NewRequest, who: tuple[str, str], srtp: SrtpTerms) -> bool:
        """Let a phone join two who talk; False where its INVITE is like any other.

        It is so without Join, and to a conference (RFC 3911 section 4).
        """
        named, dialled = new.request.headers.get("Join"), _dialled(new.request)
        if named is None or self._joining.is_conference(dialled):
            return False
        user = who[0]
        try:
            joined, beside = self._joining.find(user, parse_join(named))
        except Denied as error:
            raise RequestRefused(error.status, *error.headers) from None
        course = partial(self._joining.follow, joined, beside)
        self._take_line(self._begin(new, who, dialled, "", course=course), user, srtp)
        return True

    def _take_line(self, call: Call, user: str, srtp: SrtpTerms) -> None:
        """Note whose phone calls."""
        call.caller.extension, call.caller.srtp = user, srtp
        if call.caller.leg is not None:
            self._lines.take(user, call.caller.leg, talks=True)

    def from_trunk(self, new: NewRequest, caller: Admitted, trunk: Trunk, dialled: str) -> None:
        """Begin a call that a trunk brings; its caller is nobody of the directory."""
        request = new.request
        if "Replaces" in request.headers or "Join" in request.headers:
            raise RequestRefused(403)
        number = dialled[:LONGEST_NUMBER] or _dialled(request)
        who = caller.user[:LONGEST_NUMBER], cut(request.from_.display_name)
        if trunk.terms.trusted and (known := asserted(request)) is not None:
            who = number_of(known.uri)[:LONGEST_NUMBER] or who[0], cut(known.display_name)
        trunk.incoming += 1
        told = given_diversions(request) if trunk.terms.trusted else []
        call = self._begin(new, who, number, trunk.name)
        call.callee.diversions += told
        call.caller.srtp = trunk.terms.srtp
        if call.caller.leg is not None:
            trunk.carry(call.caller.leg)
            call.caller.leg.usage.credentials = trunk.credentials

    def from_inside(self, new: NewRequest, caller: Party, chain: str) -> None:
        """Begin a call of the switch to an extension that it serves. Raises RequestRefused.

        `caller` is the party of another call that the extension is to talk to, in the same chain.
        """
        who = caller.number, caller.name
        call = self._begin(new, who, _dialled(new.request), caller.trunk, chain)
        call.callee.diversions += given_diversions(new.request)

    def _begin(
        self,
        new: NewRequest,
        caller: tuple[str, str],
        dialled: str,
        trunk: str,
        chain: str = "",
        *,
        is_urgent: bool = False,
        course: Course | None = None,
    ) -> Call:
        """Begin a call; one that `is_urgent` also above the limit of calls, and in a drain.

        It follows its number, or a `course` of its own.
        """
        if self.draining and not is_urgent:
            self._calls.refused += 1
            raise RequestRefused(503, RETRY_AFTER)
        try:
            call = self._calls.new(caller, dialled, new.request, is_urgent=is_urgent)
        except TooManyCalls:
            raise RequestRefused(503, RETRY_AFTER) from None
        call.caller.trunk, call.chain = trunk, chain
        call.caller.is_private = wants_privacy(new.request)
        call.caller.leg = Leg.incoming(self._stack, new, name=f"{call.id}-0", deliver=call.put)
        call.trace.follow(call.caller.leg, trunk or call.caller.number)
        self._tasks.begin(call, course or self._course)
        return call


def _dialled(request: Request) -> str:
    """The number that an INVITE asks for, as the record shows it."""
    return (number_of(request.uri) or request.uri_text)[:LONGEST_NUMBER]


def cut(name: str) -> str:
    """A display name of a length that can be kept."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
