"""Phones fetch their file over HTTPS, as curl does, and register with what it says."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from tests.certificates import files, write_ca
from tests.system.debian_baresip import debian_baresip
from tests.system.phones import phones
from tests.system.program import Program, until

SETTINGS = """
[provisioning]
transport = "udp"
timezone = "Europe/Berlin"
[[extensions]]
number = "1000"
type = "phone"
name = 'Müller & <Söhne> "x"'
password = "p&w'x"
model = "linphone"
keys = [{ number = "1001" }]
[[extensions]]
number = "1001"
type = "phone"
password = "pw1001"
"""


class SecureProgram(Program):
    """A switch whose HTTP server speaks HTTPS."""

    def write_settings(self) -> None:
        super().write_settings()
        text = self.settings_file.read_text()
        self.settings_file.write_text(text.replace("[http]\n", "[http]\ntls = true\n"))


@asynccontextmanager
async def secure(directory: Path, tls: Path) -> AsyncIterator[Program]:
    """Such a switch for the length of a test."""
    program = SecureProgram(directory, SETTINGS, tls=tls)
    await program.start()
    try:
        yield program
    finally:
        code = await program.stop()
    assert code == 0, program.log()[-3000:]
    assert "Traceback" not in program.log(), program.log()[-6000:]


class Fetched(NamedTuple):
    """What curl has got."""

    status: int
    text: str
    headers: str


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    """A folder with a certificate for this machine and its authority."""
    folder = tmp_path / "tls"
    folder.mkdir()
    files(folder, "switch", "127.0.0.1", "localhost")
    write_ca(folder)
    return folder


async def curl(url: str, ca: Path | None = None) -> Fetched:
    """Fetch a URL, believing that authority only."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-s", "-i", "--path-as-is", *(("--cacert", str(ca)) if ca else ()), url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, f"curl: {process.returncode}"
    head, _, body = output.decode().replace("\r\n", "\n").partition("\n\n")
    return Fetched(int(head.split()[1]), body, head)


async def url_of(program: Program, number: str, *words: str) -> str:
    """What `softswitch provision url` prints."""
    code, told = await program.terminal("provision", "url", number, *words)
    assert code == 0, told
    return told.splitlines()[0]


def account(text: str) -> str:
    """The account of Linphone's file as baresip writes it."""
    entries = {
        f"{section.get('name')}.{entry.get('name')}": entry.text or ""
        for section in ElementTree.fromstring(text)
        for entry in section
    }
    server = entries["proxy_0.reg_proxy"]
    address = "<" + entries["proxy_0.reg_identity"].rpartition("<")[2]
    user, password = entries["auth_info_0.userid"], entries["auth_info_0.passwd"]
    outbound = server.strip("<>").replace(";transport=udp", "")
    return (
        f'{address};auth_user={user};auth_pass={password};outbound="{outbound}"'
        f";regint={entries['proxy_0.reg_expires']};answermode=auto"
    )


@pytest.mark.timeout(120)
async def test_a_phone_registers_and_is_called_with_what_it_has_fetched(
    tmp_path: Path, tls: Path
) -> None:
    async with (
        secure(tmp_path / "switch", tls) as program,
        phones() as makers,
    ):
        url = await url_of(program, "1000")
        assert url.startswith(f"https://127.0.0.1:{program.http_port}/provisioning/1000/")
        fetched = await curl(f"{url}linphone.xml", tls / "ca.pem")
        assert fetched.status == 200
        assert "Cache-Control: no-store" in fetched.headers
        async with debian_baresip(tmp_path / "debian", account(fetched.text)) as debian:
            await debian.registered()
            ben = await makers.register(program, "1001", "pw1001")
            outgoing = await ben.dial("1000")
            await outgoing.wait_established(timeout=10)
        secret = url.rstrip("/").rpartition("/")[2]
        assert secret not in program.log()
        assert "p&w'x" not in program.log()
        assert "phone file fetched" in program.log()


LINPHONE = """[misc]
config-uri={url}
[sip]
root_ca={ca}
register_only_when_network_is_up=0
sip_port=-2
sip_tcp_port=-2
sip_tls_port=-2
"""
"What a Linphone starts with that is to configure itself; port -2 is any."


@pytest.mark.timeout(120)
@pytest.mark.skipif(shutil.which("linphonec") is None, reason="needs Debian's linphone-cli")
async def test_linphone_configures_itself_and_registers(tmp_path: Path, tls: Path) -> None:
    home = tmp_path / "home"
    for folder in (".local/share/linphone", ".config/linphone"):
        (home / folder).mkdir(parents=True)
    async with secure(tmp_path / "switch", tls) as program:
        url = (await url_of(program, "1000")).replace("127.0.0.1", "localhost")
        (home / "rc").write_text(LINPHONE.format(url=f"{url}linphone.xml", ca=tls / "ca.pem"))
        linphone = await asyncio.create_subprocess_exec(
            "linphonec", "-c", str(home / "rc"),
            env={**os.environ, "HOME": str(home)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until(lambda: "200 OK (REGISTER)" in program.log(), 45)
        finally:
            linphone.kill()
            await linphone.communicate()
        assert "file=linphone.xml" in program.log()


@pytest.mark.timeout(120)
async def test_wrong_secrets_get_nothing_and_a_ban_and_renewed_urls_outlive_a_restart(
    tmp_path: Path, tls: Path
) -> None:
    ca = tls / "ca.pem"
    async with secure(tmp_path / "switch", tls) as program:
        old, other = await url_of(program, "1000"), await url_of(program, "1001")
        renewed = await url_of(program, "1000", "--renew")
        assert renewed != old
        assert (await curl(f"{renewed}linphone.xml", ca)).status == 200
        assert (await curl(f"{renewed}../../../../healthz/linphone.xml", ca)).status == 404
        swapped = other.replace("/1001/", "/1000/")
        for wrong in (old, swapped, f"{old[:-2]}/", swapped, old):
            fetched = await curl(f"{wrong}linphone.xml", ca)
            assert (fetched.status, fetched.text) == (404, "not found")
        assert (await curl(f"{renewed}linphone.xml", ca)).status == 429
        assert "PROVISIONING" in (await program.terminal("bans"))[1]
        assert (await curl(f"{other}linphone.xml", ca)).status == 200
        await program.terminal("bans", "lift", "--service", "PROVISIONING")
        assert (await curl(f"{renewed}linphone.xml", ca)).status == 200
        await program.stop()
        await program.start()
        assert await url_of(program, "1000") == renewed
        assert (await curl(f"{renewed}linphone.xml", ca)).status == 200


@pytest.mark.timeout(90)
async def test_a_change_is_in_the_next_file(tmp_path: Path, tls: Path) -> None:
    async with secure(tmp_path / "switch", tls) as program:
        url = await url_of(program, "1001")
        before = await curl(f"{url}y000000000000.cfg", tls / "ca.pem")
        assert "account.1.display_name = 1001" in before.text
        text = program.settings_file.read_text()
        changed = text.replace('number = "1001"\n', 'number = "1001"\nname = "Anna"\n')
        program.settings_file.write_text(changed.replace("Europe/Berlin", "Asia/Tokyo"))
        code, told = await program.terminal("reload")
        assert code == 0, told
        assert "restart" not in told
        after = await curl(f"{url}y000000000000.cfg", tls / "ca.pem")
        assert "account.1.display_name = Anna" in after.text
        assert "local_time.time_zone = +9" in after.text
        assert "account.1.password = pw1001" in after.text


@pytest.mark.timeout(90)
async def test_without_https_only_this_machine_may_fetch(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    program.overrides = {"HTTP__LISTEN": f"0.0.0.0:{program.http_port}"}
    await program.start()
    try:
        url = await url_of(program, "1001")
        path = url.partition("/provisioning")[2]
        here = f"http://127.0.0.1:{program.http_port}/provisioning{path}linphone.xml"
        assert (await curl(here)).status == 200
        await until(lambda: "phone file fetched" in program.log())
        assert "pw1001" not in program.log()
    finally:
        assert await program.stop() == 0
