"""[[routes]]: where dialled numbers go that are no extension."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from softswitch.settings.values import Number, Section


class RouteSettings(Section):
    """Where a dialled number goes when it is no extension."""

    number: Annotated[str, Field(min_length=1, max_length=64)]
    "The dialled number; `*` at its end stands for any rest, `?` for one character."
    to: Annotated[str, Field(pattern=r"^(trunk|extension):.+$")]
    """`trunk:NAME` or `extension:NUMBER`; `extension:*` is the one whose number remains. Several
    routes of a number are tried in turn when a trunk cannot be reached."""
    strip: Annotated[int, Field(ge=0)] = 0
    "Leading characters that are removed before dialling."
    prefix: str = ""
    "Put in front after that."
    extensions: tuple[Number, ...] = ()
    "The extensions that may use it; without the key, all."

    @field_validator("number")
    @classmethod
    def _star_at_the_end(cls, value: str) -> str:
        if "*" in value[:-1]:
            raise ValueError("expected * only at the end, for any rest; ? stands for one character")
        return value
