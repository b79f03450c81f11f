"""Takes the passwords of phones and HTTP users; phones that are gone are bound no more."""

from __future__ import annotations

from functools import partial

from softswitch.app.parts.signalling import add_accounts
from softswitch.app.takers.differences import difference, nothing, of_type, phones_gone
from softswitch.calls.numbers.registrations import Registrations
from softswitch.guard.accounts import Accounts
from softswitch.http.users import Users
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.extensions.phone import PhoneExtension


def take_accounts(accounts: Accounts, before: Snapshot, after: Snapshot) -> Take:
    """Phones are asked for the passwords of the new settings."""
    changed = difference(before.settings.extensions, after.settings.extensions)
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


def take_bindings(registrations: Registrations, before: Snapshot, after: Snapshot) -> Take:
    """No call rings a phone whose extension is gone; who watches its registration is told."""
    gone = phones_gone(before, after)
    return partial(registrations.forget, gone) if gone else nothing


def take_users(users: Users, before: Snapshot, after: Snapshot) -> Take:
    """The web API lets in the users of the new settings."""
    if before.passwords.http == after.passwords.http:
        return nothing
    return partial(users.exchange, after.passwords.http)
