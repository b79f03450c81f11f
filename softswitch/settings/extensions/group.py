"""The settings of a group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.features import MailboxSettings
from softswitch.settings.values import Number, Seconds, Section, read_distinct


class GroupMember(Section):
    """A member of a group: its number alone, or a table."""

    number: Number
    delay: Annotated[float, Field(ge=0)] = 0.0
    "Seconds that the group rings before this member does; for strategy `all`."


def read_member(value: object) -> object:
    """A number stands for a member without keys of its own."""
    return {"number": value} if isinstance(value, str) else value


def read_members(members: tuple[GroupMember, ...]) -> tuple[GroupMember, ...]:
    """At least one member, none twice."""
    read_distinct(tuple(member.number for member in members))
    return members


Members = Annotated[
    tuple[Annotated[GroupMember, BeforeValidator(read_member)], ...], AfterValidator(read_members)
]
Strategy = Literal["all", "in-turn", "round-robin", "random", "least-recent"]


class GroupExtension(MailboxSettings, ExtensionSettings):
    """A number that rings other extensions."""

    type: Literal["group"]
    members: Members
    "Phones, and groups, which stand for their own members."
    strategy: Strategy = "all"
    """All at once, or one after the other: in the order of the list, beginning with the next member
    at each call, shuffled, or whose last conversation is the longest ago first."""
    ring_time: Seconds | None = None
    "Seconds that it rings, one after the other each member; without the key, `sip.ring_time`."
    skip_busy: bool = False
    "Whether members who talk, or ring already, are passed over."
    overflow: Number | None = None
    "The number that is rung when no member takes the call; the group must be allowed its route."

    ringback: Path | None = None
    """An audio file that callers hear again and again while it rings; without the key, the tone of
    their own phone."""

    @model_validator(mode="after")
    def _delays_go_with_all(self) -> Self:
        for member in self.members:
            if member.delay and self.strategy != "all":
                raise ValueError(f'expected strategy = "all" beside the delay of {member.number}')
        return self

    def named_sounds(self) -> dict[str, Path | None]:
        """What callers hear while it rings, and of its mailbox."""
        return {"ringback": self.ringback, "mailbox_greeting": self.mailbox_greeting}

    def named_extensions(self) -> tuple[str, tuple[str, ...]]:
        """The members."""
        return "members", tuple(member.number for member in self.members)

    def overflows(self) -> dict[str, str]:
        """The number that calls go on to, by its key."""
        return {} if self.overflow is None else {"overflow": self.overflow}
