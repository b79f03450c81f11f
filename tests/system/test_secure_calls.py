"""What happens to secured calls: hold, keys, early media, transfers, rooms, recordings, lies."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from tests.system.peer import Dialog, Peer, header, peers, status
from tests.system.program import Program, until
from tests.system.secure_talk import (
    HIGH,
    LOW,
    Talk,
    check_heard,
    end_calls,
    keys_in,
    secure_switch,
)
from tests.system.signals import share
from tests.system.voices import CM_32, CM_80, GCM, DtlsVoice, SdesVoice, Voice

# One switch for the whole file is there before a test gets its database: it keeps its own.
pytestmark = pytest.mark.own_database

MIDDLE = 1400.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One switch for all calls of this file."""
    with secure_switch(tmp_path_factory.mktemp("switch")) as program:
        yield program


@pytest_asyncio.fixture
async def voices(program: Program) -> AsyncIterator[list[Voice]]:
    """Voices that are closed at the end, as are their calls."""
    made: list[Voice] = []
    yield made
    for voice in made:
        await voice.close()
    await end_calls(program)


async def talking(program: Program, ours: Voice, theirs: Voice, *pair: Peer) -> Talk:
    """A call that goes on, in which both have been heard."""
    talk = Talk(*pair, ours, theirs)
    await talk.begin()
    await talk.speak(0.5)
    await talk.check(0.5)
    talk.forget()
    return talk


async def change(talk: Talk, **description: object) -> tuple[str, str]:
    """The caller offers again; what the switch says to the callee, and then to the caller."""
    body = talk.ours.describe(**description)  # type: ignore[arg-type]
    asking = asyncio.create_task(talk.caller.ask(talk.dialog.request("INVITE", body)))
    offer = await talk.callee.request("INVITE")
    talk.callee.respond(offer, 200, talk.theirs.describe(offer))
    await talk.theirs.agree(offer)
    answer = await asking
    assert status(answer) == 200, answer
    talk.caller.send(talk.dialog.request("ACK"))
    await talk.callee.request("ACK")
    return offer, answer


@pytest.mark.parametrize("kind", ["SDES", "DTLS"])
async def test_hold_and_resume_keep_the_keys(
    program: Program, voices: list[Voice], kind: str
) -> None:
    ours: Voice = SdesVoice(CM_80) if kind == "SDES" else DtlsVoice()
    theirs: Voice = DtlsVoice() if kind == "SDES" else SdesVoice(GCM)
    numbers = ("1011", "1022") if kind == "SDES" else ("1021", "1012")
    voices += [ours, theirs]
    async with peers(program, *numbers) as pair:
        talk = await talking(program, ours, theirs, *pair)
        first = keys_in(talk.offer), keys_in(talk.answer)
        for version, direction in ((2, "sendonly"), (3, "sendrecv")):
            offer, answer = await change(talk, version=version, direction=direction)
            assert keys_in(answer) == first[1]
            assert keys_in(offer) <= first[0]
            assert bool(keys_in(offer)) == bool(first[0])
            assert f"a={'recvonly' if version == 2 else 'sendrecv'}\r\n" in answer
        talk.forget()
        await talk.speak()
        await talk.check()
        await talk.dialog.hang_up()


async def test_a_new_key_of_the_caller_begins_anew(program: Program, voices: list[Voice]) -> None:
    ours, theirs = SdesVoice(GCM), SdesVoice(CM_32)
    voices += [ours, theirs]
    async with peers(program, "1011", "1012") as pair:
        talk = await talking(program, ours, theirs, *pair)
        ours.rekey()
        _, answer = await change(talk, version=2)
        assert not keys_in(answer) & keys_in(talk.answer)
        await ours.agree(answer)
        # The answer can be here a moment before the worker encrypts with the key in it.
        async with asyncio.timeout(5):
            while not ours.packets or ours.spoilt:
                talk.forget()
                await talk.speak(0.1)
        talk.forget()
        await talk.speak()
        await talk.check()
        await talk.dialog.hang_up()


async def test_early_media_is_heard_in_secret(program: Program, voices: list[Voice]) -> None:
    ours, theirs = SdesVoice(GCM), SdesVoice(CM_80)
    voices += [ours, theirs]
    for voice in voices:
        await voice.open()
    async with peers(program, "1011", "1012") as (alice, bob):
        invite = await alice.invite("1012", ours.describe())
        incoming = await bob.request("INVITE")
        answer = theirs.describe(incoming)
        bob.respond(incoming, 183, answer)
        await theirs.agree(incoming)
        progress = await alice.answer_to(invite, least=183)
        await ours.agree(progress)
        await theirs.play(HIGH, 1)
        await check_heard(ours, HIGH, 1)
        bob.respond(incoming, 200, answer)
        final = await alice.answer_to(invite)
        assert keys_in(final) == keys_in(progress)
        dialog = alice.established(invite, final)
        await bob.request("ACK")
        ours.packets.clear()
        await asyncio.gather(ours.play(LOW, 1), theirs.play(HIGH, 1))
        await check_heard(ours, HIGH, 1)
        await check_heard(theirs, LOW, 1)
        await dialog.hang_up()


@pytest.mark.parametrize("kind", ["SDES", "DTLS"])
async def test_a_transfer_goes_on_in_secret(
    program: Program, voices: list[Voice], kind: str
) -> None:
    ours, theirs, third = SdesVoice(GCM), Voice(), Voice()
    number = "1003"
    if kind == "SDES":
        third, number = SdesVoice(CM_80), "1013"
    elif kind == "DTLS":
        third, number = DtlsVoice(), "1023"
    voices += [ours, theirs, third]
    await third.open()
    async with peers(program, "1011", "1002", number) as (alice, bob, carl):
        talk = await talking(program, ours, theirs, alice, bob)
        moving = asyncio.create_task(transfer(program, number))
        offer = await carl.request("INVITE")
        carl.respond(offer, 200, third.describe(offer))
        await third.agree(offer)
        await carl.request("ACK")
        assert (await moving)["Code"] == 200
        assert (await bob.request("BYE")).startswith("BYE")
        await third.ready()
        talk.forget()
        await asyncio.gather(ours.play(LOW, 1.5), third.play(HIGH, 1.5))
        await check_heard(ours, HIGH)
        await check_heard(third, LOW)
        await talk.dialog.hang_up()


async def transfer(program: Program, target: str) -> dict[str, object]:
    active = await program.command("ListActiveCalls")
    rows = [row for row in active["ActiveCalls"] if row["Source"] == "1011"]  # type: ignore[attr-defined]
    (row,) = rows or [row for row in active["ActiveCalls"] if row["Source"] == "1021"]  # type: ignore[attr-defined]
    return await program.command(
        "BlindTransfer", CallId=row["CallId"], TransferorParty="callee", Target=target
    )


async def enter(peer: Peer, voice: Voice, room: str) -> Dialog:
    """Get into a room; the dialog."""
    await voice.open()
    invite = await peer.invite(room, voice.describe())
    answer = await peer.answer_to(invite)
    assert status(answer) == 200, answer
    await voice.agree(answer)
    dialog = peer.established(invite, answer)
    await voice.ready()
    return dialog


async def test_a_room_hears_all_its_members(program: Program, voices: list[Voice]) -> None:
    made = (SdesVoice(GCM), DtlsVoice(), Voice())
    voices += made
    tones = (LOW, HIGH, MIDDLE)
    async with peers(program, "1011", "1022", "1003") as members:
        dialogs = [await enter(*each, "3000") for each in zip(members, made, strict=True)]
        for voice in made:
            voice.packets.clear()
        await asyncio.gather(
            *(voice.play(hertz, 1.5) for voice, hertz in zip(made, tones, strict=True))
        )
        for voice, own in zip(made, tones, strict=True):
            for hertz in tones:
                assert (voice.share(hertz) > 0.3) == (hertz != own)
            assert voice.lost == voice.spoilt == 0
        for dialog in dialogs:
            await dialog.hang_up()


@pytest.mark.parametrize("kind", ["SDES", "DTLS"])
async def test_a_party_that_moves_to_another_worker_is_heard_there(
    program: Program, voices: list[Voice], kind: str
) -> None:
    """The room is on another one than the call: the phone gets another key, or certificate."""
    first, theirs = Voice(), Voice()
    ours: Voice = SdesVoice(GCM) if kind == "SDES" else DtlsVoice()
    voices += [first, ours, theirs]
    async with peers(program, "1003", "1011" if kind == "SDES" else "1021", "1002") as made:
        carl, alice, bob = made
        inside = await enter(carl, first, "3001")
        talk = await talking(program, ours, theirs, alice, bob)
        moving = asyncio.create_task(transfer(program, "3001"))
        offer = await alice.request("INVITE")
        said = (keys_in(offer), offer.partition("a=fingerprint:")[2][:60])
        before = (keys_in(talk.answer), talk.answer.partition("a=fingerprint:")[2][:60])
        assert said != before
        alice.respond(offer, 200, ours.describe(offer))
        await ours.agree(offer)
        await alice.request("ACK")
        assert (await moving)["Code"] == 200
        await ours.ready()
        for voice in (first, ours):
            voice.packets.clear()
        await asyncio.gather(first.play(HIGH, 1.5), ours.play(LOW, 1.5))
        await check_heard(ours, HIGH)
        assert first.share(LOW) > 0.95
        await talk.dialog.hang_up()
        await inside.hang_up()


class SteadyVoice(SdesVoice):
    """A phone that goes on counting with its key when it is told of another address."""

    async def agree(self, theirs: str) -> None:
        before = self._out
        await super().agree(theirs)
        self._out = before or self._out


async def test_a_phone_that_moves_after_its_numbers_went_round_is_heard(
    program: Program, voices: list[Voice]
) -> None:
    """The new worker has never seen its rollover counter, which no packet carries."""
    first, ours, theirs = Voice(), SteadyVoice(GCM), Voice()
    voices += [first, ours, theirs]
    async with peers(program, "1003", "1011", "1002") as (carl, alice, bob):
        inside = await enter(carl, first, "3001")
        talk = await talking(program, ours, theirs, alice, bob)
        while ours._sequence < 2 * 0x10000:
            ours._sequence += 0x3FFF
            await ours.play(LOW, 0.02)
        moving = asyncio.create_task(transfer(program, "3001"))
        offer = await alice.request("INVITE")
        alice.respond(offer, 200, ours.describe(offer))
        await ours.agree(offer)
        await alice.request("ACK")
        assert (await moving)["Code"] == 200
        first.packets.clear()
        await asyncio.gather(first.play(HIGH, 1.5), ours.play(LOW, 1.5))
        assert first.share(LOW) > 0.95
        await talk.dialog.hang_up()
        await inside.hang_up()


async def test_a_recording_holds_what_was_said(program: Program, voices: list[Voice]) -> None:
    ours, theirs = SdesVoice(GCM), DtlsVoice()
    voices += [ours, theirs]
    folder = program.directory / "recordings"
    async with peers(program, "1011", "1022") as pair:
        talk = await talking(program, ours, theirs, *pair)
        active = await program.command("ListActiveCalls")
        (row,) = active["ActiveCalls"]  # type: ignore[misc, attr-defined]
        call = str(row["CallId"])  # type: ignore[index]
        before = {*folder.rglob("*.wav")}
        answer = await program.command("Record", CallId=call, Format="wav")
        assert answer["Code"] == 200
        await talk.speak()
        await talk.check()
        await talk.dialog.hang_up()
    await program.until_metric("softswitch_calls", 0)
    [path] = {*folder.rglob("*.wav")} - before
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert share(samples[::2].tobytes(), LOW) > 0.95
    assert share(samples[1::2].tobytes(), HIGH) > 0.95


async def test_a_certificate_of_somebody_else_ends_the_call(
    program: Program, voices: list[Voice]
) -> None:
    ours, theirs = Voice(), DtlsVoice()
    theirs.lie()
    voices += [ours, theirs]
    for voice in voices:
        await voice.open()
    before = len(program.calls())
    async with peers(program, "1001", "1022") as (alice, bob):
        invite = await alice.invite("1022", ours.describe())
        offer = await bob.request("INVITE")
        bob.respond(offer, 200, theirs.describe(offer))
        await theirs.agree(offer)
        answer = await alice.answer_to(invite)
        await ours.agree(answer)
        alice.established(invite, answer)
        for peer in (alice, bob):
            goodbye = await peer.request("BYE")
            assert "media not secured" in header(goodbye, "Reason")
            peer.respond(goodbye, 200)
    await until(lambda: len(program.calls()) > before and bool(program.calls()[-1]["reason"]))
    reason = program.calls()[-1]["reason"]
    assert reason.startswith("media not secured: ")
    assert "fingerprint" in reason or "certificate" in reason
    assert reason in program.log()
    assert not ours.packets


async def test_what_comes_in_the_clear_is_not_heard_on_a_secured_leg(
    program: Program, voices: list[Voice]
) -> None:
    ours, theirs = SdesVoice(GCM), Voice()
    voices += [ours, theirs]
    async with peers(program, "1011", "1002") as pair:
        talk = await talking(program, ours, theirs, *pair)
        plain = Voice()
        plain._transport, plain.target = ours._transport, ours.target
        plain._sequence = ours._sequence + 10
        await plain.play(MIDDLE, 0.5)
        assert not theirs.packets
        await talk.speak()
        await talk.check()
        await talk.dialog.hang_up()
    await until(lambda: program.calls()[-1]["outcome"] == "answered")
    bad = program.calls()[-1]["media"]["caller"]["bad"]
    assert bad["srtp_auth"] == 25


async def test_no_key_is_written_anywhere(program: Program, voices: list[Voice]) -> None:
    """Whole messages are in the log of this switch, and so are those of all calls of this file."""
    ours, theirs = SdesVoice(GCM), SdesVoice(CM_80)
    voices += [ours, theirs]
    async with peers(program, "1011", "1012") as pair:
        talk = await talking(program, ours, theirs, *pair)
        url = f"http://127.0.0.1:{program.http_port}/v1/calls"
        login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
        async with aiohttp.ClientSession(headers=login) as session, session.get(url) as answer:
            shown = await answer.text()
        await talk.dialog.hang_up()
    (call,) = json.loads(shown)["calls"]
    assert (call["caller"]["quality"]["srtp"], call["callee"]["quality"]["srtp"]) == (GCM, CM_80)
    await until(lambda: bool({c["call_id"]: c for c in program.calls()}[call["id"]]["outcome"]))
    history = await program.command("ListCallHistory", Quality="true", CallId=call["id"])
    (row,) = history["CallHistory"]  # type: ignore[misc]
    assert (row["CallerSrtp"], row["CalleeSrtp"]) == (GCM, CM_80)
    keys = {
        *keys_in(talk.offer),
        *keys_in(talk.answer),
        *keys_in(ours.describe()),
        *keys_in(theirs.describe(talk.offer)),
    }
    assert len(keys) == 3 + 1 + 2
    log = program.log()
    assert "inline:***" in log
    assert "inline:" not in log.replace("inline:***", "")
    assert "a=ice-pwd:***" in log or "ice-pwd" not in log
    status, trace = await program.v1("GET", f"calls/{call['id']}/trace")
    assert status == 200 and "inline:**" in json.dumps(trace)
    _, packets = await program.v1("GET", f"calls/{call['id']}/trace.pcap")
    assert b"inline:**" in packets
    files = filter(Path.is_file, (program.directory / "data").rglob("*"))
    kept = b"".join(file.read_bytes() for file in files)
    for key in keys:
        for place in (shown, json.dumps(history), log, json.dumps(trace)):
            assert key not in place
        for octets in (kept, packets):
            assert key.encode() not in octets
