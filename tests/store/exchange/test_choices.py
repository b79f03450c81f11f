"""Choices: written, replaced, dropped, and there after a restart."""

from __future__ import annotations

from pathlib import Path

from softswitch.store.exchange.choices import ChoiceRow, drop_choice, save_choice
from softswitch.store.store import Store


def row(name: str, **value: object) -> ChoiceRow:
    return ChoiceRow("extension", name, value, 1_800_000_000.5, "admin")


async def test_choices_are_there_after_reopening(store: Store, url: str, spool: Path) -> None:
    await store.write(save_choice(row("1000", a=1)))
    await store.write(save_choice(row("1001", a={"b": "ü\N{SNOWMAN}"})))
    await store.write(save_choice(row("1000", a=2)))
    await store.write(save_choice(ChoiceRow("calendar", "1000", {}, 1.0, "")))
    await store.close()
    again = await Store.open(url, spool)
    found = await again.load_choices("extension")
    assert sorted(found, key=lambda each: each.name) == [
        row("1000", a=2),
        row("1001", a={"b": "ü\N{SNOWMAN}"}),
    ]
    await again.write(drop_choice("extension", "1001"), drop_choice("extension", "9"))
    assert [each.name for each in await again.load_choices("extension")] == ["1000"]
    await again.close()
