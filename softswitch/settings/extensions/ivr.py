"""The settings of an IVR extension."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.values import Url


class IvrExtension(ExtensionSettings):
    """A number that is answered by an OzML script."""

    type: Literal["ivr"]
    script: Path | None = None
    "A script on disk,"
    url: Url | None = None
    "or one that is fetched for every call."

    @model_validator(mode="after")
    def _script_or_url(self) -> Self:
        if (self.script is None) == (self.url is None):
            raise ValueError("expected script or url, one of them")
        return self

    def named_scripts(self) -> dict[str, Path | None]:
        """The script on disk."""
        return {"script": self.script}
