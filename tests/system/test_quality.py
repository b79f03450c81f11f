"""Bad lines and one-way audio, as `/v1/calls`, the history and `/metrics` show them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.peer import Dialog, Peer, media_address, peers, status
from tests.system.phones import Ear, phones
from tests.system.program import Program, running, until

ROOM = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "3000"
type = "conference"
"""
LOGIN = {"Username": "admin", "Password": "pw-admin"}
PACKETS = 200
LOST = range(10, PACKETS, 20)
"5 % of them."
LATE = range(15, PACKETS, 40)


async def enter(peer: Peer) -> Dialog:
    """Call the room."""
    invite = await peer.invite("3000")
    answer = await peer.answer_to(invite)
    assert status(answer) == 200, answer
    return peer.established(invite, answer)


async def shown(program: Program) -> dict[str, dict[str, Any]]:
    """The calls that are up, by the number of who calls."""
    page = json.loads(await program.get("/v1/calls", **LOGIN))
    assert page["total"] == len(page["calls"])
    return {call["caller"]["number"]: call for call in page["calls"]}


async def test_a_bad_line_and_a_mute_phone_are_seen_while_they_last_and_afterwards(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path, ROOM) as program,
        phones() as around,
        peers(program, "1001", "1002") as (lossy, mute),
    ):
        well = await (await around.register(program, "1000")).dial("3000")
        await well.wait_established(timeout=10)
        poor, silent = await enter(lossy), await enter(mute)
        async with Ear(well, 440.0):
            await lossy.rtp.send(media_address(poor.text), PACKETS, lost=LOST, late=LATE)
            calls = await shown(program)

        good, bad, nothing = (calls[number] for number in ("1000", "1001", "1002"))
        assert [call["state"] for call in (good, bad, nothing)] == ["InCall"] * 3
        sound = good["caller"]["quality"]
        assert sound["mos"] > 4.2
        assert (sound["lost_percent"], sound["diagnosis"]) == (0.0, None)
        assert bad["callee"]["quality"] is None, "the switch itself has no port"
        sound = bad["caller"]["quality"]
        assert sound["codec"] == "PCMU"
        assert sound["lost_percent"] == 5.0
        assert 0 < sound["late_packets"] <= len(LATE)
        assert 1.0 < sound["mos"] < 3.9
        assert sound["diagnosis"] == "5.0 % of the packets from 127.0.0.1 were lost"
        sound = nothing["caller"]["quality"]
        assert (sound["packets_in"], sound["mos"]) == (0, None)
        assert sound["packets_out"] > PACKETS - 20
        assert sound["diagnosis"] == "one-way audio: no packet came from 127.0.0.1"
        one = json.loads(await program.get(f"/v1/calls/{bad['id']}", **LOGIN))
        assert one["caller"]["quality"]["lost_percent"] == 5.0

        await asyncio.gather(poor.hang_up(), silent.hang_up())
        await program.until_metric("softswitch_calls", 1)
        assert set(await shown(program)) == {"1000"}
        gone = json.loads(await program.get(f"/v1/calls/{bad['id']}", **LOGIN))
        assert gone["status"] == 404
        await until(lambda: sum(row["end_time"] is not None for row in program.calls()) == 2)
        history = await program.command("ListCallHistory", Quality="true", Source="1001")
        (row,) = history["CallHistory"]  # type: ignore[misc]
        assert row["CallerLostPercent"] == "5.0"
        assert row["CallerCodec"] == "PCMU"
        assert int(row["CallerLatePackets"]) > 0
        assert float(row["CallerMos"]) < 3.9
        assert row["CallerDiagnosis"] == "5.0 % of the packets from 127.0.0.1 were lost"
        assert not any(name.startswith("Callee") for name in row)
        plain = await program.command("ListCallHistory", Source="1001")
        assert "CallerMos" not in plain["CallHistory"][0]  # type: ignore[index]

        assert await program.metric("softswitch_leg_mos_count") == 1
        assert await program.metric("softswitch_leg_mos_sum") == pytest.approx(
            float(row["CallerMos"])
        )
        assert await program.metric("softswitch_leg_packets_lost_total") == len(LOST)
        late = await program.metric("softswitch_leg_packets_late_total")
        assert late == int(row["CallerLatePackets"])
        text = await program.get("/metrics")
        for cause in ("loss", "nothing came"):
            assert f'softswitch_legs_diagnosed_total{{cause="{cause}"}} 1.0' in text
