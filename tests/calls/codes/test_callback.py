"""Callback on busy: when both are free, the one who wants it is rung first."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from softswitch.calls.calling_back import TRY_AGAIN
from softswitch.calls.codes.changing import NOT_KEPT
from softswitch.calls.features.callback_requests import (
    LIFE,
    MOST,
    OF_CALLBACKS,
    CallbackRequests,
)
from softswitch.calls.leg.leg import Leg
from softswitch.sip.events import Acknowledged, Answered, Ended
from softswitch.store.errors import DatabaseAway
from tests.calls.codes.test_forwarding import dials
from tests.calls.disk import Disk
from tests.calls.extensions import extension
from tests.calls.scene import FakeJournal, Phone, Scene, connected, expect
from tests.calls.setup.test_wishes import answers, choose, ends
from tests.calls.virtual_time import run

FREE_AGAIN = 2.0
"Seconds in which nobody is rung, where nobody may be."


async def is_silent(phone: Phone) -> bool:
    """Whether a phone is not rung."""
    await asyncio.sleep(FREE_AGAIN)
    return phone.asked.empty()


class Busy:
    """A switch on which 1001 talks to 1002, and 1000 has heard busy."""

    def __init__(self) -> None:
        self.scene = Scene(extension("1001", max_calls=1), extension("1003"))
        self.alice, self.bob, self.carol, self.dave = (
            self.scene.phone(number) for number in ("1000", "1001", "1002", "1003")
        )

    async def begin(self) -> Leg:
        """Make 1001 busy, and hear it; the leg of 1001."""
        _, b = await connected(self.scene, self.carol, self.bob)
        assert await ends(self.alice.dial("1001")) == 486
        return b


@pytest.mark.parametrize("code", ["*37#", "*37*1001#"])
def test_both_are_connected_when_the_busy_one_is_free(code: str) -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        a = busy.alice.dial(code.replace("#", "%23"))
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(5)
        assert await is_silent(busy.alice)
        b.hangup()
        at_alice = await busy.alice.rings()
        assert at_alice.request.from_.uri.user == "1001"  # type: ignore[union-attr]
        assert busy.bob.asked.empty(), "rung before the one who wants it has answered"
        busy.alice.answer(at_alice)
        at_bob = await busy.bob.rings()
        assert at_bob.request.from_.uri.user == "1000"  # type: ignore[union-attr]
        busy.bob.answer(at_bob)
        await expect(at_bob, Acknowledged)
        await asyncio.sleep(1)
        (call,) = busy.scene.calls
        one, other = (party.audio.port for party in call.parties)
        assert one is not None
        assert one.hears is other  # type: ignore[attr-defined]
        at_alice.hangup()
        assert await is_silent(busy.alice), "called back once"
        await busy.scene.settle()
        rows = busy.scene.journal.records()
        (asked,) = (each for each, row in rows.items() if row["dialed"].startswith("*37"))
        assert rows[call.id]["chain"] == asked

    run(story())


def test_who_waits_is_left_alone_while_talking_himself() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        a = busy.alice.dial("1003")
        d = await answers(busy.scene, a, busy.dave)
        b.hangup()
        assert await is_silent(busy.alice)
        d.hangup()
        at_alice = await busy.alice.rings()
        at_alice.reject(486)
        await busy.scene.settle()

    run(story())


async def say_yes(busy: Busy) -> None:
    """Ask for the callback."""
    a = busy.alice.dial("*37%23")
    await expect(a, Answered)
    a.acknowledge()
    await asyncio.sleep(3)


def test_who_does_not_answer_has_changed_his_mind() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        b.hangup()
        at_alice = await busy.alice.rings()
        at_alice.progress(180)
        await asyncio.sleep(25)
        assert at_alice.ended.done()
        b, c = await connected(busy.scene, busy.bob, busy.carol)
        b.hangup()
        assert await is_silent(busy.alice)
        assert c.ended.done()
        await busy.scene.settle()

    run(story())


def test_a_full_switch_calls_back_later_and_tries_once_at_a_time() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        calls = busy.scene.calls
        terms, calls.terms = calls.terms, replace(calls.terms, calls=0)
        b.hangup()
        for _ in range(5):
            await asyncio.sleep(0.1)
            busy.scene.calling_back.changed("1001")
        before = calls.refused
        await asyncio.sleep(TRY_AGAIN * 3)
        assert calls.refused == before + 3
        calls.terms = terms
        at_alice = await busy.alice.rings()
        at_alice.reject(486)
        await busy.scene.settle()

    run(story())


def test_who_is_busy_again_is_waited_for_again() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        b.hangup()
        at_alice = await busy.alice.rings()
        b, _ = await connected(busy.scene, busy.bob, busy.carol)
        busy.alice.answer(at_alice)
        await asyncio.sleep(3)
        assert at_alice.ended.done()
        b.hangup()
        at_alice = await busy.alice.rings()
        at_alice.reject(486)
        await busy.scene.settle()

    run(story())


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_who_refuses_though_he_is_free_is_not_rung_again_and_again(who: str) -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        b.hangup()
        at_alice = await busy.alice.rings()
        if who == "alice":
            at_alice.reject(486)
        else:
            busy.alice.answer(at_alice)
            (await busy.bob.rings()).reject(486)
        assert await is_silent(busy.alice)
        b, _ = await connected(busy.scene, busy.bob, busy.carol)
        b.hangup()
        assert await is_silent(busy.alice)
        await busy.scene.settle()

    run(story())


def test_a_switch_that_shuts_down_calls_nobody_back() -> None:
    async def story() -> None:
        busy = Busy()
        await busy.begin()
        await say_yes(busy)
        await busy.scene.switch.drain(0)
        assert await is_silent(busy.alice)
        await busy.scene.settle()

    run(story())


def test_a_callback_can_be_cancelled() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        a = busy.alice.dial("%2337%23")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(3)
        b.hangup()
        assert await is_silent(busy.alice)
        assert await dials(busy.scene, busy.alice, "#37#") == "Nothing was asked for."
        await busy.scene.settle()

    run(story())


def test_one_who_is_not_to_be_disturbed_is_not_rung() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        await say_yes(busy)
        await choose(busy.scene, "1001", do_not_disturb=True)
        b.hangup()
        assert await is_silent(busy.alice)
        await busy.scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("*37#", "Nobody was busy."),
        ("*37*1001#", "1 0 0 1 is free."),
        ("*37*1000#", "That number cannot call you back."),
        ("*37*600#", "That number cannot call you back."),
        ("*37*1009#", "That number leads nowhere."),
        ("*37*030123#", "That number leads nowhere."),
    ],
)
def test_what_cannot_call_back_is_refused(code: str, said: str) -> None:
    async def story() -> None:
        scene = Scene()
        assert await dials(scene, scene.phone("1000"), code) == said
        await scene.settle()

    run(story())


def test_requests_are_bounded_and_end() -> None:
    async def story() -> None:
        now, journal, disk = [0.0], FakeJournal(), Disk()
        requests = CallbackRequests(journal.write, lambda: now[0])
        for number in range(MOST + 2):
            await requests.ask("1000", str(2000 + number))
            await requests.ask("1000", str(2000 + number))
        now[0] = 1.0
        await requests.ask("1001", "2000")
        wanted = [*(("1000", str(2002 + n)) for n in range(MOST)), ("1001", "2000")]
        assert pairs(requests) == wanted
        disk.take(journal)
        restored = CallbackRequests(journal.write, lambda: now[0])
        restored.restore(disk.choices(OF_CALLBACKS))
        assert pairs(restored) == wanted
        now[0] = LIFE + 0.5
        late = CallbackRequests(journal.write, lambda: now[0])
        late.restore(disk.choices(OF_CALLBACKS))
        assert pairs(late) == [("1001", "2000")]
        assert pairs(restored) == [("1001", "2000")]
        await asyncio.sleep(1)
        disk.take(journal)
        assert [row.name for row in disk.choices(OF_CALLBACKS)] == ["1001"], "expired: dropped"

    run(story())


async def hears(busy: Busy, code: str) -> str:
    """What 1000 is told that dials a code, while others talk."""
    a = busy.alice.dial(code.replace("#", "%23"))
    await expect(a, Answered)
    a.acknowledge()
    await asyncio.sleep(0.5)
    said = [each for port in busy.scene.workers.opened for each in port.played]
    await expect(a, Ended)
    return " ".join(said)


def pairs(requests: CallbackRequests) -> list[tuple[str, str]]:
    """Who waits for whom."""
    return [(each.extension, each.wanted) for each in requests.waiting()]


def test_what_the_disk_does_not_take_is_neither_promised_nor_forgotten() -> None:
    async def story() -> None:
        busy = Busy()
        b = await busy.begin()
        requests, disk = busy.scene.answering.ringer.wishes.callbacks, busy.scene.choices
        disk.error = DatabaseAway("gone")
        assert str(NOT_KEPT) in await hears(busy, "*37#")
        assert pairs(requests) == []
        disk.error = None
        await say_yes(busy)
        disk.error = DatabaseAway("gone")
        assert str(NOT_KEPT) in await hears(busy, "#37#")
        assert pairs(requests) == [("1000", "1001")]
        disk.error = None
        requests.forget(["1000"])
        b.hangup()
        await busy.scene.settle()

    run(story())


@pytest.mark.parametrize("politely", [True, False])
def test_a_callback_that_was_promised_outlives_the_switch(politely: bool) -> None:
    """It is begun as soon as the phones of both are registered, and only once."""

    async def story() -> None:
        busy = Busy()
        b, c = await connected(busy.scene, busy.carol, busy.bob)
        assert await ends(busy.alice.dial("1001")) == 486
        a = busy.alice.dial("*37%23")
        await expect(a, Answered)
        busy.scene.choices.seconds = 60.0  # what is written from now on is lost
        await busy.scene.end(politely=politely)
        where, registrations = dict(busy.scene.registrations.where), busy.scene.registrations
        del registrations.where["1001"]
        disk = Disk()
        busy.scene.begin_anew(disk)
        busy.scene.choices.seconds = 0.001
        for leg in (a, b, c):
            if not leg.ended.done():
                leg.hangup()
        assert pairs(busy.scene.answering.ringer.wishes.callbacks) == [("1000", "1001")]
        assert await is_silent(busy.alice), "the other one is not registered"
        registrations.where.update(where)
        busy.scene.calling_back.changed("1001")
        at_alice = await busy.alice.rings()
        busy.alice.answer(at_alice)
        at_bob = await busy.bob.rings()
        (call,) = busy.scene.calls
        assert call.chain, "it belongs to the call that has asked for it"
        at_bob.reject(486)
        await asyncio.sleep(1)
        disk.take(busy.scene.choices)
        assert disk.choices(OF_CALLBACKS) == [], "not called back again after the next restart"
        await busy.scene.settle()

    run(story())
