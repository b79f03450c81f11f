"""The process of the switch: more file descriptors, fewer collections of garbage."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress

YOUNG_OBJECTS = 20_000
"Allocations between two collections; what a call allocates is freed by counting references."


def raise_file_limit() -> None:
    """Take as many file descriptors as we may: each connection and each call needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spare_the_collector() -> None:
    """Leave what was made at the start out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
