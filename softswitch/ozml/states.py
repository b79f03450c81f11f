"""The scripts of `Request`: one for each state that the call enters (API reference, section 7.1).

They run one after the other, in the order of the states, and none is left out, however fast the
states follow each other. A script whose state has passed still runs what takes no time, and is then
left (`leaving.py`); that of Answered comes to its end, because InCall follows it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from softswitch.calls.call.call import Call
from softswitch.calls.call.progress import Progress
from softswitch.calls.endings.endings import Ending
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import FINAL, CallState, Occurrence
from softswitch.commands.base.elements import Block
from softswitch.ozml.leaving import Leaving

NAMES: dict[CallState, str] = {
    CallState.RINGING: "OnRinging",
    CallState.ANSWERED: "OnAnswered",
    CallState.IN_CALL: "OnInCall",
    CallState.TRANSFERRED: "OnTransferring",
}
"The element of each state while the call lasts; `held_name` has those of Hold."

RINGING: dict[Progress, str] = {
    Progress.QUEUED: "OnQueued",
    Progress.EARLY_MEDIA: "OnRingingWithEarlyMedia",
    Progress.FORWARDING: "OnForwarding",
    Progress.FORWARDED: "OnForwarded",
}
"The element of what happens while the call rings; a phone may say it several times."

ENDINGS: dict[Outcome, str] = {
    Outcome.ANSWERED: "OnCompleted",
    Outcome.BUSY: "OnBusy",
    Outcome.NO_ANSWER: "OnBusy",
    Outcome.REJECTED: "OnRejected",
    Outcome.CANCELLED: "OnCancelled",
}
"The element of each outcome; every other one, and a call that an error ends, is `OnError`."

Run = Callable[[str, Block, Leaving], Awaitable[bool]]
"Runs the commands of a state with its name; whether the call goes on without them. Does not raise."


@dataclass(slots=True)
class _Turn:
    """A script that waits for its turn, or has it."""

    name: str
    leaving: Leaving = field(default_factory=Leaving)
    is_last: bool = False


class StateScripts:
    """The scripts of one call."""

    def __init__(self, call: Call, scripts: Mapping[str, Block], run: Run) -> None:
        self._scripts = scripts
        self._run = run
        self._turns: list[_Turn] = []
        "The one that runs, and those that wait."
        self._more = asyncio.Event()
        self._left = False
        self._progress: Progress | None = None
        self._silent = asyncio.Event()
        self._silent.set()
        call.listen(self._entered)
        call.follow_ringing(self._advanced)
        call.ended.add_done_callback(self._ended)
        self._enter("OnSetup")

    def _entered(self, call: Call, state: CallState) -> None:
        if state in FINAL:
            self._leave_all()
        elif state is CallState.HOLD:
            self._enter(held_name(call))
        elif state in NAMES:
            self._enter(NAMES[state])
        if state is CallState.TRANSFERRED:
            self._leave_all(but="OnTransferring")
            self._left = True

    def _advanced(self, progress: Progress) -> None:
        if progress is not self._progress:
            self._progress = progress
            self._enter(RINGING[progress])

    def _ended(self, ended: asyncio.Future[Ending]) -> None:
        self._leave_all()
        self._put(_Turn(ending_name(ended.result()), is_last=True))

    def _enter(self, name: str) -> None:
        if name not in self._scripts or self._left:
            return
        self._leave_all(but="OnAnswered" if name == "OnInCall" else "")
        self._put(_Turn(name))

    def _leave_all(self, but: str = "") -> None:
        for turn in self._turns:
            if turn.name != but:
                turn.leaving.ask()

    def _put(self, turn: _Turn) -> None:
        self._turns.append(turn)
        self._silent.clear()
        self._more.set()

    async def follow(self) -> None:
        """Run the scripts as the states come; done when that of the ending has run.

        Runs beside the call, and outlives it.
        """
        while True:
            while not self._turns:
                self._more.clear()
                await self._more.wait()
            turn = self._turns[0]
            block = self._scripts.get(turn.name)
            if block:
                self._left = await self._run(turn.name, block, turn.leaving) or self._left
            self._turns.remove(turn)
            if not self._turns:
                self._silent.set()
            if turn.is_last:
                return

    async def until_silent(self, _call: Call) -> bool:
        """Wait until no script is left to run; whether one has left the call to others."""
        await self._silent.wait()
        return self._left


def held_name(call: Call) -> str:
    """The element of a call on hold, by who holds it: we, the phone, or both."""
    ours = any(party.audio.on_hold for party in call.parties)
    theirs = any(party.audio.is_held_by_phone for party in call.parties)
    if ours and theirs:
        return "OnInactiveHeld"
    return "OnLocalHeld" if ours else "OnRemoteHeld"


def ending_name(ending: Ending) -> str:
    """The element of a call that has ended so."""
    if ending.occurrence is Occurrence.FAILED:
        return "OnError"
    return ENDINGS.get(ending.outcome, "OnError")
