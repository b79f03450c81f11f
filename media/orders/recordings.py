"""Recordings of legs: requests begin them, their ends become messages.

The legs of a recording are claimed for the tick as long as it lasts. A side may be given another
leg while it goes on, and is silent when its leg is closed; without any leg the recording ends. It
has 16 kHz where one of its legs is served at that rate when it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from media.control.session import Reply
from media.control.sound import (
    ChangeSide,
    PauseRecording,
    RecordingEnded,
    StartRecording,
    StopRecording,
)
from media.legs import Legs
from media.listen.recorder import Recorder
from media.listen.recording_writer import FinishedRecording, Why
from media.orders.request_table import RequestTable
from media.tick.band import Band
from media.tick.rooms import Rooms
from media.tick.tick import Tick


class Recordings:
    """The recordings of a worker."""

    def __init__(self, legs: Legs, tick: Tick, rooms: Rooms, tell: Callable[[Reply], None]) -> None:
        """Send events and answers by `tell`."""
        self._legs, self._rooms, self._tell = legs, rooms, tell
        self._recorders: dict[Band, Recorder] = {}
        "Made when their band has something to record."
        self._recorder_of: dict[int, Recorder] = {}
        "By number of the recording, until its file is closed."
        self._legs_of: dict[int, int] = {}
        "By number of the recording: the leg that asked."
        self._rows_of: dict[int, list[int | None]] = {}
        "By number of the recording: the rows that it claims, side by side."

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter the requests that this part answers."""
        table.add(StartRecording, self._record)
        table.add(PauseRecording, self._pause)
        table.add(ChangeSide, self._change_side)
        table.add(StopRecording, self._stop)

    def _record(self, request: StartRecording) -> None:
        number = request.number
        self._legs_of[number] = request.leg
        try:
            _check(request)
            legs = [request.leg] if request.other is None else [request.leg, request.other]
            rows = [self._legs.row(leg) for leg in legs]
            recorder = self._recorder_for(rows)
            recorder.start(
                number,
                request.path,
                request.kind,
                rows,
                longest_s=request.longest,
                silence_s=request.silence,
            )
        except (KeyError, ValueError) as error:
            self._end(FinishedRecording(number, request.path, Why.FAILED, 0, str(error.args[0])))
            return
        self._recorder_of[number] = recorder
        self._rows_of[number] = list(rows)
        for row in rows:
            self._rooms.claim(row, ("recorded", number))

    def _pause(self, request: PauseRecording) -> None:
        if request.number in self._rows_of:
            self._recorder_of[request.number].pause(request.number, request.paused)

    def _change_side(self, request: ChangeSide) -> None:
        rows = self._rows_of.get(request.number)
        if rows is None:
            return
        row = None if request.leg is None else self._legs.row(request.leg)
        if not 0 <= request.side < len(rows):
            raise KeyError(f"recording {request.number} has no side {request.side}")
        if row != rows[request.side]:
            self._put(request.number, request.side, row)

    def _put(self, number: int, side: int, row: int | None) -> None:
        """Let a row, or None for silence, be a side of a recording; without any row it ends."""
        rows = self._rows_of[number]
        before, rows[side] = rows[side], row
        if row is not None:
            self._rooms.claim(row, ("recorded", number))
        if before is not None and before not in rows:
            self._rooms.release(before, ("recorded", number))
        if any(each is not None for each in rows):
            self._recorder_of[number].change(number, side, row)
        else:
            self._recorder_of[number].stop(number, Why.HANGUP)
            self._release(number)

    def _stop(self, request: StopRecording) -> None:
        if request.number in self._rows_of:
            self._recorder_of[request.number].stop(request.number)
            self._release(request.number)

    # ---- rows, and time ----

    def changed(self, row: int) -> None:
        """Go on: what is recorded does not depend on formats and rooms."""

    def forget(self, row: int) -> None:
        """Leave a leg that is about to be closed out of its recordings."""
        for number, rows in list(self._rows_of.items()):
            for side, each in enumerate(rows):
                if each == row:
                    self._put(number, side, None)

    def settle(self, now: float) -> None:
        """Tell of files that were closed; to be called once a tick."""
        for recorder in self._recorders.values():
            for recorded in recorder.finished():
                self._end(recorded)

    def close(self) -> None:
        """End all recordings and wait for their files."""
        for recorder in self._recorders.values():
            recorder.close()

    def _recorder_for(self, rows: Sequence[int]) -> Recorder:
        """Return the recorder of the widest band that one of the rows is at home in."""
        band = max((self._rooms.home(row) for row in rows), key=lambda home: home.rate)
        if band not in self._recorders:
            self._recorders[band] = Recorder(self._legs.capacity, band.rate, self._rooms.muted)
            band.listeners.append(self._recorders[band])
        return self._recorders[band]

    def _end(self, recorded: FinishedRecording) -> None:
        self._release(recorded.number)
        recorder = self._recorder_of.pop(recorded.number, None)
        self._tell(
            RecordingEnded(
                leg=self._legs_of.pop(recorded.number),
                number=recorded.number,
                path=recorded.path,
                seconds=recorded.samples / recorder.rate if recorder else 0.0,
                why=recorded.why.value,
                error=recorded.error or "",
            )
        )

    def _release(self, number: int) -> None:
        for row in self._rows_of.pop(number, ()):
            if row is not None:
                self._rooms.release(row, ("recorded", number))


def _check(request: StartRecording) -> None:
    if request.other == request.leg:
        raise ValueError("the two channels of a recording are two legs")
    for name, seconds in (("long", request.longest), ("of silence", request.silence)):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"a recording cannot be {seconds:g} s {name}")
