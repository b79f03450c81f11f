"""The examples of the guide to scripts, as an editor offers them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from softswitch.shipped.files import FOLDER

GUIDE = FOLDER / "scripts.md"
_PARTS = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```xml\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ScriptExample:
    """A script of the guide."""

    title: str
    "The heading above it; of a second one below the same heading with a number."
    text: str


def examples() -> Iterator[ScriptExample]:
    """All whole scripts of the guide, in its order; reads the file."""
    heading, count = "", 0
    for part in _PARTS.finditer(GUIDE.read_text(encoding="utf-8")):
        if part["heading"] is not None:
            heading, count = part["heading"], 0
        elif part["script"].lstrip().startswith("<Response"):
            count += 1
            yield ScriptExample(heading if count == 1 else f"{heading} {count}", part["script"])
