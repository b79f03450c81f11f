"""The settings of presence and lamps: [lamps]."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from softswitch.settings.values import Count, Section


class LampSettings(Section):
    """Subscriptions of phones: how long they last, how many there may be, what they tell."""

    min_expires: Count = 60
    "Shortest subscription in seconds; less is refused with 423."
    max_expires: Count = 600
    """Longest subscription in seconds; more is shortened. After a crash of the switch a lamp shows
    the truth again when its phone subscribes anew, so after as long at most."""
    pause: Annotated[float, Field(ge=0, le=60)] = 0.1
    "Seconds between two NOTIFYs of a subscription; what changes meanwhile is told at its end."
    per_watcher: Count = 300
    "Subscriptions that one extension may have at a time; then its oldest gives way."
    per_extension: Count = 500
    "Watchers that one extension may have at a time; more are answered 480."
    total: Count = 20_000
    "Subscriptions at a time; more are answered 480."
    show_callers: bool = True
    "Whether a lamp tells with whom its extension talks; private callers are never shown."
    unsolicited: bool = True
    "Whether phones hear of their messages that have not subscribed to them."

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_expires > self.max_expires:
            raise ValueError("expected min_expires <= max_expires")
        return self
