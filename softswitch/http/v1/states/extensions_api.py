"""`/v1/states/extensions`: what extensions do at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from softswitch.calls.call.calls import Calls
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.serving import served
from softswitch.http.v1.states.doing import calls_by_extension, rung_now, status_of
from softswitch.http.v1.states.extensions_json import (
    EXTENSION_STATE_OPERATIONS,
    ExtensionStateFilter,
    ExtensionStateShown,
    ExtensionStatesShown,
)


class ExtensionStatesApi:
    """Shows what extensions do."""

    def __init__(self, plan: DialPlan, calls: Calls, users: Users) -> None:
        self._plan = plan
        self._calls = calls
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(EXTENSION_STATE_OPERATIONS, self._users, {"listExtensionStates": self.list})

    async def list(self, request: web.Request, user: User) -> web.Response:
        """A page of the extensions that concern the user."""
        wanted = asked(request, ExtensionStateFilter)
        found = self._found(wanted.type, user)
        rung, calls = rung_now(self._calls), calls_by_extension(self._calls)
        page = found[wanted.offset : wanted.offset + wanted.limit]
        shown = [
            ExtensionStateShown(
                number=each.number,
                name=each.name,
                type=each.kind.name,
                status=status_of(self._plan, each.number, rung),
                registrations=len(self._plan.registrations.contacts(each.number)),
                calls=calls.get(each.number, []),
            )
            for each in page
        ]
        return answer(
            200,
            ExtensionStatesShown(
                total=len(found), offset=wanted.offset, limit=wanted.limit, extensions=shown
            ),
        )

    def _found(self, kind: str, user: User) -> Sequence[Extension]:
        """The extensions of a type; a part of them costs no more than it has."""
        found = self._plan.directory.of_kinds(lambda each: kind in ("", each.name))
        if user.own is None:
            return found
        return [each for each in found if user.owns(each.number)]
