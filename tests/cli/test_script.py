"""`script`: exit codes, and what the terminal shows."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.commands import ROOT, run


def test_a_sound_that_detect_does_not_know_is_exit_code_2(tmp_path: Path) -> None:
    script = tmp_path / "detect.xml"
    script.write_text("<Response><Detect For='tones'/><Speak>$heard</Speak></Response>")
    code, out, _ = run("script", str(script), "--keys", "", "--hears", " beep,")
    assert (code, "“beep”" in out) == (0, True)
    code, out, err = run("script", str(script), "--hears", "beep,thunder")
    assert (code, out) == (2, "")
    assert "--hears cannot be 'thunder', expected some of beep, busy, ced" in err


def test_a_script_whose_caller_types_nothing_more_is_hung_up() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "softswitch", "script", "config/scripts/welcome.xml"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        timeout=30,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "· answered"
    assert lines[-2:] == [
        "· the caller hangs up",
        "· the script has ended and the call is hung up",
    ]
    assert len(lines) == 5


def test_ctrl_c_ends_a_script_at_once() -> None:
    child, terminal = pty.fork()
    if child == 0:
        signal.alarm(30)  # outlives exec, so that a script that does not end fails the test
        os.chdir(ROOT)
        arguments = ["-m", "softswitch", "script", "config/scripts/welcome.xml"]
        os.execv(sys.executable, [sys.executable, *arguments])
    output = b""
    while b"Enter for none" not in output:
        output += os.read(terminal, 4096)
    # Python misses a signal that comes while it begins to wait for input: people press again, too.
    ended = 0
    for turn in range(250):
        if turn % 50 == 0:
            os.write(terminal, b"\x03")
        time.sleep(0.1)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
    assert ended
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"Traceback" not in output + os.read(terminal, 65536)
    os.close(terminal)


def test_a_failed_command_is_shown_once_and_not_logged(tmp_path: Path) -> None:
    script = tmp_path / "gone.xml"
    script.write_text("<Response><Play>gone.wav</Play></Response>")
    code, out, err = run("script", str(script))
    assert (code, err) == (0, "")
    assert out.count("gone.wav") == 1
    assert "command failed" not in out


def test_a_key_that_no_phone_has_is_exit_code_2(tmp_path: Path) -> None:
    script = tmp_path / "menu.xml"
    script.write_text("<Response><UserInput/></Response>")
    code, out, err = run("script", str(script), "--keys", "1x")
    assert (code, out) == (2, "")
    assert "--keys cannot hold 'x', expected keys out of 0-9 * # A-D" in err


def test_answers_to_notifications_are_checked_for_what_they_are(tmp_path: Path) -> None:
    route, hold = tmp_path / "route.xml", tmp_path / "hold.xml"
    route.write_text("<Response><Route>1000</Route></Response>")
    hold.write_text("<Response><Hold/></Response>")
    assert run("script", str(route), "--check", "--for", "RoutingInterception")[0] == 0
    assert run("script", str(hold), "--check", "--for", "callchanged") == (0, "OK\n", "")
    assert run("script", str(hold), "--check", "--for", "RoutingInterception")[0] == 2
    assert run("script", str(hold), "--check")[0] == 2
    code, _, err = run("script", str(hold), "--for", "callchanged")
    assert (code, "needs --check" in err) == (2, True)
    code, _, err = run("script", str(hold), "--check", "--for", "music")
    assert (code, "expected one of script, CallChanged" in err) == (2, True)
