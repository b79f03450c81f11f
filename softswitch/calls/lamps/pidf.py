"""Presence as a document: PIDF (RFC 3863) with the activities of RPID (RFC 4480)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.lamps.xml_text import xml_text
from softswitch.sip.message.uri import sip_uri

CONTENT_TYPE = "application/pidf+xml"
LARGEST = 8192
"Octets of a published document."
LONGEST_NOTE = 200
"Characters of a note; the rest is cut off."
_PIDF = "urn:ietf:params:xml:ns:pidf"
_MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
_RPID = "urn:ietf:params:xml:ns:pidf:rpid"
ACTIVITIES = frozenset(
    (
        *("appointment", "away", "breakfast", "busy", "dinner", "holiday", "in-transit"),
        *("looking-for-work", "lunch", "meal", "meeting", "on-the-phone", "performance"),
        *("permanent-absence", "playing", "presentation", "shopping", "sleeping", "spectator"),
        *("steering", "travel", "tv", "vacation", "working", "worship"),
    )
)
"Those of RFC 4480 section 3.2; others are passed over."


class UnreadablePresence(ValueError):
    """A published document is none."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether somebody can be called, and what one does."""

    is_open: bool | None = None
    "None where a published document does not say it."
    note: str = ""
    activities: tuple[str, ...] = ()
    "Names of RFC 4480."


def pidf(number: str, domain: str, presence: Presence) -> EventDocument:
    """Write the document of an extension."""
    entity = xml_text(str(sip_uri(number, domain)))
    basic = "open" if presence.is_open else "closed"
    note = f"<note>{xml_text(presence.note)}</note>" if presence.note else ""
    person = ""
    if presence.activities:
        doing = "".join(f"<rpid:{each}/>" for each in presence.activities)
        person = f'<dm:person id="p"><rpid:activities>{doing}</rpid:activities></dm:person>'
    text = (
        f'<?xml version="1.0"?>\n<presence xmlns="{_PIDF}" xmlns:dm="{_MODEL}" '
        f'xmlns:rpid="{_RPID}" entity="{entity}"><tuple id="t"><status><basic>{basic}</basic>'
        f"</status><contact>{entity}</contact>{note}</tuple>{person}</presence>\n"
    )
    return EventDocument(text.encode())


def read_pidf(octets: bytes) -> Presence:
    """Read what a phone publishes; raises UnreadablePresence.

    Document types and entities are refused; what is not about presence is passed over.
    """
    reader = _PidfReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise UnreadablePresence(str(error)) from None
    return Presence(reader.is_open, reader.note, tuple(dict.fromkeys(reader.activities)))


def _refuse(*_: object) -> None:
    raise UnreadablePresence("a document type")


class _PidfReader:
    """Gathers what counts while the parser goes through the document."""

    def __init__(self) -> None:
        self.is_open: bool | None = None
        self.note = ""
        self.activities: list[str] = []
        self._path: list[str] = []
        self._text = ""

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if not self._path and name != f"{_PIDF} presence":
            raise UnreadablePresence("not a document of presence")
        space, _, local = name.rpartition(" ")
        inside = self._path[-1] if self._path else ""
        if inside == f"{_RPID} activities" and space == _RPID and local in ACTIVITIES:
            self.activities.append(local)
        self._path.append(name)
        self._text = ""

    def text(self, text: str) -> None:
        self._text += text

    def end(self, name: str) -> None:
        self._path.pop()
        said = self._text.strip()
        if name == f"{_PIDF} basic" and said in ("open", "closed"):
            # One open tuple is enough: somebody can be reached there.
            self.is_open = said == "open" or bool(self.is_open)
        elif name in (f"{_PIDF} note", f"{_MODEL} note", f"{_RPID} note") and said:
            self.note = self.note or said[:LONGEST_NOTE]
        self._text = ""
