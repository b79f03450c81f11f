"""The command line as a whole: what it imports, and how it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

from softswitch.cli.main import PURPOSES
from softswitch.ozml.terminal import terminal
from tests.cli.commands import ROOT


def imported_with(module: str) -> set[str]:
    """All modules that a process has which imports this one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(done.stdout.split())


def test_help_names_every_purpose_of_a_script_and_imports_little() -> None:
    assert ", ".join(terminal.PURPOSES) == PURPOSES
    assert not {"numpy", "pydantic", "aiohttp", "sqlalchemy"} & imported_with("softswitch.cli.main")


def test_a_script_in_the_terminal_loads_no_database() -> None:
    modules = imported_with("softswitch.ozml.terminal.terminal")
    assert not {"alembic", "softswitch.store.store", "softswitch.store.database.engines"} & modules


def test_python_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SOFTSWITCH_SIP__DOMAIN": "no domain"},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("SOFTSWITCH_SIP__DOMAIN: sip.domain: expected a text that ")


def test_the_version_is_that_of_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "--version"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout == f"softswitch {version('softswitch')}\n"
    assert done.stderr == ""
