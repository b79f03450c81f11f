"""Conferences of real phones, each with its own tone; transfers between two media workers."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from baresip.call import Call

from tests.media.signals import press, silence, to_int16
from tests.system.peer import media_address, peers, status
from tests.system.phones import Ear, Phone, gone, hold, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest, share, tone
from tests.system.test_media_worker import workers_of

ROOMS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
range = "3000-3002"
type = "conference"
mute_key = "*6"
[[extensions]]
number = "3010"
type = "conference"
pin = "2468"
announce = true
"""
TWO_WORKERS = {"MEDIA__WORKERS": "2"}
TONES = (450.0, 750.0, 1_150.0, 1_700.0)


async def enter(phone: Phone, number: str) -> Call:
    call = await phone.dial(number)
    await call.wait_established(timeout=10)
    return call


@asynccontextmanager
async def listening_on(*calls: Call) -> AsyncIterator[list[Ear]]:
    """Let every call send its own tone."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Ear(call, hertz))
            for call, hertz in zip(calls, TONES, strict=False)
        ]


async def listen(*hearing: Ear, seconds: float = 1.0) -> list[set[float]]:
    """Which of the tones each of them hears from now on."""
    await asyncio.sleep(0.4)
    for ear in hearing:
        ear.heard.clear()
    await asyncio.sleep(seconds)
    return [{hertz for hertz in TONES if share(bytes(ear.heard), hertz) > 0.1} for ear in hearing]


async def until_heard(ears: Sequence[Ear], expected: Sequence[set[float] | None]) -> None:
    """Wait until each of them hears these tones and no other; None is whatever it hears."""
    for _ in range(10):
        heard = await listen(*ears, seconds=0.6)
        if all(one is None or one == other for one, other in zip(expected, heard, strict=True)):
            return
    raise AssertionError(f"{heard} and not {expected}")


def others(count: int) -> list[set[float]]:
    return [{*TONES[:count]} - {hertz} for hertz in TONES[:count]]


def wav(frequency: float, seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(frequency, seconds))
    return out.getvalue()


async def call_of(program: Program, number: str) -> str:
    """The CallId of the call of a number."""
    active = await program.command("ListActiveCalls")
    (found,) = [row for row in active["ActiveCalls"] if row["Source"] == number]  # type: ignore[attr-defined]
    return str(found["CallId"])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("overrides", [{}, TWO_WORKERS])
async def test_everybody_hears_all_the_others(tmp_path: Path, overrides: dict[str, str]) -> None:
    async with (
        running(tmp_path, ROOMS, overrides=overrides) as program,
        phones() as makers,
    ):
        made = [await makers.register(program, f"100{n}") for n in range(4)]
        calls = [await enter(phone, "3000") for phone in made[:3]]
        elsewhere = await enter(made[3], "3001")
        async with listening_on(*calls, elsewhere) as (*inside, outside):
            await until_heard(inside, others(3))
            assert await listen(outside, seconds=0.3) == [set()]
            await calls[0].send_dtmf("*6")
            await until_heard(inside, [{*TONES[1:3]}, {TONES[2]}, {TONES[1]}])
            await calls[0].send_dtmf("*6")
            await until_heard(inside, others(3))
            await calls[2].hold()
            await until_heard(inside, [*others(2), None])
            await calls[2].resume()
            await until_heard(inside, others(3))
            await calls[0].hangup()
            await until_heard(inside, [None, {TONES[2]}, {TONES[1]}])
        for call in (*calls[1:], elsewhere):
            await call.hangup()
        await program.until_metric("softswitch_media_ports", 0)
        await until(lambda: {row["outcome"] for row in program.calls()} == {"answered"})


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mode", ["rtpevent", "info"])
async def test_the_pin(tmp_path: Path, mode: str) -> None:
    async with running(tmp_path, ROOMS) as program, phones() as makers:
        anna = await makers.register(program, "1000", dtmf_mode=mode)
        ben = await makers.register(program, "1001", dtmf_mode="rtpevent")
        inside, outside = await enter(ben, "3010"), await enter(anna, "3010")
        async with listening_on(inside, outside) as (bens, annas):
            await inside.send_dtmf("2468")
            assert await listen(bens, annas) == [set(), set()]
            assert clearest(bytes(annas.heard), 880, 0.15) < 0.2
            await outside.send_dtmf("1111")
            assert (await listen(bens, annas, seconds=1.5)) == [set(), set()]
            await outside.send_dtmf("2468")
            await until(lambda: clearest(bytes(bens.heard), 880, 0.15) > 0.2)
            await until_heard([bens, annas], [{TONES[1]}, {TONES[0]}])
        for call in (inside, outside):
            await call.hangup()


@pytest.mark.timeout(60)
async def test_the_pin_as_sound(tmp_path: Path) -> None:
    async with running(tmp_path, ROOMS) as program, peers(program, "1000") as (anna,):
        invite = await anna.invite("3010")
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        dialog = anna.established(invite, answer)
        keys = [part for key in "2468" for part in (press(key, 100), silence(100))]
        sound = to_int16(np.concatenate([silence(400), *keys, silence(600)]))
        await anna.rtp.play(media_address(answer), sound)
        await until(lambda: "conference entered" in program.log())
        await dialog.hang_up()


@pytest.mark.timeout(60)
async def test_wrong_pins_end_the_call(tmp_path: Path) -> None:
    async with running(tmp_path, ROOMS) as program, phones() as makers:
        call = await enter(await makers.register(program, "1000"), "3010")
        async with Ear(call, None):
            for keys in ("1111", "24#", "8642"):
                await call.send_dtmf(keys)
                await asyncio.sleep(1.2)
            await gone(call, 10)
        await until(lambda: program.calls()[0]["reason"] == "wrong PIN")


@pytest.mark.timeout(60)
async def test_a_new_room_begins_when_its_worker_has_died(tmp_path: Path) -> None:
    async with (
        running(tmp_path, ROOMS, overrides=TWO_WORKERS) as program,
        phones() as makers,
    ):
        anna, ben = [await makers.register(program, f"100{n}") for n in range(2)]
        calls = [await enter(phone, "3000") for phone in (anna, ben)]
        for worker in workers_of(program):
            os.kill(worker, signal.SIGKILL)
            with suppress(TimeoutError):
                await gone(calls[0], 2)
                break
            await program.until_metric("softswitch_media_workers", 2, 20)
        for call in calls:
            await gone(call)
        again = [await enter(phone, "3000") for phone in (anna, ben)]
        async with listening_on(*again) as hearing:
            await until_heard(hearing, others(2))
        for call in again:
            await call.hangup()
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_commands_are_for_one_member(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "high.wav").write_bytes(wav(2_300, 1.0))
    async with running(tmp_path, ROOMS) as program, phones() as makers:
        made = [await makers.register(program, f"100{n}") for n in range(3)]
        calls = [await enter(phone, "3000") for phone in made]
        call_id = await call_of(program, "1000")
        async with listening_on(*calls) as hearing:
            await until_heard(hearing, others(3))
            answer = await program.command("Record", CallId=call_id, Format="wav")
            assert answer["Code"] == 200, answer
            answer = await program.command("Play", CallId=call_id, AudioFile="high.wav")
            assert answer["Code"] == 200, answer
            await until(lambda: clearest(bytes(hearing[0].heard), 2_300) > 0.1)
            await asyncio.sleep(1.0)
            assert max(clearest(bytes(ear.heard), 2_300) for ear in hearing[1:]) < 0.01
        for call in calls:
            await call.hangup()
        await program.until_metric("softswitch_media_ports", 0)
        [path] = (tmp_path / "recordings").rglob("*.wav")
        assert share(path.read_bytes()[-8_000:], TONES[0]) > 0.9


@pytest.mark.timeout(60)
async def test_commands_bring_phones_into_a_conference(tmp_path: Path) -> None:
    async with (
        running(tmp_path, ROOMS, overrides=TWO_WORKERS) as program,
        phones() as makers,
    ):
        anna, ben, carl, dora = [await makers.register(program, f"100{n}") for n in range(4)]
        first = await enter(anna, "3000")
        # by CallSetup, whose phone may be on the other worker
        connected = await program.command("CallSetup", Caller="1001", Callee="3000")
        assert connected["Code"] == 200
        second = await ben.rings()
        await second.answer()
        # by transfer of a call that is on the other worker
        outgoing = await carl.dial("1003")
        third = await dora.rings()
        await third.answer()
        await outgoing.wait_established(timeout=10)
        call_id = await call_of(program, "1002")
        answer = await program.command(
            "BlindTransfer", CallId=call_id, TransferorParty="caller", Target="3000"
        )
        assert answer["Code"] == 200, answer
        await gone(outgoing)
        async with listening_on(first, second, third) as hearing:
            await until_heard(hearing, others(3))
        for call in (first, second, third):
            await call.hangup()
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_an_attended_transfer_between_two_workers(tmp_path: Path) -> None:
    async with (
        running(tmp_path, ROOMS, overrides=TWO_WORKERS) as program,
        phones() as makers,
    ):
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        first = await anna.dial("1001")
        at_ben = await ben.rings()
        await at_ben.answer()
        await first.wait_established(timeout=10)
        await hold(at_ben, first)
        second = await ben.dial("1002")
        at_carl = await carl.rings()
        await at_carl.answer()
        await second.wait_established(timeout=10)
        answer = await program.command(
            "AttendedTransfer",
            TransferredCallId=await call_of(program, "1000"),
            TargetCallId=await call_of(program, "1001"),
        )
        assert answer["Code"] == 200, answer
        await gone(at_ben)
        await gone(second)
        await until(lambda: not first.remote_on_hold)
        async with listening_on(first, at_carl) as hearing:
            await until_heard(hearing, others(2))
        await at_carl.hangup()
        await gone(first)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_who_transfers_hangs_up_while_the_target_rings(tmp_path: Path) -> None:
    async with running(tmp_path, ROOMS) as program, phones() as makers:
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        outgoing = await anna.dial("1001")
        at_ben = await ben.rings()
        await at_ben.answer()
        await outgoing.wait_established(timeout=10)
        call_id = await call_of(program, "1000")
        moving = asyncio.create_task(
            program.command(
                "BlindTransfer", CallId=call_id, TransferorParty="callee", Target="1002"
            )
        )
        at_carl = await carl.rings()
        await at_ben.hangup()
        async with Ear(outgoing, None) as waiting:
            await asyncio.sleep(0.5)
            waiting.heard.clear()
            # ringback goes on: two seconds of it, then four of silence
            await until(lambda: clearest(bytes(waiting.heard), 440) > 0.3, 10)
        await at_carl.answer()
        assert (await moving)["Code"] == 200
        async with listening_on(outgoing, at_carl) as hearing:
            await until_heard(hearing, others(2))
        await outgoing.hangup()
        await gone(at_carl)
