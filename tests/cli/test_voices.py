"""`voices`: the voices of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import run


def test_voices_are_listed_by_language() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "voices", "hu"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "espeak:" in done.stdout
    assert "hibari:" not in done.stdout


def test_a_language_that_no_voice_speaks_is_said() -> None:
    assert run("voices", "xx") == (0, "no voice speaks 'xx'\n", "")


def test_that_most_languages_have_no_voice_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, errors = run("voices", "de")
    assert (code, errors) == (0, "")
    last = out.splitlines()[-1]
    assert last == "the program espeak-ng, which speaks all languages but English, is not installed"
    assert "espeak:" not in out
