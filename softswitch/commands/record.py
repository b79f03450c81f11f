"""Record a call.

<Record Format="wav" Duration="60" Inactivity="5" FinishDigits="#"/>
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context, ControlledCall
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP, SCRIPT, THIRD_PARTY, Contexts, Needs
from softswitch.commands.base.values import Keys, Seconds, Url
from softswitch.commands.orders.record import ControlledRecording, RecordOrder
from softswitch.guard.rights import Right


class RecordingFormat(StrEnum):
    """Kinds of audio files."""

    MP3 = "mp3"
    WAV = "wav"
    FLAC = "flac"


@dataclass(frozen=True, kw_only=True)
class Record(Command):
    """Record to a file. A script waits for the end; elsewhere it runs until the call ends.

    In the script, `$RecordURL` is then the URL of the file; `Play` plays it. It can be fetched
    without a password for as long as the setting `http.ticket_life` says.

    RecordCompleted is also sent when the caller hangs up while the script records. When a party is
    transferred, the party that takes its place is recorded in the same channel. The recording ends
    with the call, or when a transfer into a conference moves the party that stays to another media
    worker. When it fails, for example on a full disk, `Error` of RecordCompleted says why.
    """

    contexts = HTTP | SCRIPT | THIRD_PARTY
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True

    call_id: str | None = parameter(default=None, example="345fad34", in_example=True)
    "The call; in a script the current one."
    format: RecordingFormat = parameter(default=RecordingFormat.MP3, example="wav")
    "mp3, wav or flac."
    duration: Seconds | None = parameter(default=None, example="60")
    "Longest recording; in scripts of extensions only."
    inactivity: Seconds | None = parameter(default=None, example="5")
    "Seconds of silence that stop the recording; in scripts of extensions only."
    finish_digits: Keys | None = parameter(default=None, example="#")
    "Any of these keys stops the recording; in scripts of extensions only."
    finished_url: Url | None = parameter(default=None, example="http://app.example/recorded")
    "Gets RecordCompleted; its answer may be OzML."
    record_path: str | None = parameter(default=None, example="greetings")
    "A directory below `storage.recordings`."
    file_name: str | None = parameter(default=None, example="greeting")
    """The file's name below RecordPath, with or without the ending of its format; where there is
    one of that name, a number is appended. By default the time and the CallId. An extension of the
    API."""
    mute_keys: bool = parameter(default=False, example="true")
    """Leave out the sound of pressed keys, for example of card numbers. The other party and other
    recordings do not get it either; their sound is 60 ms later. An extension of the API."""

    async def run(self, context: Context) -> None:
        in_script = context.origin is Contexts.SCRIPT
        order = RecordOrder(
            format=self.format,
            directory=self.record_path,
            name=self.file_name,
            duration=self.duration if in_script else None,
            inactivity=self.inactivity if in_script else None,
            finish_digits=(self.finish_digits or "") if in_script else "",
            reader=self.finished_url,
            mute_keys=self.mute_keys,
            waits=in_script,
        )
        call = context.call(self.call_id)
        recording = await call.perform(order)
        if not in_script:
            context.afterwards(self._tell(context, call, recording))
            return
        telling = asyncio.ensure_future(self._tell(context, call, recording))
        try:
            await asyncio.shield(telling)
        except asyncio.CancelledError:
            recording.stop()
            context.afterwards(telling)
            raise

    async def _tell(
        self, context: Context, call: ControlledCall, running: ControlledRecording
    ) -> None:
        """Wait for the end of the recording, and tell the application of it."""
        recording = await running.finished()
        fields = {
            "RecordURL": recording.url,
            "Duration": f"{recording.seconds:.3f}",
            "Error": recording.error,
        }
        if context.origin is Contexts.SCRIPT:
            context.variables.set("RecordURL", recording.url)
        filled = {name: value for name, value in fields.items() if value}
        await context.notify(self.finished_url, "RecordCompleted", filled, call=call)
        if recording.error:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, self.name(), detail=recording.error)
