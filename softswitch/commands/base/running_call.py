"""Running calls as commands see them: `context.py`'s `ControlledCall` and `ControlledParty`.

What call control says as CannotNow becomes 303 here; a call that has gone is 601.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from softswitch.calls.call import hold
from softswitch.calls.call.call import Call, CallGone
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party, Side
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.endings.outcomes import result_word
from softswitch.calls.endings.states import FINAL
from softswitch.calls.leg.keys import Keys, send_by_info
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import COMMAND, Routing, Unroutable
from softswitch.calls.setup import answering
from softswitch.calls.setup.answering import Answering
from softswitch.calls.transfer.transfer import Transfers, transferor_of
from softswitch.commands.base.alarms import received
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import (
    Alarm,
    ControlledParty,
    Recording,
    RecordingOrder,
    Sound,
)
from softswitch.commands.base.values import Parties
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.store.store import Store

if TYPE_CHECKING:
    from softswitch.calls.ports.media_port import MediaPort
    from softswitch.calls.ports.port_sound import Playing, RecordingInProgress

T = TypeVar("T")

Finished = Callable[[str, Mapping[str, str]], Awaitable[None]]
"Tells an application at a URL how a transferred call ended."


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a controlled call needs besides the call."""

    recordings: Path
    recording_url: str
    "Where recordings are downloaded from, up to the file's path."
    directory: Directory
    routing: Routing
    calls: Calls
    answering: Answering
    transfers: Transfers
    finished: Finished
    start: Callable[[Awaitable[None]], None]
    "Lets work go on that nobody waits for."


class RunningParty:
    """One party: what it hears, and the keys it presses."""

    def __init__(self, party: Party, dtmf: str = "auto") -> None:
        """`dtmf` is how keys are sent to it: `auto`, `event`, `info` or `inband`."""
        self._party = party
        self._dtmf = dtmf

    def _port(self, command: str) -> MediaPort:
        port = self._party.audio.port
        if port is None:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, command)
        return port

    async def play(self, sound: Sound, *, repeat: bool, timeout: float | None) -> None:
        """Play a file; returns when it has been played."""
        playing = self._port("Play").play_file(sound.path, repeat=repeat, longest=timeout)
        error = await _error_of(playing)
        if error:
            # the user knows the file by the name that was asked for, not by where it is kept
            shown = error.replace(sound.path, sound.source.partition("?")[0][:200])
            raise _failure("Play", shown, "AudioFile" if sound.path in error else "")

    async def speak(self, text: str, *, language: str | None, voice: str | None) -> None:
        """Say a text; returns when it has been said."""
        playing = self._port("Speak").speak(text, language=language, voice=voice)
        error = await _error_of(playing)
        if error:
            raise _failure("Speak", error, _blamed(error, language or "", voice or ""))

    async def beep(self, frequency: int, milliseconds: int) -> None:
        """Sound a tone; returns when it has ended."""
        error = await _error_of(self._port("Beep").beep(frequency, milliseconds))
        if error:
            raise _failure("Beep", error)

    async def send_dtmf(self, keys: str) -> None:
        """Send keys to the party; returns when the last has been sent."""
        keys = keys.replace(" ", "").upper()
        port, leg = self._port("SendDTMF"), self._party.leg
        if self._dtmf == "info" and leg is not None:
            await send_by_info(leg.send_info, keys)
        else:
            error = await _error_of(port.send_keys(keys, way=self._dtmf))
            if error:
                raise _failure("SendDTMF", error, "Keys" if repr(keys) in error else "")

    def stop_sound(self) -> None:
        """End what the party hears of us at once."""
        if self._party.audio.port is not None:
            self._party.audio.port.stop_sound()

    async def key(self) -> str:
        """The next key that the party presses."""
        return await self._keys().next()

    def forget_keys(self) -> None:
        """Drop the keys that nobody has asked for."""
        self._keys().forget()

    async def hear(self, kinds: Sequence[str], seconds: float) -> str:
        """What is heard of the party first; empty when its port is closed."""
        hearing = self._port("Detect").hear(*kinds, seconds=seconds)
        try:
            return await asyncio.shield(hearing.done)
        finally:
            hearing.stop()

    def _keys(self) -> Keys:
        return listen_for_keys(self._party)


def listen_for_keys(party: Party) -> Keys:
    """The keys of a party, listened to from now on."""
    return party.hear_keys()


async def _error_of(playing: Playing) -> str:
    """Wait for the end of a sound; why it could not be played, empty when it was."""
    try:
        played = await asyncio.shield(playing.done)
    except asyncio.CancelledError:
        playing.stop()
        raise
    return played.error if played.why == "error" else ""


def _blamed(error: str, language: str, voice: str) -> str:
    """The parameter of Speak that a sentence is about: the one whose value it quotes, or Text."""
    engine, _, own = voice.partition(":")
    if any(repr(name) in error for name in (voice, engine, own) if name):
        return "Voice"
    if language and repr(language.lower().replace("_", "-")) in error:
        return "Language"
    return "Text" if "text" in error else ""


def _failure(command: str, error: str, parameter: str = "") -> CommandError:
    """The error of a command that was begun; `parameter` is the one at fault, if one is."""
    if parameter:
        return CommandError(Code.INVALID_PARAMETER, parameter, command, detail=error)
    return CommandError(Code.INAPPROPRIATE_COMMAND, command, detail=error)


class RunningRecording:
    """A recording that goes on."""

    def __init__(self, recording: RecordingInProgress, url: str) -> None:
        self._recording = recording
        self._url = url

    def stop(self) -> None:
        """End it with what was said up to now."""
        if not self._recording.done.done():
            self._recording.stop()

    async def finished(self) -> Recording:
        """Wait until the file is closed."""
        recorded = await asyncio.shield(self._recording.done)
        url = self._url if recorded.seconds or not recorded.error else ""
        return Recording(recorded.path, url, recorded.seconds, recorded.error)


class RunningCall:
    """A call that has not ended."""

    def __init__(self, call: Call, surroundings: CallContext) -> None:
        self._call = call
        self._around = surroundings

    @property
    def id(self) -> str:
        """CallId."""
        return self._call.id

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call."""
        return call_fields(self._call, self._around.directory)

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The parties that are meant and have a phone."""
        call = self._call
        self._talks(command)
        wanted = {
            Parties.CALLER: (call.caller,),
            Parties.CALLEE: (call.callee,),
            Parties.ALL: call.parties,
        }[side]
        found = [
            RunningParty(party, self._dtmf_of(party)) for party in wanted if party.leg is not None
        ]
        if not found:
            raise CommandError(
                Code.INAPPROPRIATE_COMMAND, command, detail=f"the call has no {side} to hear it"
            )
        return found

    def _talks(self, command: str) -> None:
        """See that the call is answered and has not ended. Raises CommandError 303, 601."""
        if self._call.state in FINAL:
            raise CommandError(Code.CALL_NOT_FOUND, self._call.id)
        if not self._call.is_answered:
            raise CommandError(
                Code.INAPPROPRIATE_COMMAND, command, detail="the call has not been answered"
            )

    def _dtmf_of(self, party: Party) -> str:
        """How the settings want keys to be sent to a party."""
        extension = self._around.directory.find(party.number)
        if extension is None or not isinstance(extension.settings, PhoneExtension):
            return "auto"
        return extension.settings.dtmf

    async def answer(self) -> None:
        """Answer the call if it still rings."""
        if not self._call.is_answered:
            await self._do(
                "answer", self._call.ask(lambda: self._around.answering.answer(self._call))
            )

    def reject(self, status: int) -> None:
        """Refuse a ringing call with a SIP status."""
        try:
            answering.reject(self._call, status)
        except CannotNow as error:
            raise _inappropriate("Reject", error) from None

    async def hang_up(self) -> None:
        """End the call for everybody."""
        await self._call.hang_up()

    async def hold(self) -> None:
        """Put both legs on hold."""
        await self._do("Hold", hold.hold(self._call))

    async def unhold(self) -> None:
        """Bring both legs back from `hold`."""
        await self._do("Unhold", hold.resume(self._call))

    async def forward(self, destination: str) -> None:
        """Redirect the call that still rings."""
        number = destination.partition("@")[0]
        try:
            self._around.routing.destination(number, COMMAND)
        except Unroutable as error:
            raise CommandError(
                Code.CALL_CONNECT_FAILED, number, "NotFound", detail=str(error)
            ) from None
        try:
            self._call.forward(number)
        except CannotNow as error:
            raise _inappropriate("ForwardCall", error) from None

    async def blind_transfer(
        self, target: str, transferor: Parties | None, finished_url: str | None
    ) -> None:
        """Connect the party that stays to the target; returns when the target has answered."""
        call, number = self._call, target.partition("@")[0]

        async def move() -> None:
            leaving = transferor_of(call, _call_side(transferor))
            await self._around.transfers.blind_transfer(call, leaving, number)
            if finished_url is not None:
                self._around.start(self._tell_end(finished_url))

        await self._do("BlindTransfer", call.ask(move), target=number)

    async def _tell_end(self, url: str) -> None:
        call = self._call
        await asyncio.shield(call.ended)
        await self._around.finished(url, end_fields(call))

    async def attended_transfer(self, target_call_id: str, transferor: Parties | None) -> None:
        """Join the parties that stay of this call and of another."""
        call = self._call
        other = self._around.calls.get(target_call_id)
        if other is None or other is call:
            raise CommandError(Code.CALL_NOT_FOUND, target_call_id)
        leaving, other_leaving = _transferors(call, other, _call_side(transferor))

        transfers = self._around.transfers
        work = transfers.attended_transfer(call, leaving, other, other_leaving)
        await self._do("AttendedTransfer", work)

    def record(self, order: RecordingOrder) -> RunningRecording:
        """Record from now on, until an end of the order or of the call."""
        call = self._call
        self._talks("Record")
        path = self._recording_path(order)
        try:
            recording = call.recordings.begin(
                call.parties,
                str(path),
                kind=order.format,
                longest=order.duration,
                silence=order.inactivity,
                finish_keys=order.finish_digits,
                mute_keys=order.mute_keys,
            )
        except CannotNow as error:
            raise _inappropriate("Record", error) from None
        relative = path.relative_to(self._around.recordings.resolve())
        return RunningRecording(recording, f"{self._around.recording_url}{quote(str(relative))}")

    def _recording_path(self, order: RecordingOrder) -> Path:
        root = self._around.recordings.resolve()
        directory = (root / (order.directory or ".")).resolve()
        if not directory.is_relative_to(root):
            raise CommandError(
                Code.INVALID_PARAMETER,
                "RecordPath",
                "Record",
                detail="Record: RecordPath must lie below the recordings' directory",
            )
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            detail = f"{directory}: {(error.strerror or str(error)).lower()}"
            raise CommandError(
                Code.INVALID_PARAMETER, "RecordPath", "Record", detail=detail
            ) from None
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{self._call.id}"
        path = directory / f"{stem}.{order.format}"
        number = 1
        while path.exists():
            number += 1
            path = directory / f"{stem}-{number}.{order.format}"
        return path

    def alarms(self, store: Store) -> AsyncIterator[Alarm]:
        """The reports of the panel that calls; each is stored in `store` and acknowledged."""
        party = next((party for party in self._call.parties if party.leg is not None), None)
        if party is None:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ReceiveAlarmNotification")
        return received(self._call, party, store)

    async def _do(self, command: str, work: Awaitable[T], target: str = "") -> T:
        """Wait for call control, and say its refusals in the words of the API."""
        try:
            return await work
        except CallGone:
            raise CommandError(Code.CALL_NOT_FOUND, self._call.id) from None
        except NotReached as error:
            result = result_word(error.ending.outcome)
            # that nobody has answered needs no more words
            detail = error.ending.detail if result != "NoAnswer" else ""
            raise CommandError(Code.CALL_CONNECT_FAILED, target, result, detail=detail) from None
        except CannotNow as error:
            raise _inappropriate(command, error) from None


def _inappropriate(command: str, error: CannotNow) -> CommandError:
    return CommandError(Code.INAPPROPRIATE_COMMAND, command, detail=str(error))


def _call_side(side: Parties | None) -> Side | None:
    if side is None or side is Parties.ALL:
        return None
    return Side(side.value)


def _transferors(call: Call, other: Call, side: Side | None) -> tuple[Party, Party]:
    """Who drops out of each call: the party of that side, else the number that both share.

    When the two calls share nobody and no side is named, the callees of both are joined.
    """
    if side is not None:
        named = call.caller if side is Side.CALLER else call.callee
        same = [party for party in other.parties if party.number == named.number]
        return named, (same[0] if same else other.caller)
    for mine in call.parties:
        for theirs in other.parties:
            if mine.number == theirs.number:
                return mine, theirs
    return call.caller, other.caller


def call_fields(call: Call, directory: Directory) -> dict[str, str]:
    """The fields of a notification about a call (API reference, section 8)."""
    extension = directory.find(call.dialled)
    api = call.dialled if extension is not None and extension.kind.is_scripted else ""
    fields = {
        "CallId": call.id,
        "CallerId": call.caller.number,
        "CallerExtension": call.caller.number if directory.find(call.caller.number) else "",
        "CallerDialed": call.dialled,
        "Dialed": call.dialled,
        "ApiExtension": api,
        "CallState": call.state.value,
        "StartTime": local_time(call.started_at),
    }
    return {name: value for name, value in fields.items() if value}


def end_fields(call: Call) -> dict[str, str]:
    """What a `FinishedUrl` gets of a call that has ended."""
    seconds = (call.ended_at or 0.0) - (call.answered_at or call.ended_at or 0.0)
    return {
        "CallId": call.id,
        "Caller": call.caller.number,
        "Callee": call.callee.number,
        "Duration": f"{seconds:.3f}",
    }


def local_time(seconds: float) -> str:
    """Unix time as the API writes it: local, without offset."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"
