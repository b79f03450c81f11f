"""Draws a trace: SIP messages as arrows between parties and switch, all else beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from softswitch.cli.tables import local_time, printable

LEAST_WIDTH = 60
MOST_LANES = 4
"Lanes, the switch among them; further parties share the last one."
SWITCH = "switch"
TIME = 14
"Columns of the time and the blanks behind it."
MARKS = {
    "state": "=",
    "script": "$",
    "key": "#",
    "sound": "~",
    "application": "@",
    "media": "%",
    "diagnosis": "!",
    "end": "=",
    "note": "-",
}
"What a line begins with that is no message."


def ladder(lines: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """The lines of a trace as JSON has them, none wider than `width` columns."""
    lanes = Lanes(lines, max(width, LEAST_WIDTH))
    yield lanes.head()
    for line in lines:
        yield lanes.draw(line)


class Lanes:
    """Where the parties and the switch stand: the first party left of the switch, others right."""

    def __init__(self, lines: Iterable[Mapping[str, Any]], width: int) -> None:
        messages = [line for line in lines if line["kind"] == "sip"]
        parties = list(dict.fromkeys(line["party"] or line["facts"]["remote"] for line in messages))
        names = [*parties[:1], SWITCH, *parties[1:]]
        self._names = names[:MOST_LANES]
        if len(names) > MOST_LANES:
            self._names[-1] = "others"
        self._width = width
        space = width - TIME - 2
        step = space // max(len(self._names) - 1, 1)
        self._places = [TIME + place * step for place in range(len(self._names))]

    def head(self) -> str:
        """The names above the lanes."""
        drawn = [" "] * self._width
        for place, name in zip(self._places, self._names, strict=True):
            shown = printable(name)[:16]
            first = min(max(place - len(shown) // 2, 0), self._width - len(shown))
            drawn[first : first + len(shown)] = shown
        return "".join(drawn).rstrip()

    def draw(self, line: Mapping[str, Any]) -> str:
        """One line of the trace."""
        time = local_time(line["at"])
        if line["kind"] != "sip":
            return f"{time:<{TIME}}{told(line)}"[: self._width]
        drawn = list(f"{time:<{self._width}}")
        for place in self._places:
            drawn[place] = "│"
        self._arrow(drawn, line)
        return "".join(drawn).rstrip()

    def _arrow(self, drawn: list[str], line: Mapping[str, Any]) -> None:
        party = line["party"] or line["facts"]["remote"]
        here = self._places[self._names.index(SWITCH)]
        names = self._names
        there = self._places[names.index(party) if party in names else len(names) - 1]
        first, last = sorted((here, there))
        drawn[first + 1 : last] = "─" * (last - first - 1)
        goes_right = (there > here) == (line["direction"] == "out")
        drawn[last - 1 if goes_right else first + 1] = "▶" if goes_right else "◀"
        label = f" {printable(label_of(line['what']))[: last - first - 7]} "
        start = first + (last - first - len(label)) // 2
        drawn[start : start + len(label)] = label


def label_of(what: str) -> str:
    """A message in a word or two: its method, or status and reason."""
    return what if what[:3].isdecimal() else what.partition(" ")[0]


def told(line: Mapping[str, Any]) -> str:
    """A line that is no message."""
    facts = " ".join(f"{name}={_value(value)}" for name, value in line["facts"].items())
    who = f"{line['party']} " if line["party"] else ""
    return printable(f"{MARKS.get(line['kind'], '-')} {who}{line['what']} {facts}".rstrip())


def _value(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text else text
