"""A recording of a call: its channels are the sides of the call, also after a transfer.

When a party is replaced by another, the other takes its channel, and its keys end the recording or
are kept out of it as those of who left. It ends with its call, or when none of its parties is left
on the media worker that it was begun on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CannotNow
from softswitch.calls.leg.keys import Keys
from softswitch.calls.ports.media_port import MediaPort, RecordingInProgress


class CallRecording:
    """Follows the parties of a call as long as a recording of it lasts."""

    def __init__(
        self,
        heard: Sequence[tuple[Party, MediaPort]],
        recording: RecordingInProgress,
        *,
        finish_keys: str,
        mute_keys: bool,
        waits: bool,
    ) -> None:
        """`heard` are the channels, `finish_keys` end it, `mute_keys` says to keep keys out.

        `waits` says whether it leaves out the time that the call is on hold.
        """
        self._recording = recording
        self._finish_keys, self._mutes_keys = finish_keys, mute_keys
        self._waits, self._paused = waits, False
        self._undo: dict[Party, list[Callable[[], None]]] = {}
        "By party that is recorded: what ends that which was begun for its keys."
        self._channels = [party.side for party, _ in heard]
        self._worker = heard[0][1].worker
        for party, _ in heard:
            self._see_to_keys(party)

    def follow(self, leaving: Party, newcomer: Party) -> None:
        """Give the channel of a party that leaves to the one that takes its place."""
        if leaving.side not in self._channels:
            return
        self._forget_keys(leaving)
        port = newcomer.audio.port
        if port is not None and port.worker is not self._worker:
            port = None
        self._recording.hear_instead(self._channels.index(leaving.side), port)
        if port is not None:
            self._see_to_keys(newcomer)

    @property
    def path(self) -> str:
        """Its file."""
        return self._recording.path

    def stop(self) -> None:
        """End it now; the file keeps the sound so far."""
        self._recording.stop()

    def wait(self, on_hold: bool) -> None:
        """Leave out the time of a hold, if it is to."""
        if self._waits and on_hold != self._paused:
            self._paused = on_hold
            self._recording.pause(on_hold)

    def _see_to_keys(self, party: Party) -> None:
        """Let a party's keys end the recording, and keep them out of it, as it was asked for."""
        undo = self._undo.setdefault(party, [])
        if self._finish_keys:
            keys = party.hear_keys()
            undo.append(keys.listen(partial(self._pressed, keys)))
        if self._mutes_keys:
            party.mute_keys(self)
            undo.append(partial(party.unmute_keys, self))

    def _pressed(self, keys: Keys, key: str) -> None:
        if key in self._finish_keys:
            keys.drop(key)  # or it would answer what is asked next
            self._recording.stop()

    def _forget_keys(self, party: Party) -> None:
        for undo in self._undo.pop(party, ()):
            undo()

    def end(self) -> None:
        """Do no more for keys: its file is closed."""
        for party in list(self._undo):
            self._forget_keys(party)


class CallRecordings:
    """The recordings of a call that go on."""

    __slots__ = ("_begins", "_going_on")

    def __init__(self, begins: Callable[[str, RecordingInProgress], None]) -> None:
        """`begins` is told the path of each recording that begins; it must not raise."""
        self._begins = begins
        self._going_on: list[CallRecording] = []

    def __len__(self) -> int:
        return len(self._going_on)

    def paths(self) -> list[str]:
        """The files that are being written, the oldest first."""
        return [recording.path for recording in self._going_on]

    def begin(
        self,
        parties: Sequence[Party],
        path: str,
        *,
        kind: str,
        longest: float | None = None,
        silence: float | None = None,
        finish_keys: str = "",
        mute_keys: bool = False,
        waits: bool = False,
    ) -> RecordingInProgress:
        """Record those of the parties that can be heard: two in a channel each, the first left.

        `kind` is `wav`, `flac` or `mp3`; it ends after `longest` seconds, after so many seconds of
        `silence`, by one of `finish_keys`, or with its call; it `waits` while the call is on hold.
        Raises CannotNow when nobody is heard.
        """
        heard = [(party, party.audio.port) for party in parties if party.audio.port is not None]
        if not heard:
            raise CannotNow("nobody of the call can be heard")
        recording = heard[0][1].record(
            path,
            kind=kind,
            other=heard[1][1] if len(heard) > 1 else None,
            longest=longest,
            silence=silence,
        )
        following = CallRecording(
            heard, recording, finish_keys=finish_keys, mute_keys=mute_keys, waits=waits
        )
        self._going_on.append(following)
        recording.done.add_done_callback(lambda _: self._end(following))
        self._begins(path, recording)
        return recording

    def follow(self, leaving: Party, newcomer: Party) -> None:
        """Give the channels of a party that leaves to the one that takes its place."""
        for recording in self._going_on:
            recording.follow(leaving, newcomer)

    def wait(self, on_hold: bool) -> None:
        """Let those wait that leave out the time of a hold, or go on."""
        for recording in self._going_on:
            recording.wait(on_hold)

    def stop(self) -> None:
        """End them all now; the files keep the sound so far."""
        for recording in self._going_on:
            recording.stop()

    def _end(self, recording: CallRecording) -> None:
        recording.end()
        self._going_on.remove(recording)
