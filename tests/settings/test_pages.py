"""What the pages of docs/ show as settings is right, but for what the reader has elsewhere."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

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


def test_the_pages_have_examples() -> None:
    assert sum(len(list(examples(page))) for page in PAGES) >= 30
