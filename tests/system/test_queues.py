"""Queues and groups with real phones: music, voices, whisper, agents, callbacks, restarts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.system.phones import Ear, Phone, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import share
from tests.system.test_commands import PHONES, sound_file

MUSIC, WHISPER = 700.0, 1_900.0
LEFT = ("softswitch_calls ", "softswitch_media_ports{", "softswitch_queue_callers_waiting")


def queue(directory: Path, **keys: Any) -> dict[str, Any]:
    """A switch with queue 750, its music, and what its agents hear first."""
    sound_file(directory, "music.wav", MUSIC, 1.0)
    static = directory / "static"
    entry = {
        "number": "750",
        "type": "queue",
        "agents": ["1001"],
        "music": str(static / "music.wav"),
        "announce_position": False,
        "announce_wait": False,
        **keys,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    return {"settings": "\n".join([PHONES, "[[extensions]]", *lines, ""])}


async def state(program: Program, path: str = "/v1/queues/750/state") -> Any:
    return json.loads(await program.get(path, username="admin", password="pw-admin"))


async def asks(program: Program, method: str, path: str) -> int:
    url = f"http://127.0.0.1:{program.http_port}/v1{path}"
    login = aiohttp.encode_basic_auth("admin", "pw-admin")
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}) as session,
        session.request(method, url) as answer,
    ):
        return answer.status


async def calls(phone: Phone, number: str) -> Any:
    call = await phone.dial(number)
    await call.wait_established(timeout=10)
    return call


async def nothing_is_left(program: Program) -> None:
    """No call and no media leg is left."""

    for _ in range(100):
        metrics = await program.get("/metrics")
        lines = [line for line in metrics.splitlines() if line.startswith(LEFT)]
        assert len(lines) >= len(LEFT)
        if not any(float(line.split()[-1]) for line in lines):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(lines)


@pytest.mark.timeout(120)
async def test_music_then_a_whisper_to_the_agent_then_both_talk(tmp_path: Path) -> None:
    sound_file(tmp_path, "whisper.wav", WHISPER, 2.0)
    whisper = str(tmp_path / "static" / "whisper.wav")
    more = queue(tmp_path, whisper_file=whisper)
    async with running(tmp_path, **more) as program, phones() as makers:
        anna, ben = [await makers.register(program, number) for number in ("1000", "1001")]
        waiting = await calls(anna, "750")
        ring = await ben.rings()
        async with Ear(waiting, 450.0) as at_anna:
            await at_anna.hears(MUSIC, 0.8)
            shown = await state(program)
            assert [each["number"] for each in shown["callers"]] == ["1000"]
            assert shown["callers"][0]["agents"] == ["1001"]
            assert [(a["number"], a["status"]) for a in shown["agents"]] == [("1001", "ringing")]
            await ring.answer()
            async with Ear(ring, 1_150.0) as at_ben:
                await at_ben.hears(WHISPER, 0.8, span=0.4)
                assert share(at_anna.since(0.4), MUSIC) > 0.8
                await at_ben.hears(450, 0.8)
                await at_anna.hears(1_150, 0.8)
                assert (await state(program))["agents"][0]["status"] == "talking"
        await waiting.hangup()
        await gone(ring)
        await nothing_is_left(program)
        assert (await state(program))["answered"] == 1
        rows = (await program.command("ListCallHistory"))["CallHistory"]
        assert isinstance(rows, list)
        assert [row["Destination"] for row in rows] == ["1001"]


@pytest.mark.timeout(120)
async def test_two_wait_in_order_one_gives_up_and_the_other_hears_its_place(tmp_path: Path) -> None:
    told = {"announce_position": True, "announce_after": 1.0, "announce_every": 30}
    more = queue(tmp_path, **told)
    async with running(tmp_path, **more) as program, phones() as makers:
        anna, ben, carl = [
            await makers.register(program, number) for number in ("1000", "1001", "1002")
        ]
        assert await asks(program, "PUT", "/agents/1001/pause") == 200
        first, second = await calls(anna, "750"), await calls(carl, "750")
        async with Ear(second, None) as ear:
            await ear.hears(MUSIC, span=0.6)
            await until(lambda: share(ear.since(0.6), MUSIC) < 0.8, 40)  # a voice has to be made
            await ear.hears(MUSIC, span=0.6, seconds=20)
        shown = await state(program)
        assert [(c["position"], c["number"]) for c in shown["callers"]] == [
            (1, "1000"),
            (2, "1002"),
        ]
        await first.hangup()
        await gone(first)
        assert await asks(program, "DELETE", "/agents/1001/pause") == 200
        ring = await ben.rings()
        await ring.answer()
        await ring.wait_established(timeout=10)
        assert (await state(program))["agents"][0]["caller"] == "1002"
        await ring.hangup()
        await gone(second)
        await nothing_is_left(program)
        assert (await state(program))["abandoned"] == 1


@pytest.mark.timeout(150)
async def test_an_agent_logs_in_by_code_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    more = queue(tmp_path, agents=[], logins=["1001"])
    async with running(tmp_path, **more) as program, phones() as makers:
        anna, ben = [await makers.register(program, number) for number in ("1000", "1001")]
        await gone(await calls(ben, "*45*750"), 40)
        await gone(await calls(ben, "*46"), 40)
        assert [a["status"] for a in (await state(program))["agents"]] == ["paused"]
        await program.stop()
        await program.start()
        (agent,) = (await state(program))["agents"]
        assert (agent["number"], agent["status"]) == ("1001", "paused")
        await gone(await calls(ben, "#46".replace("#", "%23")), 40)
        waiting = await calls(anna, "750")
        ring = await ben.rings()
        await ring.answer()
        await ring.wait_established(timeout=10)
        await waiting.hangup()
        await gone(ring)
        await nothing_is_left(program)


async def asks_for_a_callback(program: Program, caller: Phone) -> None:
    """Come to the queue, whose agent pauses, and press the key; the caller then waits on hook."""
    assert await asks(program, "PUT", "/agents/1001/pause") == 200
    waiting = await calls(caller, "750")
    await asyncio.sleep(1)
    await waiting.send_dtmf("5")
    await gone(waiting, 15)


async def is_called_back(program: Program, caller: Phone, agent: Phone) -> None:
    """The agent pauses no more: the caller is rung, then the agent, and both talk."""
    (waiting,) = (await state(program))["callers"]
    assert (waiting["number"], waiting["call"]) == (caller.number, None)
    assert await asks(program, "DELETE", "/agents/1001/pause") == 200
    back = await caller.rings()
    await back.answer()
    ring = await agent.rings()
    await ring.answer()
    async with Ear(back, 450.0) as at_caller, Ear(ring, 1_150.0) as at_agent:
        await at_agent.hears(450, 0.8)
        await at_caller.hears(1_150, 0.8)
    await back.hangup()
    await gone(ring)
    await nothing_is_left(program)


@pytest.mark.timeout(120)
async def test_a_caller_is_called_back_in_turn(tmp_path: Path) -> None:
    more = queue(tmp_path, callback_key="5")
    async with running(tmp_path, **more) as program, phones() as makers:
        anna, ben = [await makers.register(program, number) for number in ("1000", "1001")]
        await asks_for_a_callback(program, anna)
        await is_called_back(program, anna, ben)


@pytest.mark.timeout(150)
async def test_a_promised_callback_outlives_a_switch_that_is_killed(tmp_path: Path) -> None:
    program = Program(tmp_path, **queue(tmp_path, callback_key="5"))
    await program.start()
    try:
        async with phones() as makers:
            anna, ben = [await makers.register(program, number) for number in ("1000", "1001")]
            await asks_for_a_callback(program, anna)
            await program.kill()
            await program.start()
            for phone in (anna, ben):
                await phone.agent.register(timeout=10)
            await is_called_back(program, anna, ben)
            await program.stop()
            await program.start()
            assert (await state(program))["callers"] == []
    finally:
        await program.stop()


@pytest.mark.timeout(120)
async def test_a_group_rings_its_members_by_turns_and_overflows(tmp_path: Path) -> None:
    settings = PHONES + (
        "[[extensions]]\nnumber = '700'\ntype = 'group'\nmembers = ['1001', '1002']\n"
        "strategy = 'round-robin'\nring_time = 2\noverflow = '1003'\n"
    )
    async with running(tmp_path, settings) as program, phones() as makers:
        numbers = ("1000", "1001", "1002", "1003")
        anna, ben, carl, dora = [await makers.register(program, each) for each in numbers]
        first = await anna.dial("700")
        ring = await ben.rings()
        await gone(ring)
        ring = await carl.rings()
        await ring.answer()
        async with Ear(first, 450.0) as at_anna, Ear(ring, 1_150.0) as at_carl:
            await at_carl.hears(450, 0.8)
            await at_anna.hears(1_150, 0.8)
        await first.hangup()
        await gone(ring)
        second = await anna.dial("700")
        ring = await carl.rings()
        await gone(ring)
        await gone(await ben.rings())
        ring = await dora.rings()
        await ring.answer()
        await second.wait_established(timeout=10)
        await second.hangup()
        await gone(ring)
        await until(lambda: ring.state.name == "CLOSED")
        await nothing_is_left(program)
