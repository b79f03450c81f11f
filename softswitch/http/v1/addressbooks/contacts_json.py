"""Contacts of an address book as `/v1` takes and shows them; `openapi.py` describes them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.lists import LAST, MOST
from softswitch.http.v1.mistakes_json import MistakesShown
from softswitch.http.v1.operations import Operation, Shape
from softswitch.settings.dialplan.addressbooks import AddressbookContact


class ContactsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which contacts are listed."""

    text: Annotated[
        str, Meta(description="Part of a name, number or e-mail address, in any case of letters.")
    ] = ""
    phone: Annotated[str, Meta(description="The whole number.")] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Contacts in the answer.")] = 100
    offset: Annotated[int, Meta(ge=0, le=LAST, description="Contacts left out at first.")] = 0


class ContactShown(msgspec.Struct, frozen=True, kw_only=True):
    """A contact."""

    id: Annotated[
        str, Meta(description="In its path: the name; of a second one of that name with ~2 behind.")
    ]
    name: str
    phone: Annotated[str, Meta(description="Empty for none.")]
    email: Annotated[str, Meta(description="Empty for none.")]


class ContactsListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the contacts of an address book, in its order."""

    book: str
    fixed: Annotated[bool, Meta(description="Whether the settings file alone can change it.")]
    etag: Annotated[str, Meta(description="Of the address book, for If-Match of a change.")]
    total: Annotated[int, Meta(description="Contacts that the filter lets through.")]
    offset: int
    limit: int
    contacts: list[ContactShown]


class ContactGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact to be added, or in place of another."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    phone: Annotated[str, Meta(max_length=64, description="Empty for none.")] = ""
    email: Annotated[str, Meta(max_length=320, description="Empty for none.")] = ""

    @property
    def body(self) -> dict[str, str]:
        """As the settings file would have it."""
        given = {"name": self.name, "phone": self.phone, "email": self.email}
        return {key: text for key, text in given.items() if text}


def show_contact(identity: str, contact: AddressbookContact) -> ContactShown:
    """A contact as JSON."""
    return ContactShown(
        id=identity,
        name=contact.name,
        phone=contact.phone or "",
        email=contact.email or "",
    )


_MATCH = {"If-Match": "The ETag of the address book that the requester has seen, if it matters."}
_NONE = ("There is no such address book, or contact in it.", Problem)
_BAD = ("The body cannot be read.", Problem)
_FIXED = ("The address book is fixed in the settings file.", Problem)
_OUTDATED = ("Somebody has changed the address book meanwhile.", Problem)
_WRONG = ("Nothing is changed: these are all mistakes.", MistakesShown)
_AWAY = ("The database does not take it.", Problem)
_CHANGED: dict[int, tuple[str, Shape | str | None]] = {
    400: _BAD,
    404: _NONE,
    409: _FIXED,
    412: _OUTDATED,
    422: _WRONG,
    503: _AWAY,
}
_BOOK = "/addressbooks/{name}/contacts"

CONTACT_OPERATIONS = (
    Operation(
        path=_BOOK,
        id="listContacts",
        right=Right.SEE,
        summary="A page of the contacts of an address book.",
        query=ContactsAsked,
        answers={
            200: ("The page.", ContactsListed),
            400: ("A parameter is wrong.", Problem),
            404: _NONE,
        },
    ),
    Operation(
        path=_BOOK,
        method="post",
        id="addContact",
        right=Right.ADMINISTER,
        summary="Add a contact to an address book, behind those that it has.",
        body=ContactGiven,
        headers=_MATCH,
        answers={201: ("The contact.", ContactShown), **_CHANGED},
    ),
    Operation(
        path=f"{_BOOK}/{{contact}}",
        method="put",
        id="changeContact",
        right=Right.ADMINISTER,
        summary="Put another contact in the place of one.",
        body=ContactGiven,
        headers=_MATCH,
        answers={200: ("The contact.", ContactShown), **_CHANGED},
    ),
    Operation(
        path=f"{_BOOK}/{{contact}}",
        method="delete",
        id="removeContact",
        right=Right.ADMINISTER,
        summary="Remove a contact from an address book.",
        headers=_MATCH,
        answers={204: ("It is removed.", None), **_CHANGED},
    ),
)
"What `contacts_api.py` serves."
