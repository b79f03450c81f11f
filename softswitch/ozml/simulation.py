"""A caller, a call and a house made of text: what `softswitch script` runs a script against.

Sounds are lines and take no time; keys come from whoever plays the caller; nothing leaves the
process. Behind the commands stand the same protocols as behind real calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import (
    Alarm,
    AlarmOrder,
    ControlledParty,
    Dialling,
    OutgoingMessage,
    Recording,
    RecordingOrder,
    ScriptEnds,
    Sound,
)
from softswitch.commands.base.values import Parties
from softswitch.commands.detect import HEARD
from softswitch.ozml.interpreter import Script

Say = Callable[[str], None]
AskForKeys = Callable[[], Awaitable[str]]
"Keys that the caller presses now; empty: none. Raises EOFError when the caller hangs up."

PAUSE = 0.01
"Seconds that the caller listens before the next key, so that what is said stands above it."


ASSUMED = {"answer": "human", "silence": "silence"}
"What a caller sounds like of whom nothing else is known, by what `Detect` listens for."


class SimulatedParty:
    """The caller: hears lines, presses keys, and sounds as it is told to."""

    def __init__(self, say: Say, ask: AskForKeys, sounds: Sequence[str] | None = None) -> None:
        """`sounds` are what one `Detect` after the other hears; without them it is assumed."""
        self._say = say
        self._ask = ask
        self._sounds = None if sounds is None else list(sounds)
        self._keys: list[str] = []
        self.leave: Callable[[], object] = lambda: None
        "Called when the caller hangs up."

    async def play(self, sound: Sound, *, repeat: bool, timeout: float | None) -> None:
        """Show the file; a repeated one lasts until its timeout, or for ever."""
        self._say(f"♪ {sound.source}{' again and again' if repeat else ''}")
        if repeat:
            await asyncio.sleep(timeout if timeout is not None else 86_400)

    async def speak(self, text: str, *, language: str | None, voice: str | None) -> None:
        """Show the text."""
        note = f" [{', '.join(part for part in (language, voice) if part)}]"
        self._say(f"“{text}”{note if language or voice else ''}")

    async def beep(self, frequency: int, milliseconds: int) -> None:
        """Show the tone."""
        self._say(f"beep {frequency} Hz, {milliseconds} ms")

    async def send_dtmf(self, keys: str) -> None:
        """Show the keys."""
        self._say(f"keys to the caller: {keys}")

    def stop_sound(self) -> None:
        """Sounds take no time here."""

    async def key(self) -> str:
        """The next key; waits for ever when the caller presses none."""
        await asyncio.sleep(PAUSE)
        if not self._keys:
            try:
                self._keys = list(await self._ask())
            except EOFError:
                self._say("· the caller hangs up")
                self.leave()
        if not self._keys:
            await asyncio.get_running_loop().create_future()
        return self._keys.pop(0).upper()

    def forget_keys(self) -> None:
        """Drop the keys that nobody has asked for."""
        self._keys.clear()

    async def hear(self, kinds: Sequence[str], seconds: float) -> str:
        """The next sound if it is listened for, or what is assumed; otherwise wait for ever."""
        note = ""
        if self._sounds is not None:
            sound = self._sounds.pop(0) if self._sounds else ""
        else:
            sound = next((ASSUMED[kind] for kind in kinds if kind in ASSUMED), "")
            note = ", it is assumed" if sound else ""
        if not any(sound in HEARD[kind] for kind in kinds):
            self._say(f"· hears nothing for {', '.join(kinds)}")
            await asyncio.get_running_loop().create_future()
        if sound == "silence":
            await asyncio.sleep(seconds)
        self._say(f"· hears {sound}{note}")
        return sound


class SimulatedRecording:
    """A recording of a caller who says nothing."""

    def __init__(self, order: RecordingOrder) -> None:
        self._order = order

    def stop(self) -> None:
        """It takes no time anyway."""

    async def finished(self) -> Recording:
        """As long as the silence that ends it, or as the longest that it may be."""
        order = self._order
        seconds = order.duration if order.inactivity is None else order.inactivity
        return Recording(f"recording.{order.format}", f"/recording.{order.format}", seconds or 0.0)


class SimulatedCall:
    """A call from the simulated caller to the script."""

    def __init__(self, party: SimulatedParty, say: Say) -> None:
        self.id = "simulated"
        self.answered = False
        self._party = party
        self._say = say

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call."""
        return {
            "CallId": self.id,
            "CallerId": "1000",
            "Dialed": "9000",
            "CallState": "InCall" if self.answered else "Ringing",
        }

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The caller, whoever is meant."""
        return [self._party]

    async def answer(self) -> None:
        """Answer once."""
        if not self.answered:
            self.answered = True
            self._say("· answered")

    def reject(self, status: int) -> None:
        """Refuse while it rings."""
        if self.answered:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "Reject")
        self._say(f"· refused with {status}")

    async def hang_up(self) -> None:
        """End the call, and with it the script."""
        self._say("· hung up")
        raise ScriptEnds

    async def hold(self) -> None:
        """Show it."""
        self._say("· on hold")

    async def unhold(self) -> None:
        """Show it."""
        self._say("· back from hold")

    async def forward(self, destination: str) -> None:
        """Show it."""
        if self.answered:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ForwardCall")
        self._say(f"· forwarded to {destination}")

    async def blind_transfer(
        self, target: str, transferor: Parties | None, finished_url: str | None
    ) -> None:
        """Show it."""
        self._say(f"· transferred to {target}")

    async def attended_transfer(self, target_call_id: str, transferor: Parties | None) -> None:
        """Show it."""
        self._say(f"· joined with call {target_call_id}")

    def record(self, order: RecordingOrder) -> SimulatedRecording:
        """Show it."""
        self._say(f"· records as {order.format}")
        return SimulatedRecording(order)


class SimulatedSwitch:
    """The rest of the switch: shows what it would do."""

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

    def active_calls(self) -> Iterable[Mapping[str, str]]:
        """None but this one, which is not listed."""
        return []

    async def call_history(
        self,
        filters: Mapping[str, str | datetime],
        page: int,
        rows: int,
        *,
        descending: bool,
        quality: bool,
    ) -> tuple[int, Sequence[Mapping[str, str]]]:
        """Empty."""
        return 0, []

    def extensions(self, type_name: str | None) -> Iterable[Mapping[str, str]]:
        """None."""
        return []

    def extension_types(self) -> Iterable[str]:
        """None."""
        return []

    def addressbooks(self) -> Iterable[str]:
        """None."""
        return []

    def contacts(self, addressbook: str) -> Sequence[Mapping[str, str]] | None:
        """No such book."""
        return None

    async def send_message(self, message: OutgoingMessage) -> str:
        """Show the message."""
        to = " ".join(part for part in (message.connection, message.recipient) if part)
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

    async def send_alarm(self, alarm: AlarmOrder) -> str:
        """Show it."""
        self._say(f"· reports event {alarm.code} of account {alarm.account}")
        return "simulated-2"


async def no_alarms(_script: Script) -> AsyncIterator[Alarm]:
    """No panel calls."""
    return
    yield Alarm("", "", "", "", "", "")


def sounds_below(directory: Path) -> Callable[[str, str], Awaitable[Sound]]:
    """Finds files below the directory; URLs are taken as they are."""

    root = directory.resolve()

    def locate(source: str) -> Sound:
        path = (root / source).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise CommandError(
                Code.INVALID_PARAMETER, "AudioFile", "Play", detail=f"{source}: no such file"
            )
        return Sound(source, str(path))

    async def find(source: str, _base: str) -> Sound:
        if source.startswith(("http://", "https://")):
            return Sound(source, source)
        return locate(source)

    return find
