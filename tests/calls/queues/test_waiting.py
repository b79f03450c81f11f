"""Queues on virtual time: who waits, who rings, who is connected, and what else may happen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import NotReached
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.queues.agent_state import AgentStatus
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed
from tests.calls.extensions import extension
from tests.calls.queues.desks import (
    MUSIC,
    Desk,
    agents,
    comes,
    is_promised,
    port_of,
    queue,
    refuses,
    status,
    steps,
    takes,
)
from tests.calls.scene import FakePort, Phone, Scene, expect
from tests.calls.virtual_time import run

# -- the way of a call -----------------------------------------------------------------------------


def test_a_caller_hears_music_until_an_agent_answers_and_both_talk() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)), terms=MUSIC)
        alice, bob = Desk(scene, "1000"), Desk(scene, "1001")
        a = await comes(alice)
        assert port_of(scene, a).playing == ["/hold.wav"]
        b = await bob.rings()
        assert str(b.request.from_.uri) == "sip:1000@example.com"
        b.progress(180)
        await asyncio.sleep(3)
        assert port_of(scene, a).playing == ["/hold.wav"]
        assert status(scene, "1001") is AgentStatus.RINGING
        bob.answer(b)
        await expect(b, Acknowledged)
        await asyncio.sleep(0.1)
        port = port_of(scene, a)
        assert port.playing == []
        assert port.hears is port_of_callee(scene)
        assert status(scene, "1001") is AgentStatus.TALKING
        (call,) = scene.calls
        assert call.callee.number == "1001"
        b.hangup()
        await expect(a, Ended)
        await scene.settle()
        assert status(scene, "1001") is AgentStatus.FREE
        assert scene.record["destination"] == "1001"
        assert scene.record["state"] == "CalleeHungUp"
        told = {step["what"]: step for step in scene.record["steps"]}
        assert told["queued"]["queue"] == "700"
        assert told["connected"]["agent"] == "1001"
        assert told["connected"]["waited"] == "3"

    run(story())


def port_of_callee(scene: Scene) -> FakePort:
    (call,) = scene.calls
    port: Any = call.callee.audio.port
    return port


def test_callers_are_connected_in_the_order_in_which_they_came() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)))
        bob = Desk(scene, "1001")
        callers = [Desk(scene, number) for number in ("1000", "1002", "1003")]
        legs = []
        for caller in callers:
            legs.append(await comes(caller))
            await asyncio.sleep(1)
        for caller, leg in zip(callers, legs, strict=True):
            b = await takes(bob)
            assert str(b.request.from_.uri) == f"sip:{caller.number}@example.com"
            leg.hangup()
            await expect(b, Ended)
        await scene.settle()
        assert scene.control.queues.queue("700").answered == 3

    run(story())


def test_several_agents_are_rung_for_several_callers_at_a_time() -> None:
    async def story() -> None:
        scene = Scene(queue())
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        d = await comes(Desk(scene, "1003"))
        b, c = await bob.rings(), await carol.rings()
        assert {str(leg.request.from_.uri)[4:8] for leg in (b, c)} == {"1000", "1003"}
        a.hangup()
        d.hangup()
        await expect(b, Ended)
        await expect(c, Ended)
        await scene.settle()

    run(story())


# -- who rings -------------------------------------------------------------------------------------


async def order_of(scene: Scene, caller: Phone, phones: Sequence[Phone], calls: int) -> list[str]:
    """Call so often, one call after the other; who has answered each."""
    answered = []
    for _ in range(calls):
        a = await comes(caller)
        waiting = [asyncio.ensure_future(phone.rings()) for phone in phones]
        done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in rest:
            each.cancel()
        (rung,) = done
        phone = phones[waiting.index(rung)]
        phone.answer(rung.result())
        await expect(rung.result(), Acknowledged)
        await asyncio.sleep(2)
        a.hangup()
        await asyncio.sleep(1)
        answered.append(phone.number)
    return answered


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("longest-idle", ["1001", "1002", "1004", "1001", "1002"]),
        ("round-robin", ["1001", "1002", "1004", "1001", "1002"]),
        ("in-turn", ["1001"] * 5),
        ("fewest-calls", ["1001", "1002", "1004", "1001", "1002"]),
    ],
)
def test_who_rings_first(strategy: str, expected: list[str]) -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001", "1002", "1004"), strategy=strategy), *agents("1004"))
        phones = [Desk(scene, number) for number in ("1001", "1002", "1004")]
        assert await order_of(scene, Desk(scene, "1000"), phones, 5) == expected
        await scene.settle()

    run(story())


def test_random_rings_one_of_them() -> None:
    async def story() -> None:
        scene = Scene(queue(strategy="random"))
        phones = [Desk(scene, number) for number in ("1001", "1002")]
        rang = await order_of(scene, Desk(scene, "1000"), phones, 20)
        assert set(rang) == {"1001", "1002"}
        await scene.settle()

    run(story())


def test_all_agents_ring_and_those_who_were_not_needed_ring_for_the_next() -> None:
    async def story() -> None:
        scene = Scene(queue(strategy="all"))
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a, d = await comes(Desk(scene, "1000")), await comes(Desk(scene, "1003"))
        b, c = await bob.rings(), await carol.rings()
        bob.answer(b)
        await expect(b, Acknowledged)
        ended = await expect(c, Ended)
        assert 'text="Call completed elsewhere"' in str(ended.headers.get("Reason"))
        c = await carol.rings()
        assert str(c.request.from_.uri) == "sip:1003@example.com"
        a.hangup()
        d.hangup()
        await scene.settle()

    run(story())


def test_more_agents_ring_than_a_call_may_have_legs() -> None:
    async def story() -> None:
        numbers = [str(number) for number in range(2000, 2040)]
        scene = Scene(queue(agents=numbers, strategy="all"), *agents(*numbers))
        phones = [Desk(scene, number) for number in numbers]
        a = await comes(Desk(scene, "1000"))
        legs = [await phone.rings() for phone in phones]
        a.hangup()
        for leg in legs:
            await expect(leg, Ended)
        await scene.settle()

    run(story())


def test_agents_of_lower_priority_ring_only_when_no_other_is_free() -> None:
    async def story() -> None:
        named = ({"number": "1001", "priority": 2}, "1002")
        scene = Scene(queue(agents=named, strategy="in-turn"))
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a, d = await comes(Desk(scene, "1000")), await comes(Desk(scene, "1003"))
        c, b = await carol.rings(), await bob.rings()
        assert str(c.request.from_.uri) == "sip:1000@example.com"
        assert str(b.request.from_.uri) == "sip:1003@example.com"
        a.hangup()
        d.hangup()
        await scene.settle()

    run(story())


# -- who does not ring -----------------------------------------------------------------------------


def test_an_agent_in_a_call_of_its_own_is_left_alone_until_it_ends() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)))
        bob = Desk(scene, "1001")
        own = bob.dial("600")
        await expect(own, Answered)
        own.acknowledge()
        a = await comes(Desk(scene, "1000"))
        await asyncio.sleep(20)
        assert bob.is_quiet
        assert status(scene, "1001") is AgentStatus.BUSY
        own.hangup()
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_wrap_up_keeps_the_next_caller_away_for_a_while() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), wrap_up=30))
        clock = asyncio.get_running_loop().time
        bob = Desk(scene, "1001")
        a, d = await comes(Desk(scene, "1000")), await comes(Desk(scene, "1003"))
        await takes(bob)
        a.hangup()
        ended = clock()
        await asyncio.sleep(1)
        assert status(scene, "1001") is AgentStatus.WRAP_UP
        await bob.rings()
        assert clock() - ended == pytest.approx(30, abs=0.5)
        d.hangup()
        await scene.settle()

    run(story())


def test_a_paused_agent_is_left_alone_and_others_log_in() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), logins=("1002",)))
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        people = scene.plan.agents
        await people.pause("1001", "lunch")
        a = await comes(Desk(scene, "1000"))
        await asyncio.sleep(5)
        assert bob.is_quiet
        assert status(scene, "1001") is AgentStatus.PAUSED
        await people.log_in("700", "1002")
        c = await carol.rings()
        await people.resume("1001")
        c.reject(486)
        b = await bob.rings()
        await people.log_out("700", "1002")
        b.reject(486)
        await asyncio.sleep(0.5)
        a.hangup()
        await scene.settle()
        assert carol.is_quiet
        written = [change.kind.name for change in scene.journal.changes]
        agents_written = [name for name in written if "agent" in name]
        assert agents_written == ["pause agent", "log agent in", "resume agent", "log agent out"]

    run(story())


def test_a_phone_that_registers_is_rung_at_once() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)))
        a = await comes(Desk(scene, "1000"))
        await asyncio.sleep(5)
        assert status(scene, "1001") is AgentStatus.UNREACHABLE
        bob = Desk(scene, "1001")
        scene.control.queues.agent_changed("1001")
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_an_agent_who_misses_calls_is_paused() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), max_missed=2, ring_time=10, retry=5))
        bob = Desk(scene, "1001")
        a = await comes(Desk(scene, "1000"))
        for _ in range(2):
            b = await bob.rings()
            b.progress(180)
            await expect(b, Ended)
        await asyncio.sleep(30)
        assert bob.is_quiet
        pause = scene.plan.agents.pause_of("1001")
        assert pause is not None
        assert pause.reason == "missed calls"
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("picker", ["1002", "1003"])
def test_a_phone_picks_up_what_rings_an_agent(picker: str) -> None:
    """Another agent of the queue, or somebody else of the pickup group."""

    async def story() -> None:
        team = [extension(number, pickup_groups=("team",)) for number in ("1001", "1002", "1003")]
        agents = queue(strategy="in-turn")
        scene = Scene(agents, *team, terms=MUSIC)
        bob, other = Desk(scene, "1001"), Desk(scene, picker)
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        b.progress(180)
        await asyncio.sleep(1)
        c = await comes(other, "**1001")
        await expect(b, Ended)
        await asyncio.sleep(1)
        port = port_of(scene, a)
        assert port.playing == []
        assert port.hears is port_of(scene, c)
        assert status(scene, "1001") is AgentStatus.FREE
        c.hangup()
        await expect(a, Ended)
        await scene.settle()
        records = scene.journal.records().values()
        (queued,) = (each for each in records if each["dialed"] == "700")
        told = {step["what"]: step for step in queued["steps"]}
        assert told["connected"]["agent"] == picker
        assert queued["destination"] == picker

    run(story())


# -- what goes wrong leaves the others as they were ------------------------------------------------


@pytest.mark.parametrize("fault", [486, 500, 503, 603, 302, "silent", "hangs up in the whisper"])
def test_an_agent_fails_and_the_caller_waits_on_in_front(fault: int | str) -> None:
    async def story() -> None:
        whisper = "A call from {caller}." if fault == "hangs up in the whisper" else None
        scene = Scene(queue(strategy="in-turn", ring_time=10, whisper=whisper), terms=MUSIC)
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        if isinstance(fault, int):
            b.reject(fault, [("Contact", "<sip:600@example.com>")] if fault == 302 else [])
        elif fault == "silent":
            b.progress(180)
            await expect(b, Ended)
        else:
            bob.answer(b)
            await expect(b, Acknowledged)
            await asyncio.sleep(0.2)
            b.hangup()
        c = await carol.rings()
        assert port_of(scene, a).playing == ["/hold.wav"]
        assert len(scene.workers.opened) <= 2
        carol.answer(c)
        await expect(c, Acknowledged)
        await asyncio.sleep(3)
        a.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert "not answered" in steps(scene)
        assert scene.record["destination"] == "1002"

    run(story())


@pytest.mark.parametrize("when", ["waiting", "ringing", "whisper", "talking"])
def test_the_caller_hangs_up_and_the_next_one_gets_the_agent(when: str) -> None:
    async def story() -> None:
        whisper = "Hello." if when == "whisper" else None
        scene = Scene(queue(agents=("1001",), whisper=whisper))
        bob = Desk(scene, "1001")
        if when == "waiting":
            await scene.plan.agents.pause("1001")
        a, d = await comes(Desk(scene, "1000")), await comes(Desk(scene, "1003"))
        if when != "waiting":
            b = await bob.rings()
        if when in ("whisper", "talking"):
            bob.answer(b)
            await expect(b, Acknowledged)
            await asyncio.sleep(0.2)
        a.hangup()
        await asyncio.sleep(0.5)
        await scene.plan.agents.resume("1001")
        if when != "waiting":
            await expect(b, Ended)
        b = await bob.rings()
        assert str(b.request.from_.uri) == "sip:1003@example.com"
        d.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert scene.control.queues.queue("700").abandoned == (1 if when == "talking" else 2)
        assert status(scene, "1001") is AgentStatus.FREE

    run(story())


def test_a_media_worker_dies_and_callers_of_others_wait_on() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)), workers=2)
        a, d = await comes(Desk(scene, "1000")), await comes(Desk(scene, "1003"))
        workers = [port_of(scene, leg).worker for leg in (a, d)]
        assert workers[0] is not workers[1]
        workers[0].die()
        assert (await expect(a, Ended)).reason == "BYE"
        bob = Desk(scene, "1001")
        b = await takes(bob)
        assert str(b.request.from_.uri) == "sip:1003@example.com"
        d.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_command_transfers_a_caller_out_while_agents_ring() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)), terms=MUSIC)
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        (call,) = scene.calls
        moving = asyncio.ensure_future(_transfer(scene, call, "1002"))
        await expect(b, Ended)
        c = await carol.rings()
        carol.answer(c)
        await expect(c, Acknowledged)
        await moving
        assert len(scene.control.queues.queue("700")) == 0
        assert port_of(scene, a).playing == []
        assert status(scene, "1001") is AgentStatus.FREE
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_transfer_out_that_fails_leaves_the_caller_in_the_queue() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)), terms=MUSIC)
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        await bob.rings()
        (call,) = scene.calls
        moving = asyncio.ensure_future(_transfer(scene, call, "1002"))
        await refuses(carol)
        with pytest.raises(NotReached):
            await moving
        b = await takes(bob)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


async def _transfer(scene: Scene, call: Call, number: str) -> None:
    async def move() -> None:
        await scene.transfers.blind_transfer(call, call.callee, number)

    await call.ask(move)


def test_an_agent_transfers_the_caller_and_is_free_again() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), wrap_up=5))
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        b = await takes(bob)
        (call,) = scene.calls
        moving = asyncio.ensure_future(_transfer(scene, call, "1002"))
        c = await carol.rings()
        carol.answer(c)
        await expect(c, Acknowledged)
        await moving
        await expect(b, Ended)
        assert status(scene, "1001") is AgentStatus.WRAP_UP
        await asyncio.sleep(6)
        assert status(scene, "1001") is AgentStatus.FREE
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def remove(scene: Scene, number: str = "700", *, is_told: bool = True) -> None:
    """Remove a queue, as a change of the settings does."""
    scene.plan.directory._singles.pop(number)
    if is_told:
        scene.control.queues.forget([number])


@pytest.mark.parametrize("is_told", [True, False])
def test_the_queue_is_removed_while_somebody_waits(is_told: bool) -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), language="de"), terms=MUSIC)
        a = await comes(Desk(scene, "1000"))
        port, bob = port_of(scene, a), Desk(scene, "1001")
        remove(scene, is_told=is_told)
        ended = await expect(a, Ended)
        assert "cause=1;" in (ended.headers.get("Reason") or "")
        assert "speak Dieser Anschluss wurde geschlossen. Auf Wiederhören." in str(port.played)
        assert bob.is_quiet
        await scene.settle()
        assert list(scene.control.queues.waiting()) == []
        assert "queue removed" in steps(scene)
        assert scene.record["reason"] == "queue removed"

    run(story())


@pytest.mark.parametrize("overflow", ["1002", "701", "799"])
def test_callers_of_a_queue_that_is_removed_go_where_it_overflows(overflow: str) -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), overflow=overflow), queue("701", ("1002",)))
        carol = Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        port = port_of(scene, a)
        remove(scene)
        if overflow == "799":
            await expect(a, Ended)
            assert "This line has been closed. Goodbye." in str(port.played)
        else:
            c = await takes(carol)
            a.hangup()
            await expect(c, Ended)
        await scene.settle()
        told = [each["what"] for each in scene.record["steps"]]
        assert told.index("overflow") == told.index("queue removed") + 1

    run(story())


@pytest.mark.parametrize("answers", [True, False])
def test_a_queue_is_removed_while_an_agent_rings(answers: bool) -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), overflow="1002"))
        bob, carol = Desk(scene, "1001"), Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        b.progress(180)
        remove(scene)
        await asyncio.sleep(1)
        if answers:
            bob.answer(b)
            await expect(b, Acknowledged)
            talking = b
        else:
            b.reject(486)
            talking = await takes(carol)
        await asyncio.sleep(1)
        a.hangup()
        await expect(talking, Ended)
        await scene.settle()
        assert status(scene, "1001") is AgentStatus.FREE

    run(story())


def test_who_was_to_be_called_back_by_a_queue_that_is_removed_is_not() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), callback_key="5"))
        await scene.plan.agents.pause("1001")
        alice = Desk(scene, "1000")
        await is_promised(scene, alice)
        remove(scene)
        await scene.plan.agents.resume("1001")
        await asyncio.sleep(60)
        assert alice.is_quiet
        await scene.settle()

    run(story())


# -- what is said ----------------------------------------------------------------------------------


def test_callers_are_told_their_place_and_how_long_they_wait() -> None:
    async def story() -> None:
        told: dict[str, Any] = {"announce_after": 5, "announce_every": 20, "language": "en"}
        spoken = queue(agents=("1001",), announce_position=True, announce_wait=True, **told)
        scene = Scene(spoken, terms=MUSIC)
        bob = Desk(scene, "1001")
        a = await comes(Desk(scene, "1000"))
        await takes(bob)
        d, e = await comes(Desk(scene, "1002")), await comes(Desk(scene, "1003"))
        await asyncio.sleep(6)
        assert "speak You are next in line. en None" in port_of(scene, d).played
        assert "speak You are number 2 in line. en None" in port_of(scene, e).played
        await asyncio.sleep(120)
        a.hangup()
        b = await takes(bob)
        await asyncio.sleep(21)
        expected = "You are next in line. Your call will be answered in about 2 minutes."
        assert f"speak {expected} en None" in port_of(scene, e).played
        said = len(port_of(scene, d).played)
        await asyncio.sleep(60)
        assert len(port_of(scene, d).played) == said, "who talks is told nothing more"
        for leg in (d, e):
            leg.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_callers_far_behind_hear_the_same_of_their_place() -> None:
    async def story() -> None:
        told: dict[str, Any] = {"announce_position_limit": 2, "announce_after": 5}
        scene = Scene(queue(agents=("1001",), announce_position=True, **told), terms=MUSIC)
        legs = [await comes(Desk(scene, number)) for number in ("1000", "1002", "1003", "1004")]
        await asyncio.sleep(6)
        heard = [port_of(scene, leg).played[-1] for leg in legs]
        assert heard == [
            f"speak {text} None None"
            for text in (
                "You are next in line.",
                "You are number 2 in line.",
                "At least 2 callers are in line before you.",
                "At least 2 callers are in line before you.",
            )
        ]
        for leg in legs:
            leg.hangup()
        await scene.settle()

    run(story())


def test_without_music_it_rings_between_announcements() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), announce_position=True, announce_after=5))
        a = await comes(Desk(scene, "1000"))
        assert port_of(scene, a).playing == ["ringback"]
        await asyncio.sleep(5.5)
        assert port_of(scene, a).playing == ["speak You are next in line. None None", "ringback"]
        a.hangup()
        await scene.settle()

    run(story())


def test_an_agent_hears_the_whisper_before_the_caller() -> None:
    async def story() -> None:
        text = "A call from {name}, who has waited {waited} minutes."
        scene = Scene(queue(agents=("1001",), whisper=text), terms=MUSIC)
        bob = Desk(scene, "1001")
        a = await comes(Desk(scene, "1000"))
        b = await bob.rings()
        bob.answer(b)
        await expect(b, Acknowledged)
        await asyncio.sleep(0.3)
        agent = scene.workers.all[-1]
        assert agent.playing == ["speak A call from Desk 1000, who has waited 1 minutes. None None"]
        assert agent.hears is None
        assert port_of(scene, a).playing == ["/hold.wav"]
        await asyncio.sleep(1)
        assert agent.hears is port_of(scene, a)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


# -- overflow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("overflow", [None, "600"])
def test_a_full_queue_is_busy_or_overflows(overflow: str | None) -> None:
    async def story() -> None:
        more = {} if overflow is None else {"overflow": overflow}
        scene = Scene(queue(agents=("1001",), max_callers=1, **more))
        a = await comes(Desk(scene, "1000"))
        d = Desk(scene, "1003").dial("700")
        if overflow is None:
            assert (await expect(d, Failed)).status == 486
        else:
            await expect(d, Answered)
            d.acknowledge()
            await asyncio.sleep(0.5)
            assert port_of(scene, d).hears is port_of(scene, d)
            d.hangup()
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("choice", ["wait", "overflow"])
def test_a_queue_without_agents(choice: str) -> None:
    async def story() -> None:
        scene = Scene(queue(agents=(), logins=("1001",), without_agents=choice))
        a = Desk(scene, "1000").dial("700")
        if choice == "wait":
            await expect(a, Answered)
            a.acknowledge()
            a.hangup()
        else:
            assert (await expect(a, Failed)).status == 480
        await scene.settle()

    run(story())


def test_who_waits_too_long_rings_a_phone_and_waits_on_when_nobody_is_there() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",), max_wait=30, overflow="1002"), terms=MUSIC)
        clock = asyncio.get_running_loop().time
        carol = Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        await refuses(carol)
        assert clock() == pytest.approx(30, abs=1)
        await asyncio.sleep(1)
        assert port_of(scene, a).playing == ["/hold.wav"]
        c = await takes(carol)
        assert clock() == pytest.approx(61, abs=2)
        assert port_of(scene, a).playing == []
        a.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert steps(scene).count("overflow") == 2
        assert scene.record["destination"] == "1002"

    run(story())


def test_who_waits_too_long_goes_on_to_another_queue() -> None:
    async def story() -> None:
        other = queue("701", ("1002",))
        scene = Scene(queue(agents=("1001",), max_wait=30, overflow="701"), other, terms=MUSIC)
        carol = Desk(scene, "1002")
        a = await comes(Desk(scene, "1000"))
        c = await takes(carol)
        assert len(scene.calls) == 1
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_circle_of_queues_ends_with_482() -> None:
    async def story() -> None:
        one = queue(agents=("1001",), max_wait=30, overflow="701")
        other = queue("701", ("1002",), max_wait=30, overflow="700")
        scene = Scene(one, other)
        a = await comes(Desk(scene, "1000"))
        await expect(a, Ended)
        await scene.settle()
        assert scene.record["reason"] == "forwarded in a circle"

        full = Scene(
            queue(agents=("1001",), max_callers=1, overflow="701"),
            queue("701", ("1002",), max_callers=1, overflow="700"),
        )
        legs = [await comes(Desk(full, "1000"), number) for number in ("700", "701")]
        late = Desk(full, "1003").dial("700")
        assert (await expect(late, Failed)).status == 482
        for leg in legs:
            leg.hangup()
        await full.settle()

    run(story())


def test_a_circle_over_a_group_ends() -> None:
    async def story() -> None:
        over = extension("702", GROUP, members=("1002",), overflow="700")
        scene = Scene(queue(agents=("1001",), max_wait=30, overflow="702"), over)
        a = await comes(Desk(scene, "1000"))
        await asyncio.sleep(300)
        assert len(scene.calls) <= 2
        a.hangup()
        await scene.settle()

    run(story())


def test_nothing_is_left_of_a_caller_who_rings_and_goes() -> None:
    async def story() -> None:
        scene = Scene(queue(agents=("1001",)))
        alice = Desk(scene, "1000")
        a = alice.dial("700")
        a.hangup()
        await scene.settle()
        assert len(scene.control.queues.queue("700")) == 0

    run(story())
