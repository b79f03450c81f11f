"""Session timers and reliable provisional responses on the wire, with peers of plain text."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.system.peer import Dialog, header, media_address, peers, status
from tests.system.program import running, until

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


@pytest.mark.timeout(150)
async def test_timers_of_90_seconds_in_both_roles(tmp_path: Path) -> None:
    """One caller refreshes never, and is given up after 60 s; another one is asked after 45 s."""
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        silent, asked = both
        loop = asyncio.get_running_loop()
        loops: dict[str, tuple[Dialog, float]] = {}
        for peer, role in ((silent, "uac"), (asked, "uas")):
            wish = ("Supported: timer", f"Session-Expires: 90;refresher={role}")
            answer = await peer.ask(peer.new("INVITE", "600", peer.sdp(), *wish))
            assert status(answer) == 200
            assert header(answer, "Session-Expires") == f"90;refresher={role}"
            assert ("timer" in header(answer, "Require")) == (role == "uac")
            loops[role] = peer.established(peer.last, answer), loop.time()

        sounds = [
            asyncio.create_task(peer.rtp.send(media_address(loops[role][0].text), 5_000))
            for peer, role in ((silent, "uac"), (asked, "uas"))
        ]
        refresh = await asked.hear(lambda text: text.startswith(("UPDATE ", "INVITE ")), 55)
        assert 43 < loop.time() - loops["uas"][1] < 50
        assert header(refresh, "Session-Expires") == "90;refresher=uac"
        asked.respond(refresh, 200, asked.sdp() if refresh.startswith("INVITE") else "")
        goodbye = await silent.request("BYE", 30)
        assert 58 < loop.time() - loops["uac"][1] < 66
        assert "cause=102" in header(goodbye, "Reason")
        silent.respond(goodbye, 200)
        for sound in sounds:
            sound.cancel()
        await asyncio.gather(*sounds, return_exceptions=True)
        await loops["uas"][0].hang_up()
        await until(lambda: all(call["end_time"] for call in program.calls()))
        assert sorted(call["ended_by"] for call in program.calls()) == ["caller", "system"]


async def test_an_interval_of_one_second_is_too_small(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        wish = ("Supported: timer", "Session-Expires: 1")
        answer = await anna.final(anna.new("INVITE", "600", anna.sdp(), *wish))
        assert status(answer) == 422
        assert header(answer, "Min-SE") == "90"
        assert await program.metric("softswitch_dialogs") == 0


async def test_prack_on_both_legs(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        text = anna.new("INVITE", "1001", anna.sdp(), "Require: 100rel")
        challenge = await anna.final(text)
        anna.acknowledge_refusal(text, challenge)
        text = anna.proven(text, challenge)
        anna.send(text)
        incoming = await ben.request("INVITE")
        assert "100rel" in header(incoming, "Supported")
        ben.respond(incoming, 183, ben.sdp(), "Require: 100rel", "RSeq: 4711")
        prack = await ben.request("PRACK")
        assert header(prack, "RAck") == f"4711 {header(incoming, 'CSeq')}"
        ben.respond(prack, 200)
        early = await anna.hear(lambda said: status(said) == 183)
        assert header(early, "Require") == "100rel"
        rack = f"RAck: {header(early, 'RSeq')} {header(text, 'CSeq')}"
        lines = tuple(f"{name}: {header(text, name)}" for name in ("From", "Call-ID"))
        to = f"To: {header(early, 'To')}"
        for number, said, code in ((7, "RAck: 1 1 X", 481), (8, rack, 200)):
            uri, cseq = f"sip:1001@{anna.server}", f"{number} PRACK"
            prack = anna.write("PRACK", uri, cseq, (*lines, to, said))
            assert status(await anna.final(prack)) == code
        ben.respond(incoming, 200)
        answer = await anna.answer_to(text)
        assert "m=audio" not in answer  # the description of the 183 was the answer
        dialog = anna.established(text, answer)
        dialog.cseq = 8
        await ben.request("ACK")
        await dialog.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])


async def test_a_phone_that_wants_a_longer_interval_is_asked_again_with_it(tmp_path: Path) -> None:
    """It may raise the least twice; what it said last and largest holds for refreshes, too."""
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        invite = await anna.invite("1001")
        first = await ben.request("INVITE")
        asked = int(header(first, "Session-Expires").partition(";")[0])
        call_id, tag = header(first, "Call-ID"), header(first, "From")
        least = asked
        for _ in range(2):
            least += 3_600
            ben.respond(first, 422, "", f"Min-SE: {least}")
            await ben.request("ACK")
            again = await ben.request("INVITE")
            assert header(again, "Min-SE") == str(least)
            assert int(header(again, "Session-Expires").partition(";")[0]) == least
            assert (header(again, "Call-ID"), header(again, "From")) == (call_id, tag)
            assert (
                int(header(again, "CSeq").split()[0]) == int(header(first, "CSeq").split()[0]) + 1
            )
            assert "tag=" not in header(again, "To")
            assert media_address(again) == media_address(first)
            first = again
        # a smaller one later changes nothing
        ben.respond(first, 422, "", "Min-SE: 90")
        await ben.request("ACK")
        again = await ben.request("INVITE")
        assert header(again, "Min-SE") == str(least)
        timer = ("Require: timer", f"Session-Expires: {least};refresher=uas")
        theirs = ben.respond(again, 200, ben.sdp(), *timer)
        answer = await anna.answer_to(invite)
        assert status(answer) == 200  # the caller has heard nothing of all that
        ours = anna.established(invite, answer)
        await ben.request("ACK")
        # the phone refreshes, and is told what was agreed
        wish = ("Supported: timer", f"Session-Expires: {least};refresher=uac")
        refreshed = await ben.final(theirs.request("UPDATE", "", *wish))
        assert header(refreshed, "Session-Expires").startswith(f"{least};refresher=uac")
        await ours.hang_up()
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])


@pytest.mark.parametrize(
    ("least", "invites"),
    [("Min-SE: 90", 4), ("Min-SE: 2000000000", 1), ("Min-SE: soon", 1), ("Subject: none", 1)],
)
async def test_a_phone_that_is_never_content_fails_the_call(
    tmp_path: Path, least: str, invites: int
) -> None:
    """It is asked three times more at most; its 422 is not for the caller (it has no Min-SE)."""
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as both:
        anna, ben = both
        invite = await anna.invite("1001")
        for _ in range(invites):
            ben.respond(await ben.request("INVITE"), 422, "", least)
            await ben.request("ACK")
        assert status(await anna.answer_to(invite)) == 500
        assert ben.inbox.empty()
        await until(lambda: [call["outcome"] for call in program.calls()] == ["failed"])
        await program.until_metric("softswitch_dialogs", 0)
