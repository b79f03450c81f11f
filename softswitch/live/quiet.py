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


@asynccontextmanager
async def quietly(entries: int) -> AsyncIterator[None]:
    """For work on many entries: no collection of garbage, and the interpreter for the loop at once.

    What was made meanwhile is left out of later collections, as what was made at the start is: it
    stays, and a look through ten thousand extensions would stop all calls.
    """
    if entries < MANY:
        yield
        return
    interval, collects = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
        sys.setswitchinterval(interval)
