"""`softswitch script FILE`: runs a script in the terminal; its caller types, and time is skipped.

The event loop's clock jumps to the next timer whenever nothing else is to do; while an application
answers it goes as other clocks do, and while the caller types it stands still.
"""

from __future__ import annotations

import asyncio
import selectors
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_network
from pathlib import Path

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.commands.base.placement import Contexts
from softswitch.commands.detect import ELEMENTS
from softswitch.guard.fetcher import Cookies, Fetcher
from softswitch.ozml.check import Mistake, mistakes_of
from softswitch.ozml.document import DocumentError, commands_of, parse_document
from softswitch.ozml.interpreter import Script
from softswitch.ozml.limits import ScriptStopped
from softswitch.ozml.loading import Severity, read_script
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import (
    AskForKeys,
    Say,
    SimulatedCall,
    SimulatedParty,
    SimulatedSwitch,
    sounds_below,
)

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


class _Skipping(selectors.DefaultSelector):
    """Waits for no timer: the time until the next one is added to the clock."""

    now = 0.0
    waiting_outside = 0
    "How many are waiting for something that takes real time."

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.waiting_outside or timeout is None:
            began = time.monotonic()
            outside = super().select(min(timeout, 0.05) if timeout is not None else 0.05)
            self.now += time.monotonic() - began
            return outside
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on a clock that skips waiting."""

    def __init__(self) -> None:
        self.skipping = _Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now

    @asynccontextmanager
    async def real_time(self) -> AsyncIterator[None]:
        """While it lasts the clock skips nothing and the loop waits for the outside."""
        self.skipping.waiting_outside += 1
        try:
            yield
        finally:
            self.skipping.waiting_outside -= 1


def check(path: Path, origin: Contexts = Contexts.SCRIPT, *, strict: bool = True) -> Iterator[str]:
    """Every mistake of a document from this origin, a line each.

    Where not `strict`, those are left out that its commands can run without.
    """
    try:
        root = parse_document(path.read_bytes())
    except OSError as error:
        yield f"{path} cannot be read: {error.strerror}, expected an OzML script"
        return
    except DocumentError as error:
        yield f"{path}:{error.line}:{error.column}: {error.sentence}"
        return
    for mistake in mistakes_of(commands_of(root), origin):
        if mistake.can_be_skipped and not strict:
            continue
        sentence = mistake.error.detail or mistake.error.message
        yield f"{path}:{mistake.line}:{mistake.column}: {sentence}"


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
    def leave() -> None:
        running.cancel()

    call = SimulatedCall(SimulatedParty(say, press, sounds, leave=leave))
    background: set[asyncio.Future[None]] = set()

    def find(call_id: str) -> ControlledCall:
        raise CommandError(Code.CALL_NOT_FOUND, call_id)

    def tell_skipped(name: str, mistakes: Sequence[Mistake]) -> None:
        for mistake in mistakes:
            say(f"! {name}: {mistake} (skipped)")

    async def report(error: CommandError, _fields: Mapping[str, str], _url: str | None) -> None:
        say(f"! {error.message}")

    async with Fetcher(allow=LOCAL) as fetcher:
        context = ScriptContext(
            switch=SimulatedSwitch(say),
            applications=_RealTime(fetcher),
            find_call=find,
            find_sound=sounds_below(static),
            report=report,
            start=lambda work: background.add(asyncio.ensure_future(work)),
            severity=Severity(skipped=tell_skipped),
        )
        script = Script(
            context,
            origin=Contexts.SCRIPT,
            call=call,
            extension="9000",
            start={"callid": call.id, "callerid": "1000", "dialed": "9000"},
            clock=asyncio.get_running_loop().time,
            unknown=lambda name: say(f"! unknown variable ${name}"),
        )
        running = asyncio.ensure_future(script.run_document(document))
        try:
            await asyncio.wait({running})
            leaves = not running.cancelled() and running.result()
        except (ScriptUnavailable, ScriptStopped) as error:
            say(f"! {error}")
            return False
        finally:
            running.cancel()
            for task in background:
                task.cancel()
    say(
        "· the script has ended, and the call goes on without it"
        if leaves
        else "· the script has ended and the call is hung up"
    )
    return True


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
