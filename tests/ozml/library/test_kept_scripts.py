"""The folder of scripts: whole files, every version, and what an editor has left there."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.ozml.library import kept_scripts
from softswitch.ozml.library.guide import examples
from softswitch.ozml.library.kept_scripts import NoSuchScript, ScriptLibrary

OLD, NEW = b"<Response/>", b"<Response><Beep/></Response>"


@pytest.fixture
def library(tmp_path: Path) -> ScriptLibrary:
    return ScriptLibrary(tmp_path / "scripts")


def test_each_change_is_a_version_that_stays(library: ScriptLibrary) -> None:
    first = library.keep("menu", OLD, "eva")
    second = library.keep("menu", NEW, "bob")
    assert first.etag != second.etag
    assert second.path.read_bytes() == NEW
    assert [(each.number, each.changed_by) for each in library.versions("menu")] == [
        (2, "bob"), (1, "eva"),
    ]  # fmt: skip
    assert library.version_source("menu", 1) == OLD
    again = ScriptLibrary(library.root)
    assert again.read("menu") == second
    assert again.names() == ["menu"]
    library.remove("menu")
    assert again.names() == []
    assert len(again.versions("menu")) == 2
    third = again.keep("menu", OLD, "eva")
    assert (third.version.number, third.etag != first.etag) == (3, True)


def test_what_an_editor_has_written_is_kept_before_it_is_replaced(library: ScriptLibrary) -> None:
    library.root.mkdir(parents=True)
    (library.root / "menu.xml").write_bytes(OLD)
    found = library.read("menu")
    assert (found.version.number, found.version.changed_by) == (0, "")
    assert library.versions("menu") == []
    library.keep("menu", NEW, "eva")
    assert library.version_source("menu", 1) == OLD
    (library.root / "menu.xml").write_bytes(b"<Response>by hand</Response>")
    assert library.read("menu").version.changed_by == ""
    library.remove("menu")
    assert [each.changed_by for each in library.versions("menu")] == ["", "eva", ""]


def test_only_the_newest_versions_are_kept(
    library: ScriptLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_scripts, "MOST_VERSIONS", 3)
    for number in range(6):
        library.keep("menu", f"<Response>{number}</Response>".encode(), "eva")
    assert [each.number for each in library.versions("menu")] == [6, 5, 4]
    assert len(list((library.root / "versions" / "menu").iterdir())) == 6
    with pytest.raises(NoSuchScript):
        library.version_source("menu", 1)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../menu", "a/b", "/etc/passwd", "a.xml", "a\0", "a\n", "-a", "ä", "x" * 65,
     "check", "language", "simulate", "..%2f"],
)  # fmt: skip
def test_no_name_is_a_path(library: ScriptLibrary, name: str) -> None:
    for work in (
        lambda: library.keep(name, OLD, "eva"),
        lambda: library.read(name),
        lambda: library.remove(name),
        lambda: library.versions(name),
        lambda: library.version_source(name, 1),
    ):
        with pytest.raises(NoSuchScript):
            work()
    assert not library.root.exists()


def test_half_a_file_is_never_a_script(
    library: ScriptLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.keep("menu", OLD, "eva")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        library.keep("menu", NEW, "eva")
    monkeypatch.undo()
    assert library.read("menu").source == OLD
    assert library.keep("menu", NEW, "eva").version.number == 2


def test_the_guide_has_examples() -> None:
    found = list(examples())
    assert len(found) >= 6
    assert found[0].title == "The first script"
    assert all(each.text.startswith("<Response") for each in found)
    assert len({each.title for each in found}) == len(found)
