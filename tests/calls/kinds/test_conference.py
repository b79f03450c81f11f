"""Conferences: who hears whom, what is asked and heard on the way in, and where members may go."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold, resume
from softswitch.calls.call.party import Party, Side
from softswitch.calls.call.rooms import ConferenceRooms, ConferenceTerms, Seat
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.directory import Block
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.interception import Hop, Question
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.guard.bans import BanList
from softswitch.guard.pins import Pins
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Reoffered, Ringing
from tests.calls.extensions import conference, ivr
from tests.calls.scene import FakePort, FakeWorker, Phone, Scene, connected, expect, sdp
from tests.calls.virtual_time import run


def room(number: str = "3000", **options: Any) -> Extension:
    return conference(number, name="Team", **options)


async def enters(phone: Phone, number: str = "3000", offer: bytes | None = b"") -> Leg:
    """Let a phone call a conference until it is answered."""
    leg = phone.dial(number, offer)
    answered = await expect(leg, Answered)
    if offer is None:
        assert answered.sdp is not None
        leg.acknowledge(sdp(phone.host.address[0]))
    else:
        leg.acknowledge()
    await asyncio.sleep(1)
    return leg


def hear_each_other(*ports: FakePort) -> bool:
    return all(port.heard_in_room() == {*ports} - {port} for port in ports)


async def answer_offer(phone: Phone, leg: Leg, **more: Any) -> bytes:
    """Take a re-INVITE; what was offered."""
    offer: bytes = (await expect(leg, Reoffered)).sdp
    leg.answer_reoffer(sdp(phone.host.address[0], 5000, version=2, **more))
    await expect(leg, Acknowledged)
    await asyncio.sleep(1)
    return offer


WITH_MUSIC = CallTerms(domain="example.com", hold_music="/hold.ogg")


async def transfer(scene: Scene, call: Call, side: Side, target: str) -> None:
    """Transfer by command, as the web API does it."""

    async def move() -> None:
        await scene.transfers.blind_transfer(call, transferor_of(call, side), target)

    await call.ask(move)


def test_callers_hear_each_other_until_they_hang_up() -> None:
    async def story() -> None:
        scene = Scene(room())
        legs = [await enters(scene.phone(number)) for number in ("1000", "1001", "1002")]
        anna, ben, carl = scene.workers.all
        assert hear_each_other(anna, ben, carl)
        assert scene.states == ["Answered", "InCall"] * 3
        legs[0].hangup()
        await asyncio.sleep(1)
        assert hear_each_other(ben, carl)
        for leg in legs[1:]:
            leg.hangup()
        await scene.settle()
        for record in scene.journal.records().values():
            assert (record["outcome"], record["state"]) == ("answered", "CallerHangUp")
            assert (record["dialed"], record["destination"]) == ("3000", "3000")

    run(story())


def test_each_number_of_a_block_is_a_room() -> None:
    async def story() -> None:
        scene = Scene()
        scene.plan.directory._blocks = (Block(3000, 3009, 4, room()),)
        legs = [
            await enters(scene.phone(phone), number)
            for phone, number in (("1000", "3000"), ("1001", "3007"), ("1002", "3000"))
        ]
        first, other, second = scene.workers.all
        assert hear_each_other(first, second)
        assert other.heard_in_room() == set()
        for leg in legs:
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_late_offer() -> None:
    async def story() -> None:
        scene = Scene(room())
        legs = [await enters(scene.phone("1000"), offer=None), await enters(scene.phone("1001"))]
        assert hear_each_other(*scene.workers.all)
        assert scene.states == ["Answered", "InCall"] * 2
        for leg in legs:
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_caller_that_cancels_was_never_there() -> None:
    async def story() -> None:
        scene = Scene(room(max_members=1))
        scene.journal.seconds = 1.0
        leg = scene.phone("1000").dial("3000")
        await asyncio.sleep(0.5)
        leg.hangup()
        await asyncio.sleep(2)
        assert len(scene.control.rooms) == 0
        other = await enters(scene.phone("1001"))
        other.hangup()
        await scene.settle()
        assert [r["outcome"] for r in scene.journal.records().values()] == ["cancelled", "answered"]

    run(story())


def test_a_full_room_is_busy() -> None:
    async def story() -> None:
        scene = Scene(room(max_members=2))
        legs = [await enters(scene.phone(number)) for number in ("1000", "1001")]
        third = scene.phone("1002")
        failed = await expect(third.dial("3000"), Failed)
        assert failed.status == 486
        assert "cause=17" in failed.headers.get("Reason")
        legs.pop().hangup()
        await asyncio.sleep(1)
        legs.append(await enters(third))
        for leg in legs:
            leg.hangup()
        await scene.settle()
        assert "busy" in [record["outcome"] for record in scene.journal.records().values()]

    run(story())


def test_who_comes_last_into_a_full_room_has_not_taken_a_place() -> None:
    async def story() -> None:
        scene = Scene(room(max_members=1))
        scene.journal.seconds = 0.5
        first, second = (scene.phone(number).dial("3000") for number in ("1000", "1001"))
        answers = {type(await leg.event()) for leg in (first, second)}
        assert answers == {Answered, Failed}
        for leg in (first, second):
            leg.hangup()
        await scene.settle()

    run(story())


def test_music_for_who_is_alone() -> None:
    async def story() -> None:
        scene = Scene(
            room(music="/music.ogg"),
            room("3001"),
            terms=WITH_MUSIC,
        )
        anna, ben = scene.phone("1000"), scene.phone("1001")
        a = await enters(anna)
        (one,) = scene.workers.all
        assert one.playing == ["/music.ogg"]
        b = await enters(ben)
        two = scene.workers.all[1]
        assert one.playing == two.playing == []
        a.hangup()
        await asyncio.sleep(1)
        assert two.playing == ["/music.ogg"]
        b.hangup()
        c = await enters(anna, "3001")
        assert scene.workers.all[2].playing == ["/hold.ogg"]
        c.hangup()
        await scene.settle()

    run(story())


def test_comings_and_goings_are_announced() -> None:
    async def story() -> None:
        scene = Scene(room(announce=True))
        a = await enters(scene.phone("1000"))
        b = await enters(scene.phone("1001"))
        one, two = scene.workers.all
        assert (one.played, two.played) == (["beep 880", "beep 880"], ["beep 880"])
        b.hangup()
        await asyncio.sleep(1)
        assert one.played == ["beep 880", "beep 880", "beep 440"]
        a.hangup()
        await scene.settle()

    run(story())


def test_members_mute_themselves() -> None:
    async def story() -> None:
        scene = Scene(room(mute_key="*6"))
        legs = [await enters(scene.phone(number)) for number in ("1000", "1001")]
        one, two = scene.workers.all
        one.keys("5*6")
        assert two.heard_in_room() == set()
        assert one.heard_in_room() == {two}
        assert one.played == ["beep 330"]
        assert two.played == []
        one.keys("6*")
        await asyncio.sleep(5)
        one.keys("6")
        assert one.muted
        legs[0].send_info("application/dtmf-relay", b"Signal=*\r\n")
        legs[0].send_info("application/dtmf-relay", b"Signal=6\r\n")
        await asyncio.sleep(1)
        assert hear_each_other(one, two)
        for leg in legs:
            leg.hangup()
        await scene.settle()

    run(story())


def test_keys_are_heard_where_the_settings_say_so() -> None:
    async def story() -> None:
        scene = Scene(room(mute_keys=False))
        a = await enters(scene.phone("1000"))
        (one,) = scene.workers.all
        assert not one.keys_muted
        a.hangup()
        await scene.settle()
        assert not one.keys_muted

    run(story())


def test_a_member_that_holds_is_not_heard() -> None:
    async def story() -> None:
        scene = Scene(room(music="/music.ogg", announce=True))
        a = await enters(scene.phone("1000"))
        b = await enters(scene.phone("1001"))
        one, two = scene.workers.all
        two.played.clear()
        for direction in ("sendonly", "inactive"):
            await a.reinvite(sdp(direction=direction, version=2))
            await asyncio.sleep(1)
            assert scene.states[-1] == "Hold"
            assert two.heard_in_room() == set()
            assert two.playing == ["/music.ogg"]
            await a.reinvite(sdp(version=3))
            await asyncio.sleep(1)
            assert scene.states[-1] == "InCall"
            assert hear_each_other(one, two)
        assert two.played == ["/music.ogg"] * 2, "hold is not announced"
        for leg in (a, b):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_member_that_a_command_holds_hears_music_and_not_the_room() -> None:
    async def story() -> None:
        scene = Scene(room(), terms=WITH_MUSIC)
        anna = scene.phone("1000")
        a, b = await enters(anna), await enters(scene.phone("1001"))
        one, two = scene.workers.all
        call = next(iter(scene.calls))
        holding = asyncio.create_task(hold(call))
        assert b"a=sendonly" in await answer_offer(anna, a, direction="recvonly")
        await holding
        assert one.room is None
        assert one.playing == two.playing == ["/hold.ogg"]
        resuming = asyncio.create_task(resume(call))
        await answer_offer(anna, a)
        await resuming
        assert hear_each_other(one, two)
        assert one.playing == two.playing == []
        for leg in (a, b):
            leg.hangup()
        await scene.settle()

    run(story())


def test_media_that_falls_silent_ends_one_membership() -> None:
    async def story() -> None:
        scene = Scene(room())
        a, b = await enters(scene.phone("1000")), await enters(scene.phone("1001"))
        one, two = scene.workers.all
        one.gone.set_result("media timeout")
        await expect(a, Ended)
        await asyncio.sleep(1)
        assert two.heard_in_room() == set()
        b.hangup()
        await scene.settle()

    run(story())


# -- the PIN ---------------------------------------------------------------------------------------


def test_a_pin_lets_in() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468", music="/music.ogg"))
        a = await enters(scene.phone("1000"))
        (one,) = scene.workers.all
        assert one.played == ["beep 1000"]
        one.keys("246")
        await asyncio.sleep(1)
        assert one.room is None
        one.keys("8")
        await asyncio.sleep(1)
        assert one.room == "3000"
        assert one.playing == ["/music.ogg"]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_pin_by_info_and_its_prompt_stops_at_the_first_key() -> None:
    async def story() -> None:
        scene = Scene(room(pin="12", pin_prompt="/pin.wav"))
        a = scene.phone("1000").dial("3000")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.2)
        (one,) = scene.workers.all
        assert one.playing == ["/pin.wav"]
        for key in "12":
            a.send_info("application/dtmf", key.encode())
            await asyncio.sleep(0.1)
            assert one.playing == []
        assert one.room == "3000"
        a.hangup()
        await scene.settle()

    run(story())


def test_three_wrong_pins_end_the_call() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468"))
        a = await enters(scene.phone("1000"))
        (one,) = scene.workers.all
        for keys in ("1111", "24#", "#8642"):
            assert not a.ended.done()
            one.keys(keys)
            await asyncio.sleep(2)
        ended = await expect(a, Ended)
        assert "wrong PIN" in ended.headers.get("Reason")
        assert one.played.count("beep 330") == 3
        assert one.room is None
        await scene.settle()
        assert (scene.record["outcome"], scene.record["reason"]) == ("answered", "wrong PIN")
        assert scene.record["ended_by"] == "system"

    run(story())


async def tries(scene: Scene, phone: Phone, *pins: str) -> bool:
    """Whether a caller comes into the room 3000 with one of the PINs; it hangs up afterwards."""
    leg = await enters(phone)
    port = scene.workers.all[-1]
    for keys in pins:
        port.keys(keys)
        await asyncio.sleep(2)
    inside = port.room == "3000"
    if not leg.ended.done():
        leg.hangup()
    await asyncio.sleep(100)
    return inside


def test_wrong_pins_are_counted_over_calls_and_then_the_right_one_is_wrong_too() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468"), room("3001", pin="1357"))
        guesser, honest = scene.phone("1000"), scene.phone("1001")
        assert not await tries(scene, guesser, "0000", "0001", "0002")
        assert await tries(scene, guesser, "2468"), "three wrong ones are no ban"
        assert not await tries(scene, guesser, "0000", "0001", "0002")
        await asyncio.sleep(3600)  # slow guesses are counted as quick ones are
        assert not await tries(scene, guesser, "0003", "0004", "2468")
        assert not await tries(scene, guesser, "2468")
        (ban,) = scene.bans.standing()
        assert (ban.service, ban.source, ban.account) == ("PIN", "1000", "3000")
        assert await tries(scene, honest, "2468"), "others are let in"
        await asyncio.sleep(ban.seconds)
        assert await tries(scene, guesser, "2468"), "the ban is over"

    run(story())


def test_callers_from_outside_that_show_a_new_number_each_time_are_counted_by_their_trunk() -> None:
    pins = Pins(bans := BanList(clock=lambda: 0.0))
    for number in range(60):
        pins.wrong(f"0151{number}", "carrier", "3000")
    assert pins.refuses("015199", "carrier", "3000")
    assert not pins.refuses("015199", "carrier", "3001")
    assert not pins.refuses("015199", "other", "3000")
    assert not pins.refuses("1000", "", "3000")
    assert [(ban.service, ban.source) for ban in bans.standing()] == [("PIN of trunk", "carrier")]


def test_a_caller_who_presses_nothing_guesses_nothing() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468"))
        for _ in range(3):
            leg = await enters(scene.phone("1000"))
            await expect(leg, Ended)
            await asyncio.sleep(100)
        assert await tries(scene, scene.phone("1000"), "2468")

    run(story())


def test_keys_after_a_wrong_pin_do_not_count_for_the_next_try() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468"))
        a = await enters(scene.phone("1000"))
        (one,) = scene.workers.all
        one.keys("11112468")
        await asyncio.sleep(2)
        assert one.room is None
        one.keys("2468")
        await asyncio.sleep(1)
        assert one.room == "3000"
        a.hangup()
        await scene.settle()

    run(story())


def test_who_presses_nothing_is_not_waited_for_for_ever() -> None:
    async def story() -> None:
        scene = Scene(room(pin="2468"))
        a = await enters(scene.phone("1000"))
        await expect(a, Ended)
        assert 30 < asyncio.get_running_loop().time() < 40
        await scene.settle()

    run(story())


def test_the_room_fills_while_the_pin_is_entered() -> None:
    async def story() -> None:
        scene = Scene(room(pin="1", max_members=1))
        a, b = await enters(scene.phone("1000")), await enters(scene.phone("1001"))
        one, two = scene.workers.all
        two.keys("1")
        await asyncio.sleep(1)
        one.keys("1")
        await asyncio.sleep(1)
        assert one.playing == ["busy"]
        await expect(a, Ended)
        assert (one.room, two.room) == (None, "3000")
        b.hangup()
        await scene.settle()

    run(story())


def test_a_caller_hangs_up_while_the_pin_is_asked() -> None:
    async def story() -> None:
        scene = Scene(room(pin="1"))
        a = await enters(scene.phone("1000"))
        a.hangup()
        await scene.settle()
        assert scene.record["state"] == "CallerHangUp"

    run(story())


# -- other ways in ---------------------------------------------------------------------------------


def test_an_application_routes_into_a_conference_and_hears_that_it_is_full() -> None:
    async def story() -> None:
        asked: list[str] = []

        async def ask(question: Question) -> Hop:
            asked.append(question.state)
            return Hop("3000" if question.state == "Calling" else "3001", 30)

        scene = Scene(room(max_members=1), room("3001"), ask=ask)
        a = await enters(scene.phone("1000"), "1001")
        b = await enters(scene.phone("1001"), "1000")
        assert [port.room for port in scene.workers.all] == ["3000", "3001"]
        assert asked == ["Calling", "Calling", "Busy"]
        for leg in (a, b):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_ringing_call_is_forwarded_into_a_conference_on_its_worker() -> None:
    async def story() -> None:
        scene = Scene(room(), workers=2)
        member = await enters(scene.phone("1000"))
        anna, ben = scene.phone("1001"), scene.phone("1002")
        a = anna.dial("1002")
        b = await ben.rings()
        b.progress(180)
        await expect(a, Ringing)
        call = list(scene.calls)[1]
        call.forward("3000")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        port = call.caller.audio.port
        assert isinstance(port, FakePort)
        assert hear_each_other(scene.workers.all[0], port)
        for leg in (a, member):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_member_that_has_left_is_freed_without_the_collector() -> None:
    async def story() -> None:
        scene = Scene(room(pin="1", mute_key="*", music="/music.ogg"))
        phone = scene.phone("1000")
        gc.collect()
        gc.disable()
        try:
            leg = await enters(phone)
            scene.workers.all[0].keys("1")
            await asyncio.sleep(1)
            leg.hangup()
            del leg
            await asyncio.sleep(100)
            scene.workers.all.clear()
            left = [each for each in gc.get_objects() if isinstance(each, (Call, Party, Seat))]
        finally:
            gc.enable()
        assert not left
        await scene.settle()

    run(story())


# -- workers ---------------------------------------------------------------------------------------


def test_all_members_are_on_one_worker() -> None:
    async def story() -> None:
        scene = Scene(room(), room("3001"), workers=2)
        dialled = [scene.phone(number).dial("3000") for number in ("1000", "1001", "1002")]
        for leg in dialled:
            await expect(leg, Answered)
            leg.acknowledge()
        await asyncio.sleep(1)
        assert len({port.worker for port in scene.workers.all}) == 1
        assert hear_each_other(*scene.workers.all)
        elsewhere = await enters(scene.phone("1000"), "3001")
        assert scene.workers.all[-1].worker is not scene.workers.all[0].worker
        for leg in (*dialled, elsewhere):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_worker_that_dies_takes_its_room_along_and_a_new_one_begins() -> None:
    async def story() -> None:
        scene = Scene(room(max_members=2), workers=2)
        legs = [await enters(scene.phone(number)) for number in ("1000", "1001")]
        dead = scene.workers.all[0].worker
        dead.die()
        again = scene.phone("1002").dial("3000")
        await expect(again, Answered)
        again.acknowledge()
        for leg in legs:
            assert "media worker died" in (await expect(leg, Ended)).headers.get("Reason")
        other = await enters(scene.phone("1001"))
        three, four = scene.workers.all[2:]
        assert three.worker is four.worker is not dead
        assert hear_each_other(three, four)
        for leg in (again, other):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_room_whose_worker_has_died_takes_nobody() -> None:
    async def story() -> None:
        dead, alive = FakeWorker(), FakeWorker()
        workers: Iterator[Any] = iter((dead, alive))
        rooms = ConferenceRooms(lambda: next(workers), Pins(BanList()))
        first = rooms.visit("3000", ConferenceTerms(), None)
        dead.die()
        second = rooms.visit("3000", ConferenceTerms(), None)
        assert (first.room.worker, second.room.worker) == (dead, alive)
        first.give_up()
        assert rooms.visit("3000", ConferenceTerms(), None).room is second.room

    run(story())


# -- transfers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("pin", [None, "7"])
def test_a_party_is_transferred_into_a_conference(workers: int, pin: str | None) -> None:
    async def story() -> None:
        options = {} if pin is None else {"pin": pin}
        scene = Scene(room(**options), workers=workers)
        ben, carl = scene.phone("1001"), scene.phone("1002")
        a = await enters(scene.phone("1000"))
        (one,) = scene.workers.all
        if pin is not None:
            one.keys(pin)
        b, c = await connected(scene, ben, carl)
        call = list(scene.calls)[1]
        call.callee.hear_keys()
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "3000"))
        if workers == 2:
            await answer_offer(carl, c)
        await moving
        await expect(b, Ended)
        two = call.callee.audio.port
        assert isinstance(two, FakePort)
        await asyncio.sleep(1)
        if pin is not None:
            assert two.room is None
            two.keys(pin)
            await asyncio.sleep(1)
        assert hear_each_other(one, two)
        assert scene.states[-2:] == ["Transferred", "InCall"]
        assert (call.caller.number, call.caller.name) == ("3000", "Team")
        c.hangup()
        await asyncio.sleep(1)
        assert one.heard_in_room() == set()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_script_ends_when_its_caller_is_transferred_into_a_conference() -> None:
    async def story() -> None:
        stopped = asyncio.Event()

        async def script(call: Call) -> bool:
            await call.ask(lambda: scene.answering.answer(call))
            try:
                await asyncio.sleep(5)
            finally:
                stopped.set()
            return False

        async def serve(call: Call, extension: Extension) -> None:
            await scene.answering.attend(call, script)

        scene = Scene(room(), ivr("700"), services={IVR: serve})
        a = await enters(scene.phone("1000"), "700")
        (call,) = scene.calls
        await transfer(scene, call, Side.CALLEE, "3000")
        await asyncio.sleep(1)
        assert stopped.is_set()
        await asyncio.sleep(10)
        assert scene.workers.all[0].room == "3000"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_refuses_to_move_stays_in_its_call() -> None:
    async def story() -> None:
        scene = Scene(room(), workers=2)
        a = await enters(scene.phone("1000"))
        b, c = await connected(scene, scene.phone("1001"), scene.phone("1002"))
        call = list(scene.calls)[1]
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "3000"))
        await expect(c, Reoffered)
        c.refuse_reoffer(488)
        with pytest.raises(CannotNow, match="1002 does not take other media"):
            await moving
        caller, callee = call.caller.audio.port, call.callee.audio.port
        assert isinstance(caller, FakePort)
        assert caller.hears is callee
        assert len(scene.workers.opened) == 3
        for leg in (a, b):
            leg.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_full_conference_takes_nobody_by_transfer() -> None:
    async def story() -> None:
        scene = Scene(room(max_members=1))
        a = await enters(scene.phone("1000"))
        b, c = await connected(scene, scene.phone("1001"), scene.phone("1002"))
        call = list(scene.calls)[1]
        with pytest.raises(NotReached) as caught:
            await transfer(scene, call, Side.CALLER, "3000")
        assert caught.value.ending.outcome.value == "busy"
        assert scene.workers.all[1].hears is scene.workers.all[2]
        for leg in (a, b):
            leg.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_member_is_transferred_to_a_phone() -> None:
    async def story() -> None:
        scene = Scene(room(mute_key="*"))
        carl = scene.phone("1002")
        a, b = await enters(scene.phone("1000")), await enters(scene.phone("1001"))
        one, two = scene.workers.all
        one.keys("*")
        call = next(iter(scene.calls))
        assert one.keys_muted
        moving = asyncio.create_task(transfer(scene, call, Side.CALLEE, "1002"))
        c = await carl.rings()
        await asyncio.sleep(1)
        assert one.room == "3000"
        carl.answer(c)
        await moving
        await expect(c, Acknowledged)
        three = scene.workers.all[2]
        assert one.hears is three
        assert not one.muted
        assert not one.keys_muted
        one.keys("*")
        assert not one.muted
        assert two.heard_in_room() == set()
        for leg in (a, b):
            leg.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("conference_first", [True, False])
def test_a_member_hands_its_place_to_whom_it_talks_to(workers: int, conference_first: bool) -> None:
    async def story() -> None:
        scene = Scene(room(), workers=workers)
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        other_member = await enters(carl)
        a = await enters(anna)
        second, b = await connected(scene, anna, ben)
        member, consult = list(scene.calls)[1:]
        first, last = (member, consult) if conference_first else (consult, member)
        moving = asyncio.create_task(
            scene.transfers.attended_transfer(first, first.caller, last, last.caller)
        )
        if workers == 2:
            await answer_offer(ben, b)
        await moving
        for leg in (a, second):
            await expect(leg, Ended)
        await asyncio.sleep(1)
        place = member.caller.audio.port
        assert isinstance(place, FakePort)
        assert hear_each_other(scene.workers.all[0], place)
        assert (member.caller.number, member.callee.number) == ("1001", "3000")
        b.hangup()
        await asyncio.sleep(1)
        assert scene.workers.all[0].heard_in_room() == set()
        other_member.hangup()
        await scene.settle()

    run(story())
