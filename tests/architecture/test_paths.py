"""The files that docstrings and documents name are there, by the names that they have now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("softswitch", "media", "tests", "benchmarks")
MODULES = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
PATHS = {f"/{file.relative_to(ROOT)}" for file in MODULES}
TEXTS = sorted([*MODULES, *(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
NAMED = re.compile(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*\.py)`")
EXAMPLES = {"settings/extensions/paging.py", "calls/kinds/paging.py"}
"Files that a reader is told to write."


def named(text: Path) -> Iterator[str]:
    """The files of Python that a text names, with or without their folders."""
    yield from NAMED.findall(text.read_text())


def test_the_files_that_are_named_are_there() -> None:
    missing = {
        (str(text.relative_to(ROOT)), name)
        for text in TEXTS
        for name in named(text)
        if name not in EXAMPLES and not any(path.endswith(f"/{name}") for path in PATHS)
    }
    assert not missing


def test_files_are_named_at_all() -> None:
    assert sum(len(list(named(text))) for text in TEXTS) > 100
