"""Long work in a thread, beside which the event loop stays punctual."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MANY = 1000
"Entries from which on work is that long."
SWITCH_SECONDS = 0.0005
"Seconds that the thread keeps the interpreter at most while the loop waits for it."


class _Quiet:
    """How the interpreter was before the first of the works that are under way."""

    def __init__(self) -> None:
        self._under_way = 0
        self._interval = 0.0
        self._collects = False

    def begin(self) -> None:
        """Be quiet from now on."""
        self._under_way += 1
        if self._under_way == 1:
            self._interval, self._collects = sys.getswitchinterval(), gc.isenabled()
            sys.setswitchinterval(SWITCH_SECONDS)
            gc.disable()

    def end(self) -> None:
        """Be as before, unless other work goes on."""
        self._under_way -= 1
        if not self._under_way:
            gc.freeze()
            if self._collects:
                gc.enable()
            sys.setswitchinterval(self._interval)


_QUIET = _Quiet()


@asynccontextmanager
async def quietly(entries: int) -> AsyncIterator[None]:
    """For work on many entries: no collection of garbage, and the interpreter for the loop at once.

    What was made meanwhile is left out of later collections, as what was made at the start is: it
    stays, and a look through ten thousand extensions would stop all calls.
    """
    if entries < MANY:
        yield
        return
    _QUIET.begin()
    try:
        yield
    finally:
        _QUIET.end()
