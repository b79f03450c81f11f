"""One speaks to many, and to one whose phone answers by itself."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.leg.leg import Leg
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed
from tests.calls.extensions import extension
from tests.calls.scene import FakePort, Phone, Scene, connected, expect
from tests.calls.virtual_time import run
from tests.calls.voicemail.test_ways import note

ASKED = {
    "Call-Info": "<sip:127.0.0.1>;answer-after=0",
    "Alert-Info": "<http://127.0.0.1>;info=alert-autoanswer",
    "Answer-Mode": "Auto",
}


def hall(**settings: object) -> Scene:
    """790 pages 1001 to 1003; 1000 has an intercom."""
    members = ("1001", "1002", "1003")
    paging = extension("790", PAGING, **{"members": members, **settings})
    return Scene(paging, extension("1003"), extension("1000", intercom=True), workers=2)


async def answers(phone: Phone) -> Leg:
    """The phone answers, as it is asked to."""
    leg = await phone.rings()
    assert {name: leg.request.headers.get(name) for name in ASKED} == ASKED
    phone.answer(leg)
    await expect(leg, Acknowledged)
    return leg


async def page(scene: Scene, caller: Phone) -> Leg:
    leg = caller.dial("790")
    await expect(leg, Answered)
    leg.acknowledge()
    await asyncio.sleep(0.5)
    return leg


def port_of(scene: Scene, number: str) -> FakePort:
    (port,) = (
        party.audio.port
        for call in scene.calls
        for party in call.parties
        if party.number == number and party.leg is not None
    )
    assert isinstance(port, FakePort)
    return port


def test_all_members_hear_the_pager_and_nobody_hears_them() -> None:
    async def story() -> None:
        scene = hall()
        members = [scene.phone(number) for number in ("1001", "1002", "1003")]
        a = await page(scene, scene.phone("1000"))
        legs = [await answers(member) for member in members]
        await asyncio.sleep(1)
        pager = port_of(scene, "1000")
        assert pager.played == ["beep 1000"]
        ports = [port_of(scene, number) for number in ("1001", "1002", "1003")]
        assert all(port.heard_in_room() == {pager} for port in ports)
        assert pager.heard_in_room() == set()
        legs[0].hangup()
        await asyncio.sleep(1)
        assert not a.ended.done()
        assert not legs[1].ended.done()
        a.hangup()
        for leg in legs:
            await leg.ended
        await scene.settle()
        first, *others = scene.journal.records().values()
        assert {other["chain"] for other in others} == {first["call_id"]}
        assert first["outcome"] == "answered"

    run(story())


def test_members_that_are_busy_or_not_to_be_disturbed_are_left_out() -> None:
    async def story() -> None:
        scene = Scene(
            extension("790", PAGING, members=("1001", "1002", "1003", "1004")),
            extension("1003", do_not_disturb=True),
            extension("1004", forward_always="1000"),
        )
        ben, carl = scene.phone("1001"), scene.phone("1002")
        dora, emil = scene.phone("1003"), scene.phone("1004")
        b, c = await connected(scene, ben, carl)
        assert (await expect(scene.phone("1000").dial("790"), Failed)).status == 486
        b.hangup()
        await expect(c, Ended)
        await asyncio.sleep(1)
        a = await page(scene, scene.phone("1000"))
        await answers(ben)
        await answers(carl)
        assert dora.asked.empty()
        assert emil.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(("callers", "status"), [(None, 0), (("1000",), 0), (("1002",), 403)])
def test_who_may_page(callers: tuple[str, ...] | None, status: int) -> None:
    async def story() -> None:
        scene = hall(callers=callers)
        ben = scene.phone("1001")
        anna = scene.phone("1000")
        if status:
            assert (await expect(anna.dial("790"), Failed)).status == status
            assert ben.asked.empty()
        else:
            a = await page(scene, anna)
            await answers(ben)
            a.hangup()
        await scene.settle()

    run(story())


def test_members_that_do_not_answer_or_refuse_do_not_matter() -> None:
    async def story() -> None:
        scene = hall(longest=30)
        ben, carl = scene.phone("1001"), scene.phone("1002")
        a = await page(scene, scene.phone("1000"))
        b, c = await ben.rings(), await carl.rings()
        c.reject(500)
        await asyncio.sleep(12)
        assert b.ended.done()
        assert not a.ended.done()
        await asyncio.sleep(20)
        assert a.ended.done()
        await scene.settle()

    run(story())


def test_the_pager_hangs_up_while_phones_ring_and_a_worker_dies() -> None:
    async def story() -> None:
        scene = hall()
        ben, carl = scene.phone("1001"), scene.phone("1002")
        a = await page(scene, scene.phone("1000"))
        b, c = await ben.rings(), await carl.rings()
        a.hangup()
        await b.ended
        await c.ended
        a = await page(scene, scene.phone("1000"))
        b = await answers(ben)
        for worker in scene.workers.workers:
            worker.die()
        await a.ended
        await b.ended
        await scene.settle()

    run(story())


def test_intercom_calls_a_phone_that_answers_by_itself() -> None:
    async def story() -> None:
        scene = hall()
        ben = scene.phone("1001")
        a = scene.phone("1000").dial("*801001")
        b = await answers(ben)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        one, other = port_of(scene, "1000"), port_of(scene, "1001")
        assert one.hears is other
        assert not other.muted
        a.hangup()
        await expect(b, Ended)
        ordinary = scene.phone("1000").dial("1001")
        rung = await ben.rings()
        assert not any(name in rung.request.headers for name in ASKED)
        ordinary.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("caller", "dialled", "said"),
    [
        ("1002", "*801001", "This extension has no intercom."),
        ("1000", "*80600", "6 0 0 is no phone."),
        ("1000", "*804711", "4 7 1 1 is no phone."),
        ("1000", "*801003", "1 0 0 3 is busy."),
    ],
)
def test_intercom_is_refused(caller: str, dialled: str, said: str) -> None:
    async def story() -> None:
        scene = hall()
        busy = scene.phone("1003").dial("600")
        await expect(busy, Answered)
        busy.acknowledge()
        a = scene.phone(caller).dial(dialled)
        await expect(a, Answered)
        a.acknowledge()
        await expect(a, Ended)
        spoken = [what for port in scene.workers.all for what in port.played]
        assert spoken == [f"speak {said} None None"]
        busy.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("what", ["page", "intercom"])
@pytest.mark.parametrize("answer", [486, 302, None])
def test_what_is_spoken_reaches_the_phone_that_is_meant_and_no_other(
    what: str, answer: int | None
) -> None:
    """Neither a mailbox, nor another phone, which would let somebody else be overheard."""

    async def story() -> None:
        reached: list[str] = []
        scene = Scene(
            extension("790", PAGING, members=("1001",), longest=40),
            extension("1001", mailbox=True, forward_busy="1002", forward_after=5),
            extension("1000", intercom=True),
            extension("8000", VOICEMAIL),
            services={VOICEMAIL: partial(note, reached)},
        )
        ben, carl = scene.phone("1001"), scene.phone("1002")
        anna = scene.phone("1000")
        a = await page(scene, anna) if what == "page" else anna.dial("*801001")
        b = await ben.rings()
        if answer is not None:
            b.reject(answer, [("Contact", "<sip:1002@example.com>")])
        if answer == 302:  # the phone itself sends the call on
            c = await carl.rings()
            assert not any(name in c.request.headers for name in ASKED)
            c.reject(486)
        await asyncio.sleep(35)
        assert reached == []
        assert carl.asked.empty()
        a.hangup()
        await scene.settle()

    run(story())


def test_intercom_does_not_follow_a_forward() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", forward_always="1002"), extension("1000", intercom=True))
        scene.phone("1001")
        carl = scene.phone("1002")
        a = scene.phone("1000").dial("*801001")
        assert (await expect(a, Failed)).status == 480
        assert carl.asked.empty()
        await scene.settle()

    run(story())
