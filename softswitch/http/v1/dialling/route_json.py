"""Where a number leads, as `/v1/route` explains it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.numbers.rules.explanation import Explanation
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation


class RouteQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number and who dials it."""

    number: Annotated[str, Meta(min_length=1, max_length=256, description="As it is dialled.")]
    dialler: Annotated[
        str, Meta(description="The extension that dials; without it and `trunk`, a command.")
    ] = msgspec.field(default="", name="from")
    extension: Annotated[str, Meta(description="The same as `from`, by its older name.")] = ""
    trunk: Annotated[str, Meta(description="The trunk that the call comes in by.")] = ""
    caller: Annotated[
        str, Meta(description="The caller's number; without it, that of the extension.")
    ] = ""
    at: Annotated[
        str, Meta(description="When, in ISO 8601; local time without an offset. Else now.")
    ] = ""


class RuleShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says to the number."""

    rule: Annotated[str, Meta(description="Its name, or its pattern.")]
    leads_to: Annotated[str, Meta(description="Where it leads; empty for what is no route.")]
    takes: Annotated[bool, Meta(description="Whether it takes the number.")]
    why: Annotated[str, Meta(description="Why, or why not.")]


class WayShown(msgspec.Struct, frozen=True, kw_only=True):
    """One way out; the next is tried when a trunk cannot be reached."""

    trunk: str
    number: Annotated[str, Meta(description="The number as the trunk gets it.")]
    caller: Annotated[
        str, Meta(description="The caller's number as the rule makes it; empty where it stays.")
    ]


class RouteShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a number leads, and what each rule says to it, in their order."""

    number: str
    at: Annotated[datetime, Meta(tz=True, description="The moment that was asked about.")]
    status: Annotated[int, Meta(description="The response that refuses the call; 0 for none.")]
    sentence: Annotated[str, Meta(description="Why it is refused; empty where it is not.")]
    code: Annotated[bool, Meta(description="Whether it is a service code.")]
    code_name: Annotated[str, Meta(description="Its key in `[codes]`; empty where it is none.")]
    extension: Annotated[str, Meta(description="The extension that would ring; or empty.")]
    becomes: Annotated[
        str,
        Meta(description="What becomes of its calls by forwarding and do not disturb; or empty."),
    ]
    caller: Annotated[
        str, Meta(description="The caller's number as a rule to an extension makes it; or empty.")
    ]
    ways: Annotated[list[WayShown], Meta(description="The ways out, in their order.")]
    classes: Annotated[list[str], Meta(description="The classes of the number, for a way out.")]
    emergency: Annotated[bool, Meta(description="Whether it is an emergency number.")]
    steps: list[RuleShown]


def show_route(
    number: str, at: datetime, explained: Explanation, *, code: str = "", becomes: str = ""
) -> RouteShown:
    """An explanation as JSON."""
    return RouteShown(
        number=number,
        at=at,
        status=explained.status,
        sentence=explained.sentence,
        code=bool(code),
        code_name=code,
        extension=explained.extension,
        becomes=becomes,
        caller=explained.caller,
        ways=[WayShown(**way._asdict()) for way in explained.ways],
        classes=list(explained.classes),
        emergency=explained.is_emergency,
        steps=[RuleShown(**step._asdict()) for step in explained.steps],
    )


DIALLING_OPERATIONS = (
    Operation(
        path="/route",
        id="explainRoute",
        right=Right.SEE,
        summary="Tell where a number leads, and why, without calling it.",
        query=RouteQuestion,
        answers={
            200: ("Where it leads; also when that is nowhere.", RouteShown),
            400: ("A parameter is wrong.", Problem),
        },
    ),
)
"What `route_api.py` serves."
