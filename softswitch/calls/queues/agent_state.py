"""One agent at the moment: rung, talking, wrapping up; shared by all queues of the agent."""

from __future__ import annotations

from enum import Enum


class AgentStatus(Enum):
    """What an agent does, as `/v1` shows it."""

    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    BUSY = "busy"
    "In a call that no queue has brought."
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    "No phone of the agent is registered."


class AgentState:
    """What queues have to do with one agent."""

    __slots__ = (
        "caller",
        "calls",
        "idle_since",
        "is_rung",
        "missed",
        "number",
        "queue",
        "rests_until",
        "wraps_up_until",
    )

    def __init__(self, number: str, now: float) -> None:
        """Times are of a clock that never goes back, in seconds."""
        self.number = number
        self.is_rung = False
        self.queue = ""
        "The queue whose caller the agent is rung for or talks to; empty without any."
        self.caller = ""
        "That caller's number."
        self.idle_since = now
        "When the agent last ended a call of a queue, or did not answer one."
        self.wraps_up_until = 0.0
        self.rests_until = 0.0
        "Until then it is left alone: it has not answered."
        self.missed = 0
        "Calls in a row that were not answered."
        self.calls = 0
        "Calls of queues that were answered since the switch started."

    @property
    def is_taken(self) -> bool:
        """Whether it is rung for a caller or talks to one."""
        return bool(self.queue)

    def is_ready(self, now: float) -> bool:
        """Whether nothing of its last call stands against the next one."""
        return not self.is_taken and now >= max(self.wraps_up_until, self.rests_until)

    def ring(self, queue: str, caller: str) -> None:
        """Keep it for a caller."""
        self.queue, self.caller, self.is_rung = queue, caller, True

    def talk(self) -> None:
        """Note that it has answered."""
        self.is_rung = False
        self.calls += 1
        self.missed = 0

    def let_go(self) -> None:
        """Note that it was not needed: another has answered, or the caller has gone."""
        self.queue = self.caller = ""
        self.is_rung = False

    def miss(self, now: float, rest: float) -> None:
        """Note that it has not answered, and leave it alone for `rest` seconds."""
        self.let_go()
        self.missed += 1
        self.idle_since, self.rests_until = now, now + rest

    def end(self, now: float, wrap_up: float) -> None:
        """Note that it talks to the caller no more, and has `wrap_up` seconds for its notes."""
        self.let_go()
        self.idle_since, self.wraps_up_until = now, now + wrap_up
