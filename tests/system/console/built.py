"""Node's packages of the console's sources, for the tests that build and judge it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

CONSOLE = Path(__file__).parents[3] / "softswitch" / "console"
WEB = CONSOLE / "web"
BUILT = CONSOLE / "built"


@cache
def packages() -> Path:
    """The folder of the packages, installed anew when the list of them is newer.

    Several processes run tests; one of them installs.
    """
    if shutil.which("npm") is None:
        pytest.fail("npm is not installed (package npm)")
    folder = WEB / "node_modules"
    with (WEB / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, wanted = folder / ".package-lock.json", WEB / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
            run("npm", "ci", "--no-audit", "--no-fund")
    return folder


def run(*command: str) -> str:
    """What a command prints in the folder of the sources; it must succeed."""
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout
