"""A supervisor listens to a call, whispers to one party, barges in; nobody else may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.leg.leg import Leg
from softswitch.calls.supervision.rights import may_supervise
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed
from tests.calls.extensions import extension
from tests.calls.scene import FakePort, Scene, connected, expect
from tests.calls.virtual_time import run

LISTEN, WHISPER, BARGE = "*2221001", "*2231001", "*2241001"


def office(*supervises: str, **settings: Any) -> Scene:
    """1003 is the supervisor; 1000 and 1001 talk."""
    named = {"supervises": supervises or ("1001",)}
    return Scene(
        extension("1003", **named), extension("1004"), extension("1001", **settings), workers=2
    )


async def answers(leg: Leg, seconds: float = 1) -> Leg:
    """The switch answers."""
    await expect(leg, Answered)
    leg.acknowledge()
    await asyncio.sleep(seconds)
    return leg


def ports(scene: Scene) -> dict[str, FakePort]:
    """The ports of the phones that talk, by their extensions."""
    found = {}
    for call in scene.calls:
        for party in call.parties:
            if party.leg is not None and party.audio.port is not None:
                assert isinstance(party.audio.port, FakePort)
                found[party.extension] = party.audio.port
    return found


def heard_by(scene: Scene, number: str) -> set[str]:
    """Whom the phone of an extension hears."""
    there = ports(scene)
    own = there[number]
    return {
        other
        for other, port in there.items()
        if own.hears is port or own in port.ears or own in port.hearers
    }


def who_hears_whom(scene: Scene) -> dict[str, str]:
    return {number: " ".join(sorted(heard_by(scene, number))) for number in sorted(ports(scene))}


def steps(scene: Scene, call: Call) -> list[str]:
    record = scene.journal.records()[call.id]
    return [step["what"] for step in record["steps"]]


LISTENS = {"1000": "1001", "1001": "1000", "1003": "1000 1001"}
WHISPERS = {"1000": "1001", "1001": "1000 1003", "1003": "1000 1001"}
BARGES = {"1000": "1001 1003", "1001": "1000 1003", "1003": "1000 1001"}


@pytest.mark.parametrize(
    ("code", "way", "expected"),
    [
        (LISTEN, "listened to", LISTENS),
        (WHISPER, "whispered to", WHISPERS),
        (BARGE, "barged in on", BARGES),
    ],
)
def test_who_hears_whom(code: str, way: str, expected: dict[str, str]) -> None:
    async def story() -> None:
        scene = office()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        c = await answers(scene.phone("1003").dial(code))
        assert who_hears_whom(scene) == expected
        there = ports(scene)
        assert len({port.worker for port in there.values()}) == 1
        assert not any(port.played for port in there.values()), "a tone was heard"
        c.hangup()
        await asyncio.sleep(1)
        assert who_hears_whom(scene) == {"1000": "1001", "1001": "1000"}
        assert not any(port.ears for port in ports(scene).values())
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert steps(scene, call)[-1] == way
        chains = {record["chain"] for record in scene.journal.records().values()} - {"", None}
        assert chains == {call.id}

    run(story())


def test_keys_change_the_way() -> None:
    async def story() -> None:
        scene = office()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c = await answers(scene.phone("1003").dial(LISTEN))
        own = ports(scene)["1003"]
        assert own.keys_muted
        for keys, expected in (("5", WHISPERS), ("6", BARGES), ("19", BARGES), ("4", LISTENS)):
            own.keys(keys)
            assert who_hears_whom(scene) == expected, keys
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_it_ends_with_the_call() -> None:
    async def story() -> None:
        scene = office()
        _, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c = await answers(scene.phone("1003").dial(BARGE))
        b.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize("supervised_leaves", [False, True])
def test_it_follows_a_transfer_unless_who_is_supervised_leaves(supervised_leaves: bool) -> None:
    async def story() -> None:
        scene = office()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        dora = scene.phone("1004")
        (call,) = scene.calls
        c = await answers(scene.phone("1003").dial(BARGE))
        leaving = call.callee if supervised_leaves else call.caller

        async def transfer() -> None:
            await scene.transfers.blind_transfer(call, leaving, "1004")

        moving = asyncio.create_task(call.ask(transfer))
        d = await dora.rings()
        dora.answer(d)
        await moving
        await expect(d, Acknowledged)
        await asyncio.sleep(1)
        if supervised_leaves:
            await expect(c, Ended)
            assert who_hears_whom(scene) == {"1000": "1004", "1004": "1000"}
            assert not any(port.ears for port in ports(scene).values())
            a.hangup()
        else:
            assert who_hears_whom(scene) == {
                "1001": "1003 1004",
                "1003": "1001 1004",
                "1004": "1001 1003",
            }
            b.hangup()
            await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_transfer_that_fails_leaves_it_as_it_was() -> None:
    async def story() -> None:
        scene = office()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        dora = scene.phone("1004")
        await answers(scene.phone("1003").dial(LISTEN))

        async def transfer() -> None:
            await scene.transfers.blind_transfer(call, call.caller, "1004")

        moving = asyncio.create_task(call.ask(transfer))
        (await dora.rings()).reject(486)
        await asyncio.gather(moving, return_exceptions=True)
        assert who_hears_whom(scene) == LISTENS
        a.hangup()
        await scene.settle()

    run(story())


def test_several_supervise_one_call() -> None:
    async def story() -> None:
        scene = Scene(*(extension(each, supervises=("10*",)) for each in ("1003", "1004")))
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        await answers(scene.phone("1003").dial(LISTEN))
        d = await answers(scene.phone("1004").dial(WHISPER))
        assert heard_by(scene, "1003") == heard_by(scene, "1004") == {"1000", "1001"}
        assert heard_by(scene, "1001") == {"1000", "1004"}
        d.hangup()
        await asyncio.sleep(1)
        assert who_hears_whom(scene) == LISTENS
        a.hangup()
        await scene.settle()

    run(story())


def test_the_parties_hear_a_tone_where_the_settings_say_so() -> None:
    async def story() -> None:
        scene = office(supervision_beep=True)
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c = await answers(scene.phone("1003").dial(LISTEN), 20)
        there = ports(scene)
        assert there["1000"].played == there["1001"].played == ["beep 1400"] * 2
        assert there["1003"].played == []
        c.hangup()
        await asyncio.sleep(20)
        assert len(there["1000"].played) == 2
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("by", "code", "said"),
    [
        ("1004", LISTEN, "You may not supervise 1 0 0 1."),
        ("1003", "*2221000", "You may not supervise 1 0 0 0."),
        ("1003", "*2221003", "You may not supervise 1 0 0 3."),
        ("1003", "*2241002", "1 0 0 2 is not in a call."),
        ("1003", "*22499", "You may not supervise 9 9."),
    ],
)
def test_who_may_not_hears_why_and_nothing_else(by: str, code: str, said: str) -> None:
    async def story() -> None:
        scene = office("1001-1003")
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c = await answers(scene.phone(by).dial(code), 0)
        await expect(c, Ended)
        spoken = [what for port in scene.workers.all for what in port.played]
        assert spoken == [f"speak {said} None None"] or said in spoken[0], spoken
        assert not any(port.ears for port in scene.workers.all)
        a.hangup()
        await scene.settle()

    run(story())


def test_without_a_port_the_supervisor_is_refused_and_the_call_goes_on() -> None:
    async def story() -> None:
        scene = office()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        scene.workers.free = len(scene.workers.opened)
        c = scene.phone("1003").dial(LISTEN)
        assert (await expect(c, Failed)).status == 503
        assert who_hears_whom(scene) == {"1000": "1001", "1001": "1000"}
        a.hangup()
        await scene.settle()

    run(story())


def test_the_death_of_the_worker_ends_all_of_it() -> None:
    async def story() -> None:
        scene = office()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        c = await answers(scene.phone("1003").dial(BARGE))
        worker: Any = ports(scene)["1001"].worker
        worker.die()
        await expect(a, Ended)
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_what_the_settings_name_as_supervised() -> None:
    async def story() -> None:
        scene = Scene(
            extension("700", GROUP, members=("701", "1002")),
            extension("701", GROUP, members=("1001", "700")),
            extension("710", QUEUE, agents=("1004",), logins=("1000-1009",)),
            extension("1003", supervises=("700",)),
            extension("1005", supervises=("710",)),
            extension("1006", supervises=("_10XX", "2000-2002")),
        )
        plan = scene.plan
        await plan.agents.log_in("710", "1000")
        allowed = {
            by: {
                n
                for n in ("1000", "1001", "1002", "1004", "2001", "3")
                if may_supervise(plan, by, n)
            }
            for by in ("1003", "1005", "1006", "1000", "", "9")
        }
        assert allowed == {
            "1003": {"1001", "1002"},
            "1005": {"1000", "1004"},
            "1006": {"1000", "1001", "1002", "1004", "2001"},
            "1000": set(),
            "": set(),
            "9": set(),
        }

    run(story())
