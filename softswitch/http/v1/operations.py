"""What a path of `/v1` does, declared beside its classes and described by `openapi.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from softswitch.guard.rights import Right

Shape = type[msgspec.Struct]
"A class of JSON."


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. Every operation may also answer 401, 403 and 429."""

    path: str
    "Below `/v1`, with `{name}` for what varies: `/calls/{call_id}`."
    method: str = "get"
    id: str
    "Its name in the description, such as `listCalls`."
    summary: str
    "A sentence."
    right: Right | None
    """What it needs; None where it is for everybody, and its handler is given NOBODY. With one that
    ends in `_OWN` the extensions in the path are looked at already (`serving.py`); what else it
    shows or changes is for its handler to keep to `User.owns`."""
    query: Shape | None = None
    "The fields of its query."
    body: Shape | str | None = None
    "The JSON that it takes; a media type where it is no JSON."
    may_be_empty: bool = False
    "Whether it does without a body."
    headers: Mapping[str, str] = field(default_factory=dict)
    "Headers that it reads, and what each is for."
    answers: Mapping[int, tuple[str, Shape | str | None]]
    """By status: a sentence, and the class of the answer; a media type where it is no JSON, None
    where there is no body."""
