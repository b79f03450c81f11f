"""Commands are imported when they run, and `--help` names them all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from softswitch.cli.main import app
from softswitch.cli.start.lazy import COMMANDS
from tests.cli.commands import run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_found_and_described_by_its_own_first_sentence(name: str) -> None:
    code, told, _ = run(name, "--help")
    assert code == 0
    words = " ".join(told.split())
    assert COMMANDS[name].sentence.removesuffix(".") in words, "the sentence of --help is its own"
    assert f"Usage: root {name} " in words


def test_help_lists_every_command() -> None:
    code, told, _ = run("--help")
    assert code == 0
    listed = {line.split()[0] for line in told.split("Commands:")[1].splitlines() if line.strip()}
    group = get_command(app)
    assert {*COMMANDS, "serve", "check", "demo", "script"} <= listed
    assert group.name is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("history", "--limit", "x"), "expected a whole number from 1 to 1000, not 'x'"),
        (("history", "--limit", "0"), "expected a whole number from 1 to 1000, not '0'"),
        (("history", "--limit", "-5"), "expected a whole number from 1 to 1000, not '-5'"),
        (("certificate", "--days", "0"), "expected a whole number of 1 or more, not '0'"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("bans", "--frobnicate"), "No such option: --frobnicate"),
        (("prompts", "upload"), "Missing argument 'name'"),
    ],
)
def test_wrong_words_are_told(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


def complete(line: str) -> list[str]:
    """What the shell is told where TAB is pressed behind a line."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    told = CliRunner().invoke(
        app, env={"_SOFTSWITCH_COMPLETE": "complete_bash", **words}, prog_name="softswitch"
    )
    return told.stdout.split()


def test_the_shell_completes_commands_below_commands_and_options() -> None:
    assert complete("softswitch ba") == ["backup", "bans"]
    assert complete("softswitch bans l") == ["list", "lift"]
    assert "--all" in complete("softswitch bans lift --")
    assert complete("softswitch --vers") == ["--version"]
