"""Recognises whether a human, a machine or a fax has answered a call that the switch began.

The worker judges the greeting; tones decide before it does: a beep ends the greeting of a machine,
special information (ITU-T E.180) is a recording of the network, and a fax has tones of its own.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from softswitch.calls.ports.listening import SoundAwaited

MACHINE, FAX, UNKNOWN = "machine", "fax", "unknown"
"The verdicts besides `human`, which only the greeting gives."

VERDICT_SECONDS = 6.0
"When nothing is known after so long nothing ever will be: the worker judges after five seconds."

GREETING_SECONDS = 30.0
"The longest that a machine is listened to."

GREETING_ENDS = 2.0
"Seconds of silence that end a greeting which has no beep."

MEANINGS = {"beep": MACHINE, "sit": MACHINE, "cng": FAX, "ced": FAX}
"The device behind each tone."


class ListeningPort(Protocol):
    """A port, as far as it listens."""

    def hear(self, *kinds: str, seconds: float = 2.0) -> SoundAwaited:
        """Listen until the first sound of some kinds is heard."""


async def who_answered(port: ListeningPort, *, message_end: bool) -> str:
    """Listen to the party that has just answered.

    With `message_end` also to the end of a machine's greeting: its beep, or the silence behind it.
    """
    tones, greeting = port.hear("tones"), port.hear("answer")
    awaited = [tones, greeting]
    try:
        await _first(VERDICT_SECONDS, tones, greeting)
        verdict = _heard(greeting)
        if message_end and verdict == MACHINE and not tones.done.done():
            silence = port.hear("silence", seconds=GREETING_ENDS)
            awaited.append(silence)
            await _first(GREETING_SECONDS, tones, silence)
        return MEANINGS.get(_heard(tones)) or verdict or UNKNOWN
    finally:
        for sound in awaited:
            sound.stop()


async def _first(seconds: float, *awaited: SoundAwaited) -> None:
    """Wait for the first sound, or until the time is over."""
    await asyncio.wait(
        {sound.done for sound in awaited},
        timeout=seconds,
        return_when=asyncio.FIRST_COMPLETED,
    )


def _heard(sound: SoundAwaited) -> str:
    """What has been heard so far."""
    return sound.done.result() if sound.done.done() else ""
