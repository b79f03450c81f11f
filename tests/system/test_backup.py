"""A running switch is copied under calls, and another day it is what it was."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.postgresql import mappings
from tests.system.peer import Peer, peers, status
from tests.system.program import REPOSITORY, Program, running, until
from tests.system.voices import Voice

SETTINGS = """
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
[[extensions]]
number = "600"
type = "echo"
[voicemail]
folder = "{folder}/voicemails"
"""
BIG = 200_000_000
"Octets of a recording: enough that a command is still at it when it is ended."


@asynccontextmanager
async def calling(caller: Peer) -> AsyncIterator[list[str]]:
    """Call the echo time and again; the list grows by one with each call that has ended."""
    done: list[str] = []

    async def call() -> None:
        while True:
            voice = Voice()
            await voice.open()
            invite = await caller.invite("600", voice.describe())
            answer = await caller.answer_to(invite)
            assert status(answer) == 200
            await caller.established(invite, answer).hang_up()
            await voice.close()
            done.append("a call")

    task = asyncio.create_task(call())
    try:
        yield done
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ended_at(program: Program, sign: Path, *words: str) -> None:
    """Start a command and end it as a crash does, when a file has something in it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "softswitch", *words, "--config", str(program.settings_file),
        cwd=program.directory, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await until(lambda: bool(list(sign.parent.glob(sign.name))) or process.returncode is not None)
    assert process.returncode is None, "it was too fast to be ended"
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


def found(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def records(program: Program) -> int:
    (row,) = mappings(program.database_url, "SELECT count(*) AS n FROM calls")
    return int(row["n"])


@pytest.mark.timeout(180)
async def test_a_switch_is_copied_under_calls_and_brought_back(tmp_path: Path) -> None:
    file, settings = tmp_path / "all.tar", SETTINGS.replace("{folder}", str(tmp_path))
    async with running(tmp_path, settings) as program:
        message = tmp_path / "voicemails/1000/new/a.wav"
        message.parent.mkdir(parents=True)
        message.write_bytes(b"a message")
        (tmp_path / "recordings").mkdir(exist_ok=True)
        with (tmp_path / "recordings/long.wav").open("wb") as recording:
            recording.truncate(BIG)
        async with peers(program, "1000") as (caller,), calling(caller) as done:
            await until(lambda: len(done) >= 3)
            await ended_at(
                program, tmp_path / "all.tar.partial", "backup", str(file), "--recordings"
            )
            assert not file.exists()
            before = len(done)
            code, told = await program.terminal("backup", str(file), "--recordings")
            assert (code, "recordings 1" in told) == (0, True), told
            during = len(done)
            await until(lambda: len(done) >= during + 3)
            code, told = await program.terminal("restore", str(file), "--force")
            assert (code, "the switch runs" in told) == (1, True), told
        made = len(done)
    assert found(tmp_path, "all.tar*") == [file]
    with tarfile.open(file) as tar:
        assert "voicemails/1000/new/a.wav" in tar.getnames()
    message.unlink()
    assert records(program) >= made
    await ended_at(program, tmp_path / "recordings.restoring*", "restore", str(file), "--force")
    assert records(program) >= made, "nothing was replaced before all was unpacked"
    code, told = await program.terminal("restore", str(file), "--force")
    assert code == 0, told
    assert message.read_bytes() == b"a message"
    assert not found(tmp_path, "**/*.restoring")
    assert before <= records(program) <= during + 1
    async with running(tmp_path, settings, **again(program)) as program:
        assert "damage" not in program.log()
        async with peers(program, "1000") as (caller,), calling(caller) as done:
            await until(lambda: len(done) >= 1)
        code, told = await program.terminal("history")
        assert (code, "1000" in told, "600" in told) == (0, True, True)


def again(program: Program) -> dict[str, object]:
    """The same switch once more."""
    return {
        "sip_port": program.sip_port,
        "http_port": program.http_port,
        "media_ports": program.media_ports,
        "database": program.database_url,
    }
