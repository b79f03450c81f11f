"""Prompts of the running switch: uploaded, played wherever a setting or a script names them."""

from __future__ import annotations

import asyncio
import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.codecs.g711 import decode_ulaw
from tests.system.peer import Peer, Rtp, peers, status
from tests.system.phones import Ear, phones
from tests.system.program import running
from tests.system.signals import clearest, share, tone
from tests.system.test_commands import ivr

PHONES = """
[[extensions]]
type = "phone"
range = "1000-1002"
password = "pw{number}"
"""


def heard(rtp: Rtp) -> bytes:
    """What came, as samples."""
    codes = b"".join(packet[12:] for packet in list(rtp.packets) if packet[1] & 0x7F == 0)
    return decode_ulaw(np.frombuffer(codes, np.uint8)).astype("<i2").tobytes()


def flac(frequency: float, seconds: float) -> bytes:
    """A tone on two channels of 96 kHz."""
    rate = 96_000
    mono = np.frombuffer(tone(frequency, seconds, rate), "<i2")
    file = io.BytesIO()
    soundfile.write(file, np.stack([mono, mono], axis=1), rate, format="FLAC")
    return file.getvalue()


def wav_file(directory: Path, frequency: float, seconds: float) -> Path:
    path = directory / f"{frequency:g}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(frequency, seconds))
    return path


async def refused_after(peer: Peer, number: str) -> bytes:
    """What a caller of a number that leads nowhere hears before the response."""
    peer.rtp.packets.clear()
    refused = await peer.answer_to(await peer.invite(number), seconds=20)
    assert status(refused) == 404
    return heard(peer.rtp)


@pytest.mark.timeout(90)
async def test_an_upload_is_heard_by_new_calls_and_earlier_ones_go_on(tmp_path: Path) -> None:
    settings = f"""
[announcements]
wrong_number = "prompt:sorry"
[[prompts]]
name = "sorry"
file = "data/prompts/sorry.wav"
{PHONES}
"""
    async with (
        running(tmp_path, settings) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        assert clearest(await refused_after(anna, "4711"), 1_000) < 0.5, "there is no file yet"
        first, second = wav_file(tmp_path, 1_000, 6.0), wav_file(tmp_path, 1_700, 1.0)
        code, said = await program.terminal("prompts", "upload", "sorry", str(first))
        assert (code, said) == (0, "sorry is changed\n")
        earlier = asyncio.create_task(refused_after(anna, "4711"))
        await asyncio.sleep(1.5)
        code, said = await program.terminal("prompts", "upload", "sorry", str(second))
        assert (code, said) == (0, "sorry is changed\n")
        assert clearest(await refused_after(ben, "4712"), 1_700) > 0.9
        whole = await earlier
        assert len(whole) > 2 * 8_000 * 5.5, "the earlier one was cut off"
        assert share(whole[-16_000:], 1_000) > 0.9
        assert [each.name for each in (tmp_path / "data/prompts").iterdir()] == ["sorry.wav"]


@pytest.mark.timeout(90)
async def test_a_prompt_from_its_upload_to_its_end(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program:
        sound = "prompts/wait/sound"
        status_code, added = await program.v1("PUT", sound, flac(800, 2.0), "")
        assert (status_code, added["name"], added["changed_by"]) == (201, "wait", "admin")
        file = tmp_path / added["entry"]["file"]
        assert soundfile.info(file).samplerate == 48_000
        assert soundfile.info(file).channels == 1
        status_code, told = await program.v1("PUT", sound, b"no audio at all", added["etag"])
        assert status_code == 422
        assert told["detail"].startswith("nothing is changed: prompt wait: sound: expected WAV,")
        assert (await program.v1("PUT", sound, flac(900, 1.0), ""))[0] == 428
        assert (await program.v1("PUT", sound, flac(900, 1.0), '"1-abc"'))[0] == 412
        for name in ("..%2Fescaped", "a%2Fb", ".hidden", "%00"):
            answered, _ = await program.v1("PUT", f"prompts/{name}/sound", flac(900, 1.0), "")
            assert answered in (404, 422), name
        assert [each.name for each in (tmp_path / "data/prompts").iterdir()] == [file.name]
        status_code, octets = await program.v1("GET", sound)
        assert status_code == 200
        samples, rate = soundfile.read(io.BytesIO(octets), dtype="int16")
        assert share(samples.tobytes(), 800, rate) > 0.9
        queue = {"number": "750", "agents": ["1001"], "music": "prompt:wait"}
        assert (await program.v1("POST", "queues", queue))[0] == 201
        status_code, told = await program.v1("DELETE", "prompts/wait")
        assert status_code == 422
        assert told["mistakes"][0]["where"] == "extension 750: music"
        wrong = {"number": "751", "agents": ["1001"], "music": "prompt:nothing"}
        status_code, told = await program.v1("POST", "queues", wrong)
        assert (status_code, "expected the name of a prompt, not 'nothing'" in told["detail"]) == (
            422,
            True,
        )
        outside = {"name": "passwd", "file": "/etc/passwd"}
        status_code, told = await program.v1("POST", "prompts", outside)
        assert (status_code, "not below an allowed directory" in told["detail"]) == (422, True)
        assert await program.stop() == 0
        await program.start()
        async with phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("750")
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear:
                await asyncio.sleep(3.5)  # longer than the file: it is played again
                assert share(ear.since(1.0), 800) > 0.8
            await call.hangup()
        assert (await program.v1("DELETE", "queues/750"))[0] == 204
        code, said = await program.terminal("prompts", "remove", "wait")
        assert (code, said) == (0, "wait is removed\n")
        assert (await program.v1("GET", sound))[0] == 404
    assert list((tmp_path / "data/prompts").iterdir()) == []


@pytest.mark.timeout(90)
async def test_scripts_and_ringing_phones_play_texts_by_name(tmp_path: Path) -> None:
    script = "<Response><Play>prompt:tone</Play><Play>prompt:words</Play></Response>"
    settings = f"""
[[prompts]]
name = "tone"
file = "{wav_file(tmp_path, 1_200, 1.0)}"
[[prompts]]
name = "words"
text = "One two three."
[[extensions]]
type = "phone"
number = "1010"
password = "pw1010"
ringback = "prompt:words"
{ivr(tmp_path, script)}
"""
    async with (
        running(tmp_path, settings) as program,
        peers(program, "1000", "1010") as (anna, ben),
    ):
        invite = await anna.invite("600")
        anna.established(invite, await anna.answer_to(invite, seconds=10))
        await anna.hear(lambda text: text.startswith("BYE"), seconds=20)
        samples = heard(anna.rtp)
        assert clearest(samples, 1_200) > 0.9
        spoken = np.frombuffer(samples[2 * 9_000 :], "<i2").astype(float)
        assert (np.abs(spoken) > 1_000).sum() > 1_000, "the text was not spoken"
        anna.rtp.packets.clear()
        invite = await anna.invite("1010")
        ringing = await ben.hear(lambda text: text.startswith("INVITE"))
        ben.respond(ringing, 180)
        assert status(await anna.answer_to(invite, 183)) == 183
        await asyncio.sleep(6)
        seconds = np.frombuffer(heard(anna.rtp), "<i2").astype(float)
        loud = [np.abs(part).max() > 1_000 for part in np.array_split(seconds, 6)]
        assert sum(loud) >= 4, f"the text was not said again and again: {loud}"
        anna.cancel(invite)
        await anna.answer_to(invite)


@pytest.mark.timeout(60)
async def test_a_prompt_that_a_script_plays_is_not_removed(tmp_path: Path) -> None:
    played = "<Response>\n<ForEach>\n<Play> prompt:hello </Play></ForEach></Response>"
    async with running(tmp_path, ivr(tmp_path, "<Response><Hangup/></Response>")) as program:
        for name in ("hello", "hello2"):
            code, said = await program.terminal("prompts", "add", name, "text=Hello")
            assert code == 0, said
        file = tmp_path / "script.xml"
        file.write_text(played)
        code, said = await program.terminal("prompts", "remove", "hello")
        assert code == 1
        assert "script" in said
        assert f"{file.name}:3: names the prompt 'hello', expected one that stays" in said
        assert (await program.v1("DELETE", "prompts/hello"))[0] == 422
        assert (await program.terminal("prompts", "remove", "hello2"))[0] == 0
        file.write_text("<Response><Hangup/></Response>")
        assert (await program.terminal("prompts", "remove", "hello"))[0] == 0


@pytest.mark.timeout(90)
async def test_a_reload_changes_what_the_switch_says(tmp_path: Path) -> None:
    prompts = "".join(
        f'[[prompts]]\nname = "p{frequency}"\nfile = "{wav_file(tmp_path, frequency, 1.0)}"\n'
        for frequency in (900, 1_500, 1_900)
    )
    said = f"""
[sentences]
own_number = "prompt:p900"
[announcements]
wrong_number = "prompt:p1900"
{prompts}
{PHONES}
"""
    async with running(tmp_path, said) as program, peers(program, "1000") as (anna,):

        async def own_number() -> bytes:
            anna.rtp.packets.clear()
            invite = await anna.invite("*65")
            anna.established(invite, await anna.answer_to(invite, seconds=10))
            await anna.hear(lambda text: text.startswith("BYE"), seconds=20)
            return heard(anna.rtp)

        assert clearest(await own_number(), 900) > 0.9
        assert clearest(await refused_after(anna, "4711"), 1_900) > 0.9
        changed = program.settings_file.read_text()
        changed = changed.replace('own_number = "prompt:p900"', 'own_number = "prompt:p1500"')
        changed = changed.replace('wrong_number = "prompt:p1900"', 'wrong_number = "prompt:p900"')
        program.settings_file.write_text(changed)
        status_code, told = await program.v1("POST", "reload")
        assert (status_code, told["after_restart"]) == (200, [])
        assert "certificates renewed" not in program.log()
        assert clearest(await own_number(), 1_500) > 0.9
        assert clearest(await refused_after(anna, "4711"), 900) > 0.9
        program.settings_file.write_text(changed.replace("prompt:p1500", "prompt:nothing"))
        status_code, told = await program.v1("POST", "reload")
        assert status_code == 422
        assert (
            "sentences.own_number: expected the name of a prompt, not 'nothing'" in told["detail"]
        )
        assert clearest(await own_number(), 1_500) > 0.9
