"""What is committed of the console is what its sources make, and it is small."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.system.console.built import BUILT, WEB, packages, run

FIRST_PAGE = 150_000
"Octets of all that the browser loads for the first page, compressed."


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.timeout(240)
def test_the_sources_make_what_is_committed(tmp_path: Path) -> None:
    packages()
    run("npx", "vite", "build", "--outDir", str(tmp_path / "built"), "--logLevel", "warn")
    anew, committed = contents(tmp_path / "built"), contents(BUILT)
    assert anew.keys() == committed.keys(), "make console builds it anew"
    assert not [name for name in anew if anew[name] != committed[name]], "make console builds anew"


@pytest.mark.timeout(240)
def test_the_types_of_the_sources_are_right() -> None:
    packages()
    run("npm", "run", "check")


def test_the_first_page_is_small() -> None:
    """The page itself, what it names, and what the first of the pages needs."""
    page = (BUILT / "index.html").read_text()
    first = set(re.findall(r"\./console/([\w.-]+)", page))
    first |= {file.name for file in (BUILT / "console").glob("Now-*")}
    scripts = [BUILT / "console" / name for name in first]
    first |= {
        name
        for script in scripts
        if script.name.startswith("Now-") and script.suffix == ".js"
        for name in re.findall(r"""from["']\./([\w.-]+)["']""", script.read_text())
    }
    files = [BUILT / "index.html", *(BUILT / "console" / name for name in first)]
    assert len(files) > 4
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < FIRST_PAGE


def test_no_source_loads_from_elsewhere() -> None:
    """Nothing is fetched from another host, and no text of a peer becomes markup."""
    for file in (WEB / "src").rglob("*"):
        if file.suffix in (".ts", ".svelte") and not file.name.endswith(".d.ts"):
            text = file.read_text()
            assert not re.search(r"""(?:fetch|import|src|href)\W{0,3}["'`]https?:""", text), file
            assert "{@html" not in text and "innerHTML" not in text, file
