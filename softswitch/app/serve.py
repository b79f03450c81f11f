"""Runs the switch until a signal ends it: SIGTERM lets calls end first, a second one does not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Literal

import structlog

from softswitch.app.application import Application
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords

KILLED = 143
"The exit code of a second SIGTERM, as of one that nobody catches."
SAME_SIGNAL = 0.1
"Seconds in which a second signal is the first one again: make passes on what its group gets too."

log = structlog.get_logger()


async def serve(
    settings: Settings, passwords: Passwords, ready: Callable[[Application], None]
) -> None:
    """Run until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    `ready` is told of the application once it takes calls. Raises what `Application.start` raises,
    and StoreError when another switch has taken the database meanwhile.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    ending = asyncio.create_task(_until_signalled(loop).wait())
    try:
        application = await _start_unless(ending, settings, passwords)
        if application is None:
            return
        try:
            ready(application)
            await asyncio.wait((ending, application.taken), return_when=asyncio.FIRST_COMPLETED)
            await application.drain()
        finally:
            await application.stop()
        if application.taken.done():
            raise application.taken.result()
    finally:
        ending.cancel()


async def _start_unless(
    ending: asyncio.Task[Literal[True]], settings: Settings, passwords: Passwords
) -> Application | None:
    """The application; None when a signal comes before it has started."""
    starting = asyncio.ensure_future(Application.start(settings, passwords))
    await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        return await starting
    except asyncio.CancelledError:
        if not ending.done():
            raise
        return None


def _until_signalled(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """An event that the first signal sets; a second signal ends the process."""
    ending = asyncio.Event()
    first = float("inf")

    def end() -> None:
        nonlocal first
        if loop.time() > first + SAME_SIGNAL:
            log.warning("ended at once")
            os._exit(KILLED)
        first = min(first, loop.time())
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    return ending


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log what nobody caught."""
    error = context.get("exception")
    log.error(str(context.get("message")), exc_info=error if isinstance(error, Exception) else None)
