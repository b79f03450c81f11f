"""The features of extensions: what survives a restart, and who changes them at a time."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from softswitch.calls.features.extension_features import ExtensionFeatures, keep_nothing
from softswitch.calls.features.features import ChosenFeatures, ForwardTo
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from softswitch.store.exchange.choices import ChoiceRow

PHONE = PhoneExtension(number="1000", forward_busy="1001", max_calls=2)


async def test_what_was_kept_counts_again() -> None:
    written: list[Change] = []

    async def write(*changes: Change) -> None:
        written.extend(changes)

    before = ExtensionFeatures(write, lambda: 7.0)
    kept = ForwardTo(number="1002", on=False)
    await before.change("1000", "1000", lambda _: ChosenFeatures(forward_busy=kept))
    after = ExtensionFeatures(keep_nothing)
    after.restore(ChoiceRow(**change.row) for change in written)
    assert after.of("1000", PHONE) == before.of("1000", PHONE)
    assert after.of("1000", PHONE).forward_busy == kept
    assert after.of("1000", PHONE).max_calls == 2
    assert (after.chosen("1000").at, after.chosen("1000").by) == (7.0, "1000")


def test_what_cannot_be_read_is_left_out() -> None:
    features = ExtensionFeatures(keep_nothing)
    features.restore(
        [
            ChoiceRow("extension", "1000", {"max_calls": "many"}, 1.0, ""),
            ChoiceRow("extension", "1001", {"max_calls": 1, "of_a_newer_switch": 1}, 1.0, ""),
        ]
    )
    assert features.of("1000", PHONE).max_calls == 2
    assert features.of("1001", PHONE).max_calls == 1


async def test_changes_come_one_after_the_other() -> None:
    async def slow(*_changes: Change) -> None:
        await asyncio.sleep(0.001)

    features = ExtensionFeatures(slow)

    def more(chosen: ChosenFeatures) -> ChosenFeatures:
        return msgspec.structs.replace(chosen, max_calls=(chosen.max_calls or 0) + 1)

    await asyncio.gather(*(features.change("1000", "", more) for _ in range(20)))
    assert features.of("1000", PHONE).max_calls == 20


async def test_listeners_hear_of_what_is_on_disk_only() -> None:
    fails = True

    async def write(*_changes: Change) -> None:
        if fails:
            raise DatabaseAway("full")

    features, heard = ExtensionFeatures(write), []
    features.listeners.append(heard.append)
    with pytest.raises(DatabaseAway):
        await features.change("1000", "", lambda _: ChosenFeatures(max_calls=1))
    assert heard == []
    fails = False
    await features.change("1000", "", lambda _: ChosenFeatures(max_calls=1))
    assert heard == ["1000"]


async def test_an_extension_that_is_gone_leaves_nothing_behind() -> None:
    written: list[str] = []

    async def write(*changes: Change) -> None:
        written.append(" ".join(change.kind.name for change in changes))

    features = ExtensionFeatures(write)
    for number in ("1000", "1002"):
        await features.change(number, "", lambda _: ChosenFeatures(max_calls=1))
    await features.forget(["1000", "1001", "1002"])
    assert features.of("1000", PHONE).max_calls == 2
    assert written == ["save choice", "save choice", "drop choice drop choice"], "in one write"


def test_a_kind_without_phones_has_none() -> None:
    features = ExtensionFeatures(keep_nothing)
    assert features.of("600", EchoExtension(number="600", type="echo")).max_calls == 0
