"""The `[codes]` of the settings: what phones dial to change something, instead of a number.

A code is written as it is dialled; `{number}` and other words in braces stand for digits. A `#` at
its end may be left out by the caller, since many phones take it for the key that dials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Annotated

from pydantic import BeforeValidator

from softswitch.settings.values import Section

ARGUMENT = r"\+?[0-9]{1,32}"
"What stands for a word in braces: digits, with a plus in front for an international number."

_PARTS = re.compile(r"\{[a-z]+\}|[0-9*#A-D]")
_WORD = re.compile(r"\{[a-z]+\}")
_WRITTEN = re.compile(r"[0-9*#A-D]+(?:\{[a-z]+\}[*#]+)*(?:\{[a-z]+\})?", re.ASCII)
OFF = "off"


def read_codes(value: object) -> tuple[str, ...]:
    """Read `*21*{number}# *72{number}`: the codes that do the same; none for `off`."""
    if isinstance(value, tuple):
        return value
    if not isinstance(value, str):
        raise ValueError('expected codes in quotes, or "off"')
    codes = tuple(value.split()) if value.strip() != OFF else ()
    if not codes and value.strip() != OFF:
        raise ValueError('expected a code, or "off"')
    for code in codes:
        if _WRITTEN.fullmatch(code) is None:
            raise ValueError(
                "expected keys such as *21*{number}#, with * or # between two words in braces, "
                f"not {code!r}"
            )
    return codes


Codes = Annotated[tuple[str, ...], BeforeValidator(read_codes)]
"The codes that do one thing, in the file a text with spaces between them."


class CodeTable(Section):
    """A table of codes, one line for everything that they do."""

    def all(self) -> list[tuple[str, str]]:
        """Every code with the name of what it does."""
        known = type(self).model_fields.items()
        names = [name for name, line in known if isinstance(line.default, tuple)]
        return [(name, code) for name in names for code in getattr(self, name)]


class CodeSettings(CodeTable):
    """`[codes]`: one line for everything that can be done by dialling; `off` leaves it out."""

    own_number: Codes = ("*65",)
    "Says the number of the extension that dials it."
    forward_always: Codes = ("*21*{number}#", "*72{number}")
    "All calls to the extension go to that number."
    forward_always_on: Codes = ("*21#",)
    "The same, to the number that was given last."
    forward_always_off: Codes = ("#21#", "##21#", "*73")
    "All calls to the extension ring its phones again."
    forward_busy: Codes = ("*67*{number}#", "*90{number}")
    "Calls to the extension go to that number while it is busy or does not want to be disturbed."
    forward_busy_on: Codes = ("*67#",)
    "The same, to the number that was given last."
    forward_busy_off: Codes = ("#67#", "##67#", "*91")
    "Callers of the busy extension hear busy again."
    forward_no_answer: Codes = ("*61*{number}#", "*61*{number}**{seconds}#", "*52{number}")
    "Calls that nobody answers go to that number, and do so after that many seconds."
    forward_no_answer_on: Codes = ("*61#",)
    "The same, to the number that was given last."
    forward_no_answer_off: Codes = ("#61#", "##61#", "*53")
    "Calls that nobody answers end again."
    forward_not_registered: Codes = ("*62*{number}#",)
    "Calls go to that number while no phone of the extension can be reached."
    forward_not_registered_on: Codes = ("*62#",)
    "The same, to the number that was given last."
    forward_not_registered_off: Codes = ("#62#", "##62#")
    "They end again."
    forwarding_off: Codes = ("##002#", "#002#")
    "No calls of the extension are forwarded any more, whatever the reason was."
    forwarding_status: Codes = ("*#21#", "*#67#", "*#61#", "*#62#")
    "Says which calls of the extension go where."
    do_not_disturb_on: Codes = ("*26#", "*78")
    "The phones of the extension do not ring any more; callers hear busy."
    do_not_disturb_off: Codes = ("#26#", "*79")
    "They ring again."
    do_not_disturb: Codes = ("*76",)
    "The other of the two, for a key of the phone."
    call_waiting_on: Codes = ("*43#", "*70")
    "Further calls ring while the extension has one."
    call_waiting_off: Codes = ("#43#", "*71")
    "Callers hear busy while the extension has a call."
    speed_dial: Codes = ("*0{slot}",)
    "Dials the number that the extension has stored under one or two digits."
    speed_dial_store: Codes = ("*75*{slot}*{number}#",)
    "Stores a number under one or two digits."
    speed_dial_clear: Codes = ("#75*{slot}#",)
    "Forgets it."
    last_caller: Codes = ("*69",)
    "Dials who has called the extension last."
    callback: Codes = ("*37#", "*37*{number}#")
    """Calls the extension when the number that was busy last, or that extension, gets free, and
    then connects both. It waits for 45 minutes."""
    callback_cancel: Codes = ("#37#",)
    "Waits for nobody any more."
    intercom: Codes = ("*80{number}",)
    "Speaks to a phone that answers by itself; for extensions whose settings say `intercom`."
    pick_up_group: Codes = ("*8",)
    "Picks up the call that rings a phone of the same pickup group, the one that has rung longest."
    pick_up: Codes = ("**{number}",)
    "Picks up the call that rings that extension, or that was made to that number."
    schedule_open: Codes = ("*27*{number}#",)
    "Opens the calendar of the schedule with that number, until another of these codes is dialled."
    schedule_closed: Codes = ("#27*{number}#",)
    "Closes it."
    schedule_automatic: Codes = ("##27*{number}#",)
    "Leaves it to its hours and holidays."
    voicemail: Codes = ("*97",)
    "Opens the mailbox of the extension."
    leave_message: Codes = ("*99*{number}#",)
    "Leaves a message in the mailbox of that extension, whose phones do not ring."
    queue_login: Codes = ("*45*{queue}#",)
    "Logs the extension in to that queue as an agent."
    queue_logout: Codes = ("#45*{queue}#",)
    "Logs it out."
    agent_pause: Codes = ("*46#", "*46*{reason}#")
    "No queue rings the extension; the reason is the number of one of `pause_reasons`."
    agent_resume: Codes = ("#46#",)
    "Queues ring it again."
    listen: Codes = ("*222{number}",)
    "Listens to the call of that extension; for extensions whose settings say `supervises`."
    whisper: Codes = ("*223{number}",)
    "Listens, and is heard by that extension alone."
    barge: Codes = ("*224{number}",)
    "Talks to that extension and to whom it talks to."


@lru_cache(maxsize=8)
def wrong_codes(table: str, codes: CodeTable) -> tuple[tuple[str, str], ...]:
    """The codes that cannot be told from others of the table, and those with other words than what
    they do needs: key, and what is wrong.

    Kept, since settings are judged anew whenever an extension changes.
    """
    return (*_words(table, codes), *_collisions(table, codes))


def _words(table: str, codes: CodeTable) -> Iterator[tuple[str, str]]:
    """Codes whose words are not those of a default: what serves a code takes them in that order."""
    for name, code in codes.all():
        usual = [_WORD.findall(each) for each in _defaults(codes, name)]
        words = _WORD.findall(code)
        if words not in usual:
            known = " or ".join(dict.fromkeys(" and ".join(each) or "no words" for each in usual))
            yield f"{table}.{name}", f"expected {known} among the keys of {code}"


def _collisions(table: str, codes: CodeTable) -> Iterator[tuple[str, str]]:
    # Those of the defaults come first, so that a code which was changed is the one to be blamed.
    known = sorted(codes.all(), key=lambda each: each[1] not in _defaults(codes, each[0]))
    for (name, code), (other, taken) in combinations(reversed(known), 2):
        both = overlap(code, taken)
        if both is not None:
            wrong = f"{both} is already {taken} of {table}.{other}, expected another"
            yield f"{table}.{name}", wrong


def _defaults(codes: CodeTable, name: str) -> tuple[str, ...]:
    defaults: tuple[str, ...] = type(codes).model_fields[name].default
    return defaults


def expression(code: str) -> str:
    """The regular expression of what may be dialled for a code, with a group for each word."""
    parts = _PARTS.findall(code.removesuffix("#"))
    return "".join(f"({ARGUMENT})" if part[0] == "{" else re.escape(part) for part in parts) + "#?"


def overlap(one: str, other: str) -> str | None:
    """Something that might be dialled for either of two codes; None when they are apart."""
    first, second = _steps(one), _steps(other)
    seen = {(0, 0)}
    ways = [(0, 0, "")]
    while ways:
        at, beside, dialled = ways.pop(0)
        if at == len(first) and beside == len(second):
            return dialled
        for key, next_at, next_beside in _both(first, at, second, beside):
            if (next_at, next_beside) not in seen:
                seen.add((next_at, next_beside))
                ways.append((next_at, next_beside, dialled + key))
    return None


def _steps(code: str) -> list[str]:
    """What comes one after the other: a key, `d` for one digit, `d*` for any number of them."""
    steps: list[str] = []
    for part in _PARTS.findall(code.removesuffix("#")):
        steps += ["d", "d*"] if part[0] == "{" else [part]
    return steps


def _both(
    first: list[str], at: int, second: list[str], beside: int
) -> Iterator[tuple[str, int, int]]:
    """The keys that both codes take here, and where each is then; no key where one steps on."""
    if at < len(first) and first[at] == "d*":
        yield "", at + 1, beside
    if beside < len(second) and second[beside] == "d*":
        yield "", at, beside + 1
    if at == len(first) or beside == len(second):
        return
    one, other = first[at], second[beside]
    for key in {one, other} - {"d", "d*"} or {"1"}:
        if all(key == step or (step[0] == "d" and key.isdigit()) for step in (one, other)):
            yield key, at + (one != "d*"), beside + (other != "d*")
