"""What a port has begun, as futures: sounds that are played, and recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from media.control.session import Request
from media.control.sound import ChangeSide, PauseRecording, StopRecording


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one sound."""

    milliseconds: int
    "How much of it was really sent."
    why: str
    "`finished`, `stopped`, `time` (its longest), `error`."
    error: str = ""


class Playing:
    """A sound that was begun, or waits for its turn."""

    def __init__(self, stop: Callable[[], None], *, endless: bool = False) -> None:
        self._stop = stop
        self.endless = endless
        "Whether it lasts until it is stopped."
        self.done: asyncio.Future[Played] = asyncio.get_running_loop().create_future()
        "What became of it; never an exception."

    def stop(self) -> None:
        """End it at once; `done` then says how much was sent."""
        if not self.done.done():
            self._stop()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording whose file is closed."""

    path: str
    seconds: float
    why: str
    "`stopped`, `longest duration`, `silence`, `hangup`, `failed`."
    error: str = ""


class OneLeg(Protocol):
    """A port, as far as a recording knows it."""

    @property
    def leg(self) -> int:
        """The number of its leg at the worker."""


class RecordingInProgress:
    """A recording that goes on."""

    def __init__(self, path: str, tell: Callable[[Request], None], number: int) -> None:
        self.path = path
        self._tell, self._number = tell, number
        loop = asyncio.get_running_loop()
        self._clock, self._began = loop.time, loop.time()
        self.done: asyncio.Future[Recorded] = loop.create_future()
        "Set when the file is closed; never an exception."

    def lose(self, why: str) -> None:
        """Nobody can tell of its file any more, which has what was said until about now."""
        if not self.done.done():
            seconds = self._clock() - self._began
            self.done.set_result(Recorded(self.path, seconds, "failed", why))

    def stop(self) -> None:
        """End it with what was said up to now."""
        self._tell(StopRecording(number=self._number))

    def hear_instead(self, side: int, port: OneLeg | None) -> None:
        """Let another port of its worker be its first (0) or its other side (1); None is silence.

        It ends when both are closed or silence.
        """
        leg = None if port is None else port.leg
        self._tell(ChangeSide(number=self._number, side=side, leg=leg))

    def pause(self, paused: bool) -> None:
        """Leave out what is said, or go on."""
        self._tell(PauseRecording(number=self._number, paused=paused))
