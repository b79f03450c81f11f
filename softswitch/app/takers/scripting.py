"""Takes address books, and the applications that scripts and commands may always reach."""

from __future__ import annotations

from functools import partial

from softswitch.app.parts.scripting import address_books
from softswitch.app.parts.web_access import origins_of
from softswitch.app.takers.differences import difference, nothing
from softswitch.commands.running.rows import Row
from softswitch.guard.reach import Reach
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot


def take_addressbooks(books: dict[str, list[Row]], before: Snapshot, after: Snapshot) -> Take:
    """Commands find the contacts of the new settings."""
    if not difference(before.settings.addressbooks, after.settings.addressbooks):
        return nothing
    new = address_books(after.settings)

    def take() -> None:
        books.clear()
        books.update(new)

    return take


def take_origins(reach: Reach, before: Snapshot, after: Snapshot) -> Take:
    """Applications of the new settings may be reached wherever they are."""
    if not difference(before.settings.extensions, after.settings.extensions):
        return nothing
    # What `[notifications]` says takes effect after a restart, and so do its origins.
    running = before.settings.model_copy(update={"extensions": after.settings.extensions})
    return partial(reach.expect, set(origins_of(running)))
