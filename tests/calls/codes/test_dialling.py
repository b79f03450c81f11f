"""Codes that dial: stored numbers, the last caller."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from softswitch.calls.features.recent import OF_RECENT
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.sip.events import Failed
from tests.calls.codes.test_forwarding import dials, features
from tests.calls.disk import Disk
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, calls_in, trunk
from tests.calls.scene import Scene, expect
from tests.calls.setup.test_emergency import exchange_rules
from tests.calls.setup.test_wishes import answers, ends
from tests.calls.virtual_time import run


def test_a_stored_number_is_dialled_changed_and_forgotten() -> None:
    async def story() -> None:
        scene = Scene(extension("1000", speed_dials={"1": "1001"}))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        assert await dials(scene, alice, "*75*12*1002#") == "1 0 0 2 is stored under 1 2."
        assert features(scene, "1000").speed_dials == {"1": "1001", "12": "1002"}
        for code, phone in (("*01", bob), ("*012", carol), ("*012#", carol)):
            a = alice.dial(code.replace("#", "%23"))
            leg = await answers(scene, a, phone)
            assert leg.request.headers.values("Diversion") == [], "nobody has forwarded it"
            a.hangup()
            await asyncio.sleep(1)
        assert await dials(scene, alice, "#75*1#") == "No number is stored under 1."
        assert features(scene, "1000").speed_dials == {"12": "1002"}
        assert await dials(scene, alice, "*01") == "No number is stored under 1."
        assert await dials(scene, bob, "*012") == "No number is stored under 1 2."
        await scene.settle()

    run(story())


@pytest.mark.parametrize("code", ["*75*123*1002#", "#75*123#", "*75*+1*1002#"])
def test_what_is_no_place_for_a_number_is_refused(code: str) -> None:
    async def story() -> None:
        scene = Scene()
        said = await dials(scene, scene.phone("1000"), code)
        assert said == "Numbers are stored under one or two digits."
        assert scene.choices.changes == []
        await scene.settle()

    run(story())


def test_a_stored_number_reaches_what_the_extension_may_dial_and_no_more() -> None:
    async def story() -> None:
        routes = (
            Route(pattern="030*", trunk="carrier"),
            Route(pattern="0900*", trunk="carrier", extensions=frozenset(("1001",))),
        )
        stage = Stage(
            trunk(),
            routes=routes,
            extensions=(extension("1000", speed_dials={"1": "030123", "2": "0900123"}),),
        )
        a = stage.alice.dial("*01")
        (await stage.carrier.rings()).reject(486)
        assert await ends(a) == 486
        assert await ends(stage.alice.dial("*02")) == 403
        assert stage.carrier.asked.empty()
        await stage.scene.settle()

    run(story())


def test_the_last_caller_is_called_back_whether_it_was_answered_or_not() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", do_not_disturb=True))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        assert await dials(scene, bob, "*69") == "Nobody has called."
        c = carol.dial("1001")
        assert await ends(c) == 486
        b = bob.dial("*69")
        await answers(scene, b, carol)
        b.hangup()
        await asyncio.sleep(1)
        assert await ends(alice.dial("1001")) == 486
        b = bob.dial("*69")
        await answers(scene, b, alice)
        b.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("politely", [True, False])
def test_the_last_caller_and_the_last_busy_one_outlive_the_switch(politely: bool) -> None:
    async def story() -> None:
        scene = Scene(extension("1001", do_not_disturb=True))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        assert await ends(alice.dial("1001")) == 486
        hidden = bob.dial("1002", headers=[("Privacy", "id")])
        (await carol.rings()).reject(486)
        await expect(hidden, Failed)
        await scene.end(politely=politely)
        disk = Disk()
        scene.begin_anew(disk)
        recent = scene.answering.ringer.wishes.recent
        assert recent.last_busy("1000") == "1001"
        assert await dials(scene, carol, "*69") == "The last caller did not show a number."
        assert "1001" not in str([r.value for r in disk.choices(OF_RECENT) if r.name == "1002"])
        b = bob.dial("*69")
        await answers(scene, b, alice)
        b.hangup()
        recent.forget(["1000", "1001", "1002"])
        await asyncio.sleep(1)
        disk.take(scene.choices)
        assert disk.choices(OF_RECENT) == []
        await scene.settle()

    run(story())


def test_who_hides_is_not_told_by_calling_back() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", headers=[("Privacy", "id")])
        b = await bob.rings()
        b.reject(486)
        await expect(a, Failed)
        assert await dials(scene, bob, "*69") == "The last caller did not show a number."
        await scene.settle()

    run(story())


def test_a_caller_from_outside_is_called_back_with_the_rights_of_the_extension() -> None:
    async def story() -> None:
        stage = Stage(
            trunk(networks=(ip_network("10.0.0.2/32"),)),
            routes=(
                Route(pattern="4930100", extension="1001"),
                Route(pattern="0151*", trunk="carrier", extensions=frozenset(("1001",))),
                Route(pattern="0900*", trunk="carrier", extensions=frozenset(("1000",))),
            ),
        )
        bob = stage.scene.phone("1001")
        for caller, status in (("0151234", 486), ("0900123", 403)):
            c = calls_in(stage, "sip:4930100@192.0.2.1", caller=caller)
            (await bob.rings()).reject(486)
            await expect(c, Failed)
            b = bob.dial("*69")
            if status == 486:
                (await stage.carrier.rings()).reject(486)
            assert await ends(b) == status
        await stage.scene.settle()

    run(story())


def test_who_shows_an_emergency_number_is_not_called_back() -> None:
    async def story() -> None:
        stage = Stage(
            trunk(networks=(ip_network("10.0.0.2/32"),)),
            routes=(Route(pattern="4930100", extension="1001"),),
        )
        bob = stage.scene.phone("1001")
        c = calls_in(stage, "sip:4930100@192.0.2.1", caller="112")
        (await bob.rings()).reject(486)
        await expect(c, Failed)
        emergency = EmergencyTerms(frozenset(("112",)), ("carrier",))
        exchange_rules(stage.scene, Rules(emergency=emergency))
        said = await dials(stage.scene, bob, "*69")
        assert said == "The last caller did not show a number of its own."
        assert stage.carrier.asked.empty()
        await stage.scene.settle()

    run(story())
