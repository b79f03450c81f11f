"""Real phones, driven by `/v1` alone: called, held, recorded, listened to, moved, removed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from baresip.call import Call

from tests.system.phones import Ear, phones
from tests.system.program import Program, running
from tests.system.signals import share
from tests.system.test_transfer_button import calls, hear_each_other

SETTINGS = """
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "1003"
type = "phone"
password = "pw1003"
supervises = ["1001"]
[[extensions]]
number = "3000"
type = "conference"
"""
ANNA, BEN = 440.0, 1_000.0
RATE = 16_000
"Of the sound that is heard over HTTP."


async def shown_until(program: Program, path: str, name: str, value: Any) -> dict[str, Any]:
    """What a path shows once a field of it has this value."""
    for _ in range(50):
        status, shown = await program.v1("GET", path)
        if status == 200 and shown[name] == value:
            return dict(shown)
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path}: {shown}")


@pytest.mark.timeout(120)
async def test_calls_are_driven_by_the_api(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben, boss = [await makers.register(program, f"100{n}") for n in (0, 1, 3)]
        status, call = await program.v1("POST", "calls", {"from": "1000", "to": "1001"})
        assert (status, call["state"]) == (201, "Setup")
        path = f"calls/{call['id']}"
        at_anna = await anna.rings()
        await at_anna.answer()
        at_ben = await ben.rings()
        await at_ben.answer()
        await shown_until(program, path, "state", "InCall")
        await hear_each_other(at_anna, at_ben)

        assert (await program.v1("POST", f"{path}/hold"))[1]["state"] == "Hold"
        status, shown = await program.v1("POST", f"{path}/resume")
        assert [each["state"] for each in shown["states"]][-3:] == ["InCall", "Hold", "InCall"]
        assert (await program.v1("POST", f"{path}/resume"))[0] == 409
        await hear_each_other(at_anna, at_ben)

        status, begun = await program.v1("POST", f"{path}/record", {"format": "wav"})
        assert (status, begun["call"]["recordings"]) == (202, 1)
        asked = {"supervisor": "1003", "way": "monitor", "party": "callee"}
        status, listening = await program.v1("POST", f"{path}/listen", asked)
        assert status == 201
        at_boss = await boss.rings()
        await at_boss.answer()
        await both_are_heard(at_anna, at_ben, at_boss)
        assert (await program.v1("DELETE", f"calls/{listening['id']}"))[0] == 204
        status, shown = await program.v1("POST", f"{path}/stop")
        assert status == 200
        await recorded(program, call["id"])

        asked = {"target": "3000", "transferor": "callee"}
        status, moved = await program.v1("POST", f"{path}/transfer", asked)
        assert status == 200, moved
        await shown_until(program, f"calls/{moved['id']}", "state", "InCall")
        _, room = await program.v1("GET", "conferences/3000/state")
        (member,) = room["members"]
        assert member["number"] == "1000"
        at = f"conferences/3000/members/{member['call']}"
        _, room = await program.v1("POST", f"{at}/mute")
        assert room["members"][0]["muted"] is True
        assert (await program.v1("DELETE", at))[0] == 204
        _, listed = await program.v1("GET", "calls")
        assert listed["total"] == 0


async def both_are_heard(at_anna: Call, at_ben: Call, at_boss: Call) -> None:
    """Let two phones sound, and the third one hear both."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Ear(at_anna, ANNA))
        await stack.enter_async_context(Ear(at_ben, BEN))
        ear = await stack.enter_async_context(Ear(at_boss, None))
        await ear.hears(ANNA, 0.3)
        await ear.hears(BEN, 0.3)
        await asyncio.sleep(1)


async def recorded(program: Program, call_id: str) -> None:
    """See that there is one finished recording of the call, on both sides of which is sound."""
    for _ in range(50):
        _, listed = await program.v1("GET", f"recordings?call={call_id}")
        if listed["total"] == 1 and listed["recordings"][0]["finished"]:
            break
        await asyncio.sleep(0.1)
    (recording,) = listed["recordings"]
    assert (recording["source"], recording["destination"]) == ("1000", "1001")
    status, shape = await program.v1("GET", f"recordings/{recording['id']}/peaks?points=50")
    assert status == 200, shape
    assert [max(channel) > 0.05 for channel in shape["channels"]] == [True, True]
    assert shape["seconds"] > 1


@pytest.mark.timeout(60)
async def test_phones_are_asked_and_the_switch_is_well(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben = [await makers.register(program, f"100{n}") for n in (0, 1)]
        _, listed = await program.v1("GET", "registrations")
        assert [each["number"] for each in listed["registrations"]] == ["1000", "1001"]
        (first, second) = listed["registrations"]
        assert first["source"].startswith("127.0.0.1:")
        assert (first["transport"], first["reach"]) == ("udp", "reachable")
        assert "baresip" in first["user_agent"].lower()
        status, asked = await program.v1("POST", f"registrations/{first['id']}/ping")
        assert (status, asked["answered"]) == (200, True)
        assert 0 < asked["registration"]["round_trip"] < 4_000
        await calls(anna, ben)
        _, health = await program.v1("GET", "health")
        assert (health["status"], health["calls"], health["trunks_down"]) == ("ready", 1, [])
        (worker,) = health["workers"]
        assert worker["ports_free"] > 0
        assert health["database"]["state"] == "up"
        assert (await program.v1("DELETE", f"registrations/{second['id']}"))[0] == 204
        _, listed = await program.v1("GET", "registrations?number=1001")
        assert listed["total"] == 0


async def samples_of(program: Program, path: str, seconds: float) -> tuple[int, bytes]:
    """Status and sound of a call that is heard for so long."""
    url = f"http://127.0.0.1:{program.http_port}/v1/{path}"
    login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
    heard = b""
    async with aiohttp.ClientSession(headers=login) as session, session.get(url) as answer:
        while answer.status == 200 and len(heard) < 44 + seconds * 2 * RATE:
            if not (part := await answer.content.readany()):
                break
            heard += part
        return answer.status, heard


@pytest.mark.timeout(90)
async def test_a_call_is_heard_in_a_browser(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben = [await makers.register(program, f"100{n}") for n in (0, 1)]
        at_anna, at_ben = await calls(anna, ben)
        _, listed = await program.v1("GET", "calls")
        path = f"calls/{listed['calls'][0]['id']}/audio"
        async with Ear(at_anna, ANNA) as one, Ear(at_ben, BEN) as other:
            for query, hertz in (("", (ANNA, BEN)), ("?party=caller", (ANNA,))):
                status, heard = await samples_of(program, path + query, 2)
                assert status == 200
                assert heard[:4] + heard[8:12] + heard[36:40] == b"RIFFWAVEdata"
                last = heard[44:][-RATE:]  # half a second
                for each in (ANNA, BEN):
                    assert (share(last, each, RATE) > 0.2) is (each in hertz), (query, each)
            await one.hears(BEN)  # nothing has changed for the parties
            await other.hears(ANNA)
            heard_to_the_end = asyncio.ensure_future(samples_of(program, path, 60))
            await asyncio.sleep(1)
            await at_anna.hangup()
            status, heard = await heard_to_the_end
            assert (status, len(heard) > RATE) == (200, True)
        await program.until_metric("softswitch_calls", 0)
        assert (await samples_of(program, path, 1))[0] == 404
