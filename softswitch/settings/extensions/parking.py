"""The settings of parking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Count, Number, Seconds


class ParkingExtension(ExtensionSettings):
    """A block of numbers where calls wait until somebody dials the number of their lot.

    The first number of the `range` is none of the lots: what is sent to it is parked in a free one.
    """

    type: Literal["parking"]
    return_after: Seconds = 60
    "Seconds after which who has parked a call is rung, again and again."
    per_party: Count = 10
    "Lots that one extension may take at a time: by parking, or by forwarding its calls here."
    from_outside: Annotated[int, Field(ge=0)] = 0
    "Lots that callers from outside may take at a time, all together, when nobody parks them."
    overflow: Number | None = None
    "The number that is rung when who has parked the call does not answer."
    music: Path | None = None
    "What the parked hear; without the key, `media.hold_music`."

    @model_validator(mode="after")
    def _lots(self) -> Self:
        if self.range is None or len(list(self.numbers())) < 2:
            raise ValueError('expected a range of at least two numbers, such as "700-709"')
        return self

    def overflows(self) -> dict[str, str]:
        """The number that calls go on to, by its key."""
        return {} if self.overflow is None else {"overflow": self.overflow}

    def named_sounds(self) -> dict[str, Path | None]:
        """The music."""
        return {"music": self.music}
