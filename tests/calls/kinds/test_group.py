"""The group extension: its members ring all at once or in turn."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.kinds.group import GROUP
from softswitch.calls.numbers.extension import Extension
from softswitch.sip.events import Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import Scene, expect
from tests.calls.virtual_time import run


def group(strategy: str) -> Extension:
    members = ("1001", "1003", "1002")
    return extension("1009", GROUP, ring_time=10, members=members, strategy=strategy)


def test_a_group_rings_all_its_members() -> None:
    async def story() -> None:
        scene = Scene(group("all"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b, c = await bob.rings(), await carol.rings()
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        assert (await expect(b, Ended)).reason == "CANCEL"
        a.hangup()
        await scene.settle()
        assert (scene.record["dialed"], scene.record["destination"]) == ("1009", "1002")

    run(story())


def test_a_group_rings_its_members_in_turn() -> None:
    async def story() -> None:
        scene = Scene(group("in-turn"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        assert (await expect(b, Ended)).reason == "CANCEL"
        c = await carol.rings()
        assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.5)
        c.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

    run(story())


def test_the_caller_of_a_group_gives_up() -> None:
    async def story() -> None:
        scene = Scene(group("in-turn"))
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a = alice.dial("1009")
        b = await bob.rings()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert carol.asked.empty()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_a_group_without_phones() -> None:
    async def story() -> None:
        scene = Scene(group("all"))
        assert (await expect(scene.phone("1000").dial("1009"), Failed)).status == 480
        await scene.settle()
        assert scene.record["outcome"] == "not registered"

    run(story())
