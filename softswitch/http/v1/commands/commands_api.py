"""`/v1/commands`: what can be commanded, from which forms and editors are made."""

from __future__ import annotations

import asyncio

from aiohttp import web

from softswitch.commands import BY_NAME
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.commands.commands_json import (
    COMMAND_OPERATIONS,
    all_commands,
    show_command,
)
from softswitch.http.v1.serving import Work, served
from softswitch.settings.mistakes import did_you_mean


class CommandsApi:
    """Shows commands; it runs none."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {"listCommands": self._list, "showCommand": self._show}
        return served(COMMAND_OPERATIONS, self._users, works)

    async def _list(self, _request: web.Request, _user: User) -> web.Response:
        return answer(200, await asyncio.to_thread(all_commands))

    async def _show(self, request: web.Request, _user: User) -> web.Response:
        name = request.match_info["command"]
        command = BY_NAME.get(name.lower())
        if command is None:
            near = did_you_mean(name, (each.name() for each in BY_NAME.values()))
            raise NotServed(404, f"there is no command '{name[:64]}'{near}")
        return answer(200, await asyncio.to_thread(show_command, command))
