"""`voices`: the voices of this machine."""

from __future__ import annotations

import subprocess
import sys

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
