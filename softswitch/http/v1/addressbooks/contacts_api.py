"""`/v1/addressbooks/{name}/contacts`: contacts listed, added, changed and removed.

A change of a contact is one of its book, which is judged and stored as all settings are. Two that
come at the same time do not overwrite each other: the second is made of what the first has left.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.addressbooks.contacts_json import (
    CONTACT_OPERATIONS,
    ContactGiven,
    ContactsAsked,
    ContactsListed,
    show_contact,
)
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.bodies import body_of, seen_by
from softswitch.http.v1.serving import Work, served
from softswitch.live.changes import Action, EntryChange, EntryOutdated, NoSuchEntry, etag_of
from softswitch.live.kinds_of_entries import BY_PLURAL, free_name
from softswitch.live.live_settings import LiveSettings
from softswitch.live.snapshot import Entry
from softswitch.settings.dialplan.addressbooks import Addressbook, AddressbookContact

TRIES = 10
"Times that a change is made of what the book has become meanwhile."
KIND = BY_PLURAL["addressbooks"]
Contacts = list[dict[str, str]]
"As the settings file has them."
Edit = Callable[[Contacts, list[str]], str]
"Changes the contacts, whose ids are given; the name of the one that it puts there."


class ContactsApi:
    """Shows and changes the contacts of address books."""

    def __init__(self, live: LiveSettings, users: Users) -> None:
        self._live = live
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "listContacts": self._list,
            "addContact": self._add,
            "changeContact": self._change,
            "removeContact": self._remove,
        }
        return served(CONTACT_OPERATIONS, self._users, works)

    async def _list(self, request: web.Request, _user: User) -> web.Response:
        wanted = asked(request, ContactsAsked)
        found, book = self._book(request)
        text = wanted.text.lower()
        contacts = [
            show_contact(identity, each)
            for identity, each in named(book).items()
            if wanted.phone in ("", each.phone)
            if any(text in (part or "").lower() for part in (each.name, each.phone, each.email))
        ]
        listed = ContactsListed(
            book=book.name,
            fixed=not isinstance(found, Entry),
            etag=etag_of(found),
            total=len(contacts),
            offset=wanted.offset,
            limit=wanted.limit,
            contacts=contacts[wanted.offset : wanted.offset + wanted.limit],
        )
        return answer(200, listed, {"ETag": listed.etag})

    async def _add(self, request: web.Request, user: User) -> web.Response:
        given = await body_of(request, ContactGiven)

        def edit(contacts: Contacts, ids: list[str]) -> str:
            contacts.append(given.body)
            return free_name(given.name, dict.fromkeys(ids))

        identity, shown, headers = await self._edited(request, user, edit)
        path = f"/v1/addressbooks/{quote(request.match_info['name'], safe='')}/contacts"
        where = f"{path}/{quote(identity, safe='')}"
        return answer(201, show_contact(identity, shown[identity]), {**headers, "Location": where})

    async def _change(self, request: web.Request, user: User) -> web.Response:
        given = await body_of(request, ContactGiven)
        position = -1

        def edit(contacts: Contacts, ids: list[str]) -> str:
            nonlocal position
            position = _position(request, ids)
            contacts[position] = given.body
            return ""

        _, shown, headers = await self._edited(request, user, edit)
        identity = list(shown)[position]
        return answer(200, show_contact(identity, shown[identity]), headers)

    async def _remove(self, request: web.Request, user: User) -> web.Response:
        def edit(contacts: Contacts, ids: list[str]) -> str:
            del contacts[_position(request, ids)]
            return ""

        _, _, headers = await self._edited(request, user, edit)
        return web.Response(status=204, headers=headers)

    async def _edited(
        self, request: web.Request, user: User, edit: Edit
    ) -> tuple[str, dict[str, AddressbookContact], dict[str, str]]:
        """Change a book by `edit`; what that returns, the contacts by their ids, and the headers.

        Raises what `LiveSettings.change` raises, and NotServed.
        """
        seen = seen_by(request, needed=False)
        for left in reversed(range(TRIES)):
            found, book = self._book(request)
            contacts = [each.model_dump(exclude_none=True) for each in book.contacts]
            identity = edit(contacts, list(named(book)))
            change = EntryChange(
                action=Action.CHANGE,
                kind=KIND,
                name=request.match_info["name"],
                body={"contacts": contacts},
                expected=frozenset({etag_of(found)}) if seen is None else seen,
            )
            try:
                [entry] = await self._live.change([change], user.name)
            except EntryOutdated:
                if seen is not None or not left:
                    raise
                continue
            assert entry is not None
            assert isinstance(entry.model, Addressbook)
            return identity, named(entry.model), {"ETag": etag_of(entry)}
        raise AssertionError

    def _book(self, request: web.Request) -> tuple[Entry | BaseModel, Addressbook]:
        """The book of a path, of the file or of the store. Raises NoSuchEntry."""
        name = request.match_info["name"]
        found = self._live.now.find(KIND, name)
        if found is None:
            raise NoSuchEntry(f"no address book {name[:200]!r}")
        model = found.model if isinstance(found, Entry) else found
        assert isinstance(model, Addressbook)
        return found, model


def named(book: Addressbook) -> dict[str, AddressbookContact]:
    """The contacts by their ids: the name, or with `~2`, `~3` … behind it where it is taken."""
    ids: dict[str, AddressbookContact] = {}
    for contact in book.contacts:
        ids[free_name(contact.name, ids)] = contact
    return ids


def _position(request: web.Request, ids: list[str]) -> int:
    """Where the contact of a path stands. Raises NotServed."""
    identity = request.match_info["contact"]
    if identity not in ids:
        raise NotServed(404, f"there is no contact '{identity[:64]}' in the address book")
    return ids.index(identity)
