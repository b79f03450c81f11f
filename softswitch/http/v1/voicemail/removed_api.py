"""`/v1/voicemail/removed`: the mailboxes of extensions that are gone, which can be put back."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.voicemail.mailboxes import NotOnDisk
from softswitch.calls.voicemail.removed import NotRemoved, RemovedMailboxes
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.serving import served
from softswitch.http.v1.voicemail.removed_json import (
    REMOVED_OPERATIONS,
    RemovedMailboxesShown,
    show_removed,
)


class RemovedMailboxesApi:
    """Shows them, and puts them back."""

    def __init__(self, removed: RemovedMailboxes, users: Users) -> None:
        self._removed = removed
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"listRemovedMailboxes": self.list, "restoreMailbox": self.restore}
        return served(REMOVED_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, _user: User) -> web.Response:
        """All that are kept."""
        try:
            kept = await self._removed.all()
        except OSError as error:
            raise NotServed(503, f"the disk does not answer: {error.strerror}") from None
        shown = [show_removed(each, self._removed.keep_days) for each in kept]
        return answer(200, RemovedMailboxesShown(removed=shown))

    async def restore(self, request: web.Request, user: User) -> web.Response:
        """Put one back."""
        try:
            removed = await self._removed.put_back(request.match_info["id"], user.name)
        except NotRemoved as error:
            raise NotServed(404, str(error)) from None
        except (NotOnDisk, OSError) as error:
            raise NotServed(503, f"this could not be stored: {error}") from None
        return answer(200, show_removed(removed, self._removed.keep_days))
