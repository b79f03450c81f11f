"""`/v1/route`: which rule of the dial plan takes a number, and why; nothing is called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from softswitch.calls.features.features import Condition
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.routing import COMMAND, INSIDE, Rights
from softswitch.calls.numbers.rules.explanation import Explanation
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, answer, asked
from softswitch.http.v1.dialling.route_json import (
    DIALLING_OPERATIONS,
    RouteQuestion,
    show_route,
)
from softswitch.http.v1.serving import served

CodeOf = Callable[[str], str]
"Which service code something is that is dialled; empty where it is none."

CONDITIONS = {
    Condition.BUSY: "while it is busy",
    Condition.NO_ANSWER: "that nobody answers",
    Condition.NOT_REGISTERED: "while none of its phones is registered",
}
"When calls are forwarded, besides always."


class RouteApi:
    """Explains numbers."""

    def __init__(self, plan: DialPlan, code_of: CodeOf, users: Users) -> None:
        self._plan = plan
        self._code_of = code_of
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(DIALLING_OPERATIONS, self._users, {"explainRoute": self.explain})

    async def explain(self, request: web.Request, _user: User) -> web.Response:
        """Where a number leads for somebody at some time."""
        question = asked(request, RouteQuestion)
        rights, at = self._rights(question), _moment(question.at)
        number, routing = question.number, self._plan.routing
        code = self._code_of(number) if rights.extension else ""
        if code and not routing.is_emergency(number, rights):
            told = Explanation()
            told.tell("service codes", "", f"{number[:96]} is {code}", takes=True)
            return answer(200, show_route(number, at, told, code=code))
        told = routing.explain(number, rights, at.timestamp())
        return answer(200, show_route(number, at, told, becomes=self._becomes(told)))

    def _becomes(self, told: Explanation) -> str:
        """What becomes of a call to the extension by its features; empty where it just rings.

        Those that count for every call are steps as well.
        """
        extension = self._plan.directory.find(told.extension) if told.extension else None
        if extension is None:
            return ""
        features = self._plan.features_of(extension)
        always, busy = features.forward_always.target, features.forward_busy.target
        if always:
            told.tell(
                "forward_always", always, f"{extension.number} forwards all calls", takes=True
            )
            return f"all of its calls are forwarded to {always}"
        sentences = []
        if features.do_not_disturb:
            why = f"{extension.number} does not want to be disturbed"
            told.tell("do_not_disturb", busy, why, takes=True)
            then = f"calls are forwarded to {busy}" if busy else "callers hear busy"
            return f"it does not want to be disturbed, so {then}"
        for condition, when in CONDITIONS.items():
            target = features.forward(condition).target
            if target:
                sentences.append(f"calls {when} are forwarded to {target}")
        return ", ".join(sentences)

    def _rights(self, question: RouteQuestion) -> Rights:
        """Who dials. Raises BadQuery."""
        if question.dialler and question.extension:
            raise BadQuery("expected from or extension, not both")
        name = "from" if question.dialler else "extension"
        extension = question.dialler or question.extension
        trunk, caller = question.trunk, question.caller
        if extension and trunk:
            raise BadQuery(f"expected {name} or trunk, not both")
        if extension:
            if self._plan.directory.find(extension) is None:
                raise BadQuery(f"{name} cannot be {extension[:40]!r}, there is no such one")
            return Rights(extension, caller=caller)
        if trunk:
            if all(each.name != trunk for each in self._plan.trunks):
                raise BadQuery(f"trunk cannot be {trunk[:40]!r}, there is no such one")
            return INSIDE._replace(trunk=trunk, caller=caller)
        return COMMAND._replace(caller=caller)


def _moment(text: str) -> datetime:
    """The moment that is asked about, with its offset. Raises BadQuery."""
    if not text:
        return datetime.now().astimezone()
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise BadQuery(f"at cannot be {text[:40]!r}, expected 2026-12-24T18:00") from None
