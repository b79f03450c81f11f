"""What the inbox of a call takes beside the events of its legs: timers, commands, work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from softswitch.calls.endings.endings import CannotNow, EndedBy


@dataclass(frozen=True, slots=True)
class RingTimeout:
    """The phones have rung for long enough."""

    phones: object
    "The `Forks` that are meant: a call that was forwarded rings anew."


@dataclass(frozen=True, slots=True)
class PhonesBack:
    """The phones that a call waits for have connected again, or the time for it is over."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Ring somebody else instead."""

    number: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """Somebody outside the call's task wants the call to end."""

    by: EndedBy
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Work that only the call's own task may do, because it reads the inbox; see `Call.ask`."""

    do: Callable[[], Coroutine[Any, Any, None]]
    done: asyncio.Future[None]

    def __post_init__(self) -> None:
        # Its requester may have been cancelled, or never have waited: asyncio would complain.
        self.done.add_done_callback(_was_heard)

    def refuse(self, sentence: str) -> None:
        """Say that it cannot be done now; the requester gets CannotNow."""
        if not self.done.done():
            self.done.set_exception(CannotNow(sentence))


def _was_heard(done: asyncio.Future[None]) -> None:
    if not done.cancelled():
        done.exception()


class CallGone(Exception):
    """The call ended before the work that was asked for was done."""
