"""Forwarding, do not disturb and call waiting by codes: what is kept, said, and refused."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from softswitch.calls.features.features import Features, ForwardTo
from softswitch.calls.numbers.rules.route import Route
from softswitch.sip.events import Answered, Ended, Failed
from softswitch.store.errors import DatabaseAway
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, calls_in, trunk
from tests.calls.scene import Phone, Scene, expect
from tests.calls.virtual_time import run


async def dials(scene: Scene, phone: Phone, code: str) -> str:
    """Let a phone dial a code; the sentence that it hears."""
    a = phone.dial(code.replace("#", "%23"))
    await expect(a, Answered)
    a.acknowledge()
    await asyncio.sleep(0.5)
    (port,) = scene.workers.opened
    await expect(a, Ended)
    (said,) = port.played
    return said.removeprefix("speak ").removesuffix(" None None")


def features(scene: Scene, number: str) -> Features:
    found = scene.plan.directory.find(number)
    assert found is not None
    return scene.plan.features_of(found)


@pytest.mark.parametrize(
    ("code", "feature", "sentence"),
    [
        ("*21*1002#", "forward_always", "All calls go to 1 0 0 2."),
        ("*21*1002", "forward_always", "All calls go to 1 0 0 2."),
        ("*721002", "forward_always", "All calls go to 1 0 0 2."),
        ("*67*1002#", "forward_busy", "Calls while you are busy go to 1 0 0 2."),
        ("*901002", "forward_busy", "Calls while you are busy go to 1 0 0 2."),
        ("*61*1002#", "forward_no_answer", "Calls that you do not answer go to 1 0 0 2."),
        ("*521002", "forward_no_answer", "Calls that you do not answer go to 1 0 0 2."),
        (
            "*62*1002#",
            "forward_not_registered",
            "Calls while your phone cannot be reached go to 1 0 0 2.",
        ),
    ],
)
def test_a_phone_forwards_and_takes_it_back(code: str, feature: str, sentence: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        assert await dials(scene, alice, code) == sentence
        assert getattr(features(scene, "1000"), feature) == ForwardTo(number="1002")
        assert features(scene, "1001") == Features(), "another extension"
        digits = {"always": "21", "busy": "67", "no_answer": "61", "not_registered": "62"}
        number = digits[feature.removeprefix("forward_")]
        assert "no longer" in await dials(scene, alice, f"#{number}#")
        assert getattr(features(scene, "1000"), feature) == ForwardTo(number="1002", on=False)
        assert await dials(scene, alice, f"*{number}#") == sentence
        assert getattr(features(scene, "1000"), feature) == ForwardTo(number="1002")
        assert await dials(scene, alice, f"*#{number}#") == sentence
        assert "No calls" in await dials(scene, alice, "##002#")
        assert getattr(features(scene, "1000"), feature).target == ""
        assert await dials(scene, alice, f"*#{number}#") == "No calls are forwarded."
        await scene.settle()

    run(story())


def test_the_seconds_of_ringing_can_be_dialled_too() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        await dials(scene, alice, "*61*1002**15#")
        assert features(scene, "1000").forward_after == 15
        for wrong in ("0", "601"):
            assert await dials(scene, alice, f"*61*1001**{wrong}#") == "That is no time to wait."
        assert features(scene, "1000").forward_no_answer.number == "1002"
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("*21*1009#", "That number leads nowhere."),
        ("*21*1000#", "Calls cannot be forwarded to their own number."),
        ("*21*030123#", "You may not forward calls to that number."),
        ("*21*0900123#", "You may not forward calls to that number."),
        ("*21*+49900123#", "That number leads nowhere."),
        ("*21#", "No number was set."),
    ],
)
def test_a_number_that_may_not_be_reached_is_refused_and_nothing_is_kept(
    code: str, sentence: str
) -> None:
    async def story() -> None:
        routes = (
            Route(pattern="030*", trunk="carrier"),
            Route(pattern="0900*", trunk="carrier", extensions=frozenset(("1001",))),
        )
        scene = Stage(trunk(), routes=routes).scene
        assert await dials(scene, scene.phone("1000"), code) == sentence
        assert features(scene, "1000") == Features()
        assert scene.choices.changes == []
        await scene.settle()

    run(story())


def test_outside_numbers_are_taken_where_the_settings_allow_it() -> None:
    async def story() -> None:
        routes = (
            Route(pattern="030*", trunk="carrier"),
            Route(pattern="0900*", trunk="carrier", extensions=frozenset(("1001",))),
        )
        allowed = extension("1000", forward_outside=True)
        scene = Stage(trunk(), routes=routes, extensions=(allowed,)).scene
        phone = scene.phone("1000")
        assert await dials(scene, phone, "*21*030123#") == "All calls go to 0 3 0 1 2 3."
        assert "may not" in await dials(scene, phone, "*21*0900123#")
        assert features(scene, "1000").forward_always.number == "030123"
        await scene.settle()

    run(story())


def test_a_disk_that_takes_nothing_changes_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        scene.choices.error = DatabaseAway("the disk is full")
        said = await dials(scene, scene.phone("1000"), "*21*1002#")
        assert said == "That could not be stored. Please try again later."
        assert features(scene, "1000") == Features()
        await scene.settle()

    run(story())


def test_do_not_disturb_by_code_and_key() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        for code, wanted in (
            ("*26#", True), ("#26#", False), ("*78", True), ("*79", False), ("*76", True),
            ("*76", False),
        ):  # fmt: skip
            said = await dials(scene, alice, code)
            assert said == ("You are not disturbed." if wanted else "You can be called again.")
            assert features(scene, "1000").do_not_disturb is wanted
        await scene.settle()

    run(story())


def test_call_waiting_by_code() -> None:
    async def story() -> None:
        scene = Scene(extension("1001", max_calls=1), extension("1002", max_calls=3))
        for number, waiting in (("1000", 0), ("1001", 0), ("1002", 3)):
            phone = scene.phone(number)
            assert await dials(scene, phone, "#43#") == "Further callers hear busy."
            assert features(scene, number).max_calls == 1
            assert "come in" in await dials(scene, phone, "*43#")
            assert features(scene, number).max_calls == waiting
        await scene.settle()

    run(story())


@pytest.mark.parametrize("code", ["*21*1002%23", "*65", "%23%23002%23"])
def test_nobody_outside_reaches_a_code(code: str) -> None:
    async def story() -> None:
        stage = Stage(trunk(networks=(ip_network("10.0.0.2/32"),)), routes=())
        a = calls_in(stage, f"sip:{code}@192.0.2.1", caller="1000")
        assert (await expect(a, Failed)).status == 404
        await stage.scene.settle()

    run(story())
