"""A script against a simulated caller, for an editor: as far as the given keys lead.

Nothing is kept between two rehearsals: each begins with the first command, with one key more. Time
is skipped, no application is asked, and what a script may do is bounded, so that it is over within
a moment. It is for a thread beside the calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from softswitch.guard.fetcher import Cookies
from softswitch.ozml.limits import ScriptLimits
from softswitch.ozml.loading import read_script
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.ozml.terminal.course import run_simulated
from softswitch.ozml.terminal.simulation import Say
from softswitch.ozml.terminal.skipping import SkippingLoop

LIMITS = ScriptLimits(steps=2_000, moves=10, errors=50)
"Commands of one rehearsal, and so on."
MOST_LINES = 2_000
"Lines of one rehearsal."
LONGEST_LINE = 4_096
"Characters of one line."
NO_KEY = " "
"What stands for no key in time."

End = Literal["asks", "ended", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that the caller hears, or that the switch does."""

    text: str
    line: int
    "Of the document; 0 for what no command does."
    command: str
    "As it stands there; empty for what no command does."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What has happened."""

    heard: Sequence[Heard]
    end: End
    "`asks`: the script waits for a key that is not given yet."
    keys_left: str
    "Keys that it has not asked for."


def rehearse(source: bytes, *, static: Path, keys: str, sounds: Sequence[str] | None) -> Rehearsal:
    """Run a document with these keys, of which NO_KEY stands for none in time; blocks.

    `sounds` are what `Detect` hears. Mistakes of the document are lines, and its end.
    """
    stage = _Stage(list(keys))
    try:
        document = read_script(source)
    except ScriptUnavailable as error:
        stage.say(f"! {error}")
        return stage.over(False)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        done = runner.run(
            run_simulated(
                document,
                static=static,
                press=stage.press,
                sounds=sounds,
                say=stage.say,
                applications=_Unasked(stage.say),
                limits=LIMITS,
                at_step=stage.at_step,
            )
        )
    return stage.over(done)


class _Stage:
    """Gives the keys, and writes down what is said at which line."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys
        self._heard: list[Heard] = []
        self._asks = False
        self._at: list[tuple[int, str]] = [(0, "")]

    def say(self, text: str) -> None:
        """Write a line down; nothing follows the question for a key."""
        if self._asks or len(self._heard) >= MOST_LINES:
            return
        line, command = self._at[-1]
        self._heard.append(Heard(text=text[:LONGEST_LINE], line=line, command=command))

    async def press(self) -> str:
        """The next key. Raises EOFError where the script asks for one more than there are."""
        if not self._keys:
            self._asks = True
            raise EOFError
        return self._keys.pop(0).strip()

    @contextmanager
    def at_step(self, _source: str, line: int, command: str) -> Iterator[None]:
        """Note where the script is."""
        self._at.append((line, command))
        try:
            yield
        finally:
            self._at.pop()

    def over(self, done: bool) -> Rehearsal:
        """What has happened."""
        end: End = "asks" if self._asks else "ended" if done else "failed"
        return Rehearsal(heard=tuple(self._heard), end=end, keys_left="".join(self._keys))


class _Unasked(Applications):
    """No application is asked: a rehearsal is run again with every key."""

    def __init__(self, say: Say) -> None:
        self._say = say

    async def notify(
        self, url: str, name: str, fields: Mapping[str, str], cookies: Cookies | None = None
    ) -> Document | None:
        """Show what would be asked; there is no answer."""
        self._say(f"· {name} would be sent to {url}")
        return None
