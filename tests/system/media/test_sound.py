"""Sound through the real worker process: what is played, heard, recorded and mixed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from media.codecs import g711
from media.codecs.codec import find
from softswitch.calls.ports.listening import SoundAwaited
from softswitch.calls.ports.media_port import (
    LegCodec,
    MediaPort,
    Playing,
    RecordingInProgress,
    build_alarm,
)
from tests.media.packets import rtp
from tests.system.media.sounds import (
    coded,
    decoded,
    dtmf_sound,
    file_of,
    heard,
    hertz,
    sine,
    stretches,
)
from tests.system.media.workers import EVENTS, PCMU, Phone, RunningWorkers, run_workers, until

KINDS = ("silence", "network", "tones", "answer")


async def test_two_files_are_heard_one_after_the_other_without_a_gap(
    running: RunningWorkers, tmp_path: Path
) -> None:
    phone, port = await running.party()
    first = port.play_file(file_of(tmp_path, "a.wav", 500, 0.4, 16_000))
    second = port.play_file(file_of(tmp_path, "b.flac", 1200, 0.3, 44_100))
    played = await asyncio.gather(first.done, second.done)
    assert [(each.why, each.error) for each in played] == [("finished", "")] * 2
    assert [each.milliseconds for each in played] == [400, 300]
    await asyncio.sleep(0.05)
    (sound,) = stretches(heard(phone))
    assert abs(len(sound) - 0.7 * 8000) < 60
    assert hertz(sound[200:3000]) == pytest.approx(500, abs=2)
    assert hertz(sound[3400:5400]) == pytest.approx(1200, abs=2)
    numbers = [int.from_bytes(packet[2:4]) for packet in phone.heard]
    assert numbers == [(numbers[0] + step) & 0xFFFF for step in range(len(numbers))]


async def test_keys_are_told_once_whatever_ways_tell_of_them(running: RunningWorkers) -> None:
    """A leg that hears nobody: the key comes as sound and as events, and by INFO behind them."""
    phone, port = await running.party(PCMU, EVENTS)
    keys: list[str] = []
    port.hear_keys(keys.append)
    await port.statistics()
    sound = g711.encode_ulaw(dtmf_sound("5", 0.1))
    quiet = g711.encode_ulaw(np.zeros(160, np.int16))
    sequence = 0

    def say(payload: bytes, payload_type: int = 0, at: int | None = None) -> None:
        nonlocal sequence
        phone.say(port, rtp(sequence, at, payload_type=payload_type, payload=payload))
        sequence += 1

    for frame in range(30):
        if 10 <= frame < 15:
            begin = (frame - 10) * 160
            say(sound[begin : begin + 160].tobytes())
            say(bytes((5, 10)) + ((frame - 9) * 160).to_bytes(2, "big"), 101, 1600)
        else:
            say(quiet.tobytes(), at=frame * 160)
        await asyncio.sleep(0.02)
    port.key_by_info("5")
    port.key_by_info("#")
    await port.statistics()
    assert keys == ["5", "#"]
    port.hear_keys(None)
    port.key_by_info("7")
    await port.statistics()
    assert keys == ["5", "#"]


def event(key: int, duration: int, end: bool = False) -> bytes:
    return bytes((key, end << 7 | 10)) + duration.to_bytes(2, "big")


async def test_keys_of_a_relayed_call_are_told_and_passed_on_unchanged(
    running: RunningWorkers,
) -> None:
    first, port, second, _ = await running.call(PCMU, EVENTS)
    keys: list[str] = []
    port.hear_keys(keys.append)
    await port.statistics()
    payloads = [event(9, 160), event(9, 320), *[event(9, 480, True)] * 3]
    for sequence, payload in enumerate(payloads):
        first.say(port, rtp(sequence, 1000, payload_type=101, payload=payload))
    await until(lambda: len(second.heard) == 5)
    await port.statistics()
    assert keys == ["9"]
    assert [packet[12:] for packet in second.heard] == payloads


async def test_keys_of_a_call_in_the_tick_are_made_anew_for_the_other(
    running: RunningWorkers,
) -> None:
    first, port, second, other = await running.call(PCMU, EVENTS)
    music = other.play_tone("dial")
    await asyncio.sleep(0.05)
    for number in range(5):
        duration = (number + 1) * 160
        first.say(port, rtp(number, 0, payload_type=101, payload=event(11, duration)))
        await asyncio.sleep(0.02)
    for number in range(5, 8):
        first.say(port, rtp(number, 0, payload_type=101, payload=event(11, 800, True)))
    await asyncio.sleep(0.15)
    music.stop()
    assert (await music.done).why == "stopped"
    events = [packet for packet in second.heard if packet[1] & 0x7F == 101]
    assert {packet[12] for packet in events} == {11}
    assert len({packet[4:8] for packet in events}) == 1, "one timestamp"
    assert [packet[13] >> 7 for packet in events[-3:]] == [1, 1, 1]
    assert 480 <= int.from_bytes(events[-1][14:16]) <= 1120


@pytest.mark.parametrize(("clock", "other_clock"), [(48_000, 8000), (8000, 48_000)])
async def test_a_key_lasts_as_long_by_the_other_clock(
    running: RunningWorkers, clock: int, other_clock: int
) -> None:
    first, port = await running.party(PCMU, replace(EVENTS, clock=clock))
    second, other = await running.party(PCMU, replace(EVENTS, clock=other_clock), beside=port)
    port.join(other)
    first.say(port, rtp(0))
    await port.statistics()
    step = clock // 50
    for number in range(1, 6):
        data = event(9, number * step)
        first.say(port, rtp(number, 0, payload_type=101, payload=data))
        await asyncio.sleep(0.02)
    for number in range(6, 9):
        first.say(port, rtp(number, 0, payload_type=101, payload=event(9, 5 * step, True)))

    def ends() -> list[bytes]:
        keys = [packet for packet in second.heard if packet[1] & 0x7F == 101]
        return [packet[12:] for packet in keys if packet[13] & 0x80]

    await until(lambda: len(ends()) == 3)
    assert {data[0] for data in ends()} == {9}
    # 100 ms were pressed; a busy machine may have needed longer for the packets before the end
    assert 0.1 <= int.from_bytes(ends()[0][2:4]) / other_clock < 0.3


@pytest.mark.parametrize("way", ["auto", "inband"])
async def test_keys_are_sent_as_events_or_as_sound(running: RunningWorkers, way: str) -> None:
    phone, port = await running.party(PCMU, EVENTS)
    other_phone, other = await running.party(PCMU, EVENTS)
    keys: list[str] = []
    other.hear_keys(keys.append)
    phone.pass_on = lambda packet: other_phone.say(other, packet)
    played = await port.send_keys("12,#", tone_ms=80, gap_ms=80, way=way).done
    assert played.why == "finished"
    assert 1480 <= played.milliseconds <= 1620
    await until(lambda: len(keys) == 3)
    assert keys == ["1", "2", "#"]
    kinds = {packet[1] & 0x7F for packet in phone.heard}
    assert kinds == ({0, 101} if way == "auto" else {0})


async def test_what_cannot_be_played_says_why(running: RunningWorkers, tmp_path: Path) -> None:
    _, port = await running.party()
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + b"\xff" * 100)
    asked = [
        port.play_file(str(tmp_path / "none.wav")),
        port.play_file(str(broken)),
        port.play_file("/dev/zero"),
        port.play_file(str(tmp_path)),
        port.beep(frequency=50_000),
        port.beep(milliseconds=-1),
        port.play_tone("wail"),
        port.send_keys("12x"),
        port.send_keys("1", way="event"),
        port.send_keys("1", way="pigeon"),
        port.speak(""),
        port.speak("x" * 200_000),
        port.speak("x" * 2_000_000),
        port.speak("hello", voice="nobody:there"),
    ]
    played = [await playing.done for playing in asked]
    assert [each.why for each in played] == ["error"] * len(asked)
    assert all(each.error for each in played)
    beep = await port.beep(milliseconds=40).done
    assert (beep.why, beep.milliseconds) == ("finished", 40)


async def test_stopping_ends_everything_at_once_and_says_how_much_was_sent(
    running: RunningWorkers, tmp_path: Path
) -> None:
    phone, port = await running.party()
    path = file_of(tmp_path, "a.wav", 700, 0.3, 8000)
    first, second = port.play_file(path, repeat=True, longest=30.0), port.beep()
    await until(lambda: len(phone.heard) >= 30)
    port.stop_sound()
    played, never = await first.done, await second.done
    await asyncio.sleep(0.1)  # the last packets may be on their way
    sent = len(phone.heard)
    assert played.why == never.why == "stopped"
    assert abs(played.milliseconds - 20 * len(phone.heard)) <= 80
    assert never.milliseconds == 0
    await asyncio.sleep(0.1)
    assert len(phone.heard) <= sent + 1
    again = await port.play_file(path, repeat=True, longest=0.5).done
    assert (again.why, again.milliseconds) == ("time", 500)
    tone = await port.play_tone("stutter", longest=0.3).done
    assert (tone.why, tone.milliseconds) == ("time", 300)


async def test_playing_ends_with_its_port(running: RunningWorkers) -> None:
    _, port = await running.party()
    playing = port.play_tone("dial")
    await port.close()
    assert (await playing.done).why == "stopped"
    assert (await port.beep().done).why == "stopped"
    _, port = await running.party()
    playing = port.play_tone("dial")
    (worker,) = running.workers.workers
    worker.kill()
    assert (await playing.done).why == "stopped"


async def talk(phones: dict[Phone, tuple[MediaPort, float]], seconds: float) -> None:
    """Let phones say sines in µ-law, 20 ms at a time."""
    sounds = {phone: g711.encode_ulaw(sine(tone, seconds)) for phone, (_, tone) in phones.items()}
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for frame in range(round(seconds * 50)):
        for phone, (port, _) in phones.items():
            payload = sounds[phone][frame * 160 : (frame + 1) * 160].tobytes()
            phone.say(port, rtp(frame, payload=payload))
        await asyncio.sleep(max(0.0, begin + (frame + 1) * 0.02 - loop.time()))


async def test_a_recording_has_its_length_and_a_channel_for_each(
    running: RunningWorkers, tmp_path: Path
) -> None:
    first, port, second, other = await running.call()
    talking = asyncio.create_task(talk({first: (port, 440), second: (other, 880)}, 1.6))
    await asyncio.sleep(0.3)
    both = port.record(str(tmp_path / "both.wav"), other=other, longest=0.8)
    mine = other.record(str(tmp_path / "mine.flac"), kind="flac")
    recorded = await both.done
    assert (recorded.why, recorded.seconds, recorded.error) == ("longest duration", 0.8, "")
    mine.stop()
    alone = await mine.done
    assert alone.why == "stopped"
    assert alone.seconds == pytest.approx(0.8, abs=0.6)
    samples, rate = soundfile.read(recorded.path, dtype="int16")
    assert (samples.shape, rate) == ((6400, 2), 8000)
    assert hertz(samples[2400:, 0]) == pytest.approx(440, abs=2)
    assert hertz(samples[2400:, 1]) == pytest.approx(880, abs=2)
    samples, _ = soundfile.read(alone.path, dtype="int16")
    assert len(samples) == round(alone.seconds * 8000)
    assert hertz(samples[2400:]) == pytest.approx(880, abs=2)
    await talking
    assert hertz(heard(second)[3000:9000]) == pytest.approx(440, abs=2), "the call went on"


async def test_a_recording_outlives_a_leg_whose_side_another_takes(
    running: RunningWorkers, tmp_path: Path
) -> None:
    first, port, _, other = await running.call()
    recording = other.record(str(tmp_path / "a.wav"), other=port)
    await talk({first: (port, 440)}, 0.3)
    third, newcomer = await running.party(PCMU, beside=port)
    recording.hear_instead(0, newcomer)
    await other.close()
    newcomer.join(port)
    await talk({first: (port, 440), third: (newcomer, 880)}, 0.8)
    await port.close()
    await newcomer.statistics()
    assert not recording.done.done()
    await newcomer.close()
    recorded = await asyncio.wait_for(recording.done, 3)
    assert (recorded.why, recorded.error) == ("hangup", "")
    samples, _ = soundfile.read(recorded.path, dtype="int16")
    assert len(samples) == round(recorded.seconds * 8000) > 8000
    assert hertz(samples[-4800:-800, 0]) == pytest.approx(880, abs=2)
    assert hertz(samples[-4800:-800, 1]) == pytest.approx(440, abs=2)


async def test_recordings_that_cannot_be_say_why(running: RunningWorkers, tmp_path: Path) -> None:
    _, port = await running.party()
    there = tmp_path / "there.wav"
    there.write_bytes(b"")
    ends = [
        await port.record(str(path), kind=kind).done
        for path, kind in [
            (tmp_path / "no" / "such.wav", "wav"),
            (there, "wav"),
            (tmp_path / "x.aiff", "aiff"),
        ]
    ]
    assert [each.why for each in ends] == ["failed"] * 3
    assert all(each.error for each in ends)
    silent = port.record(str(tmp_path / "silent.wav"), silence=0.2)
    assert (await silent.done).why == "silence"
    last = port.record(str(tmp_path / "last.wav"))
    await port.statistics()
    await port.close()
    assert (await last.done).why == "hangup"
    assert soundfile.info(last.path).frames == round((await last.done).seconds * 8000)


async def test_everybody_in_a_room_hears_the_others_without_himself(
    running: RunningWorkers,
) -> None:
    tones = (400.0, 700.0, 1100.0)
    parties = [await running.party(beside=None) for _ in tones]
    for _, port in parties:
        port.join_room("conference")
    talking = {phone: (port, tone) for (phone, port), tone in zip(parties, tones, strict=True)}
    await talk(talking, 0.8)
    for (phone, _), own in zip(parties, tones, strict=True):
        sound = heard(phone)[2000:6000]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        levels = {tone: spectrum[round(tone * len(sound) / 8000)] for tone in tones}
        quiet = levels.pop(own)
        assert min(levels.values()) > 50 * quiet


async def test_a_room_of_two_is_relayed_until_a_third_comes_or_one_is_muted(
    running: RunningWorkers,
) -> None:
    (first, port), (second, other), (_, third) = [await running.party() for _ in range(3)]
    port.join_room("r")
    other.join_room("r")
    await port.statistics()
    first.say(port, rtp(0, payload=b"relayed"))
    await until(lambda: [packet[12:] for packet in second.heard] == [b"relayed"])
    port.mute(True)
    await talk({first: (port, 500), second: (other, 900)}, 0.5)
    assert hertz(heard(first)[-2000:]) == pytest.approx(900, abs=4)
    assert np.abs(heard(second)[-2000:]).max() < 20
    port.mute(False)
    third.join_room("r")
    third.leave()
    await port.statistics()
    first.say(port, rtp(100, payload=b"again"))
    await until(lambda: second.heard[-1][12:] == b"again")


async def test_a_whisper_is_heard_by_one(running: RunningWorkers) -> None:
    parties = [await running.party() for _ in range(3)]
    for _, port in parties:
        port.join_room("r")
    (first, port), (second, other), (third, _) = parties
    port.whisper_to([other])
    await talk({first: (port, 600)}, 0.5)
    assert hertz(heard(second)[-2000:]) == pytest.approx(600, abs=4)
    assert np.abs(heard(third)[-2000:]).max() < 20


async def test_speech_is_heard(running: RunningWorkers) -> None:
    phone, port = await running.party()
    playing = port.speak("One two three.", language="en")
    behind = port.beep(frequency=1000, milliseconds=200)
    spoken = await asyncio.wait_for(playing.done, 20)
    assert (spoken.why, spoken.error) == ("finished", "")
    assert 500 < spoken.milliseconds < 5000
    await behind.done
    await asyncio.sleep(0.05)
    sound = heard(phone)
    assert hertz(sound[-1700:-200]) == pytest.approx(1000, abs=4)
    assert np.abs(sound[:-2400].astype(int)).max() > 2000


def children(pid: int) -> list[str]:
    """The command lines of a process's children."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    numbers = [number for file in found for number in file.read_text().split()]
    return [Path(f"/proc/{number}/cmdline").read_text() for number in numbers]


async def test_a_voice_can_be_loaded_at_the_start() -> None:
    async with run_workers() as late, run_workers(warm_speech=True) as warm:
        pids = [each.workers.workers[0].pid or 0 for each in (late, warm)]
        await until(lambda: any("hibari" in line for line in children(pids[1])))
        assert children(pids[0]) == []


async def test_voices_can_be_listed(running: RunningWorkers) -> None:
    voices = await asyncio.wait_for(running.workers.voices(), 30)
    assert {"hibari", "espeak"} <= {voice.engine for voice in voices}
    assert len({voice.name for voice in voices}) == len(voices)


OTHERS = {
    "G722": LegCodec(name="G722", receive_pt=9, send_pt=9),
    "OPUS": LegCodec(name="opus", clock=48000, channels=2, receive_pt=111, send_pt=111),
    "L16": LegCodec(name="L16", receive_pt=96, send_pt=97),
}


@pytest.mark.parametrize("name", list(OTHERS))
async def test_other_codecs_are_converted(running: RunningWorkers, name: str) -> None:
    first, port, second, other = await running.call(OTHERS[name])
    payloads = coded(OTHERS[name], sine(900, 0.8))
    payload_type, step = OTHERS[name].receive_pt, OTHERS[name].clock // 50
    law = g711.encode_ulaw(sine(500, 0.8))
    for frame, payload in enumerate(payloads):
        datagram = rtp(frame, frame * step, payload_type=payload_type, payload=payload)
        second.say(other, datagram)
        first.say(port, rtp(frame, payload=law[frame * 160 : frame * 160 + 160].tobytes()))
        await asyncio.sleep(0.02)
    assert hertz(heard(first)[-3000:]) == pytest.approx(900, abs=3)
    assert {packet[1] & 0x7F for packet in second.heard} == {OTHERS[name].send_pt}
    assert hertz(decoded(OTHERS[name], second.heard)[-3000:]) == pytest.approx(500, abs=3)
    stamps = [int.from_bytes(packet[4:8]) for packet in second.heard]
    assert {(late - early) & 0xFFFFFFFF for early, late in pairwise(stamps)} == {step}


async def test_who_speaks_his_second_codec_is_converted_from_then_on(
    running: RunningWorkers,
) -> None:
    """Both prefer µ-law and are relayed, until one speaks G.722, which the other does not take."""
    first, port = await running.party(PCMU)
    second, other = await running.party(PCMU, OTHERS["G722"])
    port.join(other)
    await port.statistics()
    second.say(other, rtp(0, payload=b"relayed"))
    await until(lambda: [packet[12:] for packet in first.heard] == [b"relayed"])
    for frame, payload in enumerate(coded(OTHERS["G722"], sine(900, 0.6)), 1):
        second.say(other, rtp(frame, payload_type=9, payload=payload))
        await asyncio.sleep(0.02)
    assert hertz(heard(first)[-2000:]) == pytest.approx(900, abs=3)
    assert (await other.statistics()).bad["no_route"] <= 2


@pytest.mark.parametrize(("preferred", "spoken"), [("OPUS", "PCMU"), ("PCMU", "OPUS")])
async def test_who_speaks_a_second_codec_of_another_clock_is_heard_without_a_gap(
    running: RunningWorkers, preferred: str, spoken: str
) -> None:
    codecs = OTHERS | {"PCMU": PCMU}
    first, port = await running.party(codecs[preferred], codecs[spoken])
    second, other = await running.party(PCMU, beside=port)
    for each in (port, other):
        each.join_room("room")
    rate = find(codecs[spoken].name, codecs[spoken].clock).best_rate  # type: ignore[union-attr]
    payloads = coded(codecs[spoken], sine(900, 1.6, rate), rate)
    payload_type, step = codecs[spoken].receive_pt, codecs[spoken].clock // 50
    begin = asyncio.get_running_loop().time()
    for frame, payload in enumerate(payloads):
        first.say(port, rtp(frame, frame * step, payload_type=payload_type, payload=payload))
        await asyncio.sleep(begin + (frame + 1) * 0.02 - asyncio.get_running_loop().time())
    (sound,) = stretches(heard(second)[-9600:], quiet=1000)
    assert len(sound) > 9000
    levels = np.sqrt(np.mean(sound[800:8800].reshape(-1, 400).astype(float) ** 2, axis=1))
    assert min(levels) > 0.8 * max(levels)


@pytest.mark.parametrize(("name", "clock"), [("G729", 8000), ("AMR-WB", 16_000)])
async def test_who_prefers_a_format_that_is_only_relayed_is_spoken_to_in_another(
    running: RunningWorkers, name: str, clock: int
) -> None:
    """Also after a hold with the same formats, and the relay goes on with the clock of its own."""
    relayed = LegCodec(name=name, clock=clock, receive_pt=118, send_pt=118)
    first, port = await running.party(relayed, PCMU)
    second, other = await running.party(relayed, PCMU)
    port.join(other)
    playing = port.play_tone("dial")
    await asyncio.sleep(0.3)
    port.configure(remote=first.address, codecs=[relayed, PCMU], direction="sendonly")
    await asyncio.sleep(0.3)
    assert {packet[1] & 0x7F for packet in first.heard} == {0}
    stamps = [int.from_bytes(packet[4:8]) for packet in first.heard]
    assert {(late - early) & 0xFFFFFFFF for early, late in pairwise(stamps)} == {160}
    port.configure(remote=first.address, codecs=[relayed, PCMU])
    playing.stop()
    await playing.done
    for sequence in range(10):
        second.say(other, rtp(sequence, sequence * clock // 50, payload_type=118))
        await asyncio.sleep(0.02)
    stamps = [int.from_bytes(packet[4:8]) for packet in first.heard]
    steps = [(late - early) & 0xFFFFFFFF for early, late in pairwise(stamps)]
    assert steps[-5:] == [clock // 50] * 5
    assert sum(steps) < 2 * clock


@pytest.mark.parametrize("muted", [False, True])
async def test_silence_and_tones_are_listened_for(running: RunningWorkers, muted: bool) -> None:
    """A leg is listened to, whether the others may hear it or not."""
    phone, port = await running.party()
    _, other = await running.party()
    port.join(other)
    port.mute(muted)
    line, exchange = await running.party()
    line.pass_on = lambda packet: phone.say(port, packet)
    assert await asyncio.wait_for(port.hear("silence", seconds=0.3).done, 2) == "silence"
    fax, busy = port.hear("tones"), port.hear("network")
    quiet, answer = port.hear("silence", seconds=1.5), port.hear("answer")
    await exchange.beep(frequency=1100, milliseconds=500).done
    assert await asyncio.wait_for(fax.done, 2) == "cng"
    exchange.play_tone("busy", country="us")
    assert await asyncio.wait_for(busy.done, 6) == "busy"
    assert not quiet.done.done()
    exchange.stop_sound()
    assert await asyncio.wait_for(quiet.done, 3) == "silence"
    assert await asyncio.wait_for(answer.done, 6) in ("human", "machine")


@pytest.mark.parametrize(("ptime", "name"), [(10, "PCMU"), (30, "PCMU"), (60, "G722")])
async def test_packets_are_as_long_as_the_phone_wants_them(
    running: RunningWorkers, ptime: int, name: str
) -> None:
    phone, port = await running.party()
    codec = OTHERS.get(name, PCMU)
    port.configure(remote=phone.address, codecs=[codec], ptime=ptime)
    await port.beep(frequency=1000, milliseconds=600).done
    lengths = {len(packet) - 12 for packet in phone.heard}
    stamps = [int.from_bytes(packet[4:8]) for packet in phone.heard]
    assert lengths == {8 * ptime}
    assert {(late - early) & 0xFFFFFFFF for early, late in pairwise(stamps)} == {8 * ptime}
    assert len(phone.heard) == pytest.approx(600 / ptime, abs=2)
    sound = heard(phone) if name == "PCMU" else decoded(codec, phone.heard)
    assert hertz(sound[800:4000]) == pytest.approx(1000, abs=3)


@pytest.mark.parametrize("ptime", [30, 40, 60])
async def test_the_end_of_a_file_is_heard_in_packets_of_any_length(
    running: RunningWorkers, tmp_path: Path, ptime: int
) -> None:
    phone, port = await running.party()
    port.configure(remote=phone.address, codecs=[PCMU], ptime=ptime)
    await port.play_file(file_of(tmp_path, "a.wav", 500, 0.5, 8000)).done
    await asyncio.sleep(0.05)
    (sound,) = stretches(heard(phone))
    assert len(sound) == pytest.approx(4000, abs=50)


@pytest.mark.parametrize("name", ["PCMU", *OTHERS])
async def test_noise_does_no_harm_to_a_leg_in_the_tick(running: RunningWorkers, name: str) -> None:
    codec = OTHERS.get(name, PCMU)
    phone, port = await running.party(codec, EVENTS)
    _, other = await running.party(PCMU, EVENTS, beside=port)
    port.join(other)
    port.hear_keys(lambda key: None)
    port.hear("silence")
    playing = port.play_tone("dial")
    chance = random.Random(3)
    for number in range(600):
        payload = chance.randbytes(chance.choice((0, 1, 3, 4, 7, 160, 161, 480, 1400)))
        kind = chance.choice((codec.receive_pt, codec.receive_pt, 101, 127))
        sequence = chance.choice((number, number, chance.getrandbits(16)))
        stamp = chance.choice((number * 160, chance.getrandbits(32)))
        ssrc = chance.choice((1, 1, 1, chance.getrandbits(32)))
        phone.say(port, rtp(sequence, stamp, payload_type=kind, payload=payload, ssrc=ssrc))
        if number % 6 == 0:
            await asyncio.sleep(0.01)
    sent = len(phone.heard)
    await asyncio.sleep(0.3)
    assert len(phone.heard) > sent + 8
    playing.stop()
    assert (await playing.done).why == "stopped"
    await asyncio.sleep(1.0)
    (report,) = running.workers.reports()
    assert report.faults == 0


def change_side(port: MediaPort, path: str, other: MediaPort) -> RecordingInProgress:
    recording = port.record(path, other=other if other is not port else None)
    recording.hear_instead(0, other)
    return recording


@pytest.mark.parametrize("seed", [1, 2])
async def test_requests_in_any_order_do_no_harm(
    running: RunningWorkers, tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)
    path = file_of(tmp_path, "a.wav", 500, 0.2, 8000)
    parties = [await running.party(PCMU, EVENTS) for _ in range(5)]
    begun: list[Playing | RecordingInProgress] = []
    listening: list[SoundAwaited] = []

    def do(port: MediaPort, phone: Phone, other: MediaPort) -> None:
        codecs = chance.choice(([PCMU], [PCMU, EVENTS], [OTHERS["G722"], EVENTS], [OTHERS["OPUS"]]))
        direction = chance.choice(("sendrecv", "sendonly", "inactive"))
        target = str(tmp_path / f"{len(begun)}.wav")
        recording = chance.choice([each for each in begun if each] or [None])
        choices: list[Callable[[], object]] = [
            lambda: port.configure(remote=phone.address, codecs=codecs, direction=direction),
            lambda: port.join(other) if port is not other else port.echo(),
            port.leave,
            lambda: begun.append(port.play_file(path, repeat=chance.random() < 0.3)),
            lambda: begun.append(port.beep(milliseconds=30)),
            lambda: begun.append(port.play_tone("ringback")),
            lambda: begun.append(port.send_keys("1,2", tone_ms=40, gap_ms=40)),
            lambda: begun.append(port.record(target, other=other if other is not port else None)),
            port.stop_sound,
            lambda: port.hear_keys(chance.choice((None, lambda key: None))),
            lambda: port.key_by_info("4"),
            lambda: port.join_room(chance.choice("xy")),
            lambda: port.mute(chance.random() < 0.5),
            lambda: port.whisper_to(chance.choice(((), (other,)))),
            lambda: listening.append(port.hear(*chance.sample(KINDS, 2), seconds=0.1)),
            lambda: chance.choice(listening).stop() if listening else None,
            lambda: port.contact_id_panel([build_alarm("1234", "131")]),
            port.end_alarm_line,
            lambda: recording.stop() if recording is not None else None,
            lambda: begun.append(change_side(port, target, other)),
        ]
        chance.choice(choices)()

    for number in range(600):
        phone, port = chance.choice(parties)
        do(port, phone, chance.choice(parties)[1])
        phone.say(port, rtp(number, payload_type=chance.choice((0, 9, 101, 111))))
        if number % 10 == 0:
            await asyncio.sleep(0.01)
        if number % 100 == 99:
            parties.remove((phone, port))
            await port.close()
            parties.append(await running.party(PCMU, EVENTS))
    for _, port in parties:
        await port.close()
    ends = await asyncio.wait_for(asyncio.gather(*(each.done for each in begun)), 5)
    await asyncio.wait_for(asyncio.gather(*(each.done for each in listening)), 5)
    assert {each.why for each in ends} <= {
        *("finished", "stopped", "time", "error", "hangup", "failed")
    }
    await asyncio.sleep(1.1)
    (report,) = running.workers.reports()
    assert (report.faults, report.legs) == (0, 0)
    assert "mistake" not in caplog.text


async def test_music_is_heard_beneath_a_beep_and_goes_down_meanwhile(
    running: RunningWorkers, tmp_path: Path
) -> None:
    phone, port = await running.party()
    music = port.play_file(file_of(tmp_path, "m.wav", 500, 1.0, 8000), repeat=True, beneath=True)
    await asyncio.sleep(0.4)
    await port.beep(frequency=1500, milliseconds=400).done
    port.stop_sound()
    await asyncio.sleep(0.1)
    assert not music.done.done()
    music.stop()
    assert (await music.done).why == "stopped"
    sound = heard(phone).astype(float)
    spectra = [
        np.abs(np.fft.rfft(sound[begin : begin + 800] * np.hanning(800)))
        for begin in range(800, len(sound) - 800, 400)
    ]
    both = max(spectra, key=lambda spectrum: float(spectrum[150]))
    alone = spectra[0]
    assert both[50] == pytest.approx(0.18 * alone[50], rel=0.2)


async def test_a_call_that_is_played_to_stays_one_stream_for_both(running: RunningWorkers) -> None:
    """Relayed, then in the tick, then relayed again: no number is left out or used twice."""
    first, port, second, other = await running.call()
    talking = asyncio.create_task(talk({first: (port, 440), second: (other, 880)}, 1.8))
    await asyncio.sleep(0.5)
    await port.beep(frequency=2000, milliseconds=300).done
    played = len(first.heard)
    await talking
    await asyncio.sleep(0.05)
    for phone in (first, second):
        assert len({packet[8:12] for packet in phone.heard}) == 1, "one source"
        numbers = [int.from_bytes(packet[2:4]) for packet in phone.heard]
        assert numbers == [(numbers[0] + step) & 0xFFFF for step in range(len(numbers))]
        stamps = [int.from_bytes(packet[4:8]) for packet in phone.heard]
        steps = [(late - early) & 0xFFFFFFFF for early, late in pairwise(stamps)]
        assert all(0 < step <= 160 * 12 for step in steps)
        assert sum(steps) == pytest.approx(1.8 * 8000, abs=0.25 * 8000)
    beeping = heard(first)[(played - 8) * 160 : (played - 3) * 160]
    spectrum = np.abs(np.fft.rfft(beeping * np.hanning(800)))
    assert min(spectrum[88], spectrum[200]) > 0.4 * spectrum.max(), "the other, and the beep"
    said = {
        g711.encode_ulaw(sine(880, 1.8))[at : at + 160].tobytes() for at in range(0, 14400, 160)
    }
    assert all(packet[12:] in said for packet in first.heard[-10:]), "relayed again"
