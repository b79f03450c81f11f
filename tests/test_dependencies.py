"""Every dependency of `pyproject.toml` has its line in `docs/dependencies.md`."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    wanted = itertools.chain.from_iterable(groups)
    names = {re.split(r"[\[<>=~; ]", entry)[0].lower() for entry in wanted}
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    explained = {name.strip().split(" ")[0] for row in rows for name in row.split(",")}
    assert names - explained == set()
