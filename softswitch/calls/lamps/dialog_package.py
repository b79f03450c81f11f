"""The package `dialog`: the dialogs of an extension, and those that have just ended (RFC 4235)."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.calls.lamps.dialog_info import (
    CONTENT_TYPE,
    DialogState,
    WatchedDialog,
    dialog_info,
)
from softswitch.calls.lamps.dialogs import FollowedCalls
from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.numbers.directory import Directory


class DialogPackage:
    """The dialogs of the extensions that are watched."""

    name = "dialog"
    content_type = CONTENT_TYPE
    is_private = False

    def __init__(
        self, calls: FollowedCalls, directory: Directory, domain: str, *, show_callers: bool
    ) -> None:
        """`domain` is the host of extensions."""
        self._calls = calls
        self._directory = directory
        self._domain = domain
        self._show_callers = show_callers
        self._watched: dict[str, Callable[[], None]] = {}
        self._told: dict[str, dict[str, WatchedDialog]] = {}
        "The dialogs that were in the last document of a watched number."

    def exists(self, resource: str) -> bool:
        """Whether it is an extension."""
        return self._directory.find(resource) is not None

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Follow the calls of an extension."""
        self._watched[resource] = changed
        self._calls.follow(resource, changed)

    def leave(self, resource: str) -> None:
        """Follow them no more."""
        self._calls.leave(resource, self._watched.pop(resource))
        self._told.pop(resource, None)

    def document(self, resource: str) -> EventDocument:
        """Its dialogs, and those that have ended since the last document."""
        now = {each.id: each for each in self._calls.dialogs(resource)}
        before = self._told.get(resource, {})
        over = [
            each._replace(state=DialogState.TERMINATED, remote=None)
            for each in before.values()
            if each.id not in now and not (now and each.state is DialogState.TERMINATED)
        ]
        # While nothing else happens, those that were the last are told as ended.
        self._told[resource] = now or {each.id: each for each in over}
        shown = list(now.values())
        if not self._show_callers:
            shown = [each._replace(remote=None) for each in shown]
        return dialog_info(resource, self._domain, shown + over)
