"""[[addressbooks]]: contacts that commands and scripts look up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from softswitch.settings.values import Line, Number, Section


class AddressbookContact(Section):
    """One entry of an address book."""

    name: Line
    phone: Number | None = None
    email: Line | None = None


class Addressbook(Section):
    """A list of contacts that commands and scripts may look up."""

    name: Annotated[str, Field(min_length=1)]
    contacts: tuple[AddressbookContact, ...] = ()
