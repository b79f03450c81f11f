"""What has changed between two settings: worked out once for all takers, and not kept for ever."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from softswitch.app.takers import differences
from softswitch.app.takers.differences import Difference, ExtensionsChanged, difference
from softswitch.settings.load import Settings


def settings(*numbers: str) -> Settings:
    entries = [{"type": "echo", "number": number} for number in numbers]
    return Settings.model_validate({"extensions": entries})


def test_all_takers_of_a_change_share_one_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(before: tuple[object, ...], after: tuple[object, ...]) -> Difference:
        asked.append(1)
        return difference(before, after)

    monkeypatch.setattr(differences, "difference", counted)
    changed, before, after, last = ExtensionsChanged(), settings("1"), settings("2"), settings()
    first = changed(before, after)
    assert first.gone == list(before.extensions)
    assert first.new == list(after.extensions)
    assert changed(before, after) is first
    assert len(asked) == 1
    assert changed(after, last).gone == list(after.extensions)
    assert changed(before, after) == first
    assert len(asked) == 3


@pytest.mark.parametrize("goes", ["before", "after"])
def test_what_is_gone_is_not_kept_for_it(goes: str) -> None:
    changed, both = ExtensionsChanged(), {"before": settings("1"), "after": settings("2")}
    changed(both["before"], both["after"])
    entry = ref(both[goes].extensions[0])
    del both[goes]
    gc.collect()
    assert entry() is None
