"""Who may subscribe to what, for how long, and how many of them."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.lamps.dialog_package import DialogPackage
from softswitch.calls.lamps.lamps import AT_A_TIME
from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.numbers.directory import Directory
from softswitch.settings.exchange.lamps import LampSettings
from tests.calls.extensions import extension
from tests.calls.lamps.test_dialogs import unwatch
from tests.calls.scene import Phone, Scene
from tests.calls.virtual_time import run
from tests.sip.watcher import Watcher


def one(phone: Phone) -> Watcher:
    return Watcher(phone.host, phone.number)


PACKAGES = "dialog, presence, message-summary, conference, reg"

# extension that watches, number, headers, status, header of the answer
REFUSED: list[tuple[str, str, list[tuple[str, str]], int, tuple[str, str] | None]] = [
    ("1000", "1001", [("Event", "spam")], 489, ("Allow-Events", PACKAGES)),
    ("1000", "4711", [], 404, None),
    ("1000", "1003", [], 403, None),
    ("1000", "1001", [("Expires", "59")], 423, ("Min-Expires", "60")),
    ("1000", "1001", [("Expires", "1")], 423, ("Min-Expires", "60")),
    ("1000", "1001", [("Expires", "soon")], 400, None),
    ("1000", "1001", [("Accept", "text/plain")], 406, ("Accept", "application/dialog-info+xml")),
]


@pytest.mark.parametrize(("watcher", "number", "headers", "status", "said"), REFUSED)
def test_refused(
    watcher: str,
    number: str,
    headers: list[tuple[str, str]],
    status: int,
    said: tuple[str, str] | None,
) -> None:
    async def story() -> None:
        scene = Scene(extension("1003", watchers=["1001", "2*"]))
        phone = one(scene.phone(watcher))
        names = {name for name, _ in headers}
        event = "dialog" if "Event" not in names else dict(headers)["Event"]
        rest = [each for each in headers if each[0] != "Event"]
        phone.subscribe(scene.host, number, *rest, event=event)
        await asyncio.sleep(1)
        (response,) = phone.responses
        assert response.status == status
        if said is not None:
            assert response.headers.get(said[0]) == said[1]
        assert not phone.heard
        assert len(scene.lamps) == 0
        await scene.settle()

    run(story())


@pytest.mark.parametrize("watcher", ["1001", "1003", "2000"])
def test_those_who_may_watch(watcher: str) -> None:
    async def story() -> None:
        scene = Scene(extension("1003", watchers=["1001", "2*"]), extension("2000"))
        phone = one(scene.phone(watcher))
        phone.subscribe(scene.host, "1003")
        await asyncio.sleep(1)
        assert phone.responses[0].status == 200
        await unwatch(scene, phone)

    run(story())


@pytest.mark.parametrize(
    ("asked", "granted"), [(None, "600"), ("60", "60"), ("300", "300"), ("86400", "600")]
)
def test_how_long(asked: str | None, granted: str) -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001", *([] if asked is None else [("Expires", asked)]))
        await asyncio.sleep(1)
        assert phone.responses[0].headers.get("Expires") == granted
        assert phone.states == [f"active;expires={granted}"]
        await asyncio.sleep(700)
        assert phone.states[1:] == ["terminated;reason=timeout"]
        assert len(scene.lamps) == 0
        assert scene.lamps.ended == {"expired": 1}
        await scene.settle()

    run(story())


def test_a_refresh_that_is_too_brief_changes_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        for value, status in (("5", 423), ("nonsense", 400), ("120", 200)):
            phone.subscribe(scene.host, "1001", ("Expires", value))
            await asyncio.sleep(1)
            assert phone.responses[-1].status == status
            assert len(scene.lamps) == 1
        assert phone.states == ["active;expires=600", "active;expires=120"]
        await unwatch(scene, phone)

    run(story())


def test_a_fetch_leaves_nothing_behind() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001", ("Expires", "0"))
        await asyncio.sleep(1)
        assert phone.states == ["terminated;reason=timeout"]
        assert b"dialog-info" in phone.bodies[0]
        assert len(scene.lamps) == 0
        assert scene.followed.is_idle
        await scene.settle()

    run(story())


def test_a_subscription_of_another_run_is_not_known() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.remote_tag = "of-yesterday"
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        assert phone.responses[0].status == 481
        await scene.settle()

    run(story())


def test_the_oldest_of_a_watcher_gives_way() -> None:
    async def story() -> None:
        scene = Scene(lamps=LampSettings(per_watcher=2))
        watchers = []
        for _ in range(4):
            watchers.append(one(scene.phone("1000", registered=False)))
            watchers[-1].subscribe(scene.host, "1001")
            await asyncio.sleep(1)
        assert len(scene.lamps) == 2
        assert [each.states[-1] for each in watchers] == [
            *["terminated;reason=rejected"] * 2,
            *["active;expires=600"] * 2,
        ]
        await unwatch(scene, *watchers[2:])

    run(story())


@pytest.mark.parametrize(
    "bounds", [LampSettings(per_extension=3), LampSettings(total=3)], ids=["extension", "total"]
)
def test_a_flood_is_bounded(bounds: LampSettings) -> None:
    async def story() -> None:
        numbers = [f"20{n:02d}" for n in range(50)]
        scene = Scene(*map(extension, numbers), lamps=bounds)
        watchers = [one(scene.phone(number, registered=False)) for number in numbers]
        for watcher in watchers:
            watcher.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        assert len(scene.lamps) == 3
        refused = [each for each in watchers if each.responses[0].status == 480]
        assert len(refused) == 47
        assert refused[0].responses[0].headers.get("Retry-After") == "60"
        assert scene.lamps.refused == {"480": 47}
        await unwatch(scene, *watchers[:3])

    run(story())


def test_many_watchers_are_told_in_turns_of_the_loop() -> None:
    async def story() -> None:
        count = 3 * AT_A_TIME
        numbers = [f"20{n:02d}" for n in range(10)]
        scene = Scene(*map(extension, numbers))
        phone = scene.phone("1002", registered=False)
        watchers = [Watcher(phone.host, numbers[n % 10]) for n in range(count)]
        for watcher in watchers:
            watcher.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        assert len(scene.lamps) == count
        alice = scene.phone("1000")
        scene.phone("1001")
        a = alice.dial("1001")
        await asyncio.sleep(1)
        assert all(len(each.heard) == 2 for each in watchers)
        a.hangup()
        await asyncio.sleep(1)
        assert all(len(each.heard) == 3 for each in watchers)
        await unwatch(scene, *watchers)

    run(story())


def test_a_state_is_looked_at_and_written_once_for_all_its_watchers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    document = DialogPackage.document

    def counted(package: DialogPackage, resource: str) -> EventDocument:
        written.append(resource)
        return document(package, resource)

    async def story() -> None:
        scene = Scene()
        phone = scene.phone("1002", registered=False)
        watchers = [Watcher(phone.host, "1002") for _ in range(AT_A_TIME + 1)]
        for watcher in watchers:
            watcher.subscribe(scene.host, "1000")
        await asyncio.sleep(1)
        written.clear()
        scene.phone("1001")
        scene.phone("1000").dial("1001")
        await asyncio.sleep(1)
        told = {each.heard[-1].body for each in watchers}
        assert len(told) == 1, "all have heard the same"
        changes = len(watchers[0].heard) - 1
        assert changes <= len(written) <= 3, "trying, ringing: each once, however many watch"
        await unwatch(scene, *watchers)

    monkeypatch.setattr(DialogPackage, "document", counted)
    run(story())


def test_what_has_not_changed_is_not_told() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        for package, number in (("dialog", "1001"), ("dialog", "1000"), ("spam", "1001")):
            scene.lamps.changed(package, number)
        await asyncio.sleep(1)
        assert len(phone.heard) == 1
        await unwatch(scene, phone)

    run(story())


def test_watchers_hear_of_it_when_the_switch_ends() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        scene.lamps.close()
        await asyncio.sleep(1)
        assert phone.states[-1] == "terminated;reason=probation;retry-after=10"
        assert len(scene.lamps) == 0
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ([extension("1000"), extension("1001", watchers=["1002"])], "rejected"),
        ([extension("1000")], "noresource"),
        ([extension("1001")], "rejected"),
    ],
    ids=["may not any more", "the watched is gone", "the watcher is gone"],
)
@pytest.mark.parametrize("by_refresh", [False, True])
def test_settings_that_change(changed: list[object], reason: str, by_refresh: bool) -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        directory, new = scene.plan.directory, Directory(changed)  # type: ignore[arg-type]
        for slot in Directory.__slots__:
            setattr(directory, slot, getattr(new, slot))
        if by_refresh:
            phone.subscribe(scene.host, "1001")
        else:
            scene.lamps.review()
        await asyncio.sleep(1)
        assert phone.responses[-1].status == (403 if by_refresh else 200)
        assert phone.states[-1] == f"terminated;reason={reason}"
        assert len(scene.lamps) == 0
        await scene.settle()

    run(story())


def test_metrics() -> None:
    async def story() -> None:
        scene = Scene()
        phone = one(scene.phone("1000"))
        phone.subscribe(scene.host, "1001")
        await asyncio.sleep(1)
        metrics = {metric.name: metric.read() for metric in scene.lamps.metrics()}
        assert metrics["subscriptions"] == {
            "eventlist": 0,
            **dict.fromkeys(PACKAGES.split(", "), 0),
            "dialog": 1,
        }
        assert metrics["notifies_total"] == {"dialog": 1}
        await unwatch(scene, phone)

    run(story())
