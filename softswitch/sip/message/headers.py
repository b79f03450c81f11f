"""Header fields, and the one table of what is known of each (RFC 3261 section 20)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from softswitch.sip import limits
from softswitch.sip.message.address import STAR, Address, Star, parse_address
from softswitch.sip.message.grammar import (
    TOKEN,
    UINT32_MAX,
    MessageError,
    number,
    shown,
    split_list,
)
from softswitch.sip.message.via import Via, parse_via


class CSeq(NamedTuple):
    """Number and method of CSeq."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class SessionExpires(NamedTuple):
    """Session-Expires (RFC 4028 section 4)."""

    seconds: int
    refresher: str | None
    "`uac` or `uas`, the role in this transaction; None where it is left open."

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


class RAck(NamedTuple):
    """RAck: which reliable response a PRACK acknowledges (RFC 3262 section 7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


class MediaType(NamedTuple):
    """Content-Type without its parameters, in lower case."""

    type: str
    subtype: str

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}"


def _address(value: str) -> Address:
    return parse_address(value)


def _addresses(values: list[str]) -> list[Address]:
    return [parse_address(value) for value in values]


def _contacts(values: list[str]) -> list[Address] | Star:
    if "*" in values:
        if len(values) > 1:
            raise MessageError("* stands beside other contacts")
        return STAR
    return _addresses(values)


def _vias(values: list[str]) -> list[Via]:
    return [parse_via(value) for value in values]


def _referred(value: str) -> Address:
    """Read Refer-To; a bare URI with headers is taken as a whole, as phones mean it."""
    bare = "<" not in value and '"' not in value and "?" in value
    return Address(value) if bare else parse_address(value)


def _text(value: str) -> str:
    if not value:
        raise MessageError("is empty")
    return value


def _tokens(values: list[str]) -> list[str]:
    return values


@lru_cache(maxsize=limits.REMEMBERED)
def _cseq(value: str) -> CSeq:
    digits, _, method = value.replace("\t", " ").partition(" ")
    method = method.strip(" ")
    if TOKEN.fullmatch(method) is None:
        raise MessageError(f"{shown(value)} has no method")
    return CSeq(number(digits), method)


def _uint32(value: str) -> int:
    return number(value)


def _max_forwards(value: str) -> int:
    return number(value, 255)


def _content_length(value: str) -> int:
    return number(value, UINT32_MAX)


def _delta(value: str) -> int:
    """Read delta-seconds that a comment or parameters may follow; Retry-After has both."""
    for stop in "(;":
        value = value.partition(stop)[0]
    return number(value.strip(" \t"))


def _session_expires(value: str) -> SessionExpires:
    """Read the interval; a refresher that is neither role counts as none."""
    refresher = None
    for parameter in value.split(";")[1:]:
        name, _, role = parameter.partition("=")
        if name.strip(" \t").lower() == "refresher" and role.strip(" \t").lower() in ("uac", "uas"):
            refresher = role.strip(" \t").lower()
    return SessionExpires(_delta(value), refresher)


def _rack(value: str) -> RAck:
    fields = value.split()
    if len(fields) != 3 or TOKEN.fullmatch(fields[2]) is None:
        raise MessageError(f"{shown(value)} is not two numbers and a method")
    return RAck(number(fields[0]), number(fields[1]), fields[2])


def _media_type(value: str) -> MediaType:
    kind, slash, subtype = value.partition(";")[0].partition("/")
    kind, subtype = kind.strip(" \t").lower(), subtype.strip(" \t").lower()
    if not slash or TOKEN.fullmatch(kind) is None or TOKEN.fullmatch(subtype) is None:
        raise MessageError(f"{shown(value)} is not a media type")
    return MediaType(kind, subtype)


class Header(NamedTuple):
    """A row of the table."""

    name: str
    "The spelling that we write."
    compact: str = ""
    "The one-letter name (section 7.3.3 and the RFC of the header)."
    is_list: bool = False
    "Whether commas separate values and several lines mean one list (section 7.3.1)."
    is_single: bool = False
    "Whether a second line makes two readers act differently, so that the message is refused."
    read: Callable[[Any], Any] | None = None
    "Makes the typed value: of the list of values for a list header, else of the first value."


LIST, SINGLE = {"is_list": True}, {"is_single": True}

TABLE: tuple[Header, ...] = (
    Header("Via", "v", is_list=True, read=_vias),
    Header("Max-Forwards", is_single=True, read=_max_forwards),
    Header("From", "f", is_single=True, read=_address),
    Header("To", "t", is_single=True, read=_address),
    Header("Call-ID", "i", is_single=True, read=_text),
    Header("CSeq", is_single=True, read=_cseq),
    Header("Contact", "m", is_list=True, read=_contacts),
    Header("Route", is_list=True, read=_addresses),
    Header("Record-Route", is_list=True, read=_addresses),
    Header("Path", is_list=True, read=_addresses),
    Header("Service-Route", is_list=True, read=_addresses),
    Header("Expires", is_single=True, read=_uint32),
    Header("Min-Expires", read=_uint32),
    Header("Session-Expires", "x", is_single=True, read=_session_expires),
    Header("Min-SE", read=_delta),
    Header("Retry-After", read=_delta),
    Header("Content-Length", "l", is_single=True, read=_content_length),
    Header("Content-Type", "c", is_single=True, read=_media_type),
    Header("Content-Encoding", "e", is_list=True, read=_tokens),
    Header("Content-Language", is_list=True, read=_tokens),
    Header("Content-Disposition"),
    Header("MIME-Version"),
    Header("Allow", is_list=True, read=_tokens),
    Header("Supported", "k", is_list=True, read=_tokens),
    Header("Require", is_list=True, read=_tokens),
    Header("Proxy-Require", is_list=True, read=_tokens),
    Header("Unsupported", is_list=True, read=_tokens),
    Header("Accept", is_list=True, read=_tokens),
    Header("Accept-Encoding", is_list=True, read=_tokens),
    Header("Accept-Language", is_list=True, read=_tokens),
    Header("Accept-Contact", "a", is_list=True),
    Header("Reject-Contact", "j", is_list=True),
    Header("Request-Disposition", "d", is_list=True, read=_tokens),
    Header("Allow-Events", "u", is_list=True, read=_tokens),
    Header("Event", "o", is_single=True),
    Header("Subscription-State", is_single=True),
    Header("Refer-To", "r", is_single=True, read=_referred),
    Header("Refer-Sub", is_single=True),
    Header("Referred-By", "b", is_single=True, read=_address),
    Header("Replaces", is_single=True),
    Header("Join", is_single=True),
    Header("Authorization"),
    Header("Proxy-Authorization"),
    Header("WWW-Authenticate"),
    Header("Proxy-Authenticate"),
    Header("Authentication-Info"),
    Header("User-Agent"),
    Header("Server"),
    Header("Date"),
    Header("Timestamp"),
    Header("Subject", "s"),
    Header("Organization"),
    Header("Priority"),
    Header("In-Reply-To", is_list=True, read=_tokens),
    Header("Reply-To", read=_address),
    Header("Alert-Info", is_list=True),
    Header("Call-Info", is_list=True),
    Header("Error-Info", is_list=True),
    Header("Warning", is_list=True),
    Header("Reason", is_list=True),
    Header("RSeq", is_single=True, read=_uint32),
    Header("RAck", is_single=True, read=_rack),
    Header("SIP-ETag"),
    Header("SIP-If-Match"),
    Header("Privacy"),
    Header("P-Asserted-Identity", is_list=True, read=_addresses),
    Header("P-Preferred-Identity", is_list=True, read=_addresses),
    Header("P-Called-Party-ID", is_single=True, read=_address),
    Header("P-Associated-URI", is_list=True, read=_addresses),
    Header("P-Early-Media", is_list=True),
    Header("Remote-Party-ID", is_list=True, read=_addresses),
    Header("Diversion", is_list=True, read=_addresses),
    Header("History-Info", is_list=True, read=_addresses),
    Header("Identity", "y"),
    Header("User-to-User", is_list=True),
    Header("Flow-Timer", read=_uint32),
    Header("Info-Package", is_single=True),
    Header("Recv-Info", is_list=True, read=_tokens),
)

HEADERS: dict[str, Header] = {header.name: header for header in TABLE}
"The table by canonical name."

SPELLINGS: dict[str, str] = {
    spelling: header.name
    for header in TABLE
    for name in (header.name, header.compact)
    if name
    for spelling in (name, name.lower(), name.upper(), name.title())
}
"Every usual way to write a known name. A name found here is known to be a token, too."

_BY_LOWER = {header.name.lower(): header.name for header in TABLE} | {
    header.compact: header.name for header in TABLE if header.compact
}


def canonical(name: str) -> str:
    """Return the spelling that we write for a known name, and an unknown one as it is."""
    return SPELLINGS.get(name) or _BY_LOWER.get(name.lower(), name)


_UNREAD: Any = object()


class Headers:
    """An ordered list of header lines, names without case; typed values are read once and kept."""

    __slots__ = ("_index", "_items", "typed")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[tuple[str, str]] = [(canonical(name), value) for name, value in items]
        self._index: dict[str, str] | None = None
        self.typed: dict[str, Any] = {}
        "What `read` has made so far, by canonical name; only for looking."

    @classmethod
    def of_canonical(cls, items: list[tuple[str, str]]) -> Headers:
        """Take over a list whose names are spelled as in the table."""
        headers = cls.__new__(cls)
        headers._items = items
        headers._index = None
        headers.typed = {}
        return headers

    def _first(self) -> dict[str, str]:
        index = self._index
        if index is None:
            index = self._index = dict(self._items[::-1])
        return index

    def get(self, name: str) -> str | None:
        """Return the first line's value, or None."""
        value = self._first().get(name)
        if value is None and name not in HEADERS:
            known = canonical(name)
            if known in HEADERS:
                return self._first().get(known)
            lower = name.lower()
            return next((value for other, value in self._items if other.lower() == lower), None)
        return value

    def get_all(self, name: str) -> list[str]:
        """Return the values of all lines of this name, unsplit, in order."""
        name = canonical(name)
        if name in HEADERS:
            first = self._first()
            if name not in first:
                return []
            if len(first) == len(self._items):
                return [first[name]]
            return [value for other, value in self._items if other == name]
        lower = name.lower()
        return [value for other, value in self._items if other.lower() == lower]

    def values(self, name: str) -> list[str]:
        """Return the elements of a list header over all its lines; other headers as `get_all`."""
        lines = self.get_all(name)
        row = HEADERS.get(canonical(name))
        if row is None or not row.is_list:
            return lines
        elements = [element for line in lines for element in split_list(line)]
        if len(elements) > limits.LIST:
            raise MessageError(f"more than {limits.LIST} values")
        return elements

    def read(self, name: str) -> Any:
        """Return the typed value of a known header, None when it is absent.

        Raises MessageError with the header's name in front. The value is kept until the header
        changes, and shared: do not change a list that you got here.
        """
        value = self.typed.get(name, _UNREAD)
        if value is _UNREAD:
            value = self.typed[name] = self._read(name)
        return value

    def _read(self, name: str) -> Any:
        first = self._first()
        line = first.get(name)
        if line is None:
            return None
        row = HEADERS[name]
        try:
            if not row.is_list:
                return row.read(line) if row.read else line
            if "," in line or len(first) != len(self._items):
                values = self.values(name)
            else:
                values = [line] if line else []
            return row.read(values) if values and row.read else values or None
        except MessageError as error:
            raise MessageError(f"{name}: {error}", error.status) from None

    def add(self, name: str, value: str) -> None:
        """Append a line."""
        name = canonical(name)
        self._items.append((name, value))
        self._forget(name)

    def prepend(self, name: str, value: str) -> None:
        """Put a line before all others, as a proxy does with its Via."""
        name = canonical(name)
        self._items.insert(0, (name, value))
        self._forget(name)

    def set(self, name: str, value: str, typed: Any = None) -> None:
        """Put one line where the first of this name stands, or at the end; drop the others.

        `typed` is what `read` would make of it, if the caller has that already.
        """
        name = canonical(name)
        items, index = self._items, self._index
        first, *others = self._places(name) or [len(items)]
        items[first : first + 1] = [(name, value)]
        for place in reversed(others):
            del items[place]
        self._forget(name)
        if index is not None and name in HEADERS:
            index[name] = value
            self._index = index
        if typed is not None:
            self.typed[name] = typed

    def remove(self, name: str) -> None:
        """Drop every line of this name; none is no error."""
        name = canonical(name)
        for place in reversed(self._places(name)):
            del self._items[place]
        self._forget(name)

    def _places(self, name: str) -> list[int]:
        """Return where a canonical name stands; only unknown names can differ in case."""
        if name in HEADERS:
            return [n for n, item in enumerate(self._items) if item[0] == name]
        lower = name.lower()
        return [n for n, item in enumerate(self._items) if item[0].lower() == lower]

    def _forget(self, name: str) -> None:
        self._index = None
        self.typed.pop(name, None)

    def items(self) -> list[tuple[str, str]]:
        """Return the lines, names spelled as we write them; do not change the list."""
        return self._items

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"
