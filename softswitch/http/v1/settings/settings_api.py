"""`/v1/settings`: the settings in effect, and the check of the file before it is taken."""

from __future__ import annotations

import asyncio

from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer, asked
from softswitch.http.v1.entries.entries_json import show_report
from softswitch.http.v1.serving import Work, served
from softswitch.http.v1.settings.settings_json import (
    SETTING_OPERATIONS,
    SettingsAsked,
    SettingShown,
    SettingsListed,
    show_setting,
)
from softswitch.live.live_settings import LiveSettings


class SettingsApi:
    """Shows settings; it changes nothing."""

    def __init__(self, live: LiveSettings, users: Users) -> None:
        self._live = live
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {"listSettings": self._list, "checkSettings": self._check}
        return served(SETTING_OPERATIONS, self._users, works)

    async def _list(self, request: web.Request, _user: User) -> web.Response:
        wanted = asked(request, SettingsAsked)
        shown = await asyncio.to_thread(self._wanted, wanted)
        listed = SettingsListed(
            file=str(self._live.now.path),
            total=len(shown),
            offset=wanted.offset,
            limit=wanted.limit,
            settings=shown[wanted.offset : wanted.offset + wanted.limit],
        )
        return answer(200, listed)

    def _wanted(self, wanted: SettingsAsked) -> list[SettingShown]:
        """The keys that a query lets through."""
        text = wanted.text.lower()
        return [
            each
            for each in map(show_setting, self._live.effective())
            if text in each.key.lower() or text in each.about.lower()
            if wanted.source in (None, each.source)
            if wanted.waiting is None or each.waiting
        ]

    async def _check(self, _request: web.Request, _user: User) -> web.Response:
        return answer(200, show_report(await self._live.check()))
