"""`softswitch script FILE`: a script in the terminal, with a caller who types, and time skipped.

The event loop's clock jumps to the next timer whenever nothing else is to do; while the caller
types, or an application answers, it goes as other clocks do.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

from softswitch.commands.codes import Code, CommandError
from softswitch.commands.context import ControlledCall
from softswitch.commands.detect import PARTS
from softswitch.commands.verb import Contexts
from softswitch.guard.fetcher import Fetcher
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import DocumentError, commands_of, parse_document
from softswitch.ozml.interpreter import Ground, Script, ScriptStopped, read_script
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.ozml.simulation import (
    AskForKeys,
    Say,
    SimulatedCall,
    SimulatedHouse,
    SimulatedParty,
    no_alarms,
    sounds_below,
)

LOCAL = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"A developer's own web server may answer GoTo."

SOUNDS = frozenset(("", *PARTS.values()))
"What `Detect` may hear; empty is nothing in time."


class _Skipping(selectors.DefaultSelector):
    """Does not wait for timers: adds what it was asked to wait to the clock."""

    now = 0.0
    waiting_for_caller = 0
    "How many are waiting for something that takes real time."

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.waiting_for_caller or timeout is None:
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
        self.skipping.waiting_for_caller += 1
        try:
            yield
        finally:
            self.skipping.waiting_for_caller -= 1


def check(path: Path) -> Iterator[str]:
    """Every mistake of a script file, a line each."""
    try:
        root = parse_document(path.read_bytes())
    except OSError as error:
        yield f"{path} cannot be read: {error.strerror}, expected an OzML script"
        return
    except DocumentError as error:
        yield f"{path}:{error.line}:{error.column}: {error.sentence}"
        return
    for mistake in mistakes_of(commands_of(root), Contexts.SCRIPT):
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
    time; without them `ask` is called for each. `sounds` are what `Detect` hears, one after the
    other; without them a human is, who is silent.
    """
    try:
        document = read_script(path.read_bytes(), url=str(path))
    except (OSError, ScriptUnavailable) as error:
        say(f"! {error}")
        return False
    party = SimulatedParty(say, _typed(ask) if keys is None else _given(keys), sounds)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(_play(document, static, party, say))


async def _play(document: Document, static: Path, party: SimulatedParty, say: Say) -> bool:
    call = SimulatedCall(party, say)
    background: set[asyncio.Future[None]] = set()

    def find(call_id: str) -> ControlledCall:
        raise CommandError(Code.CALL_NOT_FOUND, call_id)

    async def report(error: CommandError, _script: Script) -> None:
        say(f"! {error.message}")

    async with Fetcher(allow=LOCAL) as fetcher:
        ground = Ground(
            house=SimulatedHouse(say),
            applications=_RealTime(fetcher),
            find_call=find,
            find_sound=sounds_below(static),
            report=report,
            alarms=no_alarms,
            start=lambda work: background.add(asyncio.ensure_future(work)),
        )
        script = Script(
            ground,
            door=Contexts.SCRIPT,
            call=call,
            extension="9000",
            start={"callid": call.id, "callerid": "1000", "dialed": "9000"},
            clock=asyncio.get_running_loop().time,
        )
        try:
            leaves = await script.run_document(document)
        except (ScriptUnavailable, ScriptStopped) as error:
            say(f"! {error}")
            return False
        finally:
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

    async def notify(self, *args, **more):  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with loop.real_time():
            return await super().notify(*args, **more)


def _given(keys: str) -> AskForKeys:
    left = list(keys)

    async def ask() -> str:
        return left.pop(0).strip() if left else ""

    return ask


def _typed(ask: Callable[[], str]) -> AskForKeys:
    async def ask_caller() -> str:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with loop.real_time():
            return (await asyncio.to_thread(ask)).strip()

    return ask_caller
