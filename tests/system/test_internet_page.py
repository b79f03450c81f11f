"""docs/security.md, done word by word on loopback: certificate, settings, start, phones, a look.

Only names, addresses, ports and folders are others than on the page.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.ports import free_port, media_ports
from tests.system.debian_baresip import debian_baresip
from tests.system.program import REPOSITORY

PAGE = (REPOSITORY / "docs" / "security.md").read_text()
SUITES = ("AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")
NO_RINGING = "ringback_disabled yes"
"The tone takes the only sound device that a phone without a headset has here."
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]


def section(title: str) -> list[str]:
    """The indented lines below a headline of the page."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return re.findall(r"^    (.*)$", found[1], re.MULTILINE)


class Follower:
    """Does what the page says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sip, self.web, self.http = free_port(), free_port(), free_port()
        first, last = media_ports(0, 2)
        self._other = {
            "/etc/letsencrypt/live/pbx.example.org/fullchain.pem": "config/tls/server.pem",
            "/etc/letsencrypt/live/pbx.example.org/privkey.pem": "config/tls/server.key",
            "/etc/ssl/certs/ca-certificates.crt": str(folder / "config/tls/ca.pem"),
            "20000-20999": f"{first}-{last}",
            "0.0.0.0:5061": f"127.0.0.1:{self.sip}",
            "0.0.0.0:8089": f"127.0.0.1:{self.web}",
            "pbx.example.org:5061": f"127.0.0.1:{self.sip}",
            "@pbx.example.org;": f"@127.0.0.1:{self.sip};",
            "127.0.0.1:9509": f"127.0.0.1:{self.http}",
            "203.0.113.5": "127.0.0.1",
        }

    def here(self, text: str) -> str:
        """The same with what is ours."""
        for there, ours in self._other.items():
            text = text.replace(there, ours)
        return text

    async def start(self, command: str) -> asyncio.subprocess.Process:
        """Begin a command of the page."""
        words = shlex.split(self.here(command), comments=True)
        if words[0] == "softswitch":
            words[:1] = [sys.executable, "-m", "softswitch"]
        return await asyncio.create_subprocess_exec(
            *words,
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def does(self, command: str) -> tuple[int | None, str]:
        """Exit code and output of a command of the page."""
        process = await self.start(command)
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
        return process.returncode, output.decode()

    def password(self, kind: str, name: str) -> str:
        """A random one, from the file that the page names."""
        (named,) = set(re.findall(r"`(data/passwords\.json)`", PAGE))
        file = self.folder / named
        assert file.stat().st_mode & 0o077 == 0
        return str(json.loads(file.read_text())[kind][name])

    async def calls(self) -> list[dict[str, Any]]:
        """The calls now, as the page asks for them."""
        login = aiohttp.encode_basic_auth("admin", self.password("http", "admin"))
        url = f"http://127.0.0.1:{self.http}/v1/calls"
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers={"Authorization": login}) as answer,
        ):
            return list((await answer.json())["calls"])


@asynccontextmanager
async def followed(folder: Path) -> AsyncIterator[Follower]:
    """The switch that the page leads to."""
    follower = Follower(folder)
    (folder / "config").mkdir()
    (certificate,) = section("Certificate")
    code, said = await follower.does(certificate)
    assert code == 0, said
    lines = section("Settings")
    check, serve = lines[-2:]
    settings = follower.here("\n".join(lines[:-2]))
    assert "config/tls/server.pem" in settings
    (folder / "config" / "softswitch.toml").write_text(settings)
    assert await follower.does(check) == (0, "OK\n")
    process = await follower.start(serve)
    assert process.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(30):
            while "softswitch ready" not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        yield follower
    finally:
        if process.returncode is None:
            process.terminate()
        output, _ = await process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in output.decode()


def baresip(follower: Follower, number: str) -> tuple[str, str]:
    """The account and the further configuration that the page has for this softphone."""
    account, *rest = [line for line in section("A phone") if not line.startswith("curl")]
    account = follower.here(account).replace("sip:1000@", f"sip:{number}@")
    config = "\n".join((*map(follower.here, rest), NO_RINGING))
    return account.replace("…", follower.password("phones", number)), config


async def test_phones_of_the_page_talk_and_everything_is_encrypted(tmp_path: Path) -> None:
    async with followed(tmp_path) as follower:
        anna, config = baresip(follower, "1000")
        ben, _ = baresip(follower, "1001")
        assert "sip_verify_server yes" in config
        async with (
            debian_baresip(tmp_path / "anna", anna, config) as calling,
            debian_baresip(tmp_path / "ben", f"{ben};answermode=auto", config) as called,
        ):
            await calling.registered()
            await called.registered()
            for number, legs in (("600", 1), ("1001", 2)):
                calling.command("dial", f"sip:{number}@127.0.0.1:{follower.sip};transport=tls")
                await calling.event("CALL_ESTABLISHED")
                await talk(follower, legs)
                calling.command("hangup")
                await calling.event("CALL_CLOSED")


async def talk(follower: Follower, legs: int) -> None:
    """Packets go both ways on each leg, and each is encrypted."""
    async with asyncio.timeout(15):
        while True:
            (call,) = await follower.calls()
            qualities = [call[party]["quality"] for party in ("caller", "callee")[:legs]]
            if all(each["packets_in"] > 50 and each["packets_out"] > 50 for each in qualities):
                break
            await asyncio.sleep(0.2)
    for each in qualities:
        assert each["srtp"] in SUITES, call


async def test_what_the_page_sees_from_outside(tmp_path: Path) -> None:
    async with followed(tmp_path) as follower:
        strict, old, health, metrics = section("Look from outside")
        assert "-CAfile config/tls/ca.pem" in PAGE
        code, said = await follower.does(
            f"{strict.removesuffix('</dev/null')} -CAfile config/tls/ca.pem"
        )
        assert code == 0, said
        assert "Verification: OK" in said
        code, said = await follower.does(strict.removesuffix("</dev/null"))
        assert code != 0, "nobody but us believes the authority"
        code, said = await follower.does(old.partition("</dev/null")[0])
        assert code != 0
        assert "alert protocol version" in said
        assert json.loads(await http(follower, health))["status"] == "ready"
        text = await http(follower, metrics)
        for name in re.findall(r"\w+", metrics.partition("softswitch_(")[2]):
            assert f"\nsoftswitch_{name}" in text, name
        for command in section("Who guesses"):
            code, said = await follower.does(command)
            assert said in ("nobody is banned\n", "no ban fits\n"), said


async def http(follower: Follower, command: str) -> str:
    """What the URL of a curl command answers."""
    found = re.search(r"http://\S+", follower.here(command))
    assert found is not None
    async with aiohttp.ClientSession() as session, session.get(found[0]) as answer:
        return await answer.text()


def test_every_port_of_the_page_is_one_of_its_settings() -> None:
    rows = re.findall(r"^\| (5061|8089|20000–20999) ", PAGE, re.MULTILINE)
    settings = "\n".join(section("Settings"))
    assert len(rows) == 3
    for row in rows:
        assert row.replace("–", "-") in settings
