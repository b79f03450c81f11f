"""The lines of the log about a script: when it starts, and when and why it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

log = structlog.get_logger("script")


Told = Callable[[str, Mapping[str, str | int]], None]
"Hears what happens, and of what."


def _nobody(what: str, facts: Mapping[str, str | int]) -> None:
    """Hear nothing."""


class Ending(Protocol):
    """What a script knows of its end."""

    ending: str
    "Why it has come to an end; empty while it runs."


async def logged(
    run: Awaitable[bool],
    script: Ending,
    *,
    call: str,
    extension: str | None,
    name: str,
    told: Told = _nobody,
) -> bool:
    """Run a script, and log its start and its end; returns and raises what it does.

    `name` is its file, its URL without query, or what it is the answer to; `told` hears of both,
    too.
    """
    about = {**({"extension": extension} if extension else {}), "script": name}
    began = time.monotonic()
    log.info("script started", call=call, **about)
    told("script started", about)

    def ended(reason: str) -> dict[str, object]:
        passed = round((time.monotonic() - began) * 1000)
        said: dict[str, str | int] = {**about, "reason": reason, "milliseconds": passed}
        told("script ended", said)
        return {"call": call, **said}

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
