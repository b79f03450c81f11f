"""Runs the switch until a signal ends it: SIGTERM lets calls end first, a second one does not.

SIGHUP makes it read its settings file and its certificates anew.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Literal

import structlog

from softswitch.app.application import Application
from softswitch.app.process import READY, STOPPING, tell_systemd
from softswitch.live.live_settings import Source
from softswitch.live.snapshot import Mistakes
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords

KILLED = 143
"The exit code of a second SIGTERM, as of one that nobody catches."
SAME_SIGNAL = 0.1
"Seconds in which a second signal is the first one again: make passes on what its group gets too."

log = structlog.get_logger()


async def serve(
    settings: Settings,
    passwords: Passwords,
    ready: Callable[[Application], None],
    source: Source | None = None,
) -> None:
    """Run until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    `ready` is told of the application once it takes calls; `source` is for `Application.start`.
    Raises what `Application.start` raises,
    and StoreError when another switch has taken the database meanwhile.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    over, hung_up = asyncio.Event(), asyncio.Event()
    running: list[Application] = []
    _catch_signals(loop, over, hung_up, running)
    ending = asyncio.create_task(over.wait())
    try:
        application = await _start_unless(ending, settings, passwords, source)
        if application is None:
            return
        running.append(application)
        reloading = asyncio.create_task(_reload_when_asked(hung_up, application))
        try:
            ready(application)
            tell_systemd(READY)
            await asyncio.wait((ending, application.taken), return_when=asyncio.FIRST_COMPLETED)
            tell_systemd(STOPPING)
            await application.drain()
        finally:
            reloading.cancel()
            await application.stop()
        if application.taken.done():
            raise application.taken.result()
    finally:
        ending.cancel()


async def _start_unless(
    ending: asyncio.Task[Literal[True]],
    settings: Settings,
    passwords: Passwords,
    source: Source | None,
) -> Application | None:
    """The application; None when a signal comes before it has started."""
    starting = asyncio.ensure_future(Application.start(settings, passwords, source))
    await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        return await starting
    except asyncio.CancelledError:
        if not ending.done():
            raise
        return None


async def _reload_when_asked(asked: asyncio.Event, application: Application) -> None:
    while True:
        await asked.wait()
        asked.clear()
        try:
            await application.reload()
        except Mistakes:
            pass  # the log has them already
        except Exception:
            log.exception("settings not reloaded")


def _catch_signals(
    loop: asyncio.AbstractEventLoop,
    over: asyncio.Event,
    hung_up: asyncio.Event,
    running: list[Application],
) -> None:
    """Let the first signal set `over`, a second one end the process, and SIGHUP set `hung_up`.

    `running` is the application, once it has started.

    A terminal that is closed sends SIGHUP as well; that ends the switch as it always did.
    """
    first = float("inf")
    had_terminal = os.isatty(0)

    def end() -> None:
        nonlocal first
        if loop.time() > first + SAME_SIGNAL:
            log.warning("ended at once")
            for application in running:
                application.abandon()
            os._exit(KILLED)
        first = min(first, loop.time())
        over.set()

    def hang_up() -> None:
        if had_terminal and not os.isatty(0):
            end()
        else:
            hung_up.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log what nobody caught."""
    error = context.get("exception")
    log.error(str(context.get("message")), exc_info=error if isinstance(error, Exception) else None)
