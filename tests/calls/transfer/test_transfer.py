"""Transfers: who hangs up while the target rings, parties on two workers, calls that were held."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Side
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.leg.leg import Leg
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.sip.events import Acknowledged, Answered, Ended, Reoffered
from tests.calls.extensions import conference, extension
from tests.calls.scene import FakePort, Phone, Scene, connected, expect, sdp
from tests.calls.virtual_time import run


async def transfer(scene: Scene, call: Call, side: Side, target: str) -> None:
    """Transfer by command, as the web API does it."""

    async def move() -> None:
        await scene.transfers.blind_transfer(call, transferor_of(call, side), target)

    await call.ask(move)


async def answer_offer(phone: Phone, leg: Leg, **more: str) -> bytes:
    """Take a re-INVITE; what was offered."""
    offer: bytes = (await expect(leg, Reoffered)).sdp
    leg.answer_reoffer(sdp(phone.host.address[0], 5000, version=2, **more))  # type: ignore[arg-type]
    await expect(leg, Acknowledged)
    await asyncio.sleep(1)
    return offer


async def goes_on(call: Call) -> bool:
    """A script that does nothing until the call ends."""
    await asyncio.shield(call.ended)
    return False


def hear_each_other(call: Call) -> bool:
    one, other = (party.audio.port for party in call.parties)
    assert isinstance(one, FakePort)
    return one.hears is other and one is other.hears  # type: ignore[union-attr]


# -- blind -----------------------------------------------------------------------------------------


def test_the_callee_transfers_where_nobody_is_named() -> None:
    async def story() -> None:
        scene = Scene()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        assert transferor_of(call, None) is call.callee
        assert transferor_of(call, Side.CALLER) is call.caller
        a.hangup()
        await scene.settle()

    run(story())


def test_the_target_may_redirect_the_transfer() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"), extension("1004"))
        anna, ben, carl, dora, emil = (
            scene.phone(number) for number in ("1000", "1001", "1002", "1003", "1004")
        )
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "1002"))
        contacts = "<sip:1004@example.com>;q=0.2, <sip:1003@example.com>;q=0.7"
        (await carl.rings()).reject(302, [("Contact", contacts)])
        (await dora.rings()).reject(486)
        e = await emil.rings()
        emil.answer(e)
        await moving
        await expect(e, Acknowledged)
        await expect(a, Ended)
        assert hear_each_other(call)
        assert call.caller.number == "1004"
        b.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("contacts", "status"),
    [
        ("<sip:1002@example.com>", 482),
        ("<sip:1003@example.com>, <sip:1002@example.com>", 603),
        ("<sip:+1900@elsewhere.example>", 302),
    ],
)
def test_a_transfer_that_leads_nowhere_leaves_the_call_as_it_was(
    contacts: str, status: int
) -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        anna, ben, carl, dora = (scene.phone(number) for number in ("1000", "1001", "1002", "1003"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "1002"))
        (await carl.rings()).reject(302, [("Contact", contacts)])
        if status == 603:
            (await dora.rings()).reject(603)
        with pytest.raises(NotReached) as caught:
            await moving
        ending = caught.value.ending
        assert status in (ending.status, ending.callee_status)
        assert hear_each_other(call)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize("leaving", [Side.CALLER, Side.CALLEE])
def test_who_transfers_may_hang_up_while_the_target_rings(leaving: Side) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, leaving, "1002"))
        c = await carl.rings()
        c.progress(180)
        gone, stays = (a, b) if leaving is Side.CALLER else (b, a)
        gone.hangup()
        await asyncio.sleep(5)
        assert not stays.ended.done()
        staying = call.callee if leaving is Side.CALLER else call.caller
        assert isinstance(staying.audio.port, FakePort)
        assert staying.audio.port.playing == ["ringback"]
        carl.answer(c)
        await moving
        await expect(c, Acknowledged)
        assert staying.audio.port.playing == []
        assert hear_each_other(call)
        assert scene.states == ["Ringing", "Answered", "InCall", "Transferred", "InCall"]
        stays.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert scene.record["ended_by"] == ("callee" if leaving is Side.CALLER else "caller")
        assert scene.record["state"] == "TransferCompleted"

    run(story())


def test_a_call_that_its_transferor_has_left_ends_when_the_target_refuses() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        c = await carl.rings()
        b.hangup()
        await asyncio.sleep(5)
        c.reject(486)
        with pytest.raises(NotReached):
            await moving
        await expect(a, Ended)
        await scene.settle()
        assert (scene.record["outcome"], scene.record["state"]) == ("answered", "CalleeHungUp")

    run(story())


def test_who_stays_may_hang_up_while_the_target_rings() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        c = await carl.rings()
        b.hangup()
        await asyncio.sleep(1)
        a.hangup()
        assert (await expect(c, Ended)).reason == "CANCEL"
        with pytest.raises(CallGone):
            await moving
        await scene.settle()

    run(story())


def test_a_silent_port_of_who_has_left_ends_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        c = await carl.rings()
        b.hangup()
        await asyncio.sleep(1)
        scene.workers.all[1].gone.set_result("media timeout")
        await asyncio.sleep(1)
        carl.answer(c)
        await moving
        assert hear_each_other(call)
        a.hangup()
        await expect(c, Acknowledged)
        await scene.settle()

    run(story())


def test_a_refused_transfer_leaves_the_call_as_it_was() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        (await carl.rings()).reject(486)
        with pytest.raises(NotReached):
            await moving
        assert hear_each_other(call)
        assert len(scene.workers.opened) == 2
        b.hangup()
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_a_call_that_the_switch_began_is_transferred_on_one_worker() -> None:
    async def story() -> None:
        scene = Scene(workers=2)
        anna, ben = scene.phone("1000"), scene.phone("1001")
        call = scene.calls.new(("9000", ""), "1000")

        async def course(call: Call) -> None:
            await scene.answering.begin(call, None)
            await scene.answering.attend(call, goes_on)

        scene.tasks.begin(call, course)
        a = await anna.rings()
        anna.answer(a)
        await expect(a, Acknowledged)
        await asyncio.sleep(1)
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "1001"))
        b = await ben.rings()
        ben.answer(b)
        await moving
        assert hear_each_other(call)
        a.hangup()
        await expect(b, Acknowledged)
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_no_call_id_is_remembered_after_a_transfer() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        c = await carl.rings()
        carl.answer(c)
        await moving
        assert not scene.control.dialler.is_own(b.request.call_id)
        assert scene.control.dialler.is_own(c.request.call_id)
        a.hangup()
        await scene.settle()
        assert not scene.control.dialler.is_own(c.request.call_id)

    run(story())


# -- attended --------------------------------------------------------------------------------------


async def two_calls(scene: Scene, anna: Phone, ben: Phone, carl: Phone) -> tuple[Leg, ...]:
    """Anna talks to ben, ben to carl, on two workers where there are two."""
    a, b = await connected(scene, anna, ben)
    second, c = await connected(scene, ben, carl)
    return a, b, second, c


def test_parties_on_two_workers_are_joined() -> None:
    async def story() -> None:
        scene = Scene(workers=2)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b, second, c = await two_calls(scene, anna, ben, carl)
        first, other = scene.calls
        assert len({port.worker for port in scene.workers.all}) == 2
        old = other.callee.audio.port
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        )
        offer = await answer_offer(carl, c)
        await moving
        await expect(b, Ended)
        await expect(second, Ended)
        await asyncio.sleep(1)
        assert hear_each_other(first)
        new = first.callee.audio.port
        assert isinstance(new, FakePort)
        assert f"m=audio {new.rtp_port} ".encode() in offer
        assert new.last["remote"] == ("10.0.0.3", 5000)
        assert old not in scene.workers.opened
        assert len(scene.workers.opened) == 2
        new.gone.set_result("media timeout")
        await expect(a, Ended)
        await expect(c, Ended)
        await scene.settle()
        records = scene.journal.records()
        assert records[other.id]["state"] == "TransferCompleted"

    run(story())


@pytest.mark.parametrize("how", ["refuses", "is silent"])
def test_a_phone_that_does_not_move_leaves_both_calls_as_they_were(how: str) -> None:
    async def story() -> None:
        scene = Scene(workers=2)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, _, second, c = await two_calls(scene, anna, ben, carl)
        first, other = scene.calls
        told = [len(port.configured) for port in scene.workers.all]
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        )
        await expect(c, Reoffered)
        if how == "refuses":
            c.refuse_reoffer(488)
        with pytest.raises(CannotNow, match="1002 does not take other media"):
            await moving
        assert hear_each_other(first)
        assert hear_each_other(other)
        assert [len(port.configured) for port in scene.workers.all[:4]] == told
        assert len(scene.workers.opened) == 4
        await asyncio.sleep(40)
        for leg in (a, second):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_hangs_up_while_it_is_moved() -> None:
    async def story() -> None:
        scene = Scene(workers=2)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, _, second, c = await two_calls(scene, anna, ben, carl)
        first, other = scene.calls
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        )
        await expect(c, Reoffered)
        c.hangup()
        with pytest.raises((CannotNow, CallGone)):
            await moving
        await expect(second, Ended)
        assert hear_each_other(first)
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_party_that_the_transferors_phone_held_is_heard_again(workers: int) -> None:
    async def story() -> None:
        scene = Scene(workers=workers)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        holding = asyncio.create_task(
            b.reinvite(sdp("10.0.0.2", 5000, direction="sendonly", version=2))
        )
        await answer_offer(anna, a, direction="recvonly")
        await holding
        _, c = await connected(scene, ben, carl)
        first, other = scene.calls
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        )
        if workers == 2:
            await answer_offer(carl, c)
        assert b"a=sendrecv" in await answer_offer(anna, a)
        await moving
        assert hear_each_other(first)
        assert {party.audio.port.last["direction"] for party in first.parties} == {"sendrecv"}  # type: ignore[union-attr]
        assert scene.states[-1] in ("InCall", "Completed")
        a.hangup()
        await scene.settle()

    run(story())


def test_a_call_that_a_command_held_goes_on_after_the_transfer() -> None:
    async def story() -> None:
        scene = Scene(terms=CallTerms(domain="example.com", hold_music="/hold.ogg"))
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b, _, c = await two_calls(scene, anna, ben, carl)
        first, other = scene.calls
        holding = asyncio.create_task(hold(first))
        for phone, leg in ((anna, a), (ben, b)):
            await answer_offer(phone, leg, direction="recvonly")
        await holding
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.callee, other, other.caller)
        )
        assert b"a=sendrecv" in await answer_offer(anna, a)
        await moving
        await asyncio.sleep(1)
        assert first.caller.audio.port.playing == []  # type: ignore[union-attr]
        assert hear_each_other(first)
        assert first.state.value == "InCall"
        c.hangup()
        await expect(a, Ended)
        await scene.settle()

    run(story())


# -- calls to conferences that a command begins ----------------------------------------------------


@pytest.mark.parametrize("pin", [None, "7"])
def test_a_command_connects_a_phone_and_a_conference(pin: str | None) -> None:
    async def story() -> None:
        options = {} if pin is None else {"pin": pin}
        scene = Scene(conference(**options), workers=2)
        anna, ben = scene.phone("1000"), scene.phone("1001")
        b = ben.dial("3000")
        await expect(b, Answered)
        b.acknowledge()
        await asyncio.sleep(1)
        member = scene.workers.all[0]
        if pin is not None:
            member.keys(pin)
        call = scene.calls.new(("1000", ""), "3000")

        async def course(call: Call) -> None:
            await scene.answering.begin_both(call, None)
            await scene.answering.attend(call, goes_on)

        scene.tasks.begin(call, course)
        a = await anna.rings()
        anna.answer(a)
        await expect(a, Acknowledged)
        await answer_offer(anna, a)
        port = call.caller.audio.port
        assert isinstance(port, FakePort)
        if pin is not None:
            assert port.room is None
            port.keys(pin)
            await asyncio.sleep(1)
        assert port.heard_in_room() == {member}
        assert call.state.value == "InCall"
        a.hangup()
        await asyncio.sleep(1)
        b.hangup()
        await scene.settle()

    run(story())


def test_a_conference_that_is_full_ends_a_call_that_a_command_begins() -> None:
    async def story() -> None:
        room = conference(max_members=1)
        scene = Scene(room)
        anna, ben = scene.phone("1000"), scene.phone("1001")
        b = ben.dial("3000")
        await expect(b, Answered)
        b.acknowledge()
        call = scene.calls.new(("1000", ""), "3000")
        scene.tasks.begin(call, partial(scene.answering.begin_both, ring_time=None))
        a = await anna.rings()
        anna.answer(a)
        await expect(a, Acknowledged)
        await expect(a, Ended)
        b.hangup()
        await scene.settle()
        records = scene.journal.records()
        assert records[call.id]["outcome"] == "busy"

    run(story())


def test_calls_that_an_inside_line_connects_are_not_joined() -> None:
    """Each would be left with both ends of the line, and never end."""

    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        await transfer(scene, call, Side.CALLEE, "600")
        await expect(b, Ended)
        await asyncio.sleep(1)
        inside = next(each for each in scene.calls if each is not call)
        for one, other in ((call, inside), (inside, call)):
            for transferor in one.parties:
                with pytest.raises(CannotNow, match=r"connected already|nobody stays"):
                    await scene.transfers.attended_transfer(one, transferor, other, other.caller)
        assert len(scene.calls) == 2
        a.hangup()
        await scene.settle()

    run(story())


def test_of_two_transfers_at_once_the_second_finds_its_party_gone() -> None:
    async def story() -> None:
        scene = Scene(*(extension(f"100{number}") for number in range(3, 6)))
        phones = [scene.phone(f"100{number}") for number in range(6)]
        legs = [await connected(scene, *phones[at : at + 2]) for at in (0, 2, 4)]
        call, other, third = scene.calls
        leaving = call.callee
        results = await asyncio.gather(
            scene.transfers.attended_transfer(call, leaving, other, other.caller),
            scene.transfers.attended_transfer(call, leaving, third, third.caller),
            return_exceptions=True,
        )
        assert results[0] is None
        assert isinstance(results[1], CannotNow)
        assert str(results[1]) == "another transfer has come before"
        assert hear_each_other(call)
        assert hear_each_other(third)
        for one, _ in (legs[0], legs[2]):
            one.hangup()
        await scene.settle()

    run(story())
