"""`/v1/states/groups`: what the members of groups do."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from softswitch.calls.call.calls import Calls
from softswitch.calls.endings.states import RINGS
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.serving import served
from softswitch.http.v1.states.doing import rung_now, status_of
from softswitch.http.v1.states.groups_json import (
    GROUP_STATE_OPERATIONS,
    GroupMemberShown,
    GroupStateShown,
    GroupStatesShown,
)
from softswitch.settings.extensions.group import GroupExtension


class GroupStatesApi:
    """Shows how groups are."""

    def __init__(self, plan: DialPlan, calls: Calls, users: Users) -> None:
        self._plan = plan
        self._calls = calls
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listGroupStates": self.list, "showGroupState": self.show}
        return served(GROUP_STATE_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """All groups that concern the user."""
        rung = rung_now(self._calls)
        groups = [
            self._shown(group, rung)
            for group in self._plan.directory.of_settings(GroupExtension)
            if user.owns(group.number)
        ]
        return answer(200, GroupStatesShown(groups=sorted(groups, key=lambda one: one.number)))

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """One group."""
        number = request.match_info["number"]
        group = self._plan.directory.find(number)
        if group is None or not isinstance(group.settings, GroupExtension):
            raise NotServed(404, f"no group {number[:64]!r}")
        return answer(200, self._shown(group, rung_now(self._calls)))

    def _shown(self, group: Extension, rung: Collection[str]) -> GroupStateShown:
        settings = group.settings_as(GroupExtension)
        ringing = (each for each in self._calls if each.state in RINGS)
        return GroupStateShown(
            number=group.number,
            name=group.name,
            strategy=settings.strategy,
            members=[
                GroupMemberShown(
                    number=member.number,
                    name=self._name(member.number),
                    status=status_of(self._plan, member.number, rung),
                    delay=member.delay,
                )
                for member in settings.members
            ],
            ringing=[
                call.id for call in ringing if group.number in (call.dialled, call.callee.number)
            ],
        )

    def _name(self, number: str) -> str:
        found = self._plan.directory.find(number)
        return "" if found is None else found.name
