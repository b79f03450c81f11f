"""The lines of the log about a script: when it starts, and when and why it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol

import structlog

log = structlog.get_logger("script")


class Ending(Protocol):
    """What a script knows of its end."""

    ending: str
    "Why it has come to an end; empty while it runs."


async def logged(
    run: Awaitable[bool], script: Ending, *, call: str, extension: str | None, name: str
) -> bool:
    """Run a script, and log its start and its end; returns and raises what it does.

    `name` is its file, its URL without query, or what it is the answer to.
    """
    about = {"call": call, **({"extension": extension} if extension else {}), "script": name}
    began = time.monotonic()
    log.info("script started", **about)

    def ended(reason: str) -> dict[str, object]:
        passed = round((time.monotonic() - began) * 1000)
        return {**about, "reason": reason, "milliseconds": passed}

    try:
        goes_on = await run
    except asyncio.CancelledError as error:
        log.info("script ended", **ended(str(error) or "the call has ended"))
        raise
    except Exception as error:
        log.warning("script ended", **ended(str(error)))
        raise
    log.info("script ended", **ended(script.ending))
    return goes_on
