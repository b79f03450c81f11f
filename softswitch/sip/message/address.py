"""Addresses of From, To, Contact, Route and their like (RFC 3261 section 20.10)."""

from __future__ import annotations

import enum
import re
from functools import lru_cache
from typing import Final

from softswitch.sip import limits
from softswitch.sip.message.grammar import MessageError, number, quote, shown, take_quoted
from softswitch.sip.message.parameters import NONE, Parameters, parse_parameters
from softswitch.sip.message.uri import Uri, parse_uri

_BARE = re.compile(r'[^,?<>"\s]+')


class Star(enum.Enum):
    """The Contact `*` of a REGISTER that removes every binding (section 10.2.2)."""

    STAR = "*"


STAR: Final = Star.STAR


class Address:
    """An immutable address; its URI is only parsed when somebody asks for it."""

    __slots__ = ("_text", "_uri", "display_name", "parameters")

    def __init__(
        self, uri: Uri | str, display_name: str = "", parameters: Parameters = NONE
    ) -> None:
        self.display_name = display_name
        "Without quotes and escapes; empty when there is none."
        self.parameters = parameters
        "The header's parameters, outside the angle brackets."
        if isinstance(uri, str):
            self._text: str = uri
            self._uri: Uri | None = None
        else:
            self._text = ""
            self._uri = uri

    @property
    def uri(self) -> Uri:
        """The URI; raises MessageError when it is malformed."""
        uri = self._uri
        if uri is None:
            uri = self._uri = parse_uri(self._text)
        return uri

    @property
    def uri_text(self) -> str:
        """The URI as it was written."""
        return self._text or str(self._uri)

    @property
    def tag(self) -> str | None:
        """The tag of a From or To."""
        return self.parameters.get("tag") or None

    @property
    def expires(self) -> int | None:
        """A Contact's own expiry in seconds; malformed values count as 3600 (section 10.2.1.1)."""
        value = self.parameters.get("expires")
        if value is None:
            return None
        try:
            return number(value)
        except MessageError:
            return 3600

    @property
    def q(self) -> float:
        """A Contact's preference, 0 to 1; 1 when it is absent or malformed."""
        value = self.parameters.get("q")
        if value is None or len(value) > 5 or value.count(".") > 1:
            return 1.0
        digits = value.replace(".", "")
        return min(float(value), 1.0) if digits.isascii() and digits.isdigit() else 1.0

    def with_parameters(self, parameters: Parameters) -> Address:
        """Return a copy with these header parameters."""
        copy = Address(self._text or self.uri, self.display_name, parameters)
        copy._uri = self._uri
        return copy

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri_text}>{self.parameters}"

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


@lru_cache(maxsize=limits.REMEMBERED)
def parse_address(text: str) -> Address:
    """Read one name-addr or addr-spec with its parameters.

    Without angle brackets everything from the first `;` belongs to the header, and a `?` or `,`
    in the URI is refused, for it cannot be told whose it is (section 20.10).
    """
    display_name = ""
    if text.startswith('"'):
        display_name, text = take_quoted(text)
        text = text.lstrip(" \t")
        if not text.startswith("<"):
            raise MessageError("a display name without a URI in angle brackets")
    before, bracket, rest = text.partition("<")
    if not bracket or '"' in before or ";" in before:
        # No bracket, or one inside a parameter of an addr-spec.
        return _parse_bare(text)
    if before:
        display_name = before.strip(" \t")
    uri, bracket, tail = rest.partition(">")
    if not bracket:
        raise MessageError(f"{shown(text)} lacks the closing angle bracket")
    tail = tail.lstrip(" \t")
    if not tail:
        return Address(uri.strip(" \t"), display_name)
    if not tail.startswith(";"):
        raise MessageError(f"{shown(tail)} stands after the URI")
    return Address(uri.strip(" \t"), display_name, parse_parameters(tail[1:]))


def _parse_bare(text: str) -> Address:
    uri, semicolon, tail = text.partition(";")
    uri = uri.strip(" \t")
    if _BARE.fullmatch(uri) is None:
        raise MessageError(f"{shown(text)} needs angle brackets around its URI")
    return Address(uri, "", parse_parameters(tail) if semicolon else NONE)
