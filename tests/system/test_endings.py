"""How calls end, as the phones and the record see it: each with peers of plain text."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.peer import header, media_address, peers, status, talk
from tests.system.program import Program, running, until

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
ring_time = 2
[[extensions]]
number = "600"
type = "echo"
"""


async def recorded(program: Program, calls: int = 1) -> list[tuple[str, str]]:
    """Outcome and who ended it, of each call, once all are over."""

    def over() -> bool:
        records = program.calls()
        return len(records) == calls and all(record["end_time"] for record in records)

    await until(over)
    await program.until_metric("softswitch_media_ports", 0)
    assert await program.metric("softswitch_dialogs") == 0
    return [(record["outcome"], record["ended_by"]) for record in program.calls()]


async def test_refusals_of_the_callee_reach_the_caller(tmp_path: Path) -> None:
    table = {486: "busy", 603: "rejected", 480: "no answer"}
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        for code in table:
            invite = await anna.invite("1001")
            ben.respond(await ben.request("INVITE"), code)
            await ben.request("ACK")
            answer = await anna.answer_to(invite)
            assert status(answer) == code
            assert "Q.850;cause=" in header(answer, "Reason")
        endings = [(outcome, "callee") for outcome in table.values()]
        assert await recorded(program, len(table)) == endings


async def test_numbers_that_nobody_answers(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        assert status(await anna.answer_to(await anna.invite("1009"))) == 480
        assert status(await anna.answer_to(await anna.invite("4711"))) == 404
        invite = await anna.invite("1001")
        incoming = await ben.request("INVITE")
        ben.respond(incoming, 180)
        cancel = await ben.request("CANCEL")
        ben.respond(cancel, 200)
        ben.respond(incoming, 487)
        assert status(await anna.answer_to(invite)) == 480
        outcomes = [outcome for outcome, _ in await recorded(program, 3)]
        assert outcomes == ["not registered", "wrong number", "no answer"]


async def test_the_caller_gives_up_while_it_rings(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        invite = await anna.invite("1001")
        incoming = await ben.request("INVITE")
        ben.respond(incoming, 180)
        await anna.answer_to(invite, 180)
        anna.cancel(invite)
        assert status(await anna.answer_to(invite)) == 487
        cancel = await ben.request("CANCEL")
        assert header(cancel, "CSeq").split()[0] == header(incoming, "CSeq").split()[0]
        ben.respond(cancel, 200)
        ben.respond(incoming, 487)
        await ben.request("ACK")
        assert await recorded(program) == [("cancelled", "caller")]


async def test_a_cancel_right_behind_the_invite(tmp_path: Path) -> None:
    """The callee's phone must hear of it only when it has said something (section 9.1)."""
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        invite = await anna.invite("1001")
        anna.cancel(invite)
        assert status(await anna.answer_to(invite)) == 487
        assert await recorded(program) == [("cancelled", "caller")]
        while not ben.inbox.empty():
            assert not ben.inbox.get_nowait().startswith("CANCEL")


async def test_a_cancel_that_crosses_the_answer_leaves_a_call(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        invite = await anna.invite("600")
        answer = await anna.answer_to(invite)
        anna.cancel(invite)
        dialog = anna.established(invite, answer)
        await dialog.hang_up()
        assert await recorded(program) == [("answered", "caller")]


async def test_early_media_reaches_the_caller(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        invite = await anna.invite("1001")
        incoming = await ben.request("INVITE")
        ben.respond(incoming, 183, ben.sdp())
        early = await anna.answer_to(invite, 183)
        assert status(early) == 183
        await ben.rtp.send(media_address(incoming), 25, payload=b"\x55" * 160)
        said = b"\x55" * 160
        await until(lambda: sum(heard.endswith(said) for heard in anna.rtp.packets) >= 20)
        theirs = ben.respond(incoming, 200, ben.sdp())
        anna.established(invite, await anna.answer_to(invite))
        await ben.request("ACK")
        await theirs.hang_up()
        anna.respond(await anna.request("BYE"), 200)
        assert await recorded(program) == [("answered", "callee")]


async def test_a_goodbye_from_each_side(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        ours, _ = await talk(anna, ben)
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        _, theirs = await talk(anna, ben)
        await theirs.hang_up()
        anna.respond(await anna.request("BYE"), 200)
        assert await recorded(program, 2) == [("answered", "caller"), ("answered", "callee")]


async def test_the_answer_is_repeated_until_it_is_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        invite = await anna.invite("600")
        first = await anna.answer_to(invite)
        again = await anna.answer_to(invite, seconds=2)
        assert again == first
        anna.established(invite, again)
        with pytest.raises(AssertionError, match="not heard"):
            await anna.answer_to(invite, seconds=1.5)


async def test_messages_between_extensions(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        text = anna.new("MESSAGE", "1001", "Grüße", "Content-Type: text/plain;charset=UTF-8")
        asking = asyncio.create_task(anna.ask(text))
        incoming = await ben.request("MESSAGE")
        assert incoming.endswith("\r\n\r\nGrüße")
        assert header(incoming, "From").startswith("<sip:1000@")
        ben.respond(incoming, 200)
        assert status(await asking) == 200
        for number, answered in (("1009", 202), ("4711", 404)):
            later = anna.new("MESSAGE", number, "?", "Content-Type: text/plain")
            assert status(await anna.ask(later)) == answered


async def test_options_tells_what_the_switch_can_do(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        answer = await anna.ask(anna.new("OPTIONS", None))
        assert status(answer) == 200
        assert {"INVITE", "ACK", "BYE", "CANCEL"} <= set(header(answer, "Allow").split(", "))
        assert "application/sdp" in header(answer, "Accept")
