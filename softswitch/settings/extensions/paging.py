"""The settings of paging."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Number, Seconds, read_distinct


class PagingExtension(ExtensionSettings):
    """A number whose caller speaks to many phones, which answer by themselves."""

    type: Literal["paging"]
    members: Annotated[
        tuple[Number, ...], Field(min_length=1, max_length=200), AfterValidator(read_distinct)
    ]
    "Phones that hear it, unless they are busy or do not want to be disturbed."
    callers: tuple[Number, ...] | None = None
    "The extensions that may page; without the key, all."
    longest: Seconds = 120
    "Seconds after which a page ends."

    def named_extensions(self) -> tuple[str, tuple[str, ...]]:
        """The members."""
        return "members", self.members
