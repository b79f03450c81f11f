"""Requests and responses: read from octets, written to octets (RFC 3261 section 7)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from softswitch.sip import limits
from softswitch.sip.message.address import Address, Star
from softswitch.sip.message.grammar import TOKEN, VERSION, MessageError, number, shown
from softswitch.sip.message.headers import (
    CSeq,
    Headers,
    MediaType,
    RAck,
    SessionExpires,
    canonical,
)
from softswitch.sip.message.lines import read_lines
from softswitch.sip.message.reasons import reason as reason_of
from softswitch.sip.message.uri import Uri, parse_uri
from softswitch.sip.message.via import Via

METHODS = frozenset(
    (
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    )
)
"Methods that have an RFC; any other token is a method, too."

_MANY = limits.LIST - limits.HEADERS
"Commas of a head that is worth a look for a list that is too long."


class MalformedMessage(MessageError):
    """The message cannot be read; `request` is what an answer to it needs, where there is one."""

    def __init__(self, error: MessageError, request: Request | None) -> None:
        super().__init__(str(error), error.status)
        self.request = request
        "What could be read of a request, for `response_to`; None when nobody can be answered."


class Message:
    """What requests and responses share. Typed views are read on first use and then kept."""

    __slots__ = ("body", "charset", "headers")

    def __init__(
        self, headers: Headers | Iterable[tuple[str, str]], body: bytes, charset: str
    ) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.charset = charset
        "Of the header part: UTF-8, or Latin-1 when the peer's octets are no UTF-8."

    @property
    def start_line(self) -> str:
        """The first line without its line end."""
        raise NotImplementedError

    # These are asked for many times a message, so a value that was read is taken at once.

    @property
    def vias(self) -> list[Via]:
        """All Via values, the top one first; raises MessageError when there is none."""
        read: list[Via] | None = self.headers.typed.get("Via")
        return read or cast("list[Via]", self._mandatory("Via"))

    @property
    def via(self) -> Via:
        """The top Via."""
        read: list[Via] | None = self.headers.typed.get("Via")
        return read[0] if read else self.vias[0]

    @property
    def from_(self) -> Address:
        """From."""
        read: Address | None = self.headers.typed.get("From")
        return read or cast(Address, self._mandatory("From"))

    @property
    def to(self) -> Address:
        """To."""
        read: Address | None = self.headers.typed.get("To")
        return read or cast(Address, self._mandatory("To"))

    @property
    def call_id(self) -> str:
        """Call-ID, compared octet by octet."""
        read: str | None = self.headers.typed.get("Call-ID")
        return read or cast(str, self._mandatory("Call-ID"))

    @property
    def cseq(self) -> CSeq:
        """CSeq."""
        read: CSeq | None = self.headers.typed.get("CSeq")
        return read or cast(CSeq, self._mandatory("CSeq"))

    @property
    def contacts(self) -> list[Address] | Star:
        """All Contact values, or STAR; an empty list when there is none."""
        return cast("list[Address] | Star", self.headers.read("Contact") or [])

    @property
    def contact(self) -> Address | None:
        """The first Contact; None when there is none or it is `*`."""
        contacts = self.contacts
        return contacts[0] if isinstance(contacts, list) and contacts else None

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, 0 to 255."""
        return cast("int | None", self.headers.read("Max-Forwards"))

    @property
    def expires(self) -> int | None:
        """Expires in seconds."""
        return cast("int | None", self.headers.read("Expires"))

    @property
    def session_expires(self) -> SessionExpires | None:
        """Session-Expires."""
        return cast("SessionExpires | None", self.headers.read("Session-Expires"))

    @property
    def min_se(self) -> int | None:
        """Min-SE in seconds."""
        return cast("int | None", self.headers.read("Min-SE"))

    @property
    def rseq(self) -> int | None:
        """RSeq, the number of a reliable provisional response."""
        return cast("int | None", self.headers.read("RSeq"))

    @property
    def rack(self) -> RAck | None:
        """RAck, the response that a PRACK acknowledges."""
        return cast("RAck | None", self.headers.read("RAck"))

    @property
    def content_type(self) -> str | None:
        """`type/subtype` in lower case, without parameters."""
        media_type = cast("MediaType | None", self.headers.read("Content-Type"))
        return None if media_type is None else str(media_type)

    def tokens(self, name: str) -> list[str]:
        """Return the values of a list of tokens such as Supported, Require or Allow."""
        return cast("list[str]", self.headers.read(canonical(name)) or [])

    def names(self, header: str, option: str) -> bool:
        """Whether a list of tokens has this option tag (in lower case), however it is written."""
        return any(tag.lower() == option for tag in self.tokens(header))

    def _mandatory(self, name: str) -> object:
        value = self.headers.read(name)
        if value is None:
            raise MessageError(f"{name}: missing")
        return value

    def set_top_via(self, via: Via) -> None:
        """Replace the top Via and leave those below, also of the same line, as they are."""
        below = self.vias[1:]
        lines = [str(via), *self.headers.values("Via")[1:]] if below else [str(via)]
        self.headers.set("Via", ", ".join(lines), [via, *below])

    def to_bytes(self) -> bytes:
        """Write the message; Content-Length is always that of the body.

        Raises ValueError when a value of ours holds a line end, which would let its author add a
        header.
        """
        items = self.headers.items()
        lines = [self.start_line]
        lines += [f"{name}: {value}" for name, value in items if name != "Content-Length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        text = "\r\n".join(lines)
        ends = len(lines) + 1
        if text.count("\n") != ends or text.count("\r") != ends:
            raise ValueError("a line end inside a header value")
        try:
            head = text.encode(self.charset)
        except UnicodeEncodeError:
            head = text.encode("utf-8", "replace")
        return head + self.body


class Request(Message):
    """A request."""

    __slots__ = ("_uri", "method", "uri_text")

    def __init__(
        self,
        method: str,
        uri: Uri | str,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        charset: str = "utf-8",
    ) -> None:
        super().__init__(headers, body, charset)
        self.method = method
        "As written: methods are case-sensitive."
        self.uri_text = uri if isinstance(uri, str) else str(uri)
        "The Request-URI as written."
        self._uri: Uri | None = None if isinstance(uri, str) else uri

    @property
    def uri(self) -> Uri:
        """The Request-URI; raises MessageError when it is malformed."""
        uri = self._uri
        if uri is None:
            try:
                uri = self._uri = parse_uri(self.uri_text)
            except MessageError as error:
                raise MessageError(f"Request-URI: {error}", error.status) from None
        return uri

    @property
    def start_line(self) -> str:
        """The request line."""
        return f"{self.method} {self.uri_text} {VERSION}"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri_text}>"


_NOT_READ = Headers()


class WrittenRequest(Request):
    """A request of ours whose octets were written already, from what many of its kind share.

    Its headers cannot be looked at: it is for a transaction that only repeats it.
    """

    __slots__ = ("_octets",)

    def __init__(self, method: str, uri: str, octets: bytes) -> None:
        self.headers, self.body, self.charset = _NOT_READ, b"", "utf-8"
        self.method, self.uri_text, self._uri = method, uri, None
        self._octets = octets

    def to_bytes(self) -> bytes:
        """The message as it was written."""
        return self._octets


class Response(Message):
    """A response."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        charset: str = "utf-8",
    ) -> None:
        super().__init__(headers, body, charset)
        self.status = status
        "100 to 699."
        self.reason = reason_of(status) if reason is None else reason
        "The phrase, for people only."

    @property
    def start_line(self) -> str:
        """The status line."""
        return f"{VERSION} {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


def parse_message(data: bytes) -> Request | Response:
    """Read one datagram, or one message that a `StreamFramer` cut out of a stream.

    Checked here: sizes, the start line, the syntax of header lines, Content-Length. What the
    headers say is checked by `check_request`, and where they are read.

    Raises MalformedMessage; its `request` holds what an answer needs when the broken message is a
    request with a Via that can be read, or with one that cannot below a sane request line.
    """
    try:
        return _parse(data)
    except MessageError as error:
        raise MalformedMessage(error, _salvage(data)) from error


def _parse(data: bytes) -> Request | Response:
    if len(data) > limits.MESSAGE:
        raise MessageError(f"a message of {len(data)} octets", 513)
    if data[:1] == b"\r":
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise MessageError("the empty line after the headers is missing")
    start, items, charset = read_lines(data[:end])
    headers = Headers.of_canonical(items)
    message = _parse_start(start, headers, charset)
    if data.count(b",", 0, end) > _MANY and isinstance(message, Request):
        _check_lists(headers)
    message.body = _body(data, end + 4, headers)
    return message


def _check_lists(headers: Headers) -> None:
    """Refuse a list that is too long, so that no reader meets one after something was done."""
    for name in dict.fromkeys(name for name, _ in headers):
        try:
            headers.values(name)
        except MessageError as error:
            raise MessageError(f"{name}: {error}") from None


def _parse_start(start: str, headers: Headers, charset: str) -> Request | Response:
    first, _, rest = start.partition(" ")
    if first[:4].upper() == "SIP/":
        return _parse_status(first, rest, headers, charset)
    uri, space, version = rest.partition(" ")
    if version != VERSION:
        _check_version(start, uri, space, version)
    if first not in METHODS and TOKEN.fullmatch(first) is None:
        raise MessageError(f"{shown(first)} is not a method")
    if not uri or uri.startswith("<"):
        raise MessageError(f"{shown(uri)} is not a Request-URI")
    if len(uri) > limits.URI:
        raise MessageError(f"a Request-URI of {len(uri)} characters", 414)
    return Request(first, uri, headers, b"", charset)


def _check_version(start: str, uri: str, space: str, version: str) -> None:
    if not space or not uri or " " in version or version[:4].upper() != "SIP/":
        raise MessageError(f"{shown(start)} is not a request line")
    if version.upper() != VERSION:
        raise MessageError(f"version {shown(version)}", 505)


def _parse_status(version: str, rest: str, headers: Headers, charset: str) -> Response:
    if version.upper() != VERSION:
        raise MessageError(f"version {shown(version)}", 505)
    digits, _, reason = rest.partition(" ")
    if len(digits) != 3 or not 100 <= number(digits) <= 699:
        raise MessageError(f"{shown(digits)} is not a status code")
    return Response(int(digits), reason, headers, b"", charset)


def _body(data: bytes, start: int, headers: Headers) -> bytes:
    """Cut the body: without Content-Length the rest, octets beyond it dropped (section 18.3)."""
    values = headers.get_all("Content-Length")
    if not values:
        length = len(data) - start
    else:
        try:
            length = number(values[0], limits.MESSAGE)
        except MessageError as error:
            raise MessageError(f"Content-Length: {error}") from None
        if len(values) > 1 and any(value != values[0] for value in values):
            raise MessageError("Content-Length: two different values")
        if length > len(data) - start:
            raise MessageError(f"Content-Length: {len(data) - start} of {length} octets came")
    if length > limits.BODY:
        raise MessageError(f"a body of {length} octets", 413)
    return data[start : start + length]


def _salvage(data: bytes) -> Request | None:
    """Read what can be read of a broken request, so that it can be answered."""
    head = data[: limits.MESSAGE].partition(b"\r\n\r\n")[0]
    start, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = start.partition(" ")
    if TOKEN.fullmatch(method) is None or method[:4].upper() == "SIP/" or method == "ACK":
        return None
    items: list[tuple[str, str]] = []
    for line in lines[: limits.HEADERS]:
        with suppress(MessageError):
            if line[:1] not in (" ", "\t") and len(line) <= limits.HEADER:
                items += read_lines(f"-\r\n{line}".encode("latin-1"))[1]
    request = Request(method, rest.partition(" ")[0][: limits.URI] or "sip:invalid", items)
    try:
        return request if request.via else None
    except MessageError:
        sane = rest.endswith(f" {VERSION}") and "Via" in request.headers
        return request if sane else None


_COPIED = frozenset(("Via", "From", "To", "Call-ID", "CSeq"))
_DIALOG_CREATING = frozenset(("INVITE", "SUBSCRIBE", "REFER"))


def response_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str | None = None,
) -> Response:
    """Make a response with what section 8.2.6.2 copies from the request.

    `to_tag` is added when the request's To has no tag; a 100 gets none. Timestamp goes into a 100,
    Record-Route into what may create a dialog (section 12.1.1).
    """
    creates = 100 < status < 300 and request.method in _DIALOG_CREATING
    items: list[tuple[str, str]] = []
    for item in request.headers.items():
        name = item[0]
        if name in _COPIED:
            if name == "To" and to_tag is not None and status != 100:
                items.append(("To", _tagged(request, item[1], to_tag)))
            else:
                items.append(item)
        elif (creates and name == "Record-Route") or (status == 100 and name == "Timestamp"):
            items.append(item)
    items += [(canonical(name), value) for name, value in headers]
    if content_type is not None:
        items.append(("Content-Type", content_type))
    return Response(status, reason, Headers.of_canonical(items), body, request.charset)


def _tagged(request: Request, to: str, tag: str) -> str:
    try:
        return f"{to};tag={tag}" if request.to.tag is None else to
    except MessageError:
        return to
