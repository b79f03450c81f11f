"""How a script is asked to end: what takes no time still runs, a command that lasts ends it.

A message that stands in a script is sent although the state that the script belongs to has passed;
a sound, a wait or a question of that script is broken off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.commands.base.script_flow import ScriptEnds

PASSED = "the state of the call has passed"
"Why a script ends that has been asked to."


class _Running:
    """A command that runs, and the task that can be interrupted in it."""

    __slots__ = ("before", "interrupted", "task")

    def __init__(self, task: asyncio.Task[object] | None) -> None:
        """Without a task the command is never interrupted: it takes no time."""
        self.task = task
        self.before = task.cancelling() if task is not None else 0
        self.interrupted = False


class Leaving:
    """Whether a script has been asked to end, and where it stands."""

    def __init__(self) -> None:
        self._asked = False
        self._running: list[_Running] = []

    def ask(self) -> None:
        """Let the script end; it may also be asked before it begins."""
        self._asked = True
        self._interrupt_soon()

    @contextmanager
    def command(self, *, lasts: bool) -> Iterator[None]:
        """While it lasts, a command runs; those inside others are innermost.

        Raises ScriptEnds when the script has been asked to end and the command is one that lasts.
        """
        if lasts and self._asked:
            raise ScriptEnds(PASSED)
        running = _Running(asyncio.current_task() if lasts else None)
        self._running.append(running)
        try:
            yield
        except asyncio.CancelledError:
            if self._took_back(running):
                raise ScriptEnds(PASSED) from None
            raise
        finally:
            self._running.remove(running)
            self._interrupt_soon()

    def _took_back(self, running: _Running) -> bool:
        """Whether we alone cancelled the task; it has then not been cancelled."""
        if not running.interrupted or running.task is None:
            return False
        return running.task.uncancel() <= running.before

    def _interrupt_soon(self) -> None:
        # Not now: the command itself may have brought this about, between two of its steps.
        if self._asked and self._running:
            asyncio.get_running_loop().call_soon(self._interrupt)

    def _interrupt(self) -> None:
        """Interrupt the innermost command, if it is one that lasts."""
        running = self._running[-1] if self._running else None
        if running is not None and running.task is not None and not running.interrupted:
            running.interrupted = True
            running.task.cancel()
