"""Schedules: day and night by a calendar, and by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from softswitch.calls.call.party import Side
from softswitch.calls.kinds.schedule import SCHEDULE
from softswitch.calls.numbers.calendar import Calendar
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.openings import Openings
from softswitch.calls.numbers.rules.route import Route
from softswitch.settings.dialplan.calendars import read_holiday, read_hours
from softswitch.sip.events import Ended
from softswitch.store.errors import DatabaseAway
from softswitch.store.exchange.choices import ChoiceRow
from tests.calls.codes.test_forwarding import dials
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, trunk
from tests.calls.scene import Scene, connected, expect
from tests.calls.setup.test_diversion import told
from tests.calls.setup.test_wishes import answers, ends
from tests.calls.transfer.test_transfer import transfer
from tests.calls.virtual_time import run

OFFICE = Calendar("office", (read_hours("mon-fri 08:00-17:00"),), (read_holiday("12-25"),), UTC)


def schedule(number: str = "710", **more: Any) -> Extension:
    keys = {"calendar": "office", "open": "1001", "closed": "1002", **more}
    return extension(number, SCHEDULE, **keys)


def at(moment: str, *extensions: Extension) -> Scene:
    """A switch at a moment of UTC."""
    scene = Scene(*(extensions or (schedule(),)))
    hold_still(scene, moment)
    return scene


def hold_still(scene: Scene, moment: str) -> None:
    """Let the calendars of a switch know that moment and no other."""
    scene.plan.calendars.replace([OFFICE])
    seconds = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    object.__setattr__(scene.plan, "now", lambda: seconds)


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("2026-03-02T07:59:59", "1002"),
        ("2026-03-02T08:00:00", "1001"),
        ("2026-03-02T16:59:59", "1001"),
        ("2026-03-02T17:00:00", "1002"),
        ("2026-03-07T12:00:00", "1002"),
        ("2026-12-25T12:00:00", "1002"),
    ],
)
def test_the_calendar_says_where_a_call_goes(moment: str, number: str) -> None:
    async def story() -> None:
        scene = at(moment)
        alice, phone = scene.phone("1000"), scene.phone(number)
        a = alice.dial("710")
        leg = await answers(scene, a, phone)
        assert told(leg.request.headers)[0] == [
            "<sip:710@example.com>;reason=time-of-day;counter=1"
        ]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_calendar_that_is_not_there_is_closed() -> None:
    async def story() -> None:
        scene = Scene(schedule())
        a = scene.phone("1000").dial("710")
        await answers(scene, a, scene.phone("1002"))
        a.hangup()
        await scene.settle()

    run(story())


def test_open_and_closed_by_code() -> None:
    async def story() -> None:
        scene = at("2026-03-02T12:00:00")
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        for code, said, phone in (
            ("#27*710#", "7 1 0 is closed until further notice.", carol),
            ("*27*710#", "7 1 0 is open until further notice.", bob),
            ("##27*710#", "7 1 0 follows its calendar, and is open now.", bob),
        ):
            assert await dials(scene, alice, code) == said
            a = alice.dial("710")
            await answers(scene, a, phone)
            a.hangup()
            await asyncio.sleep(1)
        by_hand = [each for each in scene.choices.changes if "calendar" in str(each.key)]
        assert len(by_hand) == 3
        await scene.settle()

    run(story())


def test_at_night_the_code_for_its_hours_says_that_it_is_closed() -> None:
    async def story() -> None:
        scene = at("2026-03-02T20:00:00")
        alice = scene.phone("1000")
        await dials(scene, alice, "*27*710#")
        said = await dials(scene, alice, "##27*710#")
        assert said == "7 1 0 follows its calendar, and is closed now."
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("#27*710#", "You may not change that schedule."),
        ("#27*1001#", "That number is no schedule."),
        ("#27*999#", "That number is no schedule."),
    ],
)
def test_who_may_not_changes_nothing(code: str, said: str) -> None:
    async def story() -> None:
        scene = at("2026-03-02T12:00:00", schedule(managers=("1001",)))
        assert await dials(scene, scene.phone("1000"), code) == said
        assert scene.plan.calendars.forced("office") is None
        assert "closed" in await dials(scene, scene.phone("1001"), "#27*710#")
        await scene.settle()

    run(story())


def test_a_disk_that_takes_nothing_changes_nothing() -> None:
    async def story() -> None:
        scene = at("2026-03-02T12:00:00")
        scene.choices.error = DatabaseAway("full")
        assert "could not be stored" in await dials(scene, scene.phone("1000"), "#27*710#")
        assert scene.plan.calendars.forced("office") is None
        await scene.settle()

    run(story())


def test_what_was_kept_counts_again() -> None:
    async def story() -> None:
        scene = at("2026-03-02T12:00:00")
        openings = Openings(scene.plan.calendars, scene.choices.write)
        openings.restore(
            [
                ChoiceRow("calendar", "office", {"open": False}, 1.0, "1000"),
                ChoiceRow("calendar", "shop", {"open": "perhaps"}, 1.0, "1000"),
            ]
        )
        assert scene.plan.opening("office") == (False, "by hand")
        assert scene.plan.calendars.forced("shop") is None

    run(story())


def test_a_transfer_goes_where_the_calendar_says() -> None:
    async def story() -> None:
        scene = at("2026-03-02T20:00:00")
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        carol = scene.phone("1002")
        (call,) = scene.calls

        async def answer() -> None:
            leg = await carol.rings()
            carol.answer(leg)

        answering = call.spawn(answer())
        await transfer(scene, call, Side.CALLEE, "710")
        await answering
        await expect(b, Ended)
        a.hangup()
        await scene.settle()

    run(story())


def test_circles_over_schedules_and_forwards_end_with_482() -> None:
    async def story() -> None:
        scene = at(
            "2026-03-02T20:00:00", schedule(closed="1001"), extension("1001", forward_always="710")
        )
        alice = scene.phone("1000")
        assert await ends(alice.dial("710")) == 482
        call = scene.calls.new(("1000", ""), "710")
        scene.tasks.begin(call, partial(scene.answering.begin, ring_time=None))
        assert (await call.ended).status == 482
        await scene.settle()

    run(story())


def test_the_routes_of_the_schedule_count() -> None:
    async def story() -> None:
        mobile = Route(pattern="0151*", trunk="carrier", extensions=frozenset(("710",)))
        stage = Stage(
            trunk(),
            routes=(mobile,),
            extensions=(schedule(closed="0151234"), schedule("711", closed="0151234")),
        )
        hold_still(stage.scene, "2026-03-02T20:00:00")
        a = stage.alice.dial("710")
        (await stage.carrier.rings()).reject(486)
        assert await ends(a) == 486
        assert await ends(stage.alice.dial("711")) == 403
        await stage.scene.settle()

    run(story())
