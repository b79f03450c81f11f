"""The context of a script: the parts of the switch that it acts through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.context import ControlledCall, Sound
from softswitch.commands.base.order import StartWork
from softswitch.commands.base.switch_context import SwitchContext
from softswitch.guard.rights import User, Whose, whose_switch
from softswitch.ozml.loading import Severity
from softswitch.ozml.notifications import Applications
from softswitch.trace.traces import UNTRACED, Traces


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """The parts of the switch that scripts act through."""

    switch: SwitchContext
    applications: Applications
    find_call: Callable[[str], ControlledCall]
    "Raises CommandError 601."
    find_sound: Callable[[str, str], Awaitable[Sound]]
    "Source and base URL to a sound. Raises CommandError 302."
    report: Callable[[CommandError, Mapping[str, str], str | None], Awaitable[None]]
    "Sends the Error notification: the error, the fields of its call, the URL that a command named."
    start: StartWork
    whose: Whose = whose_switch
    "In whose name scripts act; what is above is kept to an application's own extensions."
    severity: Severity = field(default_factory=Severity)
    "Which mistakes of a script keep it from running."
    traces: Traces = UNTRACED
    "Where the steps of scripts are written."
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def user(self) -> User:
        """In whose name scripts act, with the rights of this moment."""
        return self.whose()
