"""Tones are those of the country of whoever hears them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from media.signals.tone_table import COUNTRIES
from softswitch.settings.values import Country
from softswitch.sip.events import Answered
from tests.calls.scene import TERMS, Scene, expect
from tests.calls.virtual_time import run


def test_the_settings_know_every_country() -> None:
    assert set(get_args(Country)) == set(COUNTRIES)


def test_a_port_plays_the_tones_of_its_party() -> None:
    async def story() -> None:
        def country_of(extension: str, trunk: str) -> str:
            return {"1000": "de", "1001": "jp"}.get(extension, "uk")

        scene = Scene(terms=replace(TERMS, country_of=country_of))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        assert [port.country for port in scene.workers.all] == ["de", "jp"]
        a.hangup()
        await scene.settle()

    run(story())
