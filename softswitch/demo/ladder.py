"""The ladder that the demo draws: a row for each message, as it happens, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from softswitch.demo.phone import Phone
from softswitch.demo.sound import ToneHeard

GAP = 25
"Characters between two columns."
MARGIN = 9
"Characters before the first one, where the time stands."
COLOURS = {"1": "yellow", "2": "green", "3": "magenta", "4": "magenta", "5": "red", "6": "red"}
"Of responses, by their first digit."
REQUEST, SOUND, LINE = "bold cyan", "bold blue", "bright_black"


class Ladder:
    """Three columns: a phone, the switch, the other phone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = 0.0
        "When the heads were drawn; the time of a line counts from there."
        self._left: Phone | None = None

    def head(self, left: Phone, right: Phone, server: tuple[str, int]) -> None:
        """Draw the heads of the columns."""
        self._left = left
        parties = ((left.name, left.number, left.address), ("softswitch", "", server))
        columns = (*parties, (right.name, right.number, right.address))
        self._print("")
        for style, texts in (
            ("bold", [f"{name} {number}".strip() for name, number, _ in columns]),
            (LINE, [f"{host}:{port}" for _, _, (host, port) in columns]),
        ):
            line = Text()
            for place, text in enumerate(texts):
                start = MARGIN + place * (GAP + 1) - len(text) // 2
                line.pad_right(max(0, start - len(line)))
                line.append(text, style)
            self._print(line)
        self._begin = time.perf_counter()
        self.space()

    def message(self, phone: Phone, sent: bool, data: bytes) -> None:
        """Draw a message that a phone sends or has received."""
        label, style = _label(data)
        rightward = (phone is self._left) == sent
        arrow = _arrow(label, style, rightward=rightward)
        if phone is self._left:
            self._row(arrow, None)
        else:
            self._row(None, arrow)

    def sound(self, frequency: float, *, rightward: bool) -> None:
        """Draw the sound that goes from one phone through the switch to the other."""
        arrow = _arrow(f"♪ {frequency:g} Hz", SOUND, rightward=rightward, line="═")
        self._row(arrow, arrow)

    def space(self) -> None:
        """Draw a row in which nothing happens."""
        self._row(None, None)

    def talking(self) -> AbstractContextManager[object]:
        """Show that something goes on while there is nothing to draw; only in a terminal."""
        return self._console.status(Text("they talk …", LINE), spinner="dots")

    def say(self, text: str, style: str = "") -> None:
        """Write a line between the rows."""
        self._print(Text(f"\n  {text}", style))

    def verdict(self, heard: Sequence[tuple[Phone, Phone, ToneHeard]]) -> None:
        """Show what each side heard: listener, speaker, what came."""
        table = Table(box=None, padding=(0, 0, 0, 2), header_style=LINE)
        for title in ("", "was sent", "heard", "packets", "lost", "delay", "at most"):
            table.add_column(title, justify="right" if title else "left", no_wrap=True)
        for listener, speaker, what in heard:
            table.add_row(
                Text(f"{listener.name} {listener.number}", "bold"),
                f"{speaker.sound.frequency:g} Hz",
                Text(f"{what.frequency:.1f} Hz", "bold green" if what.received else "bold red"),
                f"{what.received} of {what.sent}",
                str(what.lost),
                f"{what.typical_delay:.1f} ms",
                f"{what.longest_delay:.1f} ms",
            )
        self._print("")
        self._print(table)

    def _row(self, left: Text | None, right: Text | None) -> None:
        nothing = left is None and right is None
        passed = (time.perf_counter() - self._begin) * 1000
        line = Text(" " * MARGIN if nothing else f"{passed:5.0f} ms ", LINE)
        for gap in (left, right):
            line.append("│", LINE)
            line.append_text(gap or Text(" " * GAP))
        line.append("│", LINE)
        self._print(line)

    def _print(self, what: Text | Table | str) -> None:
        self._console.print(what, highlight=False, no_wrap=True, overflow="crop")


def _label(data: bytes) -> tuple[str, str]:
    """What to write on the arrow of a message, and its colour."""
    start = data[: data.find(b"\r\n")].decode("utf-8", "replace")
    if start.startswith("SIP/2.0 "):
        label = start.removeprefix("SIP/2.0 ")
        return label, COLOURS.get(label[:1], "")
    method = start.partition(" ")[0]
    proven = b"\r\nAuthorization: " in data
    return f"{method} + digest" if proven and method != "ACK" else method, REQUEST


def _arrow(label: str, style: str, *, rightward: bool, line: str = "─") -> Text:
    shaft = f" {label} ".center(GAP - 1, line)
    return Text(f"{shaft}▶" if rightward else f"◀{shaft}", style)
