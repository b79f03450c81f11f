"""Why a sound could not be played, in the words of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from softswitch.calls.ports.media_port import MediaPort
from softswitch.calls.ports.under_way import Playing
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.order import LivePhone


async def error_of(phone: LivePhone, command: str, begin: Callable[[MediaPort], Playing]) -> str:
    """Begin a sound and wait for its end; why it could not be played, empty when it was.

    When another party takes the place of the one that hears it, the sound begins anew for that one.
    """
    while True:
        party = phone.present
        playing = begin(phone.port(command))
        try:
            played = await asyncio.shield(playing.done)
        except asyncio.CancelledError:
            playing.stop()
            raise
        if played.why != "stopped" or phone.present is party:
            return played.error if played.why == "error" else ""


def failure(command: str, error: str, parameter: str = "") -> CommandError:
    """The error of a command that was begun; `parameter` is the one at fault, if one is."""
    if parameter:
        return CommandError(Code.INVALID_PARAMETER, parameter, command, detail=error)
    return CommandError(Code.INAPPROPRIATE_COMMAND, command, detail=error)
