"""The transfer button of real phones, and peers that press it in odd ways."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from baresip.call import Call, TransferFailed

from tests.system.peer import Dialog, Peer, header, peers, status, talk
from tests.system.phones import Ear, Phone, gone, hold, phones, resume
from tests.system.program import Program, running, until
from tests.system.signals import share

SETTINGS = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"\nring_time = 5'
    for n in range(4)
)
TWO_WORKERS = {"MEDIA__WORKERS": "2"}


async def calls(phone: Phone, other: Phone) -> tuple[Call, Call]:
    """Let one phone call another; the call at either of them."""
    outgoing = await phone.dial(other.number)
    incoming = await other.rings()
    await incoming.answer()
    await outgoing.wait_established(timeout=10)
    return outgoing, incoming


def is_ringback(sound: bytes) -> bool:
    return share(sound, 440) + share(sound, 480) > 0.8


async def hear_each_other(one: Call, other: Call) -> None:
    async with Ear(one, 440) as first, Ear(other, 1_000) as second:
        await first.hears(1_000)
        await second.hears(440)


@contextlib.asynccontextmanager
async def three(
    tmp_path: Path, overrides: dict[str, str] | None = None
) -> AsyncIterator[tuple[Program, Phone, Phone, Phone]]:
    async with (
        running(tmp_path, SETTINGS, overrides=overrides or {}) as program,
        phones() as makers,
    ):
        yield program, *[await makers.register(program, f"100{n}") for n in range(3)]


@pytest.mark.timeout(60)
async def test_a_phone_transfers_blindly(tmp_path: Path) -> None:
    async with three(tmp_path) as (program, anna, ben, carl):
        outgoing, at_ben = await calls(anna, ben)
        pressed = asyncio.create_task(at_ben.transfer(f"sip:1002@{ben.domain}"))
        at_carl = await carl.rings()
        async with Ear(outgoing, None) as ear:
            await until(lambda: is_ringback(ear.since(0.5)), 8)
        await at_carl.answer()
        await pressed
        await gone(at_ben)
        await hear_each_other(outgoing, at_carl)
        await outgoing.hangup()
        await gone(at_carl)
        await program.until_metric("softswitch_media_ports", 0)
        (record,) = (await program.command("ListCallHistory"))["CallHistory"]
        assert record["State"] == "TransferCompleted"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("reaction", "code"), [("busy", 486), ("silence", 480), ("nobody", 404)])
async def test_a_phone_takes_the_call_back(tmp_path: Path, reaction: str, code: int) -> None:
    async with three(tmp_path) as (program, anna, ben, carl):
        outgoing, at_ben = await calls(anna, ben)
        await hold(outgoing, at_ben)
        target = "1009" if reaction == "nobody" else "1002"
        pressed = asyncio.create_task(outgoing.transfer(f"sip:{target}@{anna.domain}"))
        if reaction != "nobody":
            at_carl = await carl.rings()
        if reaction == "busy":
            await at_carl.reject()
        with pytest.raises(TransferFailed) as caught:
            await pressed
        assert caught.value.status == code
        await resume(outgoing, at_ben)
        await hear_each_other(outgoing, at_ben)
        await at_ben.hangup()
        await gone(outgoing)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_phone_joins_its_two_calls(tmp_path: Path, workers: int) -> None:
    async with three(tmp_path, TWO_WORKERS if workers == 2 else None) as (program, anna, ben, carl):
        first, at_ben = await calls(anna, ben)
        await hold(at_ben, first)
        second, at_carl = await calls(ben, carl)
        await at_ben.attended_transfer(second)
        await gone(at_ben)
        await gone(second)
        # baresip has put the other call on hold, too, and may want a change of its own meanwhile
        await until(lambda: not (first.remote_on_hold or at_carl.remote_on_hold), 15)
        await hear_each_other(first, at_carl)
        assert len((await program.command("ListActiveCalls"))["ActiveCalls"]) == 1
        await at_carl.hangup()
        await gone(first)
        await program.until_metric("softswitch_media_ports", 0)


# -- odd ones --------------------------------------------------------------------------------------


def refer(dialog: Dialog, target: str, *more: str) -> str:
    return dialog.request("REFER", "", f"Refer-To: {target}", *more)


def named(dialog: Dialog) -> str:
    """The dialog in the words of Replaces, as the switch knows it."""
    local, remote = (re.search(r"tag=([^;\s]+)", text) for text in (dialog.local, dialog.remote))
    assert local is not None
    assert remote is not None
    return f"{dialog.call_id};to-tag={remote[1]};from-tag={local[1]}"


def to(peer: Peer, number: str, dialog: Dialog | None = None) -> str:
    escaped = named(dialog).replace(";", "%3B").replace("=", "%3D") if dialog is not None else ""
    return f"<sip:{number}@{peer.server}{'?Replaces=' + escaped if escaped else ''}>"


async def told(peer: Peer, answer: int = 200) -> str:
    """The status line of the next NOTIFY."""
    notify = await peer.request("NOTIFY")
    peer.respond(notify, answer)
    assert header(notify, "Event").startswith("refer")
    assert header(notify, "Content-Type").startswith("message/sipfrag")
    return notify.rpartition("\r\n\r\n")[2].strip()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_goodbye_right_after_the_202(tmp_path: Path, transport: str) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001", "1002", transport=transport) as (anna, ben, carl),
    ):
        _, at_ben = await talk(anna, ben)
        assert status(await ben.final(refer(at_ben, to(ben, "1002")))) == 202
        await at_ben.hang_up()
        invite = await carl.request("INVITE")
        carl.respond(invite, 180)
        dialog = carl.respond(invite, 200, carl.sdp())
        await carl.request("ACK")
        await dialog.hang_up()
        anna.respond(await anna.request("BYE"), 200)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_what_is_refused_does_no_harm(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001", "1002", "1003") as (anna, ben, carl, dora),
    ):
        at_anna, at_ben = await talk(anna, ben)
        at_carl, _ = await talk(carl, dora)
        assert status(await ben.final(at_ben.request("REFER"))) == 400
        two = refer(at_ben, to(ben, "1002"), f"Refer-To: {to(ben, '1003')}")
        assert status(await ben.final(two)) == 400
        assert status(await ben.final(refer(at_ben, "<sip:1002@h;method=BYE>"))) == 603
        outside = ben.new("REFER", "1002", "", f"Refer-To: {to(ben, '1002')}")
        assert status(await ben.ask(outside)) == 403
        # a phone that knows the tags of a dialog gains nothing by them
        for target, said in (
            (to(carl, "1000", at_anna), "481"),
            ("<sip:1@elsewhere.example>", "404"),
        ):
            assert status(await carl.final(refer(at_carl, target))) == 202
            assert await told(carl) == "SIP/2.0 100 Trying"
            assert (await told(carl)).startswith(f"SIP/2.0 {said}")
        intruder = carl.new("INVITE", "1000", carl.sdp(), f"Replaces: {named(at_anna)}")
        refused = await carl.ask(intruder)
        assert status(refused) == 403
        carl.acknowledge_refusal(carl.last, refused)
        # a phone that does not want to be told, and one transfer at a time
        assert status(await ben.final(refer(at_ben, to(ben, "1002")))) == 202
        assert await told(ben, 481) == "SIP/2.0 100 Trying"
        ringing = await carl.request("INVITE")
        assert status(await anna.final(refer(at_anna, to(anna, "1003")))) == 491
        carl.respond(ringing, 486)
        await carl.request("ACK")
        with pytest.raises(AssertionError):
            await ben.request("NOTIFY", 0.5)
        await at_anna.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        await at_carl.hang_up()
        await program.until_metric("softswitch_media_ports", 0)
        assert "Traceback" not in program.log()


@pytest.mark.timeout(60)
async def test_another_phone_of_the_extension_takes_the_call_over(tmp_path: Path) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (anna, ben),
        peers(program, "1001") as (second,),
    ):
        invite = await anna.invite("1001")
        second.respond(await second.request("INVITE"), 180)
        incoming = await ben.request("INVITE")
        at_ben = ben.respond(incoming, 200, ben.sdp())
        at_anna = anna.established(invite, await anna.answer_to(invite))
        await second.request("CANCEL")
        required = second.new(
            "INVITE", "1000", second.sdp(), f"Replaces: {named(at_ben)}", "Require: replaces"
        )
        answer = await second.ask(required)
        assert status(answer) == 200, answer
        assert "replaces" in header(answer, "Supported")
        assert "REFER" in header(answer, "Allow")
        taken = second.established(second.last, answer)
        ben.respond(await ben.request("BYE"), 200)
        await taken.hang_up()
        anna.respond(await anna.request("BYE"), 200)
        assert at_anna.call_id != taken.call_id
        await program.until_metric("softswitch_media_ports", 0)
