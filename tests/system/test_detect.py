"""What is heard of real calls: spoken greetings, beeps, faxes, tones of the network, silence."""

from __future__ import annotations

import asyncio
import queue
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.speech.service import Speech
from media.speech.speaker import Spoken
from tests.media.signals import silence, sine, to_int16
from tests.system.application import WebApplication, application
from tests.system.peer import Dialog, Peer, media_address, peers, status, talk
from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest
from tests.system.test_commands import ivr, with_application
from tests.system.test_two_phones import G722, OPUS, RATES

Sound = NDArray[np.float64]

HELLO = "Hello, this is Anna."
MACHINE = (
    "You have reached the voice mail of Anna Smith. I am not at home right now, please leave a "
    "message after the tone."
)
BEEP = sine(1_000, 500)
CNG = np.concatenate([sine(1_100, 500), silence(3_000)] * 2)
BUSY = np.concatenate([sine(480, 500, -16) + sine(620, 500, -16), silence(500)] * 6)
RINGBACK = np.concatenate([sine(440, 2_000, -16) + sine(480, 2_000, -16), silence(4_000)] * 2)
TALKING = np.random.default_rng(1).normal(0, 1_500, 8 * 4_000)


@pytest.fixture(scope="module")
def speech() -> Iterator[Speech]:
    speech = Speech()
    yield speech
    speech.close()


def spoken(speech: Speech, text: str) -> Sound:
    """A text as a voice says it."""
    sentences: queue.Queue[object] = queue.Queue()
    speech.speak(text, sentences.put, voice="espeak:en-gb")
    parts = []
    while isinstance(one := sentences.get(timeout=30), Spoken):
        parts.append(one.samples.astype(float))
    assert one is None
    return np.concatenate(parts)


def script(detect: str) -> str:
    """A script that goes where it has heard something."""
    return f"<Response>{detect}<GoTo>heard/$heard</GoTo></Response>"


async def dial(caller: Peer, number: str) -> tuple[Dialog, tuple[str, int]]:
    """A call of a peer to the switch itself, and where its sound goes."""
    invite = await caller.invite(number)
    answer = await caller.answer_to(invite)
    assert status(answer) == 200, answer
    return caller.established(invite, answer), media_address(answer)


async def pick_up(callee: Peer) -> tuple[Dialog, tuple[str, int]]:
    """Answer the call that comes in."""
    incoming = await callee.request("INVITE")
    dialog = callee.respond(incoming, 200, callee.sdp())
    await callee.request("ACK")
    return dialog, media_address(incoming)


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[tuple[WebApplication, Program]]:
    """A switch with an application that hears where scripts go."""
    async with application() as app, running(directory, with_application(app)) as program:
        yield app, program


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("detect", "sound", "heard"),
    [
        ("<Detect For='tones,silence' Seconds='4' Timeout='8'/>", CNG, "cng"),
        ("<Detect For='network,silence' Seconds='4' Timeout='8'/>", BUSY, "busy"),
        ("<Detect For='network' Timeout='12'/>", RINGBACK, "ringback"),
        ("<Detect For='tones,network' Timeout='8'/>", BEEP, "beep"),
        ("<Detect For='silence' Seconds='1.5' Timeout='8'/>", silence(6_000), "silence"),
        ("<Detect For='silence' Seconds='2' Timeout='2.5'/>", TALKING, ""),
        ("<Detect For='silence' Seconds='0' Timeout='8'/>", silence(2_000), "silence"),
        ("<Detect For='silence,tones,network,answer' Timeout='0'/>", TALKING, ""),
        ("<Detect For='answer' Timeout='8'/>", silence(6_000), "machine"),
    ],
)
async def test_what_is_heard_of_a_caller(
    tmp_path: Path, detect: str, sound: Sound, heard: str
) -> None:
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000") as (anna,),
    ):
        app.answers["/incoming"] = script(detect)
        _, to = await dial(anna, "9000")
        playing = asyncio.ensure_future(anna.rtp.play(to, to_int16(sound)))
        form = await app.heard("GoTo", seconds=15)
        assert form["path"] == f"/heard/{heard}"
        await anna.request("BYE")
        playing.cancel()
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_a_caller_who_sends_no_packet_is_silent(tmp_path: Path) -> None:
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000") as (anna,),
    ):
        app.answers["/incoming"] = script("<Detect For='silence' Seconds='1'/>")
        await dial(anna, "9000")
        assert (await app.heard("GoTo"))["path"] == "/heard/silence"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mode", ["detect", "message-end"])
async def test_a_human_answers(tmp_path: Path, speech: Speech, mode: str) -> None:
    greeting = np.concatenate((silence(300), spoken(speech, HELLO), silence(4_000)))
    async with started(tmp_path) as (app, program), peers(program, "1001") as (ben,):
        app.answers["/connected"] = "<Response><GoTo>heard/$answeredby</GoTo></Response>"
        await program.command(
            "Call",
            Dialed="1001",
            ApiExtension="9000",
            Url=app.url("/connected"),
            MachineDetection=mode,
        )
        _, to = await pick_up(ben)
        began = asyncio.get_running_loop().time()
        playing = asyncio.ensure_future(ben.rtp.play(to, to_int16(greeting)))
        form = await app.heard("CallConnected")
        assert form["AnsweredBy"] == "human"
        assert asyncio.get_running_loop().time() - began < len(greeting) / 8_000 - 2
        assert (await app.heard("GoTo"))["path"] == "/heard/human"
        playing.cancel()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("ending", ["beep", "silence"])
async def test_a_machine_answers_and_is_listened_to(
    tmp_path: Path, speech: Speech, ending: str
) -> None:
    greeting = spoken(speech, MACHINE)
    end = np.concatenate((silence(600), BEEP)) if ending == "beep" else silence(0)
    sound = np.concatenate((silence(300), greeting, end, silence(8_000)))
    length = (len(sound) - 8 * 8_000) / 8_000
    async with started(tmp_path) as (app, program), peers(program, "1001") as (ben,):
        app.answers["/connected"] = "<Response><Beep Duration='2000'/></Response>"
        await program.command(
            "Call", Dialed="1001", Url=app.url("/connected"), MachineDetection="message-end"
        )
        _, to = await pick_up(ben)
        began = asyncio.get_running_loop().time()
        playing = asyncio.ensure_future(ben.rtp.play(to, to_int16(sound)))
        form = await app.heard("CallConnected", seconds=20)
        waited = asyncio.get_running_loop().time() - began
        assert form["AnsweredBy"] == "machine"
        expected = length + (0.3 if ending == "beep" else 1.9)
        assert waited == pytest.approx(expected, abs=0.7)
        await ben.request("BYE")
        playing.cancel()


@pytest.mark.timeout(60)
async def test_without_listening_to_the_end_a_machine_is_known_soon(
    tmp_path: Path, speech: Speech
) -> None:
    async with started(tmp_path) as (app, program), peers(program, "1001") as (ben,):
        await program.command(
            "Call",
            Dialed="1001",
            MachineDetection="detect",
            ResponseOzML=f"<Response><GoTo>{app.url('/heard')}/$answeredby</GoTo></Response>",
        )
        _, to = await pick_up(ben)
        playing = asyncio.ensure_future(ben.rtp.play(to, to_int16(spoken(speech, MACHINE))))
        form = await app.heard("GoTo", seconds=5)
        assert form["path"] == "/heard/machine"
        assert not playing.done()
        playing.cancel()


@pytest.mark.timeout(60)
async def test_who_hangs_up_meanwhile_leaves_nothing(tmp_path: Path) -> None:
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000", "1001") as (anna, ben),
    ):
        app.answers["/incoming"] = script("<Detect For='tones' Timeout='86400'/>")
        dialog, to = await dial(anna, "9000")
        await anna.rtp.play(to, to_int16(silence(500)))
        await dialog.hang_up()
        await program.command(
            "Call",
            Dialed="1001",
            Url=app.url("/connected"),
            FinishedUrl=app.url("/finished"),
            MachineDetection="message-end",
        )
        dialog, to = await pick_up(ben)
        await ben.rtp.play(to, to_int16(silence(500)))
        await dialog.hang_up()
        form = await app.heard("CallFinished")
        assert form["Callee"] == "1001"
        await program.until_metric("softswitch_media_ports", 0)
        told = set()
        while not app.posted.empty():
            told.add(app.posted.get_nowait()["NotificationName"])
        assert told.isdisjoint({"CallConnected", "Error", "GoTo"})


@pytest.mark.timeout(60)
async def test_two_phones_are_listened_to_and_go_back_to_the_relay(tmp_path: Path) -> None:
    """µ-law has two zeros: the relay passes 0x7F on as it is, the tick knows only 0xFF."""
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000", "1001") as (anna, ben),
    ):
        detect = "<Detect For='tones' Timeout='60'/>"
        app.once["/changed"] = ["", "", f"<Response>{detect}</Response>"]
        ours, theirs = await talk(anna, ben)
        to, from_ben = media_address(ours.text), media_address(theirs.text)
        sending = asyncio.ensure_future(anna.rtp.send(to, 500, payload=b"\x7f" * 160))

        def arrives(payload: bytes) -> bool:
            return bool(ben.rtp.packets) and ben.rtp.packets[-1][12:] == payload * 160

        await until(lambda: arrives(b"\xff"))
        await ben.rtp.play(from_ben, to_int16(np.concatenate((BEEP, silence(500)))))
        await until(lambda: arrives(b"\x7f"))
        sending.cancel()


def keys_of(peer: Peer) -> list[int]:
    """The keys that were pressed for a peer, in their order (RFC 4733)."""
    events = [packet[12] for packet in peer.rtp.packets if packet[1] & 0x7F == 101]
    return list(dict.fromkeys(events))


@pytest.mark.timeout(60)
async def test_who_listens_for_the_same_disturbs_nobody(tmp_path: Path) -> None:
    """Two scripts about the call wait for silences of their own, and it is recorded."""
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000", "1001") as (anna, ben),
    ):
        detect = """<Response><Detect For='silence,tones' Seconds='{0}' Timeout='20' Party='callee'>
            <OnSilence><SendDTMF Party='caller' Keys='{0}'/></OnSilence></Detect></Response>"""
        app.once["/changed"] = ["", detect.format(3), detect.format(1)]
        ours, theirs = await talk(anna, ben)
        to = media_address(theirs.text)
        listing = await program.command("ListActiveCalls")
        call_id = str(listing["ActiveCalls"][0]["CallId"])  # type: ignore[index]
        await program.command("Record", CallId=call_id, Format="wav")
        sound = np.concatenate((TALKING[: 8 * 2_000], silence(6_000)))
        playing = asyncio.ensure_future(ben.rtp.play(to, to_int16(sound)))
        await asyncio.sleep(2)
        assert keys_of(anna) == []
        await until(lambda: keys_of(anna) == [1], 2)
        await asyncio.sleep(1)
        assert keys_of(anna) == [1]
        await until(lambda: keys_of(anna) == [1, 3], 2)
        playing.cancel()
        await ours.hang_up()
        await ben.request("BYE")
        await program.until_metric("softswitch_media_ports", 0)
        (recording,) = (tmp_path / "recordings").rglob("*.wav")
        with wave.open(str(recording)) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(5, abs=1.5)


@pytest.mark.timeout(60)
async def test_a_party_on_hold_is_silent(tmp_path: Path) -> None:
    async with (
        started(tmp_path) as (app, program),
        peers(program, "1000") as (anna,),
    ):
        app.answers["/incoming"] = script("<Detect For='silence,tones' Seconds='1' Timeout='20'/>")
        dialog, to = await dial(anna, "9000")
        talking = np.tile(TALKING, 3)
        playing = asyncio.ensure_future(anna.rtp.play(to, to_int16(talking)))
        await asyncio.sleep(1.5)
        offer = anna.sdp("0 101", "a=inactive")
        answer = await anna.final(dialog.request("INVITE", offer))
        assert status(answer) == 200
        anna.send(dialog.request("ACK"))
        form = await app.heard("GoTo")
        assert form["path"] == "/heard/silence"
        assert not playing.done()
        playing.cancel()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("codec", ["pcma", G722, OPUS])
async def test_a_real_phone_is_heard_and_presses_keys_meanwhile(tmp_path: Path, codec: str) -> None:
    rate, channels = RATES.get(codec, (8_000, 1))
    commands = """<Response><UserInput Timeout="1"><InitialCommands>
        <Detect For="tones" Timeout="60"><OnBeep><Beep Frequency="700" Duration="600"/></OnBeep>
        </Detect><Detect For="tones,network" Timeout="60"/></InitialCommands>
        <Inputs><Input Key="5"><Beep Frequency="1800" Duration="800"/></Input></Inputs>
        </UserInput></Response>"""
    async with running(tmp_path, ivr(tmp_path, commands)) as program, phones() as makers:
        anna = await makers.register(program, "1000", audio_codecs=(codec,))
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, 1_000, rate, channels):
            await asyncio.sleep(1)
        async with Ear(call, None, rate, channels) as ear:
            await until(lambda: clearest(ear.since(60), 700, rate=rate) > 0.9)
            await call.send_dtmf("5")
            await gone(call, 10)
            assert clearest(ear.since(60), 1_800, rate=rate) > 0.9
