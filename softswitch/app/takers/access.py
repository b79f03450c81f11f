"""Takes the passwords of phones and HTTP users."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

import structlog

from softswitch.app.parts.signalling import add_accounts
from softswitch.app.takers.differences import extensions_changed, nothing, of_type
from softswitch.guard.accounts import Accounts
from softswitch.http.users import Users
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import ConfigurationError
from softswitch.settings.passwords import forget, kept_names

log = structlog.get_logger("softswitch.settings")


def take_accounts(accounts: Accounts, before: Snapshot, after: Snapshot) -> Take:
    """Phones are asked for the passwords of the new settings."""
    changed = extensions_changed(before.settings, after.settings)
    gone = of_type(PhoneExtension, changed.gone)
    new = of_type(PhoneExtension, changed.new)
    if not gone and not new:
        return nothing
    other = accounts.copy()
    for entry in gone:
        for number in entry.numbers():
            other.remove(number)
    add_accounts(other, new, after.passwords)
    return partial(accounts.exchange, other)


class RandomPasswords:
    """The random passwords of extensions, in their file: those of who is gone go, too."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def kept(self) -> Iterable[str]:
        """The extensions that have or had one. Raises ConfigurationError."""
        return kept_names(self._file)[0]

    async def forget(self, numbers: Sequence[str]) -> None:
        """Let extensions of these numbers get new ones; what the disk refuses is logged."""
        await asyncio.to_thread(_forget_passwords, self._file, phones=numbers)

    async def forget_users(self, names: Sequence[str]) -> None:
        """The same for users of the web API."""
        await asyncio.to_thread(_forget_passwords, self._file, http=names)

    async def forget_other_users(self, there: Collection[str]) -> None:
        """Forget those of all other users. Raises ConfigurationError."""
        if gone := [name for name in kept_names(self._file)[1] if name not in there]:
            await self.forget_users(gone)

    def take(self, before: Snapshot, after: Snapshot) -> Take:
        """Forget those of users that are gone."""
        gone = [name for name in before.passwords.http if name not in after.passwords.http]
        return partial(self.forget_users, gone) if gone else nothing


def _forget_passwords(file: Path, **names: Sequence[str]) -> None:
    try:
        forget(file, **names)
    except ConfigurationError as error:
        log.error("passwords not forgotten", error=str(error))


def take_users(users: Users, before: Snapshot, after: Snapshot) -> Take:
    """The web API lets in the users of the new settings."""
    old, new = before.settings.http.users, after.settings.http.users
    if before.passwords.http == after.passwords.http and old == new:
        return nothing
    return partial(users.exchange, after.passwords.http, new)
