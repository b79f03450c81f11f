"""Callbacks that wait, as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation


class CallbacksShown(msgspec.Struct, frozen=True, kw_only=True):
    """The busy extensions that an extension waits for, to be called back."""

    waits_for: Annotated[list[str], Meta(description="Their numbers, the oldest request first.")]


class CallbacksDropped(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests for a callback were forgotten."""

    dropped: int


CALLBACK_OPERATIONS = (
    Operation(
        path="/extensions/{number}/callbacks",
        id="listCallbacks",
        right=Right.SEE_OWN,
        summary="The busy extensions that an extension waits for, to be called back.",
        answers={200: ("Those that wait; none for an unknown extension.", CallbacksShown)},
    ),
    Operation(
        path="/extensions/{number}/callbacks",
        method="delete",
        id="dropCallbacks",
        right=Right.OPERATE_OWN,
        summary="Forget all callbacks that an extension has asked for.",
        answers={
            200: ("They are forgotten.", CallbacksDropped),
            503: ("The database takes nothing; nothing has changed.", Problem),
        },
    ),
)
"What `callbacks_api.py` serves."
