"""The package `conference`: who is in a room, and who is muted or on hold there (RFC 4575)."""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.calls.call.rooms import ConferenceRooms, Seat
from softswitch.calls.lamps.package import EventDocument, WatchedByName
from softswitch.calls.lamps.xml_text import xml_text
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.sip.message.uri import sip_uri

NAME = "conference"
ANONYMOUS = "anonymous@anonymous.invalid"
_HEAD = b"""<?xml version="1.0"?>
<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" version=\""""


class ConferencePackage(WatchedByName):
    """The conferences that are watched."""

    name = NAME
    content_type = "application/conference-info+xml"
    is_private = False

    def __init__(self, rooms: ConferenceRooms, directory: Directory, domain: str) -> None:
        """`domain` is the host of extensions."""
        super().__init__()
        self._rooms = rooms
        self._directory = directory
        self._domain = domain
        rooms.listeners.append(self.changed)

    def exists(self, resource: str) -> bool:
        """Whether it is a conference."""
        extension = self._directory.find(resource)
        return extension is not None and extension.kind.is_room

    def document(self, resource: str) -> EventDocument:
        """The members of a conference, those that join while it is being told included."""
        members = [seat for seat in self._rooms.seats(resource) if seat.member is not None]
        entity = xml_text(str(sip_uri(resource, self._domain)))
        extension = self._directory.find(resource)
        tail = (
            f'" state="full" entity="{entity}">{_description(extension)}'
            f"<conference-state><user-count>{len(members)}</user-count>"
            f"<active>{'true' if members else 'false'}</active></conference-state>"
            f'<users state="full">{"".join(self._users(members))}</users></conference-info>\n'
        )
        return EventDocument(_HEAD, tail.encode())

    def _users(self, members: Iterable[Seat]) -> Iterable[str]:
        """The members by their numbers: one may be there with several phones."""
        users: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for place, seat in enumerate(members):
            member = seat.member
            if member is None:
                continue
            uri = f"sip:{ANONYMOUS}"
            if not member.is_private and member.number:
                uri = str(sip_uri(member.number, self._domain))
                names[uri] = member.name
            users.setdefault(uri, []).append(
                f'<endpoint entity="{xml_text(uri)};place={place}"><status>{_status(seat)}</status>'
                "</endpoint>"
            )
        for uri, endpoints in users.items():
            name = xml_text(names.get(uri, ""))
            shown = f"<display-text>{name}</display-text>" if name else ""
            yield f'<user entity="{xml_text(uri)}" state="full">{shown}{"".join(endpoints)}</user>'


def _description(extension: Extension | None) -> str:
    name = xml_text(extension.name) if extension is not None else ""
    shown = f"<display-text>{name}</display-text>" if name else ""
    return f"<conference-description>{shown}</conference-description>" if shown else ""


def _status(seat: Seat) -> str:
    """A word of section 5.7.4."""
    if not seat.is_inside:
        return "on-hold"
    is_muted = seat.member is not None and seat.member.mutes
    return "muted-via-focus" if is_muted else "connected"
