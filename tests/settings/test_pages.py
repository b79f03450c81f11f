"""What the pages of docs/ show as settings is right, but for what the reader has elsewhere."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from softswitch.settings.load import ConfigurationError, load

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
ELSEWHERE = re.compile(
    r"expected (an extension|the name of a|a trunk by which|tls\.certificate and)|/run/secrets/"
)
"What is said where other extensions, trunks, certificates and secrets are not in the example."


def examples(page: Path) -> Iterator[str]:
    """The indented blocks of a page that are settings."""
    for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", page.read_text(), re.MULTILINE):
        text = textwrap.dedent(block).strip("\n")
        if re.match(r"\[+[a-z_.]+\]", text):
            yield text + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_in_a_page_are_right(page: Path, tmp_path: Path) -> None:
    for text in examples(page):
        file = tmp_path / "softswitch.toml"
        file.write_text(text)
        try:
            load(file)
        except ConfigurationError as error:
            wrong = [line for line in error.lines if not ELSEWHERE.search(line)]
            assert not wrong, text


SHIPPED = """
[[extensions]]
range = "1000-1001"
type = "phone"
[[extensions]]
number = "600"
type = "echo"
"""
"Who is there with the file that is shipped."


@pytest.mark.parametrize("name", ["dial-plan", "features", "paging", "pickup", "supervision"])
def test_a_page_names_all_that_its_examples_need(name: str, tmp_path: Path) -> None:
    """Its examples together, with the shipped extensions that they do not show themselves."""
    (page,) = (page for page in PAGES if page.stem == name)
    tables: dict[str, str] = {}
    for number, text in enumerate([SHIPPED, *examples(page)]):
        for table, content in tomllib.loads(text).items():
            entries = content if isinstance(content, list) else [content]
            for at, entry in enumerate(entries):
                for called, alone in _named(entry, f"{number}.{at}"):
                    head = f"[[{table}]]" if isinstance(content, list) else f"[{table}]"
                    lines = (f"{key} = {json.dumps(value)}" for key, value in alone.items())
                    tables[f"{table} {called}"] = "\n".join((head, *lines))
    file = tmp_path / "softswitch.toml"
    file.write_text("\n".join(tables.values()))
    load(file)


def _named(entry: dict[str, Any], else_called: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """An entry by its number or name; a range of phones as so many entries."""
    if entry.get("type") == "phone" and "range" in entry:
        first, last = map(int, entry["range"].split("-"))
        alone = {key: value for key, value in entry.items() if key != "range"}
        for number in map(str, range(first, last + 1)):
            yield number, {"number": number} | alone
    elif "to" in entry:  # several routes may be for one number
        yield else_called, entry
    else:
        yield entry.get("number") or entry.get("name") or else_called, entry


def test_the_pages_have_examples() -> None:
    assert sum(len(list(examples(page))) for page in PAGES) >= 30
