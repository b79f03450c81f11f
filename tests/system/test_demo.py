"""`softswitch demo` as a user types it: what it draws, what it says, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path

import pytest

from tests.system.program import REPOSITORY

COMMAND = (sys.executable, "-m", "softswitch", "demo")


async def play(directory: Path, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "TMPDIR": str(directory),
            "COLUMNS": "80",
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


@pytest.mark.timeout(40)
async def test_two_phones_talk_and_leave_nothing_behind(tmp_path: Path) -> None:
    begin = time.monotonic()
    code, out, errors = await play(tmp_path, SOFTSWITCH_SIP__LISTEN="nonsense")
    assert (code, errors) == (0, ""), out
    assert time.monotonic() - begin < 15
    assert os.listdir(tmp_path) == []
    rows = [line for line in out.splitlines() if "│" in line]
    assert len({len(row) for row in rows}) == 1, "the columns stand"
    drawn = re.findall(r"[◀─═] ([A-Z0-9♪][^─═▶]*?) [─═▶]", out)
    assert [what for what in drawn if what[0] != "♪"] == [
        *("REGISTER", "401 Unauthorized", "REGISTER + digest", "200 OK") * 2,
        *("INVITE", "401 Unauthorized", "ACK", "INVITE + digest", "100 Trying"),
        *("INVITE", "100 Trying", "180 Ringing", "180 Ringing"),
        *("200 OK", "ACK", "200 OK", "ACK"),
        *("BYE", "200 OK", "BYE", "200 OK"),
    ]
    assert re.search(r"Anna 1000 +1000 Hz +(999\.9|1000\.0|1000\.1) Hz +(\d+) of \2 +0 ", out)
    assert re.search(r"Ben 1001 +440 Hz +(439\.9|440\.0|440\.1) Hz +(\d+) of \2 +0 ", out)
    assert "nothing was lost" in out


@pytest.mark.timeout(40)
async def test_a_phone_that_is_refused_makes_it_fail(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "from softswitch.demo import phone\n"
        "phone.answer = lambda *_, **__: None\n"  # challenges stay without an answer
    )
    path = os.pathsep.join((str(tmp_path), str(REPOSITORY)))
    code, out, errors = await play(tmp_path, PYTHONPATH=path)
    assert (code, errors) == (1, "")
    assert "✘ Anna could not register: 401 Unauthorized." in out
