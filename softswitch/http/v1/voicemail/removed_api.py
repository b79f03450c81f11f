"""`/v1/voicemail/removed`: the mailboxes of extensions that are gone, which can be put back."""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.voicemail.mailboxes import NotOnDisk
from softswitch.calls.voicemail.removed import NotRemoved, RemovedMailboxes
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem, answer, refusal, requester
from softswitch.http.v1.voicemail.removed_json import RemovedMailboxesShown, show_removed


class RemovedMailboxesApi:
    """Shows them, and puts them back."""

    def __init__(self, removed: RemovedMailboxes, users: Users) -> None:
        self._removed = removed
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [
            web.get("/v1/voicemail/removed", self.list),
            web.post("/v1/voicemail/removed/{id}/restore", self.restore),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """All that are kept."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            kept = await self._removed.all()
        except OSError as error:
            return answer(503, Problem(error=f"the disk does not answer: {error.strerror}"))
        shown = [show_removed(each, self._removed.keep_days) for each in kept]
        return answer(200, RemovedMailboxesShown(removed=shown))

    async def restore(self, request: web.Request) -> web.Response:
        """Put one back."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        try:
            removed = await self._removed.put_back(request.match_info["id"], requester(request))
        except NotRemoved as error:
            return answer(404, Problem(error=str(error)))
        except (NotOnDisk, OSError) as error:
            return answer(503, Problem(error=f"this could not be stored: {error}"))
        return answer(200, show_removed(removed, self._removed.keep_days))
