"""`softswitch script FILE`: runs a script in the terminal; its caller types, and time is skipped.

While an application answers the clock goes as other clocks do, and while the caller types it
stands still.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from softswitch.commands.base.placement import Contexts
from softswitch.commands.detect import ELEMENTS
from softswitch.guard.fetcher import Cookies, Fetcher
from softswitch.ozml.check import mistakes_in
from softswitch.ozml.loading import read_script
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.ozml.terminal.course import run_simulated
from softswitch.ozml.terminal.simulation import AskForKeys, Say
from softswitch.ozml.terminal.skipping import SkippingLoop

LOCAL = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"A developer's own web server may answer GoTo."

PURPOSES = {
    "script": Contexts.SCRIPT,
    "CallChanged": Contexts.THIRD_PARTY,
    "RoutingInterception": Contexts.ROUTING,
}
"The uses of a document: a script of an extension, or the answer to a notification."

KEYS = frozenset("0123456789*#ABCDabcd")

SOUNDS = frozenset(("", *ELEMENTS.values()))
"The results of `Detect`; empty means nothing in time."


def check(path: Path, origin: Contexts = Contexts.SCRIPT, *, strict: bool = True) -> Iterator[str]:
    """Every mistake of a document from this origin, a line each.

    Where not `strict`, those are left out that its commands can run without.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        yield f"{path} cannot be read: {error.strerror}, expected an OzML script"
        return
    for mistake in mistakes_in(source, origin):
        if strict or not mistake.can_be_skipped:
            yield f"{path}:{mistake.line}:{mistake.column}: {mistake.sentence}"


def play(
    path: Path,
    *,
    static: Path,
    keys: str | None,
    say: Say,
    ask: Callable[[], str],
    sounds: Sequence[str] | None = None,
) -> bool:
    """Run a script file; False when it could not be run to its end.

    `keys` are pressed one after the other as the script asks for them, a space being no key in
    time; without them `ask` is called for each, and the caller hangs up where it raises EOFError.
    KeyboardInterrupt goes through. `sounds` are what `Detect` hears, one after the
    other; without them a human is, who is silent.
    """
    try:
        document = read_script(path.read_bytes(), url=str(path))
    except OSError as error:
        say(f"! {path} cannot be read: {error.strerror}")
        return False
    except ScriptUnavailable as error:
        say(f"! {error}")
        return False
    left = list(keys or "")
    press = _typed(ask, say) if keys is None else _given(left)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        ended = runner.run(_play(document, static, press, sounds, say))
    if left:
        say(f"! the script did not ask for the keys {''.join(left)!r}")
    return ended


async def _play(
    document: Document, static: Path, press: AskForKeys, sounds: Sequence[str] | None, say: Say
) -> bool:
    async with Fetcher(allow=LOCAL) as fetcher:
        return await run_simulated(
            document,
            static=static,
            press=press,
            sounds=sounds,
            say=say,
            applications=_RealTime(fetcher),
        )


class _RealTime(Applications):
    """Applications answer in real time."""

    async def notify(
        self, url: str, name: str, fields: Mapping[str, str], cookies: Cookies | None = None
    ) -> Document | None:
        """Send a notification while the clock skips nothing."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with loop.real_time():
            return await super().notify(url, name, fields, cookies)


def _given(left: list[str]) -> AskForKeys:
    async def ask() -> str:
        return left.pop(0).strip() if left else ""

    return ask


def _typed(ask: Callable[[], str], say: Say) -> AskForKeys:
    async def ask_caller() -> str:
        while True:
            with _interruptible():
                typed = ask().strip()
            if set(typed) <= KEYS:
                return typed
            say(f"! no keys: {typed!r}, expected keys out of 0-9 * # A-D")

    return ask_caller


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise at once: asyncio only notes it, and would see it after the next Enter."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
