"""Codes and features follow the settings while the switch runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from softswitch.app.takers.exchange import (
    CODES_TABLE,
    take_agents,
    take_codes,
    take_features,
    take_mailboxes,
    take_phone_urls,
)
from softswitch.calls.features.features import ChosenFeatures
from softswitch.calls.features.recent import Caller
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.live.changes import Action, EntryChange
from softswitch.live.kinds_of_entries import BY_PLURAL
from softswitch.live.snapshot import Mistakes
from softswitch.store.database.changes import Change
from softswitch.store.exchange.choices import ChoiceRow
from tests.calls.scene import Scene
from tests.calls.voicemail.boxes import left, mailboxes
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


async def test_an_extension_that_is_removed_leaves_no_features_behind(place: Place) -> None:
    scene, live = Scene(), await place.open()
    wishes = scene.answering.ringer.wishes
    live.tell(partial(take_features, wishes))
    kind = BY_PLURAL["extensions"]
    body = {"number": "1005", "password": "s3cret"}
    await live.change([EntryChange(action=Action.ADD, kind=kind, body=body)], "admin")
    await scene.plan.features.change("1005", "", lambda _: ChosenFeatures(max_calls=1))
    wishes.recent.has_called("1005", Caller("1000", "", False))
    wishes.callbacks.ask("1005", "1000")
    change = EntryChange(action=Action.CHANGE, kind=kind, name="1005", body={"name": "Eva"})
    await live.change([change], "admin")
    assert scene.plan.features.chosen("1005").features.max_calls == 1
    await live.change([EntryChange(action=Action.REMOVE, kind=kind, name="1005", body={})], "admin")
    assert scene.plan.features.chosen("1005").features == ChosenFeatures()
    assert wishes.recent.last_caller("1005") is None
    assert wishes.callbacks.waiting() == []


async def test_the_url_of_a_removed_extension_is_worthless_for_the_next_one(place: Place) -> None:
    live, rows = await place.open(), list[ChoiceRow]()

    async def write(change: Change) -> None:
        rows.append(ChoiceRow(**change.row))

    urls = PhoneUrls(b"key", write, ("192.0.2.1", 443))
    live.tell(partial(take_phone_urls, urls))
    secret = urls.secret("1005")
    kind = BY_PLURAL["extensions"]
    body = {"number": "1005", "password": "s3cret"}
    add = EntryChange(action=Action.ADD, kind=kind, body=body)
    name = EntryChange(action=Action.CHANGE, kind=kind, name="1005", body={"name": "Eva"})
    for change in (add, name):
        await live.change([change], "admin")
    assert urls.is_right("1005", secret), "it is still there"
    remove = EntryChange(action=Action.REMOVE, kind=kind, name="1005", body={})
    for change in (remove, add):
        await live.change([change], "admin")
    assert not urls.is_right("1005", secret)
    again = PhoneUrls(b"key", write, ("192.0.2.1", 443), rows)
    assert again.secret("1005") == urls.secret("1005") != secret


async def test_a_removed_extension_leaves_no_login_pause_or_pin_behind(
    place: Place, tmp_path: Path
) -> None:
    scene, live = Scene(), await place.open()
    agents, boxes = scene.plan.agents, mailboxes(tmp_path / "voicemails")
    live.tell(partial(take_agents, agents), partial(take_mailboxes, boxes))
    kind = BY_PLURAL["extensions"]
    body = {"number": "1001", "password": "s3cret"}
    await live.change([EntryChange(action=Action.ADD, kind=kind, body=body)], "admin")
    await agents.log_in("700", "1001")
    await agents.log_in("700", "1002")
    await agents.pause("1001")
    await boxes.set_pin("1001", "13579", "1001")
    message = await left(boxes)
    await live.change([EntryChange(action=Action.REMOVE, kind=kind, name="1001", body={})], "admin")
    assert list(agents.logged_in("700")) == ["1002"]
    assert agents.pause_of("1001") is None
    assert not await boxes.opens("1001", "13579")
    assert boxes.messages("1001") == [message], "messages are deleted by people only"
