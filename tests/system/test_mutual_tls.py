"""A trunk that must show its certificate, and openssl with those of `softswitch certificate`.

Every request comes from the trunk's own network; only the certificate tells who it is from.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.system.peer import header, peers, status
from tests.system.program import REPOSITORY, Program, running, until
from tests.system.test_tls import openssl

PARTNER = "127.0.0.2"
"Where the requests come from."

SETTINGS = f"""
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{{number}}"
[[trunks]]
name = "partner"
host = "partner.example.org"
transport = "tls"
mutual_tls = true
networks = ["{PARTNER}/32"]
keep_alive = 0
[[trunks]]
name = "other"
host = "other.example.org"
transport = "tls"
keep_alive = 0
[[routes]]
number = "1*"
to = "extension:*"
"""

INVITE = (
    "INVITE sip:1000@127.0.0.1 SIP/2.0\r\n"
    f"Via: SIP/2.0/{{transport}} {PARTNER}:9;rport;branch=z9hG4bK{{branch}}\r\n"
    "From: <sip:0151@partner.example.org>;tag=a\r\nTo: <sip:1000@127.0.0.1>\r\n"
    "Call-ID: {branch}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
    f"Contact: <sip:0151@{PARTNER}:9;transport=tls>\r\n{{more}}Content-Length: 0\r\n\r\n"
)


async def certificate(folder: Path, file: str, *names: str) -> None:
    """What the command makes, with the authority of the folder."""
    command = (sys.executable, "-m", "softswitch", "certificate", *names)
    process = await asyncio.create_subprocess_exec(
        *(*command, "--folder", str(folder), "--file", file),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def brings(program: Program, shows: Sequence[str], more: str = "") -> str:
    """The first answer to an INVITE by openssl with this certificate, if any."""
    branch = f"b{len(program.log())}"
    _, said = await openssl(
        *("s_client", "-connect", f"127.0.0.1:{program.tls_port}", "-bind", f"{PARTNER}:0"),
        *("-quiet", "-no_ign_eof", *shows),
        sends=INVITE.format(branch=branch, transport="TLS", more=more),
        until="\r\n\r\n",
    )
    found = re.search(r"SIP/2\.0 [0-9]{3}[^\0]*", said)
    return found[0] if found else said


def brings_in_the_clear(program: Program) -> str:
    """The answer to the same over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PARTNER, 0))
        sock.settimeout(5)
        invite = INVITE.format(branch="udp", transport="UDP", more="")
        sock.sendto(invite.encode(), ("127.0.0.1", program.sip_port))
        return sock.recv(65_535).decode()


@pytest.mark.timeout(90)
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_only_its_certificate_makes_a_request_the_trunks(tmp_path: Path) -> None:
    tls, foreign = tmp_path / "tls", tmp_path / "foreign"
    await certificate(tls, "switch", "127.0.0.1")
    await certificate(tls, "partner", "partner.example.org")
    await certificate(tls, "other", "other.example.org")
    await certificate(tls, "stranger", "stranger.example.org")
    await certificate(foreign, "partner", "partner.example.org")

    def shows(folder: Path, name: str) -> tuple[str, ...]:
        return "-cert", str(folder / f"{name}.pem"), "-key", str(folder / f"{name}.key")

    async with (
        running(tmp_path / "switch", SETTINGS, tls=tls) as program,
        peers(program, "1000") as (anna,),
    ):
        # Its own certificate.
        answer = await brings(program, shows(tls, "partner"))
        assert status(answer) == 100, answer
        incoming = await anna.request("INVITE")
        assert "<sip:0151@" in header(incoming, "From")
        anna.respond(incoming, 486)
        await anna.request("ACK")
        # None, that of nobody in particular, and the clear: from the same network.
        for shown in ((), shows(tls, "stranger")):
            answer = await brings(program, shown)
            assert status(answer) == 403, answer
            assert header(answer, "WWW-Authenticate") == ""
        assert status(brings_in_the_clear(program)) == 403
        # Another trunk's makes it that trunk.
        assert status(await brings(program, shows(tls, "other"))) == 100
        anna.respond(await anna.request("INVITE"), 486)
        await anna.request("ACK")
        # The right name by an authority that is not believed: no handshake.
        answer = await brings(program, shows(foreign, "partner"))
        assert status(answer) == 0, answer
        await until(lambda: "certificate refused" in program.log())
        # A phone in that network proves itself by its password, and is no trunk.
        guess = (
            'Authorization: Digest username="1001", realm="127.0.0.1", nonce="x", '
            'uri="sip:1000@127.0.0.1", '
            f'response="{32 * "0"}", algorithm=MD5, qop=auth, nc=00000001, cnonce="x"\r\n'
        )
        assert status(await brings(program, (), guess)) == 401

        assert await program.metric("softswitch_trunk_invites_received_total") == 2
        sources = [call["source"] for call in program.calls()]
        assert sources == ["partner", "other"]
        refusals = [line for line in program.log().splitlines() if "RequestNotAllowed" in line]
        assert any("partner" in line for line in refusals), program.log()[-2000:]
