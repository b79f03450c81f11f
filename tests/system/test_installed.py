"""The wheel: what is in it, and that it runs, installed in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.ports import free_port, media_ports
from tests.system.program import READY_SECONDS, REPOSITORY

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "config", "docs", "softswitch", "media")
"What `pip install .` needs of a clone."
NOT_SHIPPED = ("media/native/", "softswitch/console/web/")
"A distribution of its own, and what the console is made of."


def tracked(*folders: str) -> set[str]:
    """The files below folders of the repository that are, or may be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name for name in listed.split("\0") if name and (REPOSITORY / name).exists()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy: building leaves traces among the sources."""
    copy, made = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in tracked(*SOURCES):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, copy / name, follow_symlinks=False)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(made)]
    subprocess.run([*pip, str(copy)], check=True, cwd=made)
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `softswitch` of a fresh environment, whose libraries are those of the tests."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    python = place / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    (packages,) = place.glob("lib/python*/site-packages")
    # Its own packages are found before; what a .pth file of the tests' packages adds is not.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin/softswitch"


def environment(**more: str) -> dict[str, str]:
    """That of a user who knows nothing of the repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def run(command: Path, folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@contextmanager
def serving(command: Path, folder: Path, more: Mapping[str, str]) -> Iterator[list[str]]:
    """A switch in a folder, and the lines that it prints until it is ready."""
    with subprocess.Popen(
        [command, "serve"],
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=(folder.parent / "log.txt").open("w"),
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or not lines[-1].startswith("The console"):
                line = process.stdout.readline()
                assert line, (folder.parent / "log.txt").read_text()[-3000:]
                lines.append(line.rstrip("\n"))
            yield lines
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(READY_SECONDS)


def test_the_wheel_holds_every_file_of_the_rooms_and_no_other(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {name for name in tracked("softswitch", "media") if not name.startswith(NOT_SHIPPED)}
    assert names == expected
    assert {"hold.ogg", "softswitch.toml", "welcome.xml", "ozml.xsd", "defaults.toml"} <= {
        Path(name).name for name in names if name.startswith("softswitch/shipped/")
    }


def test_what_the_repository_keeps_elsewhere_is_in_the_wheel_as_a_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        shipped = content.read("softswitch/shipped/softswitch.toml")
    assert shipped == (REPOSITORY / "config/softswitch.toml").read_bytes()


@pytest.mark.timeout(90)
def test_it_starts_in_an_empty_folder_for_this_machine_alone(command: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert run(command, folder, "--version") == (0, f"softswitch {version('softswitch')}\n", "")
    sip, http, (first, last) = free_port(), free_port(), media_ports()
    ports = {
        "SOFTSWITCH_SIP__LISTEN": f'["udp:127.0.0.1:{sip}"]',
        "SOFTSWITCH_HTTP__LISTEN": f"127.0.0.1:{http}",
        "SOFTSWITCH_MEDIA__PORTS": f"{first}-{last}",
        "SOFTSWITCH_MEDIA__WORKERS": "1",
    }
    service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    service.bind(str(tmp_path / "notify"))
    service.settimeout(READY_SECONDS)
    more = {**ports, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with service, serving(command, folder, more) as lines:
        assert service.recv(100) == b"READY=1"
        printed = "\n".join(lines)
        assert lines[0].startswith("No config/softswitch.toml here")
        assert re.search(r"user 1000   password [a-z0-9]{4}(-[a-z0-9]{4}){3}\n", printed)
        password = re.search(r"HTTP: user admin   password (\S+)", printed)
        assert password is not None
        assert lines[-2].startswith("softswitch ready: ")
        console = lines[-1].rpartition(" ")[2]
        assert console == f"http://127.0.0.1:{http}/"
        with urllib.request.urlopen(console) as answer:
            assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
            page = answer.read().decode()
        (script,) = re.findall(r'<script [^>]*src="\./(console/[^"]+\.js)"', page)
        with urllib.request.urlopen(console + script) as answer:
            assert answer.headers.get_content_type() == "text/javascript"
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/healthz") as answer:
            assert answer.status == 200
        login = f"Username=admin&Password={password[1]}&command=ListExtensions"
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/api?{login}") as answer:
            assert "1001" in answer.read().decode()
    kept = folder / "data/passwords.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert password[1] in kept.read_text()


@pytest.mark.timeout(90)
def test_it_writes_settings_that_it_takes(command: Path, tmp_path: Path) -> None:
    code, out, errors = run(command, tmp_path, "init")
    assert (code, errors) == (0, "")
    assert "config/softswitch.toml" in out
    assert run(command, tmp_path, "check") == (0, "OK\n", "")
    script = run(command, tmp_path, "script", "config/scripts/welcome.xml", "--check")
    assert (script[0], script[2]) == (0, "")


@pytest.mark.timeout(90)
def test_two_phones_talk_through_what_is_installed(command: Path, tmp_path: Path) -> None:
    code, out, errors = run(command, tmp_path, "demo")
    assert (code, errors) == (0, ""), out
    assert "nothing was lost" in out
