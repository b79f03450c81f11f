"""Record a call to a file below the recordings' directory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from softswitch.calls.call.call import Call
from softswitch.calls.ports.under_way import RecordingInProgress
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import CallContext, CallOrder, Simulation
from softswitch.commands.orders.refusals import refusals
from softswitch.commands.running.call import require_answered
from softswitch.guard.files import with_slashes

_FILE_NAME = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,99}")
"A name in a directory, none that is hidden or leads elsewhere."


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording."""

    path: str
    url: str
    "From where it can be downloaded; empty when nothing was recorded."
    seconds: float
    error: str = ""
    "Why it ended too early, or did not begin."


class ControlledRecording(Protocol):
    """A recording that goes on."""

    def stop(self) -> None:
        """End it with what was said up to now."""

    async def finished(self) -> Recording:
        """Wait until the file is closed; waiting may be given up without ending the recording."""


@dataclass(frozen=True, slots=True)
class RecordOrder(CallOrder[ControlledRecording]):
    """Record from now on, until an end of the order or of the call."""

    format: str
    "`wav`, `flac` or `mp3`."
    directory: str | None = None
    "Below the recordings' directory."
    name: str | None = None
    "The file's name, with or without its ending; None for one made of the time and the CallId."
    duration: float | None = None
    "Longest duration in seconds."
    inactivity: float | None = None
    "Ends after so many seconds of silence."
    finish_digits: str = ""
    "Any of these keys ends it."
    reader: str | None = None
    "The URL of the application that is told where the recording is."
    mute_keys: bool = False
    "Whether the sound of keys is left out, and kept from the other party meanwhile."
    waits: bool = False
    "Whether the time that the call is on hold is left out."

    async def perform(self, call: Call, context: CallContext) -> ControlledRecording:
        """Begin the recording; the file's name holds the time and the CallId."""
        require_answered(call, "Record")
        root, path = await asyncio.to_thread(self._place, context.recordings, call.id)
        require_answered(call, "Record")  # it may have ended while the disk was asked
        with refusals(call, "Record"):
            recording = call.recordings.begin(
                call.parties,
                str(path),
                kind=self.format,
                longest=self.duration,
                silence=self.inactivity,
                finish_keys=self.finish_digits,
                mute_keys=self.mute_keys,
                waits=self.waits,
            )
        name = path.relative_to(root).as_posix()
        return RunningRecording(recording, partial(context.recording_url, name, self.reader))

    def _place(self, recordings: Path, call_id: str) -> tuple[Path, Path]:
        """The recordings' directory and a new file below it; asks the disk. Raises CommandError."""
        root = recordings.resolve()
        return root, self._path(root, call_id)

    def _path(self, root: Path, call_id: str) -> Path:
        """A file that does not exist yet. Raises CommandError 302."""
        directory = (root / with_slashes(self.directory or ".")).resolve()
        if not directory.is_relative_to(root):
            raise _bad_path("Record: RecordPath must lie below the recordings' directory")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _bad_path(f"{directory}: {(error.strerror or str(error)).lower()}") from None
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{call_id}"
        if self.name is not None:
            stem = self.name.strip().removesuffix(f".{self.format}")
            if not _FILE_NAME.fullmatch(stem):
                wrong = f"{self.name[:40]!r}, expected a name without a path"
                raise _bad_path(f"Record: FileName cannot be {wrong}", "FileName")
        path = directory / f"{stem}.{self.format}"
        number = 1
        while path.exists():
            number += 1
            path = directory / f"{stem}-{number}.{self.format}"
        return path

    async def simulate(self, simulation: Simulation) -> ControlledRecording:
        """Show it."""
        simulation.say(f"· records as {self.format}")
        seconds = self.duration if self.inactivity is None else self.inactivity
        return SimulatedRecording(self.format, seconds or 0.0)


@dataclass(frozen=True, slots=True)
class StopRecordingsOrder(CallOrder[None]):
    """End all recordings of the call."""

    async def perform(self, call: Call, context: CallContext) -> None:
        """End them with what was said up to now."""
        require_answered(call, "StopRecord")
        call.recordings.stop()

    async def simulate(self, simulation: Simulation) -> None:
        """Show it."""
        simulation.say("· recordings end")


def _bad_path(detail: str, parameter: str = "RecordPath") -> CommandError:
    return CommandError(Code.INVALID_PARAMETER, parameter, "Record", detail=detail)


class RunningRecording:
    """A recording of a real call."""

    def __init__(self, recording: RecordingInProgress, url: Callable[[], Awaitable[str]]) -> None:
        """`url` makes the URL of the file; whether it may still be fetched counts from then on."""
        self._recording = recording
        self._url = url

    def stop(self) -> None:
        """End it with what was said up to now."""
        if not self._recording.done.done():
            self._recording.stop()

    async def finished(self) -> Recording:
        """Wait until the file is closed."""
        recorded = await asyncio.shield(self._recording.done)
        url = await self._url() if recorded.seconds or not recorded.error else ""
        return Recording(recorded.path, url, recorded.seconds, recorded.error)


@dataclass(frozen=True, slots=True)
class SimulatedRecording:
    """A recording of a silent caller, as long as its order allows."""

    format: str
    seconds: float

    def stop(self) -> None:
        """It takes no time anyway."""

    async def finished(self) -> Recording:
        """It is finished at once."""
        name = f"recording.{self.format}"
        return Recording(name, f"/{name}", self.seconds)
