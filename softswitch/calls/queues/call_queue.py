"""One queue: its callers in order, and what its last calls took."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from statistics import fmean

from softswitch.calls.queues.queued_caller import QueuedCaller

REMEMBERED = 20
"Calls whose lengths tell how long the next caller is likely to wait."


class CallQueue:
    """The callers of one number. Its settings are looked up when they are needed."""

    __slots__ = (
        "_lengths",
        "abandoned",
        "answered",
        "callers",
        "is_gone",
        "last_rung",
        "members",
        "number",
        "overflow",
    )

    def __init__(self, number: str) -> None:
        self.number = number
        self.callers: list[QueuedCaller] = []
        "Who has waited longest comes first; those who will be called back keep their place."
        self.members: Sequence[str] = ()
        "The agents who were logged in when last somebody looked, in order."
        self.last_rung = ""
        "The agent that was rung last."
        self.answered = 0
        "Callers who were connected since the switch started."
        self.overflow: str | None = None
        "Where its callers go when it is removed, as its settings have last said."
        self.is_gone = False
        "Whether it was removed: who is still on the line is sent on or released."
        self.abandoned = 0
        "Callers who hung up before."
        self._lengths: deque[float] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        return len(self.callers)

    def position(self, caller: QueuedCaller) -> int:
        """The place of a caller, from 1."""
        return self.callers.index(caller) + 1

    def next_callers(self) -> Iterator[QueuedCaller]:
        """Those for whom an agent is wanted now, in order."""
        return (caller for caller in self.callers if caller.wants_agent)

    def took(self, seconds: float) -> None:
        """Note how long an agent had to do with a caller."""
        self._lengths.append(seconds)

    def likely_wait(self, position: int) -> float | None:
        """Seconds that the caller at a position will wait; None while nothing is known of it."""
        if not self._lengths or not self.members:
            return None
        return position * fmean(self._lengths) / len(self.members)
