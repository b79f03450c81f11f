"""Where a dialled number leads: scheme, then domain, then user (RFC 3261 section 8.2.2.1).

A number is an extension, or else what the routes make of it: another extension, or ways out through
trunks, tried in the order of the settings. The rights of the requester decide which routes it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from softswitch.calls.numbers.calendar import Calendars
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.classes import missing_right
from softswitch.calls.numbers.rules.emergency import EmergencyCall
from softswitch.calls.numbers.rules.explanation import Explanation, WayOut
from softswitch.calls.numbers.rules.route import LONGEST_NUMBER, Asked, Judged, RouteRule
from softswitch.calls.numbers.rules.rules import NO_RULES, Rules
from softswitch.settings.dialplan.routes import INTERNAL
from softswitch.sip.effects import Flow
from softswitch.sip.message.subscriber import number_of, written_number
from softswitch.sip.message.uri import OtherUri, SipUri, Uri


class Reachable(Protocol):
    """The way to the phone of a binding."""

    @property
    def uri(self) -> Uri: ...
    @property
    def flow(self) -> Flow: ...
    @property
    def path(self) -> Sequence[str]: ...


def flow_to(binding: Reachable) -> Flow:
    """The flow on which a phone takes requests.

    The one that its REGISTER came on, which is the only one through a NAT, a proxy or over a
    connection; but a UDP contact on the very address that sent the REGISTER names its own port.
    """
    flow, uri = binding.flow, binding.uri
    if flow.transport != "udp" or binding.path or not isinstance(uri, SipUri):
        return flow
    port = uri.port or 5060
    if uri.address != flow.remote[0] or port == flow.remote[1]:
        return flow
    return flow._replace(remote=(flow.remote[0], port))


def uri_for(uri: SipUri, flow: Flow, *, sips: bool) -> SipUri | None:
    """The Request-URI for a contact; None where a `sips:` call would be downgraded (RFC 5630 5.3).

    A phone with a `sips:` contact gets a `sip:` call as such, over TLS all the same.
    """
    if not sips:
        return uri.with_scheme("sip")
    return uri if uri.is_sips and flow.is_secure else None


class Unroutable(Exception):
    """The number leads nowhere; `status` is what the caller is told."""

    def __init__(self, status: int, sentence: str, told: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.told = told
        "What the caller is told besides, in the Reason header; empty for the usual text."


class Rights(NamedTuple):
    """What somebody may dial, and who that is."""

    extension: str | None
    "The extension that dials; empty for a caller from outside; None for commands: all routes."
    outside: bool = True
    "Whether trunks may be reached."
    trunk: str = ""
    "The trunk that the call came in by."
    caller: str = ""
    "The caller's number; empty where it is the extension's."


COMMAND = Rights(None)
"An application has all rights: it has been authenticated by the command API."

INSIDE = Rights("", outside=False)
"""Calls from trunks, and calls that a phone redirects: a caller from outside, or one who can make a
phone answer 302, must not reach a trunk with it."""


class Way(NamedTuple):
    """One way out by a trunk."""

    trunk: str
    number: str
    "As the far end of the trunk wants it."
    caller: str = ""
    "The caller's number as a rule has made it; empty where that stays."
    classes: tuple[str, ...] = ()
    "The classes of the number."
    payer: str | None = None
    "The extension that the call counts for; empty for none; None for commands."
    emergency: EmergencyCall | None = None


Destination = Extension | tuple[Way, ...]
"What a number leads to."


class Found(NamedTuple):
    """What a number leads to for a caller."""

    destination: Destination
    caller: str = ""
    "The caller's number as a rule to an extension has made it; empty where that stays."


class Spending(Protocol):
    """Tells which calls out would exceed what may be spent."""

    def refusal(self, way: Way) -> str:
        """Why no further call may take that way now; empty when one may."""

    def turn_away(self, way: Way) -> None:
        """Count that a call is refused."""


class Routing:
    """Reads Request-URIs and numbers against the directory and the rules."""

    __slots__ = ("_calendars", "_directory", "_domains", "_now", "_routes", "_rules", "_spending")

    def __init__(
        self,
        directory: Directory,
        domains: Iterable[str],
        rules: Rules = NO_RULES,
        *,
        calendars: Calendars | None = None,
        spending: Spending | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`domains`: the hosts of URIs that are ours: home domain and listening addresses."""
        self._directory = directory
        self._calendars = Calendars() if calendars is None else calendars
        self._spending = spending
        self._now = now
        self._domains = _lowered(domains)
        self._rules = rules
        self._routes = tuple(map(RouteRule, rules.routes))

    def exchange(self, other: Routing) -> None:
        """Have the rules of the other one, which gets those that were here."""
        self._rules, other._rules = other._rules, self._rules
        self._routes, other._routes = other._routes, self._routes

    def asks(self, calendar: str) -> bool:
        """Whether any route is for the time in which a calendar is open, or closed."""
        return any(
            calendar in (rule.route.when_open, rule.route.when_closed) for rule in self._routes
        )

    def is_ours(self, host: str, flow: Flow | None = None) -> bool:
        """Whether a URI with this host means us; the address a request came to always does."""
        address = host.lower().strip("[]")
        return address in self._domains or (flow is not None and address == flow.local[0])

    def dialled(self, uri: Uri, flow: Flow | None = None) -> str:
        """The number that a Request-URI asks for; raises Unroutable (404, 416, 484)."""
        if isinstance(uri, OtherUri):
            raise Unroutable(416, f"no calls to {uri.scheme}: URIs")
        if isinstance(uri, SipUri) and not self.is_ours(uri.host, flow):
            raise Unroutable(404, f"{uri.host} is not our domain")
        written, number = written_number(uri), number_of(uri)
        if not number:
            raise Unroutable(484, "nobody was dialled")
        # An extension whose own number has a separator is found by it.
        return written if self._directory.find(written) is not None else number

    def leading(self, numbers: Iterable[str], rights: Rights) -> str:
        """The first of these numbers that leads somewhere, else the first; empty without any."""
        candidates = [number for number in numbers if number]
        for number in candidates:
            if self.look(number, rights) is not None:
                return number
        return candidates[0] if candidates else ""

    def extension(self, number: str) -> Extension:
        """The destination of a number, without regard to rights; raises Unroutable (404)."""
        found = self._directory.find(number)
        if found is None:
            raise Unroutable(404, f"no extension {number[:64]!r}")
        return found

    def is_emergency(self, number: str, rights: Rights) -> bool:
        """Whether it leads to an emergency number, dialled by an extension or a command."""
        return self._emergency_number(number, rights) != ""

    def _emergency_number(self, number: str, rights: Rights) -> str:
        """The emergency number that it is, or that a trunk would get for it, as `0112`; or empty.

        Whoever dials a prefix for the outside wants help no less; to callers from outside none is
        one.
        """
        if not rights.outside or rights.extension == "":
            return ""
        numbers = self._rules.emergency.numbers
        if number in numbers:
            return number
        if not numbers or len(number) > LONGEST_NUMBER or not number.endswith(tuple(numbers)):
            return ""
        if self._directory.find(number) is not None:
            return ""
        sent = (rule.sent(number) for rule in self._routes)
        return next((each for each in sent if each in numbers), "")

    def classes_of(self, dialled: str, sent: str) -> tuple[str, ...]:
        """The classes of a call out: of what was dialled, and of what a trunk gets."""
        return self._rules.classes.of_call(dialled, sent)

    def may_call_back(self, number: str, rights: Rights) -> bool:
        """Whether a number that a caller has shown may be dialled with these rights.

        An emergency number never: callers from outside show what they like.
        """
        return not self.is_emergency(number, rights) and self.look(number, rights) is not None

    def look(self, number: str, rights: Rights) -> Found | None:
        """What a number would lead to, where no call goes there now; None for nothing.

        So a budget that is used up refuses it, and counts no refused call.
        """
        try:
            return self._decide(number, rights, self._now(), None, is_call=False)
        except Unroutable:
            return None

    def destination(self, number: str, rights: Rights) -> Destination:
        """The destination of a number for a caller with these rights; raises as `route` does."""
        return self.route(number, rights).destination

    def route(self, number: str, rights: Rights) -> Found:
        """What a number leads to for a caller with these rights.

        Raises Unroutable: 403 when there are only ways for others, or the status of the rule that
        refuses it, 404 when nothing takes it.
        """
        return self._decide(number, rights, self._now(), None, is_call=True)

    def explain(self, number: str, rights: Rights, moment: float | None = None) -> Explanation:
        """Where the number would lead at a moment (Unix time in seconds; None is now), and why."""
        told = Explanation()
        try:
            at = self._now() if moment is None else moment
            found = self._decide(number, rights, at, told, is_call=False)
        except Unroutable as error:
            told.status, told.sentence = error.status, str(error)
            return told
        if isinstance(found.destination, Extension):
            told.extension = found.destination.number
            told.caller = found.caller
        else:
            ways = found.destination
            told.ways = [WayOut(way.trunk, way.number, way.caller) for way in ways]
            told.classes = ways[0].classes
            told.is_emergency = ways[0].emergency is not None
        return told

    # -- the decision ------------------------------------------------------------------------------

    def _decide(
        self,
        number: str,
        rights: Rights,
        moment: float,
        told: Explanation | None,
        *,
        is_call: bool,
    ) -> Found:
        """As `route`; `told` hears what each rule says, `is_call` where a call is to go there."""
        if sent := self._emergency_number(number, rights):
            if told is not None:
                why = "always passes" if sent == number else f"is {sent}, which always passes"
                told.tell("emergency numbers", "", f"{number} {why}", takes=True)
            return Found(self._emergency(sent, rights))
        found = self._directory.find(number)
        if found is not None:
            self._may_call_inside(rights, found, told)
            return Found(found)
        if told is not None:
            if self._rules.emergency.numbers:
                told.tell("emergency numbers", "", f"{number[:64]} is none of them", takes=False)
            told.tell("extensions", "", f"there is no extension {number[:64]}", takes=False)
        asked = Asked(
            number=number,
            moment=moment,
            extension=rights.extension,
            caller=rights.caller or rights.extension or "",
            trunk=rights.trunk,
            outside=rights.outside,
        )
        return self._by_routes(asked, told, is_call=is_call)

    def _by_routes(self, asked: Asked, told: Explanation | None, *, is_call: bool) -> Found:
        """What the routes make of it, one after the other."""
        ways: list[Way] = []
        forbidden = ""
        for rule in self._routes if len(asked.number) <= LONGEST_NUMBER else ():
            route = rule.route
            judged = rule.judge(asked, self._calendars)
            way = Way(route.trunk, judged.number, judged.caller) if route.trunk else None
            if judged.takes and way is not None:
                classes = self._rules.classes.of_call(asked.number, way.number)
                way = way._replace(classes=classes, payer=asked.extension)
                judged = self._judge_way(asked, way, judged, is_call=is_call)
            elif judged.takes and ways:
                judged = Judged(False, "there are ways out by the routes before it")
            if told is not None:
                why = rule.why(asked, self._calendars) if judged.takes else judged.why_not
                told.tell(route.title, route.target, why, takes=judged.takes)
            if judged.forbidden:
                forbidden = forbidden or judged.why_not
            if not judged.takes:
                continue
            if way is not None:
                ways.append(way)
            elif route.refuse:
                sentence = f"refused by the rule {route.title}"
                raise Unroutable(route.refuse, sentence, route.reason)
            else:
                number = judged.number if route.extension == "*" else route.extension
                return Found(self.extension(number), judged.caller)
        if ways:
            return Found(tuple(ways))
        if forbidden:
            raise Unroutable(403, forbidden, forbidden)
        raise Unroutable(404, f"neither extension nor route for {asked.number[:64]!r}")

    def _judge_way(self, asked: Asked, way: Way, judged: Judged, *, is_call: bool) -> Judged:
        """The verdict on a way out by rights and budgets; `is_call` where one is to go out."""
        if asked.extension and self._directory.find(asked.extension) is None:
            # It was removed while it talks: nobody knows its rights any more.
            return Judged(False, f"{asked.extension[:64]} is no extension", forbidden=True)
        missing = missing_right(self._rights_of(asked.extension), way.classes)
        if missing:
            return Judged(False, f"{asked.extension} has no right to {missing}", forbidden=True)
        refusal = self._spending.refusal(way) if self._spending is not None else ""
        if not refusal:
            return judged
        if is_call and self._spending is not None:
            self._spending.turn_away(way)
        return Judged(False, refusal, forbidden=True)

    def _rights_of(self, extension: str | None) -> tuple[str, ...] | None:
        """The classes that an extension may dial; None for all."""
        found = self._directory.find(extension) if extension else None
        if found is None:
            return None
        return self._rules.rights if found.rights is None else found.rights

    def _may_call_inside(self, rights: Rights, found: Extension, told: Explanation | None) -> None:
        """Raises Unroutable (403) where an extension has no right to call others."""
        missing = missing_right(self._rights_of(rights.extension), (INTERNAL,))
        why = f"{rights.extension} has no right to {missing}" if missing else ""
        if told is not None:
            told.tell("extensions", "", why or f"{found.number} is an extension", takes=not missing)
        if why:
            raise Unroutable(403, why, why)

    def _emergency(self, number: str, rights: Rights) -> tuple[Way, ...]:
        """The ways out of an emergency call."""
        terms = self._rules.emergency
        caller = self._directory.find(rights.extension) if rights.extension else None
        callback = (caller.callback if caller is not None else "") or terms.callback
        location = (caller.location if caller is not None else "") or terms.location
        is_located = bool(location and terms.sends_location)
        told = EmergencyCall(number, callback, location, is_located, terms.tell)
        return tuple(
            Way(trunk, number, callback, payer=rights.extension, emergency=told)
            for trunk in terms.trunks
        )


def _lowered(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(domain.lower().strip("[]") for domain in domains)
