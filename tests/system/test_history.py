"""The story of a call, read from the terminal after phones have made it."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import pytest

from tests.system.peer import Peer, peers, status
from tests.system.program import Program, running, until
from tests.system.voices import Voice

SETTINGS = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"' for n in range(3)
)


async def history(program: Program, *words: str) -> str:
    """What `softswitch history` says."""
    code, said = await program.terminal("history", *words)
    assert code == 0, said
    return said


async def transferred_call(program: Program, alice: Peer, bob: Peer, carl: Peer) -> None:
    """Alice calls Bob, a command hands her on to Carl, and she hangs up."""
    voices = [Voice() for _ in range(3)]
    for voice in voices:
        await voice.open()
    invite = await alice.invite("1001", voices[0].describe())
    offer = await bob.request("INVITE")
    bob.respond(offer, 200, voices[1].describe(offer))
    answer = await alice.answer_to(invite)
    assert status(answer) == 200
    dialog = alice.established(invite, answer)
    await bob.request("ACK")
    (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
    moving = asyncio.create_task(
        program.command(
            "BlindTransfer",
            CallId=row["CallId"],  # type: ignore[index]
            TransferorParty="callee",
            Target="1002",
        )
    )
    offer = await carl.request("INVITE")
    carl.respond(offer, 200, voices[2].describe(offer))
    await carl.request("ACK")
    assert (await moving)["Code"] == 200
    await dialog.hang_up()
    for voice in voices:
        await voice.close()


@pytest.mark.timeout(90)
async def test_a_person_reads_what_happened_to_a_call(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        async with peers(program, "1000", "1001", "1002") as (alice, bob, carl):
            await transferred_call(program, alice, bob, carl)
        await until(lambda: [row["outcome"] for row in program.calls()] == ["answered"])
        (record,) = program.calls()
        listed = await history(program)
        assert record["call_id"] in listed
        story = await history(program, record["call_id"])
        words = [line.partition("  ")[2] for line in story.splitlines()]
        assert [word.partition(" (")[0] for word in words] == [
            "1000 called 1001",
            "1001 was rung",
            "1001 answered",
            "1002 was rung",
            "1002 answered",
            "1001 transferred 1000 to 1002",
            "the call ended: answered",
        ]
        table = list(csv.DictReader(io.StringIO(await history(program, "--csv"))))
        assert [row["id"] for row in table] == [record["call_id"]]
