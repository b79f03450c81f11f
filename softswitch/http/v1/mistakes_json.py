"""All that is wrong with a body (400), or with changes of settings (422), as `/v1` answers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.http.v1.asking import Problem
from softswitch.http.v1.faults import BodyFault, FaultyBody
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


class MistakesShown(Problem, frozen=True, kw_only=True):
    """Why nothing was changed: problem details, with all mistakes."""

    type: Literal["/problems/mistakes"] = "/problems/mistakes"
    total: Annotated[int, Meta(description="How many mistakes there are.")]
    mistakes: Annotated[
        list[MistakeShown], Meta(description=f"They; of more than {MOST_MISTAKES} the first ones.")
    ]


def show_mistakes(found: Sequence[SettingsMistake]) -> MistakesShown:
    """All mistakes, and how many there are."""
    first = str(found[0])
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return MistakesShown(
        title="nothing is changed",
        status=422,
        detail=f"nothing is changed: {first}{more}",
        total=len(found),
        mistakes=[
            MistakeShown(where=each.where, wrong=each.wrong, change=each.change, field=each.field)
            for each in found[:MOST_MISTAKES]
        ],
    )


class FaultShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field of a body."""

    field: Annotated[str, Meta(description="Such as changes[3].action; empty: the body itself.")]
    wrong: Annotated[str, Meta(description="A sentence that says what was expected.")]


class FaultsShown(Problem, frozen=True, kw_only=True):
    """Why a body is not taken: problem details, with all faults."""

    type: Literal["/problems/body"] = "/problems/body"
    faults: Annotated[list[FaultShown], Meta(description="They; of many the first ones.")]


def show_faults(found: Sequence[BodyFault]) -> FaultsShown:
    """All faults, and the first ones as a sentence."""
    return FaultsShown(
        title="the body is not what was expected",
        status=400,
        detail=str(FaultyBody(list(found))),
        faults=[FaultShown(field=each.path, wrong=each.wrong) for each in found],
    )
