"""What is wrong between tables of the settings that are each right: names of what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path

from softswitch.settings.connections import BUILT_IN
from softswitch.settings.dialplan.patterns import range_of
from softswitch.settings.dialplan.routes import INTERNAL
from softswitch.settings.exchange.codes import expression, wrong_codes
from softswitch.settings.exchange.prompts import prompt_of
from softswitch.settings.exchange.users import user_contradictions
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.extensions.schedule import ScheduleExtension
from softswitch.settings.features import FORWARDS, FeatureSettings, MailboxSettings
from softswitch.settings.mistakes import did_you_mean
from softswitch.settings.srtp import SrtpChoice
from softswitch.settings.tables import Settings


def contradictions(
    settings: Settings, unknown: Set[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """What is wrong between tables that are each right: (key, what was expected).

    `unknown`: tables, and keys of tables, whose values are not those of the file, since these are
    wrong; in a list, the name of an entry. What would be right or wrong by them is not judged.
    """
    yield from _repeated("extensions", _claims(settings.extensions))
    for key in (
        "trunks",
        "classes",
        "budgets",
        "calendars",
        "addressbooks",
        "lamp_lists",
        "prompts",
        "connections",
        "webhooks",
    ):
        yield from _repeated(key, enumerate(entry.name for entry in getattr(settings, key)))
    numbers = {number for _, number in _claims(settings.extensions)}
    yield from _route_contradictions(settings, numbers, unknown)
    yield from _right_contradictions(settings, unknown)
    yield from _budget_contradictions(settings, numbers, unknown)
    yield from _emergency_contradictions(settings, numbers, unknown)
    yield from _extension_contradictions(settings, numbers, unknown)
    yield from _group_contradictions(settings, numbers, unknown)
    if "extensions" not in unknown:
        yield from _forward_circles(settings)
    yield from _lamp_contradictions(settings, numbers, unknown)
    yield from _supervision_contradictions(settings, numbers, unknown)
    yield from _mailbox_contradictions(settings, unknown)
    yield from _prompt_contradictions(settings, unknown)
    yield from _message_contradictions(settings, unknown)
    yield from _code_contradictions(settings, numbers)
    yield from _http_contradictions(settings, unknown)
    yield from user_contradictions(settings.http.users, numbers, unknown)
    yield from _tls_contradictions(settings, unknown)
    yield from _srtp_contradictions(settings, unknown)
    is_judged = unknown.isdisjoint(("media", "media.ports", "media.workers"))
    if is_judged and settings.media.pairs < settings.media.workers:
        yield (
            "media.ports",
            (
                "expected an even port with the odd one above it for each of media.workers "
                f"({settings.media.workers}), there are {settings.media.pairs} such pairs"
            ),
        )


def _tls_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """Servers that need a certificate, and trunks that need a socket, that are not there."""
    beside = "expected tls.certificate and tls.key beside it"
    needs_certificate = not (settings.tls.has_certificate or "tls" in unknown)
    if settings.http.tls and needs_certificate and unknown.isdisjoint(("http", "http.tls")):
        yield "http.tls", beside
    if not unknown.isdisjoint(("sip", "sip.listen")):
        return
    for index, listen in enumerate(settings.sip.listen):
        if listen.transport in ("tls", "wss") and needs_certificate:
            yield f"sip.listen[{index}]", beside
    listens = any(each.transport == "tls" for each in settings.sip.listen)
    for index, trunk in enumerate(settings.trunks):
        if trunk.transport == "tls" and not listens:
            expected = "expected a socket such as tls:0.0.0.0:5061 in sip.listen"
            yield f"trunks[{index}].transport", expected
        if trunk.mutual_tls and settings.tls.clients == "off" and "tls" not in unknown:
            expected = 'expected tls.clients = "optional", or "required", beside it'
            yield f"trunks[{index}].mutual_tls", expected


def _srtp_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """Keys that are to travel in SDP where no SDP may hold any."""
    if settings.media.sdes_without_tls or not unknown.isdisjoint(("media", "sip", "sip.listen")):
        return
    listens = any(each.transport in ("tls", "wss") for each in settings.sip.listen)
    for index, extension in enumerate(settings.extensions):
        if not listens and isinstance(extension, SrtpChoice) and extension.srtp_keys == "sdes":
            yield (
                f"extensions[{index}].srtp_keys",
                "expected a socket such as tls:0.0.0.0:5061 in sip.listen, or "
                "media.sdes_without_tls = true, beside sdes",
            )
    for index, trunk in enumerate(settings.trunks):
        is_tls = trunk.may_use_tls and (listens or trunk.transport is not None)
        if not is_tls and trunk.srtp_keys == "sdes":
            yield (
                f"trunks[{index}].srtp_keys",
                'expected transport = "tls", or media.sdes_without_tls = true, beside sdes',
            )


def _http_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """WebSockets that share a server with the web API which speaks otherwise."""
    if not unknown.isdisjoint(("http", "http.listen", "http.tls", "sip", "sip.listen")):
        return
    http = settings.http
    for index, listen in enumerate(settings.sip.listen):
        if not listen.is_web_socket or not http.is_at(listen):
            continue
        expected = "wss" if http.tls else "ws"
        if listen.transport != expected:
            yield (
                f"sip.listen[{index}]",
                f"expected {expected}: here, since http.tls is {str(http.tls).lower()} and "
                "http.listen has the same address",
            )


def _route_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Routes to what is not there, and for extensions, trunks and calendars that are not there."""
    trunks = {trunk.name for trunk in settings.trunks}
    calendars = {calendar.name for calendar in settings.calendars}
    for index, route in enumerate(settings.routes):
        kind, _, name = route.to.partition(":")
        there = trunks if kind == "trunk" else numbers
        is_judged = kind != "refuse" and route.to != "extension:*" and f"{kind}s" not in unknown
        if is_judged and name not in there:
            wrong = f"expected an extension, not {name!r}"
            yield f"routes[{index}].to", _no_name(kind, name, there) if kind == "trunk" else wrong
        for user in route.extensions if "extensions" not in unknown else ():
            if _is_one_number(user) and user not in numbers:
                yield f"routes[{index}].extensions", f"expected an extension, not {user!r}"
        for trunk in route.from_trunks if "trunks" not in unknown else ():
            if trunk not in trunks:
                yield f"routes[{index}].from_trunks", _no_name("trunk", trunk, trunks)
        for key in ("when_open", "when_closed") if "calendars" not in unknown else ():
            named = getattr(route, key)
            if named is not None and named not in calendars:
                yield f"routes[{index}].{key}", _no_name("calendar", named, calendars)


def _right_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """Rights to classes that are not there."""
    if "classes" in unknown:
        return
    known = {INTERNAL, *(each.name for each in settings.classes)}
    named = [("dialling.rights", settings.dialling.rights)]
    for index, extension in enumerate(settings.extensions):
        if isinstance(extension, PhoneExtension):
            named.append((f"extensions[{index}].rights", extension.rights))
    for key, rights in named:
        for right in rights or ():
            if right not in known:
                there = ", ".join(sorted(known))
                yield key, f"expected one of the classes {there}, not {right!r}"


def _budget_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Budgets for extensions, trunks and classes that are not there."""
    named: dict[str, Set[str]] = {
        "extensions": numbers,
        "trunks": {trunk.name for trunk in settings.trunks},
        "classes": {each.name for each in settings.classes},
    }
    what = {"trunks": "trunk", "classes": "class"}
    for index, budget in enumerate(settings.budgets):
        for key, known in named.items():
            for name in getattr(budget, key) if key not in unknown else ():
                if name in known or (key == "extensions" and not _is_one_number(name)):
                    continue
                wrong = f"expected an extension, not {name!r}"
                if key in what:
                    wrong = _no_name(what[key], name, known)
                yield f"budgets[{index}].{key}", wrong


def _is_one_number(text: str) -> bool:
    """Whether it is a number, and no range and no pattern."""
    return range_of(text) is None and not text.startswith("_") and not set(text) & set("*?")


def _emergency_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Emergency numbers that lead nowhere, or that are extensions."""
    emergency = settings.emergency
    trunks = {trunk.name for trunk in settings.trunks}
    if "trunks" not in unknown:
        if emergency.numbers and not trunks:
            yield "emergency.numbers", "expected a trunk by which they go out in trunks"
        for trunk in emergency.trunks:
            if trunk not in trunks:
                yield "emergency.trunks", _no_name("trunk", trunk, trunks)
    for number in emergency.numbers if "extensions" not in unknown else ():
        if number in numbers:
            yield "emergency.numbers", f"{number} is an extension, expected another number"


def _extension_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Extensions that name others which are not there, or themselves, or no application."""
    no_application = unknown.isdisjoint(("notifications", "notifications.incoming_call")) and not (
        settings.notifications.incoming_call
    )
    for index, extension in enumerate(settings.extensions):
        if no_application and extension.type == "api" and not extension.url:
            yield (
                f"extensions[{index}].url",
                "missing, expected a URL here or in notifications.incoming_call",
            )
        key, others = extension.named_extensions()
        for other in others:
            if other not in numbers:
                if "extensions" not in unknown:
                    yield f"extensions[{index}].{key}", f"expected an extension, not {other!r}"
            elif other in extension.numbers():
                itself = f"the {extension.type} itself"
                yield f"extensions[{index}].{key}", f"expected others than {itself}"


def _supervision_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Supervisors of numbers that are no extensions; ranges and patterns are not judged."""
    if "extensions" in unknown:
        return
    for index, extension in enumerate(settings.extensions):
        if isinstance(extension, PhoneExtension):
            for named in extension.supervises:
                if _is_one_number(named) and named not in numbers:
                    wrong = f"expected an extension, not {named!r}"
                    yield f"extensions[{index}].supervises", wrong


RING_OTHERS = {"group": ("phone", "group"), "queue": ("phone",), "paging": ("phone",)}
"The types of extensions that ring others, and of what types those must be."


def _group_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Members that ring no phones, numbers to go on to that lead nowhere, and circles of either."""
    if "extensions" in unknown:
        return
    types: dict[str, str] = {}
    for entry in settings.extensions:
        for number in entry.numbers():
            types.setdefault(number, entry.type)
    members = _edges(settings, lambda entry: entry.named_extensions()[1])
    others = {number: among for number, among in members.items() if number not in among}
    overflows = _edges(settings, lambda entry: tuple(entry.overflows().values()))
    calendars = {calendar.name for calendar in settings.calendars}
    told: set[frozenset[str]] = set()
    for index, entry in enumerate(settings.extensions):
        first, at = next(entry.numbers()), f"extensions[{index}]"
        if isinstance(entry, ScheduleExtension):
            yield from _schedule_contradictions(calendars, at, entry, numbers, unknown)
        if isinstance(entry, FeatureSettings):
            yield from _forward_contradictions(settings, at, entry, numbers, unknown)
        key, named = entry.named_extensions()
        rings = RING_OTHERS.get(entry.type, ())
        for other in named:
            if rings and types.get(other, rings[0]) not in rings:
                wanted = " or ".join(rings)
                yield f"{at}.{key}", f"expected a {wanted}, {other} is of type {types[other]}"
        circle = _circle(others, first)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            yield f"{at}.{key}", f"expected no circle of groups, not {' -> '.join(circle)}"
        for key, number in entry.overflows().items():
            if number not in numbers and "routes" not in unknown:
                yield from _leads_nowhere(settings, f"{at}.{key}", first, number)
            circle = _circle(overflows, first, number)
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                yield f"{at}.{key}", f"expected no circle, not {' -> '.join(circle)}"


def _schedule_contradictions(
    calendars: Set[str], at: str, entry: ScheduleExtension, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """A calendar and managers of a schedule that are not there."""
    if entry.calendar not in calendars and "calendars" not in unknown:
        yield f"{at}.calendar", _no_name("calendar", entry.calendar, calendars)
    for manager in entry.managers:
        if manager not in numbers:
            yield f"{at}.managers", f"expected an extension, not {manager!r}"


def _forward_contradictions(
    settings: Settings, at: str, entry: AnyExtension, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Numbers that calls to a phone are forwarded to, and that they do not reach."""
    first = next(entry.numbers())
    for key in FORWARDS:
        number = getattr(entry, key)
        if number is None:
            continue
        if number in entry.numbers():
            yield f"{at}.{key}", "expected another number than its own"
        elif number not in numbers and "routes" not in unknown:
            yield from _leads_nowhere(settings, f"{at}.{key}", first, number)
            routes = [route for route in settings.routes if route.takes(number)]
            leads_in = any(route.to.startswith("extension:") for route in routes)
            if routes and not leads_in and not getattr(entry, "forward_outside", False):
                yield f"{at}.{key}", f"expected forward_outside = true beside {number}"


def _forward_circles(settings: Settings) -> Iterator[tuple[str, str]]:
    """Extensions whose calls all go on to each other, so that none of them ever rings."""
    forwards = _edges(settings, _forwards_always)
    told: set[frozenset[str]] = set()
    for index, entry in enumerate(settings.extensions):
        circle = _circle(forwards, next(entry.numbers()))
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            wrong = f"expected no circle of forwarded calls, not {' -> '.join(circle)}"
            yield f"extensions[{index}].forward_always", wrong


def _forwards_always(entry: AnyExtension) -> tuple[str, ...]:
    """Where an extension's calls all go, when it is another one."""
    number = entry.forward_always if isinstance(entry, FeatureSettings) else None
    return () if number is None or number in entry.numbers() else (number,)


def _edges(
    settings: Settings, named: Callable[[AnyExtension], tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The numbers that each extension names, of those that name any."""
    return {
        number: others
        for entry in settings.extensions
        if (others := named(entry))
        for number in entry.numbers()
    }


def _circle(edges: Mapping[str, Sequence[str]], start: str, *by: str) -> tuple[str, ...]:
    """The way from a number along `edges` back to it; empty without any.

    `by` are the first steps that are tried, all of them when none is given.
    """
    ways: list[tuple[str, ...]] = [(start, each) for each in by or edges.get(start, ())]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, each) for each in edges.get(way[-1], ())]
    return ()


def _leads_nowhere(
    settings: Settings, key: str, extension: str, number: str
) -> Iterator[tuple[str, str]]:
    """A number that calls of an extension go on to, and that no route takes for it."""
    routes = [route for route in settings.routes if route.takes(number)]
    if not routes:
        yield key, f"expected an extension, or a number that a route takes, not {number!r}"
    elif not any(route.allows(extension) for route in routes):
        yield key, f"expected {extension} among the extensions of a route that takes {number!r}"


def _lamp_contradictions(
    settings: Settings, numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """Lists that nobody could subscribe to, of extensions that are not there; phones of no list."""
    lists = {each.name for each in settings.lamp_lists}
    for index, entry in enumerate(settings.lamp_lists):
        if entry.name in numbers:
            yield f"lamp_lists[{index}].name", f"{entry.name} is an extension, expected another"
        for number in entry.named():
            if number not in numbers and "extensions" not in unknown:
                yield f"lamp_lists[{index}].extensions", f"expected an extension, not {number!r}"
    for index, extension in enumerate(settings.extensions):
        name = extension.lamp_list if isinstance(extension, PhoneExtension) else None
        if name is not None and name not in lists and "lamp_lists" not in unknown:
            yield f"extensions[{index}].lamp_list", _no_name("lamp list", name, lists)


def _mailbox_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """Mailboxes that no number leads to, and mails that nothing carries."""
    has_number = any(entry.type == "voicemail" for entry in settings.extensions)
    mails = {entry.name for entry in settings.connections if entry.type == "email"}
    by = settings.voicemail.mail_by
    if by is not None and by not in mails and "connections" not in unknown:
        yield "voicemail.mail_by", f"expected a connection of type email, not {by!r}"
    for index, entry in enumerate(settings.extensions):
        if not isinstance(entry, MailboxSettings) or not entry.mailbox:
            continue
        if not has_number and "extensions" not in unknown:
            wanted = 'expected an extension of type "voicemail", which takes the messages'
            yield f"extensions[{index}].mailbox", wanted
        if entry.mailbox_email is not None and by is None and "voicemail" not in unknown:
            yield f"extensions[{index}].mailbox_email", "expected voicemail.mail_by beside it"


def _message_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """What is wrong between connections and the routes of messages."""
    names = {*BUILT_IN, *(connection.name for connection in settings.connections)}
    for index, connection in enumerate(settings.connections):
        if connection.name in BUILT_IN:
            yield f"connections[{index}].name", f"{connection.name} is built in, expected another"
    for index, route in enumerate(settings.message_routes):
        for name in route.connections:
            if name not in names and "connections" not in unknown:
                yield (
                    f"message_routes[{index}].connections",
                    _no_name("connection", name, names),
                )


def _code_contradictions(settings: Settings, numbers: Set[str]) -> Iterator[tuple[str, str]]:
    """Codes that cannot be told from each other, and numbers that nobody could dial for them."""
    codes = settings.codes
    yield from wrong_codes("codes", codes)
    yield from wrong_codes("call_codes", settings.call_codes)
    known = codes.all()
    if not known:
        return
    firsts = {code[0] for _, code in known}
    dialled = re.compile("|".join(expression(code) for _, code in known))
    for kind, taken in (("extension", numbers), ("emergency number", settings.emergency.numbers)):
        for number in sorted(each for each in taken if each[0] in firsts):
            if dialled.fullmatch(number) is None:
                continue
            name = next(name for name, code in known if re.fullmatch(expression(code), number))
            yield f"codes.{name}", f"{number} is an {kind}, expected another code"


def _no_name(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence about a name that nothing of this kind has."""
    return f"expected the name of a {kind}, not {name!r}{did_you_mean(name, known)}"


def _prompt_contradictions(settings: Settings, unknown: Set[str]) -> Iterator[tuple[str, str]]:
    """Names of prompts that are not there."""
    known = {each.name for each in settings.prompts}
    for key, sound in named_sounds(settings) if "prompts" not in unknown else ():
        name = None if sound is None else prompt_of(sound)
        if name is not None and name not in known:
            yield key, _no_name("prompt", name[:64], known)


def named_sounds(settings: Settings) -> Iterator[tuple[str, Path | None]]:
    """Every key whose value is a sound: the path of a file, or a prompt."""
    yield "media.hold_music", settings.media.hold_music
    yield "media.error_prompt", settings.media.error_prompt
    for key, path in settings.announcements.sounds().items():
        yield f"announcements.{key}", path
    for key, path in settings.sentences.sounds().items():
        yield f"sentences.{key}", path
    for index, extension in enumerate(settings.extensions):
        for key, sound in extension.named_sounds().items():
            yield f"extensions[{index}].{key}", sound
    for index, trunk in enumerate(settings.trunks):
        yield f"trunks[{index}].ringback", trunk.ringback


def _claims(extensions: Sequence[AnyExtension]) -> Iterator[tuple[int, str]]:
    for index, extension in enumerate(extensions):
        for number in extension.numbers():
            yield index, number


def _repeated(key: str, claims: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Names and numbers that two entries claim; one line for a pair of entries."""
    owners: dict[str, int] = {}
    reported: set[tuple[int, int]] = set()
    for index, name in claims:
        first = owners.setdefault(name, index)
        if first != index and (first, index) not in reported:
            reported.add((first, index))
            yield f"{key}[{index}]", f"{name} is already in {key} #{first + 1}, expected it once"
