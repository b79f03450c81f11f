"""Takes address books, and the applications that scripts and commands may always reach."""

from __future__ import annotations

from functools import partial

from softswitch.app.parts.scripting import address_books
from softswitch.app.parts.web_access import origins_of
from softswitch.app.takers.differences import difference, extensions_changed, nothing
from softswitch.commands.running.rows import Row
from softswitch.guard.reach import Reach
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.server import NotificationSettings


def take_addressbooks(books: dict[str, list[Row]], before: Snapshot, after: Snapshot) -> Take:
    """Commands find the contacts of the new settings."""
    if not difference(before.settings.addressbooks, after.settings.addressbooks):
        return nothing
    new = address_books(after.settings)

    def take() -> None:
        books.clear()
        books.update(new)

    return take


def take_origins(
    reach: Reach, running: NotificationSettings, before: Snapshot, after: Snapshot
) -> Take:
    """Applications of the new settings may be reached wherever they are.

    `running` are the URLs that the switch has been started with.
    """
    old, new = before.settings, after.settings
    url = new.notifications.emergency
    if old.notifications.emergency == url and not extensions_changed(old, new):
        return nothing
    told = running.model_copy(update={"emergency": url})
    known = new.model_copy(update={"notifications": told})
    return partial(reach.expect, set(origins_of(known)))
