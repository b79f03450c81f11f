"""A recording of a call: its channels are the sides of the call, whoever stands there meanwhile.

When a party is replaced by another, the other takes its channel, and its keys end the recording or
are kept out of it as those of who left. It ends with its call, or when none of its parties is left
on the media worker that it was begun on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from softswitch.calls.ports.media_port import MediaPort, RecordingInProgress

if TYPE_CHECKING:
    from softswitch.calls.call.call import Call, Party


class CallRecording:
    """Follows the parties of a call as long as a recording of it lasts."""

    def __init__(
        self,
        call: Call,
        heard: Sequence[tuple[Party, MediaPort]],
        recording: RecordingInProgress,
        *,
        finish_keys: str,
        mute_keys: bool,
    ) -> None:
        """`heard` are the channels, `finish_keys` end it, `mute_keys` says to keep keys out."""
        self._recording = recording
        self._finish_keys, self._mutes_keys = finish_keys, mute_keys
        self._undo: dict[Party, list[Callable[[], None]]] = {}
        "By party that is recorded: what ends that which was begun for its keys."
        self._channels = [party.side for party, _ in heard]
        self._worker = heard[0][1].worker
        for party, port in heard:
            self._see_to_keys(party, port)
        call.recordings.append(self)
        recording.done.add_done_callback(lambda _: self._end(call))

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
            self._see_to_keys(newcomer, port)

    def stop(self) -> None:
        """End it with what was said up to now."""
        self._recording.stop()

    def _see_to_keys(self, party: Party, port: MediaPort) -> None:
        """Let a party's keys end the recording, and keep them out of it, as it was asked for."""
        undo = self._undo.setdefault(party, [])
        if self._finish_keys:
            undo.append(party.hear_keys().listen(self._pressed))
        if self._mutes_keys:
            port.mute_keys(True)
            undo.append(partial(port.mute_keys, False))

    def _pressed(self, key: str) -> None:
        if key in self._finish_keys:
            self._recording.stop()

    def _forget_keys(self, party: Party) -> None:
        for undo in self._undo.pop(party, ()):
            undo()

    def _end(self, call: Call) -> None:
        for party in list(self._undo):
            self._forget_keys(party)
        call.recordings.remove(self)


def record_call(
    call: Call,
    path: str,
    *,
    kind: str,
    longest: float | None = None,
    silence: float | None = None,
    finish_keys: str = "",
    mute_keys: bool = False,
) -> RecordingInProgress:
    """Record who can be heard of a call: two parties in a channel each, the caller left.

    Raises LookupError when nobody can.
    """
    heard = [(party, party.audio.port) for party in call.parties if party.audio.port is not None]
    if not heard:
        raise LookupError("nobody of the call can be heard")
    recording = heard[0][1].record(
        path,
        kind=kind,
        other=heard[1][1] if len(heard) > 1 else None,
        longest=longest,
        silence=silence,
    )
    CallRecording(call, heard, recording, finish_keys=finish_keys, mute_keys=mute_keys)
    return recording
