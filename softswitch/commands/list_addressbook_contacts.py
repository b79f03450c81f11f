"""List the contacts of an address book.

command=ListAddressbookContacts&AddressbookName=office&FullName=smith
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter
from softswitch.commands.base.placement import HTTP
from softswitch.commands.base.replies import Listing, Reply
from softswitch.commands.base.values import whole
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class ListAddressbookContacts(Command):
    """List contacts. Names and e-mails match parts in any letter case, numbers match as a whole."""

    contexts = HTTP
    right = Right.SEE

    addressbook_name: str = parameter(example="office")
    "One of ListAddressbookNames."
    full_name: str | None = parameter(default=None, example="John Doe")
    "Part of the name."
    email: str | None = parameter(default=None, example="desk@example.org")
    "Part of the e-mail address."
    phone_number: str | None = parameter(default=None, example="1000")
    "The telephone number."
    page_number: Annotated[int, whole(0, 10_000_000)] = parameter(default=0, example="0")
    "From 0."
    rows_per_page: Annotated[int, whole(1, 1_000)] = parameter(default=20, example="20")
    "Contacts on a page."

    async def run(self, context: Context) -> Reply:
        contacts = context.switch.contacts(self.addressbook_name)
        if contacts is None:
            raise CommandError(
                Code.INVALID_PARAMETER,
                "AddressbookName",
                self.name(),
                detail=f"there is no address book {self.addressbook_name[:40]!r}",
            )
        name, email = (self.full_name or "").lower(), (self.email or "").lower()
        found = [
            contact
            for contact in contacts
            if name in contact["Name"].lower()
            and email in contact["Email"].lower()
            and self.phone_number in (None, contact["PhoneNumber"])
        ]
        start = self.page_number * self.rows_per_page
        page = found[start : start + self.rows_per_page]
        return Reply(listing=Listing("Contacts", "Contact", page, len(found)))
