"""A session description, read into bounded values and written (RFC 8866; RFC 4566 before it).

Read leniently where phones differ: LF for CRLF, no last line end, `m=` before the session's `c=`,
lines of unknown types, attributes that make no sense. Refused are the lines on which the rest
depends: a malformed `o=`, `c=` or `m=`, and too much of anything.
"""

from __future__ import annotations

import re

import msgspec

MAX_OCTETS = 32_768
MAX_LINES = 1_024
MAX_STREAMS = 16
MAX_FORMATS = 64

_NETWORKS = (["IN", "IP4"], ["IN", "IP6"])
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


class DescriptionError(ValueError):
    """A description that cannot be read or agreed to; the text is for logs and Warning headers."""

    def __init__(self, text: str, status: int = 400, warning: int = 399) -> None:
        super().__init__(text)
        self.status = status
        "What a request that brought it is answered with: 400 for syntax, 488 for content."
        self.warning = warning
        "The code of a Warning header (RFC 3261 section 20.43)."


class Origin(msgspec.Struct, frozen=True):
    """`o=`: who made the description, and how often it was changed."""

    session_id: str
    version: int
    "0 also where a peer's is no number."
    address: str
    "IPv4 or IPv6 without brackets, or a name."
    username: str = "-"


SECRET = frozenset(("crypto", "ice-pwd"))
"Attributes whose values are never shown: keys of SRTP, passwords of ICE."


class Attribute(msgspec.Struct, frozen=True):
    """`a=name` or `a=name:value`."""

    name: str
    value: str | None = None

    def __repr__(self) -> str:
        value = "***" if self.name in SECRET else self.value
        return f"Attribute({self.name!r}, {value!r})"


class Media(msgspec.Struct, frozen=True):
    """One `m=` line and what belongs to it."""

    kind: str
    "`audio`, `video`, `application`, `image` or anything else, in lower case."
    port: int
    "As written; 0 refuses or ends the stream. Not checked against 65535 here."
    profile: str
    "In upper case, as `RTP/AVP`."
    formats: tuple[str, ...]
    "Payload types, for RTP."
    address: str | None = None
    "Of its own `c=`, else of the session's; None when there is neither."
    attributes: tuple[Attribute, ...] = ()

    def values(self, name: str) -> list[str]:
        """Return the values of all attributes of this name."""
        return [a.value or "" for a in self.attributes if a.name == name]


class Description(msgspec.Struct, frozen=True):
    """A session description as far as a switch needs it."""

    origin: Origin
    address: str | None
    "Of the session's `c=`."
    media: tuple[Media, ...]
    attributes: tuple[Attribute, ...] = ()
    "Those above the first `m=`; a direction among them holds for streams without their own."

    def to_bytes(self) -> bytes:
        """Write it: CRLF, `t=0 0`, and `c=` below an `m=` only where it differs."""
        origin = self.origin
        lines = [
            "v=0",
            f"o={origin.username} {origin.session_id} {origin.version} {_network(origin.address)}",
            "s=-",
        ]
        if self.address is not None:
            lines.append(f"c={_network(self.address)}")
        lines.append("t=0 0")
        _write_attributes(lines, self.attributes)
        for media in self.media:
            formats = " ".join(media.formats)
            lines.append(f"m={media.kind} {media.port} {media.profile} {formats}")
            if media.address is not None and media.address != self.address:
                lines.append(f"c={_network(media.address)}")
            _write_attributes(lines, media.attributes)
        lines.append("")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
            raise ValueError("a line end inside a value of a session description")
        return text.encode()


def _write_attributes(lines: list[str], attributes: tuple[Attribute, ...]) -> None:
    lines += [f"a={a.name}" if a.value is None else f"a={a.name}:{a.value}" for a in attributes]


def _network(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"


def parse_description(data: bytes) -> Description:
    """Read a description; raises DescriptionError (400)."""
    if len(data) > MAX_OCTETS:
        raise DescriptionError(f"a description of {len(data)} octets")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise DescriptionError(f"more than {MAX_LINES} lines")
    if lines[0].rstrip() != "v=0":
        raise DescriptionError("the first line is not v=0")
    return _DescriptionReader().read(lines)


class _DescriptionReader:
    """Collects lines; what follows an `m=` belongs to it."""

    def __init__(self) -> None:
        self.origin: Origin | None = None
        self.address: str | None = None
        self.attributes: list[Attribute] = []
        self.media: list[Media] = []
        self.media_address: str | None = None
        self.media_attributes: list[Attribute] = []

    def read(self, lines: list[str]) -> Description:
        for line in lines[1:]:
            kind = line[:2]
            if kind == "a=":
                self._attribute(line[2:])
            elif kind == "c=":
                self._connection(line[2:])
            elif kind == "m=":
                self._finish_media()
                self._start_media(line[2:])
            elif kind == "o=":
                self._origin(line[2:])
        self._finish_media()
        if self.origin is None:
            raise DescriptionError("o= is missing")
        media = tuple(
            m if m.address is not None else msgspec.structs.replace(m, address=self.address)
            for m in self.media
        )
        return Description(self.origin, self.address, media, tuple(self.attributes))

    def _attribute(self, text: str) -> None:
        name, colon, value = text.partition(":")
        name = name.strip()
        if name and text.isprintable():
            attribute = Attribute(name, value.strip() if colon else None)
            (self.media_attributes if self.media else self.attributes).append(attribute)

    def _connection(self, text: str) -> None:
        fields = text.split()
        if len(fields) != 3 or fields[:2] not in _NETWORKS or not text.isprintable():
            raise DescriptionError(f"c={_shown(text)} is not a connection")
        if self.media:
            self.media_address = fields[2]
        else:
            self.address = fields[2]

    def _origin(self, text: str) -> None:
        fields = text.split()
        # Some user names hold blanks, so the fields are counted from the end.
        if len(fields) < 6 or not text.isprintable():
            raise DescriptionError(f"o={_shown(text)} is not an origin")
        session_id, version, _, _, address = fields[-5:]
        number = int(version) if _NUMBER.fullmatch(version) else 0
        self.origin = Origin(session_id, number, address, fields[0])

    def _start_media(self, text: str) -> None:
        fields = text.split()
        if len(fields) < 4 or not text.isprintable():
            raise DescriptionError(f"m={_shown(text)} is not a stream")
        kind, port, profile, *formats = fields
        port = port.partition("/")[0]
        if _NUMBER.fullmatch(port) is None:
            raise DescriptionError(f"m={_shown(text)} has no port")
        if len(formats) > MAX_FORMATS or len(self.media) >= MAX_STREAMS:
            raise DescriptionError("too many formats or streams")
        self.media.append(Media(kind.lower(), int(port), profile.upper(), tuple(formats)))

    def _finish_media(self) -> None:
        if self.media:
            self.media[-1] = msgspec.structs.replace(
                self.media[-1],
                address=self.media_address,
                attributes=tuple(self.media_attributes),
            )
        self.media_address = None
        self.media_attributes = []


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
