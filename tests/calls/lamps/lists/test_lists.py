"""Subscriptions to lists: who gets what, when, and in how many NOTIFYs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from softswitch.calls.kinds.group import GROUP
from softswitch.calls.lamps.lists.list_lamp import STATES
from softswitch.settings.exchange.lamps import LampListSettings, LampSettings
from softswitch.sip.events import Acknowledged, Answered, Ringing
from softswitch.sip.limits import BODY
from tests.calls.extensions import extension
from tests.calls.lamps.lists.documents import Table
from tests.calls.scene import Scene, connected, expect
from tests.calls.virtual_time import run
from tests.sip.watcher import Watcher

LISTS = [("Supported", "eventlist")]
ACCEPT = ("application/dialog-info+xml", "application/rlmi+xml", "multipart/related")


def reception(*extensions: str, name: str = "reception") -> LampListSettings:
    return LampListSettings(name=name, extensions=extensions)


def scene_with(*lists: LampListSettings) -> Scene:
    scene = Scene(extension("1003", watchers=["1001"]), extension("1004"))
    scene.lamp_lists.settle(lists)
    return scene


def watcher_of(scene: Scene, number: str = "1002") -> Watcher:
    return Watcher(scene.phone(number).host, number)


def table(watcher: Watcher) -> Table:
    """What a phone knows after all NOTIFYs."""
    known = Table()
    for notify in watcher.heard:
        assert notify.headers.get("Require") == "eventlist"
        known.take(notify.headers.get("Content-Type") or "", notify.body)
    return known


async def end(scene: Scene, *watchers: Watcher) -> None:
    for watcher in watchers:
        watcher.subscribe(scene.host, "reception", ("Expires", "0"), *LISTS)
    await asyncio.sleep(1)
    assert len(scene.lamps) == 0
    assert scene.followed.is_idle
    await scene.settle()


# headers, number, status, header of the answer
REFUSED: list[tuple[Sequence[tuple[str, str]], str, int, tuple[str, str] | None]] = [
    ([], "reception", 421, ("Require", "eventlist")),
    ([("Supported", "timer")], "reception", 421, ("Require", "eventlist")),
    (LISTS, "nothing", 404, None),
    (LISTS, "Reception", 404, None),
    ([*LISTS, ("Accept", "text/plain")], "reception", 406, None),
    ([*LISTS, ("Expires", "1")], "reception", 423, ("Min-Expires", "60")),
]


@pytest.mark.parametrize(("headers", "number", "status", "said"), REFUSED)
def test_refused(
    headers: Sequence[tuple[str, str]], number: str, status: int, said: tuple[str, str] | None
) -> None:
    async def story() -> None:
        scene = scene_with(reception("1000"))
        phone = watcher_of(scene)
        phone.subscribe(scene.host, number, *headers)
        await asyncio.sleep(1)
        assert phone.responses[0].status == status
        if said is not None:
            assert phone.responses[0].headers.get(said[0]) == said[1]
        assert not phone.heard
        await scene.settle()

    run(story())


def test_other_packages_have_no_lists() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000"))
        phone = watcher_of(scene)
        phone.subscribe(scene.host, "reception", *LISTS, event="presence")
        await asyncio.sleep(1)
        assert phone.responses[0].status == 404
        await scene.settle()

    run(story())


def test_a_call_is_told_by_what_has_changed() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000-1002", "1004"))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = watcher_of(scene)
        accept = [("Accept", ", ".join(ACCEPT))]
        watcher.subscribe(scene.host, "reception", *LISTS, *accept)
        await asyncio.sleep(1)
        assert watcher.responses[0].status == 200
        assert watcher.responses[0].headers.get("Require") == "eventlist"
        first = table(watcher)
        assert first.fulls == [True]
        assert first.rows == dict.fromkeys(("1000", "1001", "1002", "1004"), "idle")
        assert first.names["1000"] == "Desk 1000"
        a = alice.dial("1001")
        b = await bob.rings()
        await asyncio.sleep(1)
        b.progress(180)
        await expect(a, Ringing)
        await asyncio.sleep(1)
        ringing = table(watcher)
        assert (ringing.rows["1000"], ringing.rows["1001"]) == ("early", "early")
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        talking = table(watcher)
        assert (talking.rows["1000"], talking.rows["1001"]) == ("confirmed", "confirmed")
        a.hangup()
        await asyncio.sleep(1)
        over = table(watcher)
        assert (over.rows["1000"], over.rows["1002"]) == ("terminated", "idle")
        assert over.fulls == [True, False, False, False, False], "one NOTIFY for each step"
        assert all(sorted(each) == ["1000", "1001"] for each in over.named[1:])
        await end(scene, watcher)

    run(story())


def bounded(terms: LampSettings) -> Scene:
    scene = Scene(extension("1003"), extension("1004"), extension("1005"), lamps=terms)
    scene.lamp_lists.settle([reception("1000-1001"), reception("1001", "1003", name="yard")])
    return scene


def test_a_list_is_a_watcher_of_each_of_its_extensions() -> None:
    async def story() -> None:
        scene = bounded(LampSettings(per_extension=2))
        lists = [watcher_of(scene, number) for number in ("1002", "1003")]
        for watcher, name in zip(lists, ("reception", "yard"), strict=True):
            watcher.subscribe(scene.host, name, *LISTS)
        await asyncio.sleep(1)
        late = [watcher_of(scene, number) for number in ("1004", "1004", "1004", "1005")]
        late[0].subscribe(scene.host, "reception", *LISTS)
        late[1].subscribe(scene.host, "yard", ("Expires", "0"), *LISTS)
        late[2].subscribe(scene.host, "1001")
        late[3].subscribe(scene.host, "1000")
        await asyncio.sleep(1)
        assert [each.responses[0].status for each in late] == [480, 480, 480, 200]
        assert not late[1].heard
        late[3].subscribe(scene.host, "1000", ("Expires", "0"))
        lists[1].subscribe(scene.host, "yard", ("Expires", "0"), *LISTS)
        await asyncio.sleep(1)
        late[1].subscribe(scene.host, "yard", ("Expires", "0"), *LISTS)
        await asyncio.sleep(1)
        assert late[1].responses[1].status == 200
        await end(scene, lists[0])

    run(story())


def test_a_list_counts_for_its_watcher_as_each_of_its_extensions() -> None:
    async def story() -> None:
        scene = bounded(LampSettings(per_watcher=3))
        one, two, three = (watcher_of(scene) for _ in range(3))
        one.subscribe(scene.host, "1004")
        two.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        assert len(scene.lamps) == 2
        three.subscribe(scene.host, "yard", *LISTS)
        await asyncio.sleep(1)
        states = [each.heard[-1].headers.get("Subscription-State") for each in (one, two, three)]
        assert states == [*["terminated;reason=rejected"] * 2, "active;expires=600"]
        three.subscribe(scene.host, "yard", ("Expires", "0"), *LISTS)
        await asyncio.sleep(1)
        assert len(scene.lamps) == 0
        await scene.settle()

    run(story())


def test_a_burst_is_one_notify() -> None:
    """All phones of a group begin to ring, and the lamps of all are told at once."""

    async def story() -> None:
        members = [f"12{index:02d}" for index in range(15)]
        scene = Scene(
            *map(extension, members), extension("600", GROUP, members=members, strategy="all")
        )
        scene.lamp_lists.settle([reception("1200-1214")])
        phones = [scene.phone(number) for number in members]
        watcher = watcher_of(scene)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        a = scene.phone("1000").dial("600")
        await asyncio.gather(*(phone.rings() for phone in phones))
        await asyncio.sleep(1)
        known = table(watcher)
        assert [len(each) for each in known.named] == [15, 15]
        a.hangup()
        await asyncio.sleep(1)
        known = table(watcher)
        assert set(known.rows.values()) == {"terminated"}
        assert len(known.fulls) <= 4
        await end(scene, watcher)

    run(story())


def test_each_watcher_sees_what_it_may() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000", "1003"))
        one, two = watcher_of(scene, "1001"), watcher_of(scene, "1002")
        for phone in (one, two):
            phone.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        assert table(one).rows == {"1000": "idle", "1003": "idle"}
        assert table(two).rows == {"1000": "idle", "1003": "rejected"}
        await end(scene, one, two)

    run(story())


def test_a_refresh_tells_everything() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000-1002"))
        watcher = watcher_of(scene)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        known = table(watcher)
        assert known.fulls == [True, True]
        assert known.named[0] == known.named[1] == ["1000", "1001", "1002"]
        assert watcher.responses[1].headers.get("Require") == "eventlist"
        await end(scene, watcher)
        assert table(watcher).fulls == [True, True, True]
        assert watcher.states[-1].startswith("terminated")

    run(story())


def test_a_notify_that_fails_has_told_nothing() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000-1001"))
        watcher = watcher_of(scene)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        watcher.status = 500
        caller, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        await asyncio.sleep(1)
        watcher.status = 200
        watcher.heard.clear()
        await asyncio.sleep(10)
        (last,) = watcher.heard
        assert b'fullState="true"' in last.body
        assert last.body.count(b"<state>confirmed</state>") == 2
        caller.hangup()
        await asyncio.sleep(1)
        await end(scene, watcher)

    run(story())


def test_a_long_list_is_told_in_several() -> None:
    """Each NOTIFY is bounded; the first names all, and those behind tell the rest."""

    async def story() -> None:
        numbers = [f"{number}" for number in range(3000, 3128)]
        scene = Scene(*map(extension, numbers))
        scene.lamp_lists.settle([reception("3000-3127")])
        watcher = watcher_of(scene)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(2)
        known = table(watcher)
        assert known.fulls[0]
        assert not any(known.fulls[1:])
        assert len(known.fulls) > 1
        assert known.rows == dict.fromkeys(numbers, "idle")
        assert sorted(known.versions.values()) == [0] * 128, "each is told once"
        assert max(map(len, watcher.bodies)) < BODY
        assert all(len(body) < 2 * STATES for body in watcher.bodies[1:])
        await end(scene, watcher)

    run(story())


def test_a_single_lamp_beside_a_list() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000-1001"))
        listed, single = watcher_of(scene, "1002"), watcher_of(scene, "1004")
        listed.subscribe(scene.host, "reception", *LISTS)
        single.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        caller, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        await asyncio.sleep(1)
        assert table(listed).rows["1001"] == "confirmed"
        assert b"<state>confirmed</state>" in single.bodies[-1]
        assert single.heard[-1].headers.get("Require") is None
        single.subscribe(scene.host, "1001", ("Expires", "0"))
        caller.hangup()
        await asyncio.sleep(1)
        assert table(listed).rows["1001"] == "terminated"
        await end(scene, listed)

    run(story())


def test_another_list_is_told_to_those_who_watch_it() -> None:
    async def story() -> None:
        scene = scene_with(reception("1000-1001"))
        watcher = watcher_of(scene)
        watcher.subscribe(scene.host, "reception", *LISTS)
        await asyncio.sleep(1)
        scene.lamps.settle([reception("1001", "1004"), reception("1000", name="other")])
        await asyncio.sleep(1)
        known = table(watcher)
        assert known.fulls == [True, True]
        assert known.rows == {"1001": "idle", "1004": "idle"}
        scene.lamps.review()
        await asyncio.sleep(1)
        assert len(watcher.heard) == 2, "nothing has changed for it"
        scene.lamps.settle([])
        await asyncio.sleep(1)
        assert watcher.states[-1] == "terminated;reason=noresource"
        assert len(scene.lamps) == 0
        assert scene.followed.is_idle
        await scene.settle()

    run(story())
