"""Codes and calendars follow the settings while the switch runs."""

from __future__ import annotations

from functools import partial

import pytest

from softswitch.app.takers.exchange import CODES_TABLE, take_codes, take_openings
from softswitch.calls.numbers.calendar import Calendar
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.live.snapshot import Mistakes
from tests.calls.scene import Scene
from tests.live.conftest import Place, place

__all__ = ["place"]


async def test_codes_are_dialled_as_the_file_says_after_a_reload(place: Place) -> None:
    scene, live = Scene(), await place.open()
    live.tell(partial(take_codes, scene.codes), tables=(CODES_TABLE,))
    place.write("[storage]", '[codes]\nown_number = "*99"\n[storage]')
    await live.reload()
    assert scene.codes.find("*99") is not None
    assert scene.codes.find("*65") is None
    place.write('"*99"', '"*21#"')
    with pytest.raises(Mistakes) as caught:
        await live.reload()
    assert "codes.forward_always_on" in str(caught.value) or "codes.own_number" in str(caught.value)
    assert scene.codes.find("*99") is not None


async def test_a_calendar_that_is_removed_is_forced_by_nobody_when_it_is_back(place: Place) -> None:
    scene, live = Scene(), await place.open()
    plan, kind = scene.plan, BY_PLURAL["calendars"]
    live.tell(partial(take_openings, plan.openings))
    add = EntryChange(action=Action.ADD, kind=kind, body={"name": "office"})
    await live.change([add], "admin")
    plan.calendars.replace([Calendar("office")])
    await plan.openings.change("office", False, "1000")
    change = EntryChange(action=Action.CHANGE, kind=kind, name="office", body={"holidays": []})
    await live.change([change], "admin")
    assert plan.calendars.forced("office") is False
    await live.change([EntryChange(action=Action.REMOVE, kind=kind, name="office", body={})], "a")
    assert plan.calendars.forced("office") is None
    assert [change.kind.name for change in scene.choices.changes] == ["save choice", "drop choice"]


async def test_a_calendar_that_is_gone_at_a_start_is_found() -> None:
    scene = Scene()
    await scene.plan.openings.change("office", True, "1000")
    assert scene.plan.openings.gone() == ["office"]
    scene.plan.calendars.replace([Calendar("office")])
    assert scene.plan.openings.gone() == []
