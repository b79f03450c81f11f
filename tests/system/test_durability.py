"""What a crash must not lose: bindings that were confirmed, and one record of every call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.peer import Peer, peers, status, talk
from tests.system.program import Program, running, until

SETTINGS = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


async def test_a_binding_outlives_a_crash_right_after_its_200(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    await program.start()
    async with peers(program, "1000", "1001") as (anna, ben):
        await ben.register()
        await program.kill()
        async with running(
            tmp_path, SETTINGS, sip_port=program.sip_port, http_port=program.http_port
        ) as again:
            anna.program = ben.program = again
            assert await again.metric("softswitch_registrations") == 2
            ours, theirs = await talk(anna, ben)
            await theirs.hang_up()
            anna.respond(await anna.request("BYE"), 200)
            del ours


async def test_every_binding_of_a_burst_that_was_confirmed(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    await program.start()
    confirmed = 0
    numbers = [f"100{digit}" for digit in range(10)]
    made = [Peer(number, program) for number in numbers for _ in range(5)]
    for peer in made:
        await peer.open()
    asked = [await peer.final(text := peer.new("REGISTER", None)) for peer in made]
    del text, asked
    for peer in made:
        first = peer.new("REGISTER", None)
        peer.send(peer.proven(first, await peer.final(first)))
    for peer in made[:25]:
        await peer.hear(lambda said: status(said) == 200)
    await program.kill()
    for peer in made:
        while not peer.inbox.empty():
            confirmed += status(peer.inbox.get_nowait()) == 200
        peer.close()
    async with running(
        tmp_path, SETTINGS, sip_port=program.sip_port, http_port=program.http_port
    ) as again:
        assert await again.metric("softswitch_registrations") >= 25 + confirmed


async def test_a_crash_during_a_call_closes_its_record(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    await program.start()
    async with peers(program, "1000", "1001") as (anna, ben):
        ours, _ = await talk(anna, ben)
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        await talk(anna, ben)
        invite = await anna.invite("1001")
        ben.respond(await ben.request("INVITE"), 180)
        await anna.answer_to(invite, 180)
        await until(lambda: len(program.calls()) == 3)
        await program.kill()
    async with running(
        tmp_path, SETTINGS, sip_port=program.sip_port, http_port=program.http_port
    ) as again:
        records = again.calls()
        assert len(records) == 3, "one record for each call"
        assert all(record["end_time"] for record in records)
        outcomes = [record["outcome"] for record in records]
        assert outcomes == ["answered", "interrupted", "interrupted"]


@pytest.mark.timeout(60)
async def test_two_switches_do_not_share_a_database(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = Program(tmp_path / "first", "")
    await first.start()
    second = Program(tmp_path / "second", "", database=first.database_url)
    with pytest.raises(AssertionError, match="did not start"):
        await second.start()
    assert await second.stop() == 1
    shown = first.database_url.removeprefix("sqlite:///")
    last = second.log().splitlines()[-1]
    assert last.startswith(f"softswitch: storage.url: {shown} is in use by another switch")
    if first.database_url.startswith("sqlite"):
        assert first.process is not None
        assert last.endswith(f"(process {first.process.pid})")
    await first.kill()
    await second.start()
    assert await second.stop() == 0
