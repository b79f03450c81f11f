"""Why a sound could not be played, in the words of the API."""

from __future__ import annotations

import asyncio

from softswitch.calls.ports.under_way import Playing
from softswitch.commands.base.codes import Code, CommandError


async def error_of(playing: Playing) -> str:
    """Wait for the end of a sound; why it could not be played, empty when it was."""
    try:
        played = await asyncio.shield(playing.done)
    except asyncio.CancelledError:
        playing.stop()
        raise
    return played.error if played.why == "error" else ""


def failure(command: str, error: str, parameter: str = "") -> CommandError:
    """The error of a command that was begun; `parameter` is the one at fault, if one is."""
    if parameter:
        return CommandError(Code.INVALID_PARAMETER, parameter, command, detail=error)
    return CommandError(Code.INAPPROPRIATE_COMMAND, command, detail=error)
