"""The scripts of `Request`: one for each state that the call enters (API reference, section 7.1).

The scripts run one after the other, each while its state lasts: a script ends when a state begins
that has a script of its own, but that of Answered comes to its end before that of InCall begins,
because the two states follow each other at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import Ending
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import CallState
from softswitch.commands.base.elements import Block

NAMES: dict[CallState, str] = {
    CallState.RINGING: "OnRinging",
    CallState.ANSWERED: "OnAnswered",
    CallState.IN_CALL: "OnInCall",
    CallState.HOLD: "OnLocalHeld",
    CallState.TRANSFERRED: "OnTransferring",
}
"The element of each state while the call lasts."

ENDINGS: dict[Outcome, str] = {
    Outcome.ANSWERED: "OnCompleted",
    Outcome.BUSY: "OnBusy",
    Outcome.NO_ANSWER: "OnBusy",
    Outcome.REJECTED: "OnRejected",
    Outcome.CANCELLED: "OnCancelled",
}
"The element of each outcome; every other one is `OnError`."

Run = Callable[[Block], Awaitable[bool]]
"Runs the commands of one state; whether the call goes on without them. Does not raise."


class StateScripts:
    """The scripts of one call."""

    def __init__(self, call: Call, scripts: Mapping[str, Block], run: Run) -> None:
        self._scripts = scripts
        self._run = run
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._current: asyncio.Future[bool] | None = None
        self._left = False
        self._name = ""
        self._silent = asyncio.Event()
        self._silent.set()
        call.listen(self._entered)
        self._queue("OnSetup")

    def _entered(self, _call: Call, state: CallState) -> None:
        if state in NAMES:
            self._queue(NAMES[state])
        if state is CallState.TRANSFERRED:
            self._left = True

    def _queue(self, name: str) -> None:
        if name not in self._scripts or self._left:
            return
        self._waiting.put_nowait(name)
        self._silent.clear()
        if self._current is not None and (self._name, name) != ("OnAnswered", "OnInCall"):
            self._current.cancel()

    async def follow(self) -> None:
        """Run the scripts of the states as they come; runs beside the call."""
        while True:
            self._name = await self._waiting.get()
            await self._play(self._name)
            if self._waiting.empty():
                self._silent.set()

    async def until_silent(self, _call: Call) -> bool:
        """Wait until no script is left to run; whether one has left the call to others."""
        await self._silent.wait()
        return self._left

    async def at_end(self, ending: Ending) -> None:
        """Run the script of the way in which the call ended."""
        await self._play(ENDINGS.get(ending.outcome, "OnError"))

    async def _play(self, name: str) -> None:
        block = self._scripts.get(name)
        if not block:
            return
        self._current = asyncio.ensure_future(self._run(block))
        try:
            await asyncio.wait({self._current})
            if not self._current.cancelled():
                self._left = self._current.result() or self._left
        finally:
            self._current.cancel()
            await asyncio.gather(self._current, return_exceptions=True)
            self._current = None
