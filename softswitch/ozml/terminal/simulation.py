"""A simulated caller, call and switch, against which `softswitch script` runs a script.

Sounds are lines and take no time; keys come from the simulated caller; nothing leaves the
process. Behind the commands stand the same protocols as behind real calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledParty, Sound
from softswitch.commands.base.order import CallOrder, PartyOrder, Simulation
from softswitch.commands.base.switch_context import (
    AlarmOrder,
    ChosenVoice,
    Dialling,
    HistoryPage,
)
from softswitch.commands.base.values import Parties
from softswitch.guard.files import with_slashes
from softswitch.guard.rights import THE_SWITCH
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.settings.exchange.prompts import PREFIX

T = TypeVar("T")

Say = Callable[[str], None]
AskForKeys = Callable[[], Awaitable[str]]
"Keys that the caller presses now; empty: none. Raises EOFError when the caller hangs up."

PAUSE = 0.01
"Seconds that the caller listens before the next key, so that what is said before stands above it."


class SimulatedParty:
    """The caller: hears lines, presses keys, and sounds as it is told to."""

    def __init__(
        self,
        say: Say,
        ask: AskForKeys,
        sounds: Sequence[str] | None = None,
        *,
        leave: Callable[[], object] = lambda: None,
    ) -> None:
        """`sounds` are the results of the `Detect` commands in order; without them one is assumed.

        `leave` is called when the caller hangs up.
        """
        self.simulation = Simulation(say, None if sounds is None else list(sounds))
        self._ask = ask
        self._keys: list[str] = []
        self._leave = leave

    async def perform(self, order: PartyOrder[T]) -> T:
        """Show what is ordered."""
        return await order.simulate(self.simulation)

    def stop_sound(self) -> None:
        """Sounds take no time here."""

    async def key(self) -> str:
        """The next key; never returns when the caller presses none."""
        await asyncio.sleep(PAUSE)
        if not self._keys:
            try:
                self._keys = list(await self._ask())
            except EOFError:
                self.simulation.say("· the caller hangs up")
                self._leave()
        if not self._keys:
            await asyncio.get_running_loop().create_future()
        return self._keys.pop(0).upper()

    def forget_keys(self) -> None:
        """Drop the keys that have not been asked for."""
        self._keys.clear()

    def privately(self) -> AbstractContextManager[None]:
        """Nobody keeps a trace here."""
        return nullcontext()

    def hide(self, secret: str) -> None:
        """Nobody keeps a trace here."""


class SimulatedCall:
    """A call from the simulated caller to the script."""

    id = "simulated"

    def __init__(self, party: SimulatedParty) -> None:
        self._party = party

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call."""
        return {
            "CallId": self.id,
            "CallerId": "1000",
            "Dialed": "9000",
            "CallState": "InCall" if self._party.simulation.answered else "Ringing",
        }

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The caller, whichever party is meant."""
        return [self._party]

    async def perform(self, order: CallOrder[T]) -> T:
        """Show what is ordered."""
        return await order.simulate(self._party.simulation)


class SimulatedSwitch:
    """The rest of the switch: shows what it would do."""

    user = THE_SWITCH

    def __init__(self, say: Say) -> None:
        self._say = say

    async def dial(self, dialling: Dialling) -> str:
        """Show the call that would start."""
        self._say(f"· calls {dialling.dialed}")
        return "simulated-2"

    async def connect(self, caller: str, callee: str, error_url: str | None) -> str:
        """Show the call that would start."""
        self._say(f"· connects {caller} with {callee}")
        return "simulated-2"

    def api_extension(self, address: str) -> str:
        """Any will do."""
        return address.partition("@")[0]

    def active_calls(self) -> Iterable[Mapping[str, str]]:
        """None but this one, which is not listed."""
        return []

    async def call_history(
        self,
        filters: Mapping[str, str | datetime],
        page: HistoryPage,
        *,
        quality: bool,
    ) -> tuple[int, Sequence[Mapping[str, str]]]:
        """Empty."""
        return 0, []

    def extensions(
        self, type_name: str | None, part: slice
    ) -> tuple[int, Iterator[Mapping[str, str]]]:
        """None."""
        return 0, iter(())

    def extension_types(self) -> Iterable[str]:
        """None."""
        return []

    def addressbooks(self) -> Iterable[str]:
        """None."""
        return []

    def contacts(self, addressbook: str) -> Sequence[Mapping[str, str]] | None:
        """No such book."""
        return None

    async def send_message(self, message: Outgoing) -> str:
        """Show the message."""
        to = " ".join(part for part in (message.connection, message.to_address) if part)
        self._say(f"✉ to {to}: {message.text}")
        return "simulated-message"

    async def wait_for_message(
        self, connection: str, address: str | None, timeout: float
    ) -> str | None:
        """No message comes in time."""
        self._say(f"✉ waits for a message from {connection}")
        await asyncio.sleep(timeout)
        return None

    async def messages(
        self, user: str, folder: str, limit: int, after: str
    ) -> Sequence[Mapping[str, str]]:
        """None."""
        return []

    async def delete_file(self, path: str) -> None:
        """Show it."""
        self._say(f"· deletes {path}")

    async def move_file(self, path: str, directory: str) -> None:
        """Show it."""
        self._say(f"· moves {path} to {directory}")

    async def voice(self, language: str | None, voice: str | None) -> ChosenVoice:
        """As they are named: nothing is spoken here."""
        return ChosenVoice(language, voice)

    async def send_alarm(self, alarm: AlarmOrder) -> str:
        """Show it."""
        self._say(f"· reports event {alarm.code} of account {alarm.account}")
        return "simulated-2"


def sounds_below(directory: Path) -> Callable[[str, str], Awaitable[Sound]]:
    """Finds files below the directory; URLs and names of prompts are taken as they are."""

    root = directory.resolve()

    def locate(source: str) -> Sound:
        path = (root / with_slashes(source)).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise CommandError(
                Code.INVALID_PARAMETER, "AudioFile", "Play", detail=f"{source}: no such file"
            )
        return Sound(source, str(path))

    async def find(source: str, _base: str) -> Sound:
        if source.startswith(("http://", "https://", PREFIX)):
            return Sound(source, source)
        return locate(source)

    return find
