"""All that is wrong with changes of settings, as `/v1` answers it (422)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.live.snapshot import SettingsMistake

MOST_MISTAKES = 10_000
"Mistakes that one answer has at most."


class MistakeShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with an entry, or with another that depends on it."""

    where: Annotated[str, Meta(description="The entry and its key, or the line of the file.")]
    wrong: Annotated[str, Meta(description="A sentence that says what was expected.")]
    change: Annotated[int | None, Meta(description="Which change brings it, from 0.")] = None
    field: Annotated[
        str, Meta(description="The key, and the place in it, such as members[1].delay.")
    ] = ""


class MistakesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was changed."""

    error: Annotated[str, Meta(description="A sentence.")]
    total: Annotated[int, Meta(description="How many mistakes there are.")]
    mistakes: Annotated[
        list[MistakeShown], Meta(description=f"They; of more than {MOST_MISTAKES} the first ones.")
    ]


def show_mistakes(found: Sequence[SettingsMistake]) -> MistakesShown:
    """All mistakes, and how many there are."""
    first = str(found[0])
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return MistakesShown(
        error=f"nothing is changed: {first}{more}",
        total=len(found),
        mistakes=[
            MistakeShown(where=each.where, wrong=each.wrong, change=each.change, field=each.field)
            for each in found[:MOST_MISTAKES]
        ],
    )
