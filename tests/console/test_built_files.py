"""The built files of the console: what is served, and nothing else of the folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from softswitch.console.built_files import ASSETS, INDEX, BuiltFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ASSETS).mkdir()
    (tmp_path / INDEX).write_text("<!doctype html>" + "x" * 1_000)
    (tmp_path / ASSETS / "index-1.js").write_text("start()" * 200)
    (tmp_path / ASSETS / "small.css").write_text("a{}")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / ASSETS / "link.js").symlink_to(tmp_path / "secret.txt")
    return tmp_path


def test_what_is_in_the_folder_is_read_with_its_type_and_tag(folder: Path) -> None:
    files = BuiltFiles(folder)
    script = files.get("index-1.js")
    assert (script.content_type, files.get(INDEX).content_type) == ("text/javascript", "text/html")
    assert script.gzipped is not None and gzip.decompress(script.gzipped) == script.content
    assert files.get("small.css").gzipped is None
    assert script.tag != files.get(INDEX).tag
    (folder / ASSETS / "index-1.js").write_text("end()")
    assert BuiltFiles(folder).get("index-1.js").tag != script.tag


@pytest.mark.parametrize(
    "name", ["secret.txt", "../secret.txt", "link.js", "console/index-1.js", "", ".", "index-2.js"]
)
def test_nothing_else_is_served(folder: Path, name: str) -> None:
    files = BuiltFiles(folder)
    assert name not in files
    with pytest.raises(KeyError):
        files.get(name)


def test_the_switch_comes_with_its_console() -> None:
    files = BuiltFiles()
    page = files.get(INDEX).content.decode()
    for name in (part.split('"')[0] for part in page.split(f"./{ASSETS}/")[1:]):
        assert name in files
    assert "<script>" not in page and "<style" not in page and "http" not in page
