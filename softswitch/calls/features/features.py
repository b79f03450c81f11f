"""The features of an extension: values, and what the settings and later changes make of them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.features import FeatureSettings


class Condition(Enum):
    """When calls to an extension are forwarded; the value is the name of its feature."""

    ALWAYS = "forward_always"
    BUSY = "forward_busy"
    NO_ANSWER = "forward_no_answer"
    NOT_REGISTERED = "forward_not_registered"


class ForwardTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls are forwarded under one condition."""

    number: Annotated[
        str, Meta(max_length=64, description="The number; empty when none was ever given.")
    ] = ""
    on: Annotated[bool, Meta(description="Whether it counts; the number is kept otherwise.")] = True

    @property
    def target(self) -> str:
        """The number that counts now; empty for none."""
        return self.number if self.on else ""


NOWHERE = ForwardTo(on=False)


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """The features that hold for an extension."""

    forward_always: ForwardTo = NOWHERE
    forward_busy: ForwardTo = NOWHERE
    forward_no_answer: ForwardTo = NOWHERE
    forward_not_registered: ForwardTo = NOWHERE
    forward_after: float = 20.0
    "Seconds of ringing before a call counts as not answered, where it is forwarded then."
    do_not_disturb: bool = False
    max_calls: int = 0
    "Calls at a time; further callers hear busy. 0 is no bound, 1 is no call waiting."
    speed_dials: dict[str, str] = msgspec.field(default_factory=dict)
    "Numbers by the digits that are dialled for them."

    def forward(self, condition: Condition) -> ForwardTo:
        """Where calls go under a condition."""
        found: ForwardTo = getattr(self, condition.value)
        return found


class ChosenFeatures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was changed while running; None for what the settings say."""

    forward_always: ForwardTo | None = None
    forward_busy: ForwardTo | None = None
    forward_no_answer: ForwardTo | None = None
    forward_not_registered: ForwardTo | None = None
    forward_after: float | None = None
    do_not_disturb: bool | None = None
    max_calls: int | None = None
    speed_dials: dict[str, str] | None = None

    def on(self, settings: ExtensionSettings) -> Features:
        """What holds for an extension with these settings."""
        given = of_settings(settings)
        fields = msgspec.structs.asdict(self).items()
        chosen = {name: value for name, value in fields if value is not None}
        return msgspec.structs.replace(given, **chosen) if chosen else given


def of_settings(settings: ExtensionSettings) -> Features:
    """The features that the settings give an extension; none for a kind without phones."""
    if not isinstance(settings, FeatureSettings):
        return Features()
    forwards = {
        condition.value: ForwardTo(number=number)
        for condition in Condition
        if (number := getattr(settings, condition.value)) is not None
    }
    return Features(
        **forwards,
        forward_after=settings.forward_after,
        do_not_disturb=settings.do_not_disturb,
        max_calls=settings.max_calls or 0,
        speed_dials=dict(settings.speed_dials),
    )
