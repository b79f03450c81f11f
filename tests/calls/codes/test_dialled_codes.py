"""Codes: who reaches them, what is dialled for them, and what they say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.codes import CODES
from softswitch.calls.codes.page import document, texts_of_settings
from softswitch.settings.exchange.codes import CodeSettings
from softswitch.sip.events import Answered, Ended, Failed
from tests.calls.scene import Scene, expect, sdp
from tests.calls.virtual_time import run

PAGE = Path(__file__).parents[3] / "docs" / "codes.md"


def test_every_code_has_its_setting_with_a_text_and_none_is_left_over() -> None:
    assert [code.name for code in CODES] == list(CodeSettings.model_fields)
    assert list(texts_of_settings()) == list(CodeSettings.model_fields)


def test_the_page_is_the_one_that_is_made_of_the_list() -> None:
    assert PAGE.read_text() == document(), "python -m softswitch.calls.codes.page > docs/codes.md"


@pytest.mark.parametrize("dialled", ["*65", "*65%23"])
def test_a_phone_hears_its_own_number(dialled: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        a = alice.dial(dialled)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.5)
        (port,) = scene.workers.opened
        assert port.played == ["speak This is extension 1 0 0 0. None None"]
        await expect(a, Ended)
        await scene.settle()
        assert (scene.record["ended_by"], scene.record["reason"]) == ("system", "done")

    run(story())


@pytest.mark.parametrize("dialled", ["*6", "*655", "*65*1", "*6" + "5" * 200])
def test_what_is_no_code_is_a_number(dialled: str) -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.phone("1000").dial(dialled)
        assert (await expect(a, Failed)).status == 404
        await scene.settle()

    run(story())


def test_a_code_that_is_off_is_a_number() -> None:
    async def story() -> None:
        scene = Scene()
        scene.codes.settle(CodeSettings(own_number="off"))
        a = scene.phone("1000").dial("*65")
        assert (await expect(a, Failed)).status == 404
        scene.codes.settle(CodeSettings(own_number="*99"))
        a = scene.phone("1001").dial("*99")
        await expect(a, Answered)
        a.acknowledge()
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_a_caller_who_hangs_up_ends_the_code() -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.phone("1000").dial("*65")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.1)
        a.hangup()
        await scene.settle()
        assert scene.record["ended_by"] == "caller"

    run(story())


def test_where_no_voice_speaks_a_beep_confirms() -> None:
    async def story() -> None:
        scene = Scene()
        scene.workers.mute = True
        a = scene.phone("1000").dial("*65")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.1)
        (port,) = scene.workers.opened
        assert port.played[1:] == ["beep 1000"]
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_a_media_worker_that_dies_ends_the_code() -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.phone("1000").dial("*65")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(0.1)
        scene.workers.workers[0].die()
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_a_caller_without_an_offer_hears_what_is_said() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        a = alice.dial("*65", offer=None)
        await expect(a, Answered)
        a.acknowledge(sdp(alice.host.address[0]))
        await asyncio.sleep(0.5)
        (port,) = scene.workers.opened
        assert port.played == ["speak This is extension 1 0 0 0. None None"]
        await expect(a, Ended)
        await scene.settle()

    run(story())
