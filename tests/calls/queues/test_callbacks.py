"""Callbacks of queues on virtual time: who is called back, and what is on disk beforehand."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.queues.agent_state import AgentStatus
from softswitch.calls.queues.callbacks import LIFE, OF_QUEUE_CALLBACKS
from softswitch.sip.events import Acknowledged, Ended
from softswitch.store.errors import DatabaseAway
from tests.calls.disk import Disk
from tests.calls.queues.desks import (
    MUSIC,
    Desk,
    comes,
    is_promised,
    port_of,
    queue,
    refuses,
    status,
    takes,
)
from tests.calls.scene import Scene, expect
from tests.calls.setup.test_emergency import exchange_rules
from tests.calls.virtual_time import run

CALLBACK = {"agents": ("1001",), "callback_key": "5"}


def on_disk(scene: Scene) -> list[str]:
    """The names of the rows that the next start finds."""
    disk = Disk()
    durable = list(scene.choices.durable)
    disk.take(scene.choices)
    scene.choices.durable = durable
    return [row.name for row in disk.choices(OF_QUEUE_CALLBACKS)]


def heard(scene: Scene, said: str) -> bool:
    """Whether somebody on the line was told so."""
    return any(said in each for port in scene.workers.opened for each in port.played)


# -- in turn ---------------------------------------------------------------------------------------


def test_a_caller_is_called_back_in_turn() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK), terms=MUSIC)
        alice, bob, dave = Desk(scene, "1000"), Desk(scene, "1001"), Desk(scene, "1003")
        talker = await comes(Desk(scene, "1002"))
        b = await takes(bob)
        a, d = await comes(alice), await comes(dave)
        (asking,) = (each for each in scene.calls if each.caller.number == "1000")
        port_of(scene, a).keys("5")
        await expect(a, Ended)
        assert len(scene.control.queues.queue("700")) == 2
        talker.hangup()
        await expect(b, Ended)
        back = await alice.rings()
        (call,) = (each for each in scene.calls if each.dialled == "1000")
        assert call.chain_id == asking.id
        assert str(back.request.from_.uri) == "sip:700@example.com"
        assert status(scene, "1001") is AgentStatus.RINGING
        alice.answer(back)
        await expect(back, Acknowledged)
        b = await takes(bob)
        assert str(b.request.from_.uri) == "sip:1000@example.com"
        await asyncio.sleep(1)
        assert port_of(scene, back).playing == []
        back.hangup()
        await expect(b, Ended)
        b = await bob.rings()
        assert str(b.request.from_.uri) == "sip:1003@example.com"
        d.hangup()
        await scene.settle()

    run(story())


def test_who_chooses_a_callback_while_an_agent_rings_is_promised_it_at_once() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), callback_key="5", ring_time=15), terms=MUSIC)
        clock = asyncio.get_running_loop().time
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        a = await comes(alice)
        port, b = port_of(scene, a), await bob.rings()
        b.progress(180)
        await asyncio.sleep(1)
        pressed = clock()
        port.keys("5")
        await expect(b, Ended)
        assert clock() < pressed + 1
        await expect(a, Ended)
        assert clock() < pressed + 5
        assert any("We will call you back" in said for said in port.played)
        assert scene.control.queues.state("1001").missed == 0
        back = await alice.rings()
        alice.answer(back)
        await expect(back, Acknowledged)
        b = await takes(bob)
        back.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_who_cannot_be_called_back_hears_so_while_the_agent_rings_on() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK), terms=MUSIC)
        bob = Desk(scene, "1001")
        a = await comes(Desk(scene, "1000"))
        (call,) = scene.calls
        call.caller.is_private = True
        b = await bob.rings()
        b.progress(180)
        port_of(scene, a).keys("5")
        await asyncio.sleep(1)
        assert any("cannot call back" in said for said in port_of(scene, a).played)
        assert not b.ended.done()
        bob.answer(b)
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_who_does_not_answer_a_callback_is_tried_again_and_keeps_nobody_waiting() -> None:
    async def story() -> None:
        again = {"callback_tries": 2, "callback_pause": 60}
        scene = Scene(queue(agents=("1001",), callback_key="*", **again))
        alice, bob, dave = Desk(scene, "1000"), Desk(scene, "1001"), Desk(scene, "1003")
        await scene.plan.agents.pause("1001")
        a, d = await comes(alice), await comes(dave)
        port_of(scene, a).keys("*")
        await expect(a, Ended)
        await scene.plan.agents.resume("1001")
        await refuses(alice, 486)
        b = await takes(bob)
        assert str(b.request.from_.uri) == "sip:1003@example.com"
        d.hangup()
        await expect(b, Ended)
        await refuses(alice, 486)
        await asyncio.sleep(1)
        assert len(scene.control.queues.queue("700")) == 0
        await asyncio.sleep(200)
        assert alice.is_quiet
        await scene.settle()

    run(story())


@pytest.mark.parametrize("why", ["hidden", "not allowed", "emergency"])
def test_numbers_that_the_queue_may_not_dial_are_not_called_back(why: str) -> None:
    """Who shows a premium number, or that of the police, could else let the switch call it."""

    async def story() -> None:
        routes = [Route(pattern="0900*", extension="600", extensions=frozenset(("1000",)))]
        scene = Scene(queue(**CALLBACK), routes=routes)
        alice = Desk(scene, "1000")
        a = await comes(alice)
        (call,) = scene.calls
        call.caller.is_private = why == "hidden"
        emergency = EmergencyTerms(frozenset(("112",)), ("carrier",))
        exchange_rules(scene, Rules(tuple(routes), emergency=emergency))
        shown = {"not allowed": "0900123", "emergency": "112"}
        for caller in scene.control.queues.waiting():
            caller.number = shown.get(why, caller.number)
        port_of(scene, a).keys("5")
        await asyncio.sleep(1)
        assert any("cannot call back" in said for said in port_of(scene, a).played)
        assert not a.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


def test_nobody_is_called_back_while_the_switch_shuts_down() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        talker = await comes(Desk(scene, "1002"))
        b = await takes(bob)
        await is_promised(scene, alice)
        await comes(Desk(scene, "1002"), "600")  # keeps the switch up
        draining = asyncio.ensure_future(scene.switch.drain(30))
        await asyncio.sleep(1)
        talker.hangup()
        await expect(b, Ended)
        await draining
        assert alice.is_quiet
        await scene.settle()

    run(story())


def test_so_many_wait_for_being_called_back_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers from outside show what they like, and each number would be kept."""
    monkeypatch.setattr("softswitch.calls.queues.callbacks.MOST", 1)

    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        await scene.plan.agents.pause("1001")
        await is_promised(scene, Desk(scene, "1000"))
        d = await comes(Desk(scene, "1002"))
        port_of(scene, d).keys("5")
        await asyncio.sleep(1)
        assert any("cannot call back" in said for said in port_of(scene, d).played)
        assert not d.ended.done()
        d.hangup()
        await scene.settle()

    run(story())


# -- on disk ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rings", [True, False])
def test_a_callback_is_promised_when_it_is_on_disk_and_not_before(rings: bool) -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        bob = Desk(scene, "1001")
        if not rings:
            await scene.plan.agents.pause("1001")
        scene.choices.seconds = 5.0
        a = await comes(Desk(scene, "1000"))
        if rings:
            b = await bob.rings()
            b.progress(180)
        port_of(scene, a).keys("5")
        await asyncio.sleep(4)
        assert not heard(scene, "We will call you back")
        assert on_disk(scene) == []
        assert not a.ended.done()
        await asyncio.sleep(1.1)
        assert heard(scene, "We will call you back")
        assert on_disk(scene) == ["700 1000"]
        await expect(a, Ended)
        scene.control.queue_service.callbacks.forget(["700"])
        await scene.settle()

    run(story())


def test_an_agent_rings_again_for_whom_the_disk_does_not_take() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        bob = Desk(scene, "1001")
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        b.progress(180)
        scene.choices.error = DatabaseAway("gone")
        port_of(scene, a).keys("5")
        await expect(b, Ended)
        b = await takes(bob)
        assert heard(scene, "cannot call back")
        assert len(scene.control.queues.queue("700")) == 0
        await asyncio.sleep(1)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_who_hangs_up_during_the_goodbye_is_called_back_and_has_not_given_up() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        await scene.plan.agents.pause("1001")
        a = await comes(alice)
        (call,) = scene.calls
        port_of(scene, a).keys("5")
        await asyncio.sleep(0.1)
        a.hangup()
        await asyncio.sleep(1)
        assert scene.control.queues.queue("700").abandoned == 0
        told = [step["what"] for step in call.steps.written()]
        assert "callback" in told
        assert "gave up" not in told
        await scene.plan.agents.resume("1001")
        back = await alice.rings()
        alice.answer(back)
        await expect(back, Acknowledged)
        b = await takes(bob)
        back.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert on_disk(scene) == []

    run(story())


def test_a_queue_that_is_removed_before_the_disk_has_answered_promises_nothing() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        await scene.plan.agents.pause("1001")
        scene.choices.seconds = 2.0
        a = await comes(Desk(scene, "1000"))
        port = port_of(scene, a)
        port.keys("5")
        await asyncio.sleep(1)
        scene.plan.directory._singles.pop("700")
        scene.control.queue_service.callbacks.forget(["700"])
        scene.control.queues.forget(["700"])
        await expect(a, Ended)
        assert "This line has been closed. Goodbye." in str(port.played)
        assert "We will call you back" not in str(port.played)
        await asyncio.sleep(5)
        assert on_disk(scene) == []
        await scene.settle()

    run(story())


def test_nobody_calls_an_extension_back_that_is_gone() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        await scene.plan.agents.pause("1001")
        await is_promised(scene, Desk(scene, "1000"))
        scene.control.queue_service.callbacks.forget(["1000"])
        await scene.settle()
        assert on_disk(scene) == []
        assert len(scene.control.queues.queue("700")) == 0

    run(story())


@pytest.mark.parametrize("during", ["ringing", "waiting", "talking"])
def test_a_shutdown_leaves_to_the_next_start_whom_no_agent_has_talked_to(during: str) -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        await scene.plan.agents.pause("1001")
        await is_promised(scene, alice)
        await scene.plan.agents.resume("1001")
        back = await alice.rings()
        draining = asyncio.ensure_future(scene.switch.drain(5))
        if during == "ringing":
            back.progress(180)
        else:
            alice.answer(back)
            await expect(back, Acknowledged)
            if during == "talking":
                await takes(bob)
            else:
                (await bob.rings()).progress(180)
        await draining
        await scene.settle()
        assert on_disk(scene) == ([] if during == "talking" else ["700 1000"])

    run(story())


@pytest.mark.parametrize("politely", [True, False])
def test_a_promised_callback_its_place_and_its_chain_outlive_the_switch(politely: bool) -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        await scene.plan.agents.pause("1001")
        a = await comes(alice)
        (asking,) = scene.calls
        since = next(scene.control.queues.waiting()).since
        port_of(scene, a).keys("5")
        await expect(a, Ended)
        await scene.end(politely=politely)
        disk = Disk()
        scene.begin_anew(disk)
        (waiting,) = scene.control.queues.waiting()
        assert (waiting.number, waiting.since, waiting.is_callback) == ("1000", since, True)
        d = await comes(Desk(scene, "1002"))
        await asyncio.sleep(5)
        assert alice.is_quiet
        await scene.plan.agents.resume("1001")
        back = await alice.rings()
        (call,) = (each for each in scene.calls if each.dialled == "1000")
        assert call.chain == asking.id
        alice.answer(back)
        await expect(back, Acknowledged)
        b = await takes(bob)
        assert str(b.request.from_.uri) == "sip:1000@example.com"
        back.hangup()
        await expect(b, Ended)
        disk.take(scene.choices)
        assert disk.choices(OF_QUEUE_CALLBACKS) == []
        d.hangup()
        await scene.settle()

    run(story())


def test_a_try_counts_over_a_restart() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK, callback_tries=2, callback_pause=30))
        alice = Desk(scene, "1000")
        Desk(scene, "1001")
        await scene.plan.agents.pause("1001")
        await is_promised(scene, alice)
        await scene.plan.agents.resume("1001")
        (await alice.rings()).reject(486)
        await asyncio.sleep(1)
        await scene.end(politely=False)
        scene.begin_anew(Disk())
        (await alice.rings()).reject(486)
        await asyncio.sleep(60)
        assert alice.is_quiet
        assert on_disk(scene) == []
        await scene.settle()

    run(story())


def test_a_callback_that_the_disk_does_not_take_is_not_promised() -> None:
    async def story() -> None:
        scene = Scene(queue(**CALLBACK))
        await scene.plan.agents.pause("1001")
        scene.choices.error = DatabaseAway("gone")
        a = await comes(Desk(scene, "1000"))
        port_of(scene, a).keys("5")
        await asyncio.sleep(1)
        assert any("cannot call back" in said for said in port_of(scene, a).played)
        assert len(scene.control.queues.queue("700")) == 1
        a.hangup()
        await scene.settle()

    run(story())


def test_callbacks_that_are_too_old_or_of_a_queue_that_is_gone_are_dropped() -> None:
    async def story() -> None:
        scene, disk = Scene(queue(**CALLBACK)), Disk()
        now, callbacks = scene.now(), scene.control.queue_service.callbacks
        given = [("700", "1", now - LIFE - 1), ("799", "2", now), ("700", "3", now)]
        for number, wanted, since in given:
            value = {"queue": number, "number": wanted, "name": "", "since": since}
            await callbacks.rows.save(f"{number} {wanted}", value)
        disk.take(scene.choices)
        callbacks.restore(scene.control.queue_service, disk.choices(OF_QUEUE_CALLBACKS))
        await asyncio.sleep(1)
        disk.take(scene.choices)
        assert [row.name for row in disk.choices(OF_QUEUE_CALLBACKS)] == ["700 3"]
        assert set(callbacks.kept()) == {"700"}
        callbacks.forget(["700"])
        await asyncio.sleep(1)
        disk.take(scene.choices)
        assert disk.choices(OF_QUEUE_CALLBACKS) == []
        await scene.settle()

    run(story())
