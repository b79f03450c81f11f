"""SIP over TLS with real peers: phones, openssl, another switch as a trunk, and attackers."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.certificates import files, trusting, write_ca
from tests.ports import free_port
from tests.system.debian_baresip import debian_baresip
from tests.system.peer import Peer, header, peers, status, talk
from tests.system.phones import Ear, phones
from tests.system.program import Program, running, until

PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


def make_tls(folder: Path, *names: str) -> Path:
    """What a switch needs to listen on TLS."""
    folder.mkdir()
    files(folder, "switch", *(names or ("127.0.0.1", "localhost")))
    write_ca(folder)
    return folder


@pytest.mark.timeout(90)
async def test_a_phone_over_tls_calls_and_is_called(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path / "switch", PHONES, tls=tls) as program,
        phones() as makers,
    ):
        account = (
            f"<sip:1000@127.0.0.1:{program.tls_port};transport=tls>"
            ";auth_pass=pw1000;answermode=auto"
        )
        trust = f"sip_cafile {tls}/ca.pem\nsip_verify_server yes"
        async with debian_baresip(tmp_path / "debian", account, trust) as debian:
            await debian.registered()
            ben = await makers.register(program, "1001", "pw1001")
            debian.command("dial", f"sip:600@127.0.0.1:{program.tls_port};transport=tls")
            await debian.event("CALL_ESTABLISHED")
            await asyncio.sleep(1)
            debian.command("hangup")
            await debian.event("CALL_CLOSED")
            outgoing = await ben.dial("1000")
            await outgoing.wait_established(timeout=10)
            async with Ear(outgoing, 600) as ear:
                await ear.hears(600, 0.95, span=1)
            await outgoing.hangup()
            await debian.event("CALL_CLOSED")
            await until(lambda: len(program.calls()) == 2)
        await program.until_metric("softswitch_registrations", 1)


async def secure_peer(program: Program, number: str, folder: Path, scheme: str) -> Peer:
    """A registered phone over TLS."""
    peer = Peer(number, program, "tls", tls=trusting(), scheme=scheme)
    await peer.open()
    await peer.register()
    return peer


@pytest.mark.timeout(90)
async def test_a_sips_call_goes_over_tls_or_not_at_all(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    async with (
        running(tmp_path / "switch", PHONES, tls=tls) as program,
        peers(program, "1003") as (plain,),
    ):
        anna = await secure_peer(program, "1000", tls, "sips")
        ben = await secure_peer(program, "1001", tls, "sips")
        carl = await secure_peer(program, "1002", tls, "sip")
        # From end to end.
        ours, theirs = await talk(anna, ben)
        assert theirs.text.startswith("INVITE sips:1001@")
        for dialog in (ours, theirs):
            assert header(dialog.text, "Contact").startswith("<sips:")
        await ours.hang_up()
        # A phone without a sips contact, and one without TLS, do not ring.
        for other in (carl, plain):
            invite = await anna.invite(other.number)
            refusal = await anna.answer_to(invite)
            assert status(refusal) == 480
            assert header(refusal, "Warning") == '380 softswitch "SIPS Not Allowed"'
            assert all(text.startswith("SIP/2.0") for text in other.inbox._queue)  # type: ignore[attr-defined]
        # The other way round a sips contact is called as the caller says, over its TLS.
        ours, theirs = await talk(plain, ben)
        assert theirs.text.startswith("INVITE sip:1001@")
        assert header(theirs.text, "Contact").startswith("<sip:")
        await ours.hang_up()
        # But a sips contact of a redirect is not: it would be less than the phone asks for.
        invite = await plain.invite("1001")
        offer = await ben.request("INVITE")
        ben.respond(offer, 302, "", "Contact: <sips:1000@127.0.0.1>")
        await ben.request("ACK")
        refusal = await plain.answer_to(invite)
        assert status(refusal) == 480
        assert header(refusal, "Warning") == '381 softswitch "SIPS Required"'
        # Nobody says sips without TLS.
        plain.scheme = "sips"
        refusal = await plain.final(plain.new("INVITE", "1001", plain.sdp()))
        assert status(refusal) == 480
        assert header(refusal, "Warning") == '380 softswitch "SIPS Not Allowed"'
        for peer in (anna, ben, carl):
            peer.close()
        await program.until_metric("softswitch_registrations", 1)


OPTIONS = (
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK{branch}\r\n"
    "From: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {branch}\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


async def openssl(*arguments: str, sends: str = "", until: str = "") -> tuple[int, str]:
    """Exit code and output of an openssl command, which is ended once it has said `until`."""
    process = await asyncio.create_subprocess_exec(
        "openssl",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(sends.encode())
    if not until:
        process.stdin.close()
    said = b""
    async with asyncio.timeout(15):
        while not until or until.encode() not in said:
            piece = await process.stdout.read(4096)
            if not piece:
                break
            said += piece
        process.stdin.close()
        code = await process.wait()
    return code, said.decode("utf-8", "replace")


@pytest.mark.timeout(90)
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_openssl_finds_the_versions_the_names_and_no_renegotiation(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    files(tls, "other", "other.example.org")
    named = f'[[tls.certificates]]\ncertificate = "{tls}/other.pem"\nkey = "{tls}/other.key"\n'
    async with running(tmp_path / "switch", PHONES + named, tls=tls) as program:
        to = ("s_client", "-connect", f"127.0.0.1:{program.tls_port}", "-CAfile", f"{tls}/ca.pem")
        strict = (*to, "-verify_return_error")
        for version in ("-tls1_2", "-tls1_3"):
            code, said = await openssl(
                *(*strict, version, "-verify_ip", "127.0.0.1"),
                sends=OPTIONS.format(branch=version),
                until="\r\n\r\n",
            )
            assert "Verify return code: 0 (ok)" in said
            assert "SIP/2.0 401" in said or "SIP/2.0 200" in said
        for version in ("-tls1", "-tls1_1"):
            code, said = await openssl(*to, version, "-cipher", "ALL:@SECLEVEL=0")
            assert code == 1
            assert "alert protocol version" in said
        code, said = await openssl(*to, "-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0")
        assert "handshake failure" in said
        for name in ("other.example.org", "localhost"):
            code, said = await openssl(*strict, "-servername", name, "-verify_hostname", name)
            assert "Verify return code: 0 (ok)" in said
        code, said = await openssl(*strict, "-verify_hostname", "third.example.org")
        assert code == 1
        assert "hostname mismatch" in said
        # An R makes it ask for a renegotiation.
        code, said = await openssl(*to, "-tls1_2", sends="R\n", until="no renegotiation")
        assert "no renegotiation" in said
        await program.until_metric("softswitch_connections", 0)


@pytest.mark.timeout(90)
async def test_a_replaced_certificate_is_shown_after_sighup_and_a_call_goes_on(
    tmp_path: Path,
) -> None:
    tls = make_tls(tmp_path / "tls")
    async with running(tmp_path / "switch", PHONES, tls=tls) as program:
        anna = await secure_peer(program, "1000", tls, "sip")
        ben = await secure_peer(program, "1001", tls, "sip")
        _, theirs = await talk(anna, ben)
        files(tls, "switch", "127.0.0.1", "new.example.org")
        assert program.process is not None
        program.process.send_signal(signal.SIGHUP)
        await until(lambda: "certificates renewed" in program.log())
        (tls / "switch.pem").write_text("rubbish")
        program.process.send_signal(signal.SIGHUP)
        await until(lambda: "certificates not renewed" in program.log())
        named = trusting()
        named.check_hostname = True
        _, writer = await asyncio.open_connection(
            "127.0.0.1", program.tls_port, ssl=named, server_hostname="new.example.org"
        )
        writer.close()
        await theirs.hang_up()
        assert (await anna.request("BYE")).startswith("BYE sip:1000@")
        for peer in (anna, ben):
            peer.close()


def trunk_to(other: int, *more: str) -> str:
    """A trunk to another switch on this machine, known by its certificate alone."""
    lines = (
        "[[trunks]]",
        'name = "partner"',
        f'host = "localhost:{other}"',
        'transport = "tls"',
        "keep_alive = 0.5",
        *more,
        "[[routes]]",
        'number = "9*"',
        'to = "trunk:partner"',
        "strip = 1",
        "[[routes]]",
        'number = "1*"',
        'to = "extension:*"',
    )
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(120)
async def test_two_switches_know_each_other_by_their_certificates(tmp_path: Path) -> None:
    """Mutual TLS: no network is trusted, and no password is set; a sips call crosses both."""
    tls = make_tls(tmp_path / "tls")
    here, there = free_port(), free_port()
    async with (
        running(tmp_path / "here", PHONES + trunk_to(there), tls=tls, tls_port=here) as one,
        running(tmp_path / "there", PHONES + trunk_to(here), tls=tls, tls_port=there) as other,
    ):
        for program in (one, other):
            await program.until_metric("softswitch_trunk_up", 1, 10)
        ben = await secure_peer(other, "1001", tls, "sips")
        for number, scheme in (("1000", "sip"), ("1002", "sips")):
            anna = await secure_peer(one, number, tls, scheme)
            invite = await anna.invite("91001")
            incoming = await ben.request("INVITE")
            assert incoming.startswith(f"INVITE {scheme}:1001@")
            ben.scheme = scheme
            ben.respond(incoming, 200, ben.sdp())
            answer = await anna.answer_to(invite)
            assert status(answer) == 200
            ours = anna.established(invite, answer)
            await ben.request("ACK")
            await ours.hang_up()
            ben.scheme = "sips"
            anna.close()
        ben.close()


@pytest.mark.timeout(120)
async def test_a_switch_with_the_wrong_certificate_is_no_trunk(tmp_path: Path) -> None:
    """Its calls are challenged like anybody's, and none go to it."""
    tls, foreign = make_tls(tmp_path / "tls"), tmp_path / "foreign"
    foreign.mkdir()
    files(foreign, "switch", "elsewhere.example.org")
    write_ca(foreign)
    here, there = free_port(), free_port()
    async with (
        running(tmp_path / "here", PHONES + trunk_to(there), tls=tls, tls_port=here) as one,
        running(tmp_path / "there", PHONES + trunk_to(here), tls=foreign, tls_port=there) as other,
    ):
        await until(lambda: "is the certificate of elsewhere.example.org" in one.log(), 10)
        assert await one.metric("softswitch_trunk_up") == 0
        ben = await secure_peer(other, "1001", tls, "sip")
        invite = await ben.invite("91000")
        assert status(await ben.answer_to(invite)) >= 400
        assert await one.metric("softswitch_trunk_invites_received_total") == 0
        ben.close()


@pytest.mark.timeout(60)
async def test_all_listeners_share_the_places_for_connections(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    async with running(
        tmp_path / "switch", "[limits]\nconnections = 4\n" + PHONES, tls=tls
    ) as program:
        for _ in range(3):  # those of the last round have given their places back
            writers = []
            for number in range(5):
                port, context = (
                    (program.sip_port, None) if number < 4 else (program.tls_port, trusting())
                )
                with contextlib.suppress(ConnectionError):  # the last one, which finds no place
                    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                    writers.append(writer)
                    writer.write(OPTIONS.format(branch=f"places{number}").encode())
                    await reader.read(100)
            assert await program.metric("softswitch_connections") == 4
            for writer in writers:
                writer.close()
            await program.until_metric("softswitch_connections", 0)
        assert await program.metric("softswitch_connections_refused_total") == 3


HANDSHAKES = 10_000
ATTACKERS = 40
"Addresses of this machine that the attack comes from."


@pytest.mark.timeout(180)
async def test_ten_thousand_half_handshakes_keep_nobody_out(tmp_path: Path) -> None:
    """Silent, half-sent, complete but for the last flight, rubbish: phones register meanwhile."""
    tls = make_tls(tmp_path / "tls")
    more = "[limits]\nconnections_per_address = 64\n"
    async with (
        running(tmp_path / "switch", more + PHONES, tls=tls) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        before = program.memory()
        first = client_hello()
        said = (b"", first[:60], first, b"\x16\x03\x01" + b"\xff" * 200)
        attack = asyncio.create_task(half_handshakes(program.tls_port, said))
        registered = 0
        while not attack.done():
            phone = await secure_peer(program, f"100{2 + registered % 8}", tls, "sip")
            phone.close()
            registered += 1
            ours, _ = await talk(anna, ben)
            await ours.hang_up()
            await asyncio.sleep(0.2)
        assert await attack == HANDSHAKES
        assert registered > 3
        await program.until_metric("softswitch_connections", 0, 20)
        assert program.memory() - before < 100e6
        assert program.log().count("no handshake") < 10 * ATTACKERS


def client_hello() -> bytes:
    """The first flight of a client."""
    upward = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trusting().wrap_bio(ssl.MemoryBIO(), upward).do_handshake()
    return upward.read()


async def half_handshakes(port: int, said: Sequence[bytes]) -> int:
    """Open connections from many addresses, a hundred at a time; returns how many there were."""
    opened = 0
    while opened < HANDSHAKES:
        batch: list[asyncio.StreamWriter] = []
        for place in range(100):
            source = f"127.0.1.{opened % ATTACKERS + 1}"
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
                writer.write(said[place % len(said)])
                batch.append(writer)
            opened += 1
        await asyncio.sleep(0.05)
        for writer in batch[::2]:
            writer.close()
    return opened
