"""Calls between phones whose sound is secured in every way: each hears the tone of the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.system.debian_baresip import DebianBaresip, debian_baresip
from tests.system.peer import Dialog, Peer, peers, status
from tests.system.program import Program, running, until
from tests.system.secure_talk import LOW, Talk, end_calls, secure_switch
from tests.system.test_tls import make_tls
from tests.system.voices import CM_80, GCM, DtlsVoice, SdesVoice, Voice

# One switch for the whole file is there before a test gets its database: it keeps its own.
pytestmark = pytest.mark.own_database

WAYS: dict[str, tuple[str, Callable[[str], Voice]]] = {
    "plain": ("100", Voice),
    "SDES-GCM": ("101", lambda name: SdesVoice(GCM, name)),
    "SDES-CM": ("101", lambda name: SdesVoice(CM_80, name)),
    "DTLS": ("102", DtlsVoice),
}
"The ways of securing a leg: the extensions whose settings want it, and its voice."

CODECS = {"relay": ("PCMU", "PCMU"), "converted": ("L16", "PCMU")}
"How packets pass: the codecs of caller and callee."


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One switch for all calls of this file."""
    with secure_switch(tmp_path_factory.mktemp("switch")) as program:
        yield program


@pytest_asyncio.fixture(autouse=True)
async def no_call_is_left(program: Program) -> AsyncIterator[None]:
    """End what a test has left, which the next one would take for its own."""
    yield
    await end_calls(program)


@pytest.mark.parametrize("passing", CODECS)
@pytest.mark.parametrize("callee", WAYS)
@pytest.mark.parametrize("caller", WAYS)
async def test_every_pair_hears_each_other(
    program: Program, caller: str, callee: str, passing: str
) -> None:
    first, make = WAYS[caller]
    second, make_other = WAYS[callee]
    spoken, heard = CODECS[passing]
    before = len(program.calls())
    async with peers(program, f"{first}1", f"{second}2") as (alice, bob):
        talk = Talk(alice, bob, make(spoken), make_other(heard))
        try:
            await talk.begin()
            await talk.speak()
            await talk.check()
            await talk.dialog.hang_up()
        finally:
            await talk.close()
    await until(lambda: [call["outcome"] for call in program.calls()[before:]] == ["answered"])
    media = program.calls()[-1]["media"]
    sides = (("caller", talk.ours), ("callee", talk.theirs))
    for side, voice in sides:
        assert media[side]["srtp"] == voice.suite
        assert media[side]["lost"] == 0
        assert media[side]["packets_in"] >= 70


SOFTPHONE = """
module srtp.so
module dtls_srtp.so
"""


async def call_from(debian: DebianBaresip, peer: Peer, server: str) -> None:
    """Let the softphone call, and say back what it hears."""
    voice = Voice()
    await voice.open()
    debian.command("dial", f"sip:{peer.number}@{server}")
    offer = await peer.request("INVITE")
    dialog = peer.respond(offer, 200, voice.describe(offer))
    await voice.agree(offer)
    await peer.request("ACK")
    await hears_itself(debian, voice, dialog)


async def call_to(debian: DebianBaresip, peer: Peer, number: str, code: int = 200) -> None:
    """Call the softphone, which says back what it hears, or refuses."""
    voice = Voice()
    await voice.open()
    invite = await peer.invite(number, voice.describe())
    answer = await peer.answer_to(invite)
    assert status(answer) == code, answer
    if code == 200:
        await voice.agree(answer)
        await hears_itself(debian, voice, peer.established(invite, answer))
    else:
        await voice.close()


async def hears_itself(debian: DebianBaresip, voice: Voice, dialog: Dialog) -> None:
    await debian.event("CALL_ESTABLISHED")
    await asyncio.sleep(1.5 if "dtls_srtp" in debian.account else 0.2)
    await voice.play(LOW, 1.5)
    assert voice.share(LOW) > 0.95, debian.log()
    assert voice.lost == 0
    await dialog.hang_up()
    await debian.event("CALL_CLOSED")
    await voice.close()


@pytest.mark.parametrize(
    ("number", "encryption", "profile"),
    [
        ("1035", "srtp", "RTP/AVP"),
        ("1015", "srtp", "RTP/AVP"),
        ("1015", "srtp-mand", "RTP/SAVP"),
        ("1015", "srtp-mandf", "RTP/SAVPF"),
        ("1025", "dtls_srtp", "UDP/TLS/RTP/SAVPF"),
    ],
)
async def test_a_softphone_of_the_distribution_calls_and_is_called(
    program: Program, tmp_path: Path, number: str, encryption: str, profile: str
) -> None:
    before = len(program.calls())
    server = f"127.0.0.1:{program.sip_port}"
    account = f"<sip:{number}@{server}>;auth_pass=pw{number};answermode=auto;mediaenc={encryption}"
    async with (
        debian_baresip(tmp_path / "debian", account, SOFTPHONE) as debian,
        peers(program, "1001") as (alice,),
    ):
        await debian.registered()
        await call_from(debian, alice, server)
        await call_to(debian, alice, number, 488 if encryption == "srtp-mandf" else 200)
    await until(lambda: len(program.calls()) == before + 2)
    await until(lambda: all(call["outcome"] for call in program.calls()))
    calling, called = (call["media"] for call in program.calls()[before:])
    dtls = encryption == "dtls_srtp"
    assert calling["caller"]["srtp"] == (GCM if dtls else CM_80), "the first that it offers"
    assert called["callee"]["srtp"] == ("" if encryption == "srtp-mandf" else GCM)
    assert f" {profile} " in program.log()


PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


@pytest.mark.timeout(120)
async def test_reports_of_a_softphone_whose_rtcp_shakes_hands_by_itself(
    program: Program, tmp_path: Path
) -> None:
    """The softphone of the distribution asks for no rtcp-mux where it is not told to."""
    before = len(program.calls())
    server = f"127.0.0.1:{program.sip_port}"
    account = f"<sip:1025@{server}>;auth_pass=pw1025;mediaenc=dtls_srtp"
    voice = Voice()
    async with (
        debian_baresip(tmp_path / "debian", account, SOFTPHONE) as debian,
        peers(program, "1001") as (alice,),
    ):
        await debian.registered()
        debian.command("dial", f"sip:1001@{server}")
        offer = await alice.request("INVITE")
        await voice.open()
        dialog = alice.respond(offer, 200, voice.describe(offer))
        await voice.agree(offer)
        await alice.request("ACK")
        await debian.event("CALL_ESTABLISHED")
        await voice.play(LOW, 22)
        await dialog.hang_up()
        await debian.event("CALL_CLOSED")
        await voice.close()
    await until(lambda: len(program.calls()) > before and bool(program.calls()[-1]["outcome"]))
    media = program.calls()[-1]["media"]["caller"]
    assert media["srtp"] == GCM
    assert media["round_trip_ms"] is not None
    # One may come right behind the handshake, before the worker has the keys.
    assert media["bad"].get("srtp_auth", 0) <= 1


@pytest.mark.parametrize("encryption", ["srtp", "srtp-mand", "dtls_srtp"])
async def test_over_tls_sound_is_encrypted_also_without_a_word_in_the_settings(
    tmp_path: Path, encryption: str
) -> None:
    tls = make_tls(tmp_path / "tls")
    dtls = encryption == "dtls_srtp"
    keys = 'srtp_keys = "dtls"' if dtls else ""
    async with running(tmp_path / "switch", PHONES + keys, tls=tls) as program:
        server = f"127.0.0.1:{program.tls_port};transport=tls"
        account = f"<sip:1000@{server}>;auth_pass=pw1000;answermode=auto;mediaenc={encryption}"
        trust = f"sip_cafile {tls}/ca.pem\nsip_verify_server yes\n{SOFTPHONE}"
        async with (
            debian_baresip(tmp_path / "debian", account, trust) as debian,
            peers(program, "1001") as (alice,),
        ):
            await debian.registered()
            await call_from(debian, alice, server)
            await call_to(debian, alice, "1000")
            refused = await alice.invite("1000", SdesVoice(GCM).describe())
            assert status(await alice.answer_to(refused)) == 488, "its key would be read by all"
        await until(lambda: [bool(call["outcome"]) for call in program.calls()] == [True] * 3)
        calling, called, _ = (call["media"] or {} for call in program.calls())
        assert calling["caller"]["srtp"] == (GCM if dtls else CM_80)
        assert called["callee"]["srtp"] == GCM
        assert calling["callee"]["srtp"] == called["caller"]["srtp"] == ""
