"""The settings of a queue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from softswitch.settings.dialplan.patterns import Numbers
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.extensions.group import read_member
from softswitch.settings.values import Count, Number, Seconds, Section, read_distinct

Text = Annotated[str, Field(min_length=1, max_length=500)]
NotNegative = Annotated[float, Field(ge=0)]


class QueueAgent(Section):
    """An agent of a queue: its number alone, or a table."""

    number: Number
    priority: Annotated[int, Field(ge=1, le=100)] = 1
    "Agents with a larger number are only rung while none with a smaller one is free."


def read_agents(agents: tuple[QueueAgent, ...]) -> tuple[QueueAgent, ...]:
    """No agent twice."""
    if agents:
        read_distinct(tuple(agent.number for agent in agents))
    return agents


AgentList = Annotated[
    tuple[Annotated[QueueAgent, BeforeValidator(read_member)], ...], AfterValidator(read_agents)
]


class QueueExtension(ExtensionSettings):
    """A number whose callers are answered, and wait with music until an agent is free."""

    type: Literal["queue"]
    agents: AgentList = ()
    "Phones that always belong to it."
    logins: tuple[Numbers, ...] = ()
    "Extensions that may log in and out by dialling: numbers, ranges and patterns."
    strategy: Literal["longest-idle", "all", "in-turn", "round-robin", "random", "fewest-calls"] = (
        "longest-idle"
    )
    "Which of the free agents rings for the caller who has waited longest."
    ring_time: Seconds = 15.0
    "Seconds that an agent's phone rings."
    retry: NotNegative = 5.0
    "Seconds for which an agent who has not answered is left alone."
    wrap_up: NotNegative = 0.0
    "Seconds after a call in which an agent gets no other."
    max_missed: Count | None = None
    "Calls in a row that an agent may not answer before being paused; without the key, any number."
    pause_reasons: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()
    "Reasons that agents choose for a pause by code: by their numbers, from 1."
    ring_busy: bool = False
    "Whether agents who are in calls of their own are rung too."
    music: Path | None = None
    "What callers hear; without the key, `media.hold_music`, and without that a ringing tone."
    greeting: Path | None = None
    "An audio file that each caller hears first."
    language: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    "Of the announcements, such as `de`; without the key, English."
    announce_position: bool = True
    "Whether callers are told their place in the queue."
    announce_position_limit: Annotated[int, Field(ge=2)] = 20
    "The last place that is told; those behind it hear that at least so many are before them."
    announce_wait: bool = True
    "Whether callers are told how long they are likely to wait, once that is known."
    announce_after: NotNegative = 10.0
    "Seconds before the first announcement …"
    announce_every: Seconds = 60.0
    "… and between two of them."
    whisper: Text | None = None
    "What an agent hears before the caller, spoken; `{caller}`, `{name}`, `{waited}` are replaced."
    whisper_file: Path | None = None
    "The same as an audio file."
    callback_key: Annotated[str, Field(pattern=r"^[0-9*#]$")] | None = None
    "The key with which a caller asks to be called back in turn; without it, nobody can."
    callback_tries: Count = 3
    "How often a caller who does not answer is called back …"
    callback_pause: Seconds = 300.0
    "… and the seconds between two tries."
    max_callers: Count | None = None
    "Callers that may wait; further ones go to `overflow`, or hear busy."
    max_wait: Seconds | None = None
    "Seconds after which a caller goes to `overflow`."
    without_agents: Literal["wait", "overflow"] = "wait"
    "What callers do while no agent is logged in: go to `overflow`, or hear that nobody is there."
    overflow: Number | None = None
    "Where callers go who may not wait, or no longer; the queue must be allowed its route."

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.whisper is not None and self.whisper_file is not None:
            raise ValueError("expected whisper or whisper_file, not both")
        if self.max_wait is not None and self.overflow is None:
            raise ValueError("expected overflow beside max_wait")
        if not self.agents and not self.logins:
            raise ValueError("expected agents or logins, at least one of them")
        return self

    def named_extensions(self) -> tuple[str, tuple[str, ...]]:
        """The agents."""
        return "agents", tuple(agent.number for agent in self.agents)

    def named_sounds(self) -> dict[str, Path | None]:
        """The music, the greeting, and what agents hear."""
        return {"music": self.music, "greeting": self.greeting, "whisper_file": self.whisper_file}

    def overflows(self) -> dict[str, str]:
        """The number that calls go on to, by its key."""
        return {} if self.overflow is None else {"overflow": self.overflow}
