"""Real phones: one is muted by a command, is not heard and not recorded, and is heard again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.system.phones import Ear, phones
from tests.system.program import running, until
from tests.system.signals import share
from tests.system.test_transfer_button import calls

SETTINGS = """
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{number}"
"""
LOGIN = {"Username": "admin", "Password": "pw-admin"}
ANNA, BEN = 440.0, 1_000.0


async def until_heard(one: Ear, other: Ear, *expected: bool) -> None:
    """Wait until the first hears the tone of the other, and the other way round, or does not."""
    heard: tuple[bool, ...] = ()
    for _ in range(20):
        await asyncio.sleep(0.5)
        heard = (share(one.since(0.8), BEN) > 0.5, share(other.since(0.8), ANNA) > 0.5)
        if heard == expected:
            return
    raise AssertionError(f"{heard} and not {expected}")


@pytest.mark.timeout(120)
async def test_a_party_is_not_heard_while_it_is_muted(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna, ben = [await makers.register(program, f"100{n}") for n in (0, 1)]
        outgoing, at_ben = await calls(anna, ben)
        (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]
        call = {"CallId": row["CallId"]}
        async with Ear(outgoing, ANNA) as one, Ear(at_ben, BEN) as other:
            await until_heard(one, other, True, True)
            answer = await program.command("Mute", Party="caller", **call)
            assert answer["Code"] == 200, answer
            await until_heard(one, other, True, False)
            shown = json.loads(await program.get(f"/v1/calls/{row['CallId']}", **LOGIN))
            assert (shown["caller"]["muted"], shown["callee"]["muted"]) == (True, False)
            await program.command("Record", Format="wav", **call)
            await asyncio.sleep(2)
            await program.command("Mute", Party="caller", On="false", **call)
            await until_heard(one, other, True, True)
            await asyncio.sleep(1)
            await program.command("StopRecord", **call)
            await until_heard(one, other, True, True)
        await outgoing.hangup()
        await program.until_metric("softswitch_media_ports", 0)
        [path] = (tmp_path / "recordings").rglob("*.wav")
        both, rate = soundfile.read(path, dtype="int16")
        caller, callee = (np.ascontiguousarray(side).tobytes() for side in both.T)
        first = 3 * rate // 2 * 2
        assert not np.frombuffer(caller[:first], "<i2").any(), "what was not sent on is recorded"
        assert share(callee[:first], BEN, rate) > 0.9
        assert share(caller[-rate:], ANNA, rate) > 0.9
        await until(lambda: bool(program.calls()[0]["end_time"]))
        told = await program.get(f"/v1/history/{row['CallId']}", **LOGIN)
        assert "nobody heard 1000 from now on" in str(told)
        assert "1000 was heard again" in str(told)
