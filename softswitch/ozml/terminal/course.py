"""Runs a script against the simulated caller, from its first command to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.commands.base.placement import Contexts
from softswitch.ozml.check import Mistake
from softswitch.ozml.interpreter import AtStep, Script
from softswitch.ozml.limits import ScriptLimits, ScriptStopped
from softswitch.ozml.loading import Severity
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


async def run_simulated(
    document: Document,
    *,
    static: Path,
    press: AskForKeys,
    sounds: Sequence[str] | None,
    say: Say,
    applications: Applications,
    limits: ScriptLimits | None = None,
    at_step: AtStep | None = None,
) -> bool:
    """Run a document; False when it could not be run to its end.

    `sounds` are what `Detect` hears, one after the other. The caller hangs up where `press` raises
    EOFError.
    """

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

    context = ScriptContext(
        switch=SimulatedSwitch(say),
        applications=applications,
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
        limits=limits,
        at_step=at_step,
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
