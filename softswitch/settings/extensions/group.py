"""The settings of a group."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Number, Seconds, read_distinct


class GroupExtension(ExtensionSettings):
    """A number that rings other extensions."""

    type: Literal["group"]
    members: Annotated[tuple[Number, ...], AfterValidator(read_distinct)]
    strategy: Literal["all", "in-turn"] = "all"
    ring_time: Seconds | None = None
    "Seconds that it rings, for `in-turn` each member; without the key, `sip.ring_time`."

    def named_extensions(self) -> tuple[str, tuple[str, ...]]:
        """The members."""
        return "members", self.members
