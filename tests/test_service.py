"""The service for systemd: a unit that systemd reads without a complaint, and that is shut in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = (Path(__file__).parents[1] / "config/softswitch.service").read_text()
EXPOSURE = "20"
"Tenths of the 10 that `systemd-analyze security` gives to a service that may do everything."
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as a file, with a program that is there."""
    file = tmp_path / "softswitch.service"
    file.write_text(UNIT.replace("/opt/softswitch/bin/softswitch", sys.executable))
    return file


def analyzed(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr + done.stdout


@needs_systemd
def test_systemd_reads_it_without_a_complaint(unit: Path) -> None:
    assert analyzed("verify", str(unit)) == (0, "")


@needs_systemd
def test_a_misspelt_line_would_be_seen(unit: Path) -> None:
    unit.write_text(UNIT.replace("ProtectSystem", "ProtektSystem"))
    assert "ProtektSystem" in analyzed("verify", str(unit))[1]


@needs_systemd
def test_it_is_shut_in(unit: Path) -> None:
    code, said = analyzed("security", "--offline=true", f"--threshold={EXPOSURE}", str(unit))
    assert code == 0, said


def test_it_says_what_a_break_in_could_not_do() -> None:
    lines = dict(line.split("=", 1) for line in UNIT.splitlines() if re.match(r"[A-Z]\w+=", line))
    assert lines["User"] == "softswitch"
    assert lines["NoNewPrivileges"] == "true"
    assert lines["ProtectSystem"] == "strict"
    assert lines["CapabilityBoundingSet"] == ""
