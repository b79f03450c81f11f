"""What the settings of a phone say about the file that it fetches to configure itself."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from softswitch.settings.values import Number, Section, read_line


def read_mac(value: str) -> str:
    """Twelve hexadecimal digits in lower case, however they were separated. Raises ValueError."""
    digits = re.sub(r"[:.-]", "", value).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"expected twelve hexadecimal digits, not {value!r}")
    return digits


class PhoneKey(Section):
    """A key of the phone with a lamp or a label beside it."""

    type: Literal["blf", "speed-dial"] = "blf"
    "`blf` shows by its lamp what an extension does, and calls it; `speed-dial` only calls."
    number: Number
    label: Annotated[str, Field(max_length=64), AfterValidator(read_line)] = ""
    "What stands beside the key; without it, the name of the extension, else the number."


class ProvisionedPhone(Section):
    """The phone on the desk, as far as its file depends on it."""

    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] | None = None
    """The maker of the phone (`yealink`, `grandstream`, `snom`, `fanvil`, `cisco-spa`, `linphone`,
    `zoiper`), or the name of a template of one's own; without the key, the name of the file that
    is asked for says it."""
    mac: Annotated[str, AfterValidator(read_mac)] | None = None
    "The hardware address; with it, files for another address are not given out."
    keys: Annotated[tuple[PhoneKey, ...], Field(max_length=64)] = ()
    'Keys with lamps: `keys = [{ type = "blf", number = "1001" }]`.'
    lamp_list: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """One of `[[lamp_lists]]`: the phone subscribes to it once, instead of to each extension that
    has a lamp; for phones of Yealink and Grandstream."""
