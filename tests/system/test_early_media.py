"""Offers while it rings, on the wire: UPDATE after PRACK, glare, and early media of several phones.

RFC 3262, RFC 3311 and RFC 6337, with peers of plain text.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.system.peer import Dialog, Peer, Rtp, header, media_address, peers, status
from tests.system.program import running, until

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


async def rings_reliably(anna: Peer, ben: Peer) -> tuple[str, Dialog, Dialog]:
    """A call with early media on both sides: the INVITE, anna's dialog and ben's."""
    invite = await anna.invite("1001", None, "Require: 100rel")
    incoming = await ben.request("INVITE")
    theirs = ben.respond(incoming, 183, ben.sdp(), "Require: 100rel", "RSeq: 1")
    ben.respond(await ben.request("PRACK"), 200)
    early = await anna.hear(lambda said: status(said) == 183)
    ours = anna.early(invite, early)
    rack = f"RAck: {header(early, 'RSeq')} {header(invite, 'CSeq')}"
    assert status(await anna.final(ours.request("PRACK", "", rack))) == 200
    return invite, ours, theirs


async def another_port(peer: Peer) -> tuple[Rtp, str]:
    """Another socket for sound, and the description that names it."""
    other = Rtp()
    await other.open()
    text = peer.sdp().replace(f"m=audio {peer.rtp.port} ", f"m=audio {other.port} ")
    return other, text.replace("o=- 1 1 ", "o=- 1 2 ")


async def is_heard(speaker: Rtp, at: tuple[str, int], by: Rtp, first: int = 0) -> None:
    """Let one side speak, and the other side's socket hear nearly all of it."""
    before = len(by.packets)
    await speaker.send(at, 25, first=first)
    await until(lambda: len(by.packets) - before >= 20)


async def test_both_sides_change_early_media_by_update(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        invite, ours, theirs = await rings_reliably(anna, ben)
        for_anna, for_ben = media_address(ours.text), media_address(theirs.text)
        await ben.rtp.send(for_ben, 3)
        await is_heard(anna.rtp, for_anna, ben.rtp)

        # the callee's side moves to another port, as an announcement does that is over
        moved, offer = await another_port(ben)
        answer = await ben.final(theirs.request("UPDATE", offer))
        assert status(answer) == 200
        assert media_address(answer) == for_ben
        assert "UPDATE" in header(answer, "Allow")
        await moved.send(for_ben, 3)
        await is_heard(anna.rtp, for_anna, moved)

        # the caller's side moves as well
        elsewhere, offer = await another_port(anna)
        answer = await anna.final(ours.request("UPDATE", offer))
        assert status(answer) == 200
        assert media_address(answer) == for_anna
        await elsewhere.send(for_anna, 3)
        await is_heard(moved, for_ben, elsewhere, first=3)

        # an UPDATE without an offer is no more than a sign of life
        for peer, dialog in ((anna, ours), (ben, theirs)):
            answer = await peer.final(dialog.request("UPDATE"))
            assert status(answer) == 200
            assert "m=audio" not in answer

        ben.respond(theirs.text, 200)
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        assert "m=audio" not in answer  # offer and answer were exchanged before
        cseq = ours.cseq
        ours = anna.established(invite, answer)
        ours.cseq = cseq
        await ben.request("ACK")
        await is_heard(elsewhere, for_anna, moved, first=3)
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        for each in (moved, elsewhere):
            each.close()
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])


async def test_offers_that_meet_another_one_are_refused(tmp_path: Path) -> None:
    """500 while the offer of the INVITE waits for our answer, 491 while ours waits for theirs."""
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (anna, ben),
    ):
        invite = await anna.invite("1001")
        incoming = await ben.request("INVITE")
        theirs = ben.respond(incoming, 180)
        ours = anna.early(invite, await anna.hear(lambda said: status(said) == 180))
        refusal = await anna.final(ours.request("UPDATE", anna.sdp()))
        assert status(refusal) == 500
        assert 0 <= int(header(refusal, "Retry-After")) <= 10
        assert status(await ben.final(theirs.request("UPDATE", ben.sdp()))) == 491
        # without an offer it is in nobody's way
        assert status(await anna.final(ours.request("UPDATE"))) == 200
        assert status(await ben.final(theirs.request("UPDATE"))) == 200

        ben.respond(incoming, 200, ben.sdp())
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        cseq = ours.cseq
        ours = anna.established(invite, answer)
        ours.cseq = cseq
        await ben.request("ACK")
        # in the conversation it is the same: an offer of the switch is on its way
        listed = await program.command("ListActiveCalls")
        (call,) = listed["ActiveCalls"]  # type: ignore[misc, var-annotated]
        holding = asyncio.create_task(program.command("Hold", CallId=call["CallId"]))
        offer = await anna.request("INVITE")
        assert status(await anna.final(ours.request("UPDATE", anna.sdp()))) == 491
        anna.respond(offer, 200, anna.sdp())
        offer = await ben.request("INVITE")
        assert status(await ben.final(theirs.request("UPDATE", ben.sdp()))) == 491
        ben.respond(offer, 200, ben.sdp())
        assert (await holding)["Code"] == 200
        # and of a dialog that nobody knows, or a CSeq that is old
        stray = Dialog(anna, "nobody", ours.local, ours.remote, ours.target, "")
        assert status(await anna.final(stray.request("UPDATE", anna.sdp()))) == 481
        old = ours.cseq
        ours.cseq = 1
        assert status(await anna.final(ours.request("UPDATE", anna.sdp()))) == 500
        ours.cseq = old
        await ours.hang_up()


async def test_of_two_phones_with_early_media_one_is_heard_and_then_the_winner(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001", "1001") as (anna, ben, other),
    ):
        invite = await anna.invite("1001")
        to_ben, to_other = await ben.request("INVITE"), await other.request("INVITE")
        ben.respond(to_ben, 183, ben.sdp())
        first = await anna.hear(lambda said: status(said) == 183)
        for_anna = media_address(first)
        await ben.rtp.send(media_address(to_ben), 3)
        await is_heard(anna.rtp, for_anna, ben.rtp)
        assert anna.rtp.packets
        # the second one takes over: it is the latest that says something
        other.respond(to_other, 183, other.sdp())
        second = await anna.hear(lambda said: status(said) == 183)
        assert header(second, "To") == header(first, "To")  # one dialog towards the caller
        assert media_address(second) == for_anna
        await other.rtp.send(media_address(to_other), 3)
        await is_heard(anna.rtp, for_anna, other.rtp)
        # both go on playing their announcements, and one of them is heard
        heard = len(anna.rtp.packets)
        await asyncio.gather(
            ben.rtp.send(media_address(to_ben), 25, first=3, payload=b"\x55" * 160),
            other.rtp.send(media_address(to_other), 25, first=3, payload=b"\xaa" * 160),
        )
        await until(lambda: len(anna.rtp.packets) - heard >= 20)
        sounds = [packet[-1] for packet in anna.rtp.packets[heard:]]
        assert sounds.count(0xAA) >= 20
        assert sounds.count(0x55) <= 3
        # the first one answers all the same
        dialog = ben.respond(to_ben, 200, ben.sdp())
        answer = await anna.answer_to(invite)
        assert status(answer) == 200
        ours = anna.established(invite, answer)
        await ben.request("ACK")
        other.respond(await other.request("CANCEL"), 200)
        other.respond(to_other, 487)
        await other.request("ACK")
        await ben.rtp.send(media_address(dialog.text), 3, first=28)
        await is_heard(anna.rtp, for_anna, ben.rtp)
        await is_heard(ben.rtp, media_address(dialog.text), anna.rtp, first=31)
        await ours.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        await until(lambda: [call["outcome"] for call in program.calls()] == ["answered"])
