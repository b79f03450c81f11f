"""SIGHUP: sent by somebody it renews certificates, sent by a closed terminal it ends the switch."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from pathlib import Path

import pytest

from tests.system.program import REPOSITORY, Program, until


@pytest.mark.timeout(90)
async def test_a_terminal_that_is_closed_ends_the_switch_and_a_signal_does_not(
    tmp_path: Path,
) -> None:
    program = Program(tmp_path, "")
    program.write_settings()
    ours, theirs = pty.openpty()
    with program.log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "softswitch", "serve", "--config", str(program.settings_file)),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=theirs,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        )
    os.close(theirs)
    try:
        await until(lambda: "softswitch ready" in program.log(), 30)
        process.send_signal(signal.SIGHUP)
        await until(lambda: "settings: reload" in program.log())
        assert process.returncode is None
        os.close(ours)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "draining" in program.log()
