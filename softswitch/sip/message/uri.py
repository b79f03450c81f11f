"""URIs of SIP and telephony, and when two are the same (RFC 3261 section 19.1, RFC 3966).

Phones leave characters unescaped that the grammar wants escaped behind the host: `@` in parameters,
`@` and `;` in headers, as in `sip:1002@pbx?Replaces=77@10.0.0.5;to-tag=a;from-tag=b`. They are
taken where they can mean only one thing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote_to_bytes

import msgspec

from softswitch.sip import limits
from softswitch.sip.message.grammar import MessageError, number, shown
from softswitch.sip.message.parameters import NONE, Parameters, parse_parameters

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
# `#` is not allowed unescaped, but phones send it in service codes such as `*72#`.
_USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+")
_PASSWORD = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*")
# Underscores are no host name of RFC 1123, but they are in use.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-_.])*")
_PARAMETERS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$;=\"@]|%[0-9A-Fa-f]{2})*")
_HEADERS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$&=@;,]|%[0-9A-Fa-f]{2})*")
_EMPTY_PARAMETER = re.compile(r"(?:^|;)(?:;|$)|=(?:;|$)")
_TEL_NUMBER = re.compile(r"\+?[0-9A-Fa-f*#\-.()]+")
_SEPARATORS = re.compile(r"[\-.()]")
_PRINTABLE = re.compile(r"[!#-;=?-~]+")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_TO_ESCAPE = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]")

_KEPT = frozenset(";/?:@&=+$,%")
"Reserved characters and the escape itself: not the same as their escapes (section 19.1.4)."
_DECISIVE = ("user", "ttl", "method", "maddr", "transport")
"Parameters that never match when only one of the URIs has them (section 19.1.4)."


class SipUri(msgspec.Struct, frozen=True):
    """A `sip:` or `sips:` URI; host and scheme in lower case, escapes kept as they were written."""

    host: str
    "A name or an IPv4 address, or an IPv6 address in its brackets."
    user_text: str | None = None
    "The user part with its escapes; `user` is what it means."
    port: int | None = None
    parameters: Parameters = NONE
    scheme: str = "sip"
    password_text: str | None = None
    headers: str = ""
    "What follows the question mark, escapes included."

    @property
    def user(self) -> str | None:
        """The user part without escapes: what is dialled and looked up."""
        text = self.user_text
        return text if text is None or "%" not in text else unescape(text)

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case."""
        value = self.parameters.get("transport")
        return value if value is None else value.lower()

    @property
    def is_sips(self) -> bool:
        """Whether every hop towards it has to be encrypted (RFC 5630)."""
        return self.scheme == "sips"

    def with_scheme(self, scheme: str) -> SipUri:
        """Return the URI of the same resource as `sip` or `sips`."""
        return self if self.scheme == scheme else msgspec.structs.replace(self, scheme=scheme)

    @property
    def address(self) -> str:
        """The host without the brackets of an IPv6 reference, as sockets want it."""
        return self.host.strip("[]")

    def replace(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        parameters: Parameters | None = None,
    ) -> SipUri:
        """Return a copy with another host and port (both at once), or with other parameters."""
        return SipUri(
            host=self.host if host is None else bracketed(host),
            user_text=self.user_text,
            port=self.port if host is None else port,
            parameters=self.parameters if parameters is None else parameters,
            scheme=self.scheme,
            password_text=self.password_text,
            headers=self.headers,
        )

    def __str__(self) -> str:
        parts = [self.scheme, ":"]
        if self.user_text is not None:
            parts.append(self.user_text)
            if self.password_text is not None:
                parts += (":", self.password_text)
            parts.append("@")
        parts.append(self.host)
        if self.port is not None:
            parts.append(f":{self.port}")
        if self.parameters:
            parts.append(str(self.parameters))
        if self.headers:
            parts += ("?", self.headers)
        return "".join(parts)

    def equivalent(self, other: Uri) -> bool:
        """Compare after RFC 3261 section 19.1.4; not transitive, as the RFC itself notes."""
        return (
            isinstance(other, SipUri)
            and self.scheme == other.scheme
            and _same_host(self.host, other.host)
            and self.port == other.port
            and _normal(self.user_text) == _normal(other.user_text)
            and _normal(self.password_text) == _normal(other.password_text)
            and _parameters_match(self.parameters, other.parameters)
            and _header_set(self.headers) == _header_set(other.headers)
        )


class TelUri(msgspec.Struct, frozen=True):
    """A `tel:` URI of RFC 3966."""

    number: str
    "As written, with its visual separators."
    parameters: Parameters = NONE

    @property
    def user(self) -> str:
        """The number without visual separators: what is dialled."""
        return _SEPARATORS.sub("", self.number)

    def __str__(self) -> str:
        return f"tel:{self.number}{self.parameters}"

    def equivalent(self, other: Uri) -> bool:
        """Compare after RFC 3966 section 4: separators and letter case do not count."""
        return (
            isinstance(other, TelUri)
            and self.user.lower() == other.user.lower()
            and _lower(self.parameters) == _lower(other.parameters)
        )


class OtherUri(msgspec.Struct, frozen=True):
    """A URI of a scheme that is not ours to understand; kept as written."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"

    def equivalent(self, other: Uri) -> bool:
        """Compare letter by letter, the scheme without case."""
        return self == other


Uri = SipUri | TelUri | OtherUri


def is_sips(uri: Uri | None) -> bool:
    """Tell whether a URI wants every hop towards it to be encrypted (RFC 5630)."""
    return isinstance(uri, SipUri) and uri.is_sips


@lru_cache(maxsize=limits.REMEMBERED)
def parse_uri(text: str) -> Uri:
    """Read a URI; raises MessageError."""
    if len(text) > limits.URI:
        raise MessageError(f"a URI of {len(text)} characters")
    scheme, colon, rest = text.partition(":")
    lower = scheme.lower()
    if lower in ("sip", "sips"):
        return _parse_sip(lower, rest)
    if not colon or _SCHEME.fullmatch(scheme) is None or _PRINTABLE.fullmatch(rest) is None:
        raise MessageError(f"{shown(text)} is not a URI")
    if lower == "tel":
        return _parse_tel(rest)
    return OtherUri(lower, rest)


def sip_uri(
    user: str | None,
    host: str,
    port: int | None = None,
    *,
    parameters: Parameters = NONE,
    scheme: str = "sip",
) -> SipUri:
    """Make a URI of parts that we know; the user is escaped, an IPv6 host gets its brackets.

    Nobody has no user part: an empty one could not be read back.
    """
    return SipUri(
        host=bracketed(host),
        user_text=escape(user) if user else None,
        port=port,
        parameters=parameters,
        scheme=scheme,
    )


def escape(user: str) -> str:
    """Write a user part: every character that it may not hold becomes `%XX` of its UTF-8."""
    if user.isalnum() and user.isascii():
        return user
    return _TO_ESCAPE.sub(
        lambda match: "".join(f"%{octet:02X}" for octet in match.group().encode()), user
    )


def unescape(text: str) -> str:
    """Undo `%XX`; octets that are not UTF-8 are read as Latin-1."""
    octets = unquote_to_bytes(text)
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


@lru_cache(maxsize=limits.REMEMBERED)
def parse_host_port(text: str) -> tuple[str, int | None]:
    """Read `host[:port]` of a URI or a Via; the host in lower case, IPv6 in brackets."""
    if text.startswith("["):
        return _parse_ipv6_port(text)
    host, colon, port = text.partition(":")
    if _HOST.fullmatch(host) is None:
        raise MessageError(f"{shown(text)} is not a host and port")
    return host.lower(), parse_port(port) if colon else None


def _parse_ipv6_port(text: str) -> tuple[str, int | None]:
    # The grammar of RFC 3261 lets three colons stand before an IPv4 tail (RFC 5118 section 4.10).
    inner, bracket, port = text[1:].replace(":::", "::").partition("]")
    try:
        if not bracket or "%" in inner:
            raise AddressValueError
        IPv6Address(inner)
    except AddressValueError:
        raise MessageError(f"{shown(text)} is not an IPv6 reference") from None
    if port and not port.startswith(":"):
        raise MessageError(f"{shown(text)} is not a host and port")
    return f"[{inner.lower()}]", parse_port(port[1:]) if port else None


def parse_port(text: str) -> int:
    """Read a port, 1 to 65535."""
    port = number(text, 65_535)
    if not port:
        raise MessageError("0 is no port")
    return port


def _parse_sip(scheme: str, rest: str) -> SipUri:
    (user, password), host_part = _userinfo(rest)
    host_part, question, headers = host_part.partition("?")
    if question and _HEADERS.fullmatch(headers) is None:
        raise MessageError(f"{shown(headers)} are not the headers of a SIP URI")
    host_port, semicolon, tail = host_part.partition(";")
    parameters = NONE
    if semicolon:
        parameters = _parameters(tail)
    host, port = parse_host_port(host_port)
    return SipUri(host, user, port, parameters, scheme, password, headers)


def _userinfo(rest: str) -> tuple[tuple[str | None, str | None], str]:
    """Cut user and password off; what remains begins with the host."""
    userinfo, at, host_part = rest.rpartition("@")
    if not at:
        return (None, None), rest
    found = _read_userinfo(userinfo)
    if found is None and "@" in userinfo:
        # An unescaped @ stands behind the host, in parameters or headers.
        userinfo, _, host_part = rest.partition("@")
        found = _read_userinfo(userinfo)
    if found is None and "?" in userinfo:
        # It stands in the headers of a URI without a user.
        found, host_part = (None, None), rest
    if found is None:
        raise MessageError(f"{shown(userinfo)} is not the user part of a SIP URI")
    return found, host_part


def _read_userinfo(userinfo: str) -> tuple[str | None, str | None] | None:
    """User and password as they stand; None when it is something else."""
    user, colon, password = userinfo.partition(":")
    if _USER.fullmatch(user) is None or _PASSWORD.fullmatch(password) is None:
        return None
    return user, password if colon else None


def _parameters(text: str) -> Parameters:
    """Read what follows the semicolon of a URI; an empty parameter or value is refused."""
    if _PARAMETERS.fullmatch(text) is None or _EMPTY_PARAMETER.search(text) is not None:
        raise MessageError(f"{shown(text)} are not the parameters of a URI")
    return parse_parameters(text)


def _parse_tel(rest: str) -> TelUri:
    digits, semicolon, tail = rest.partition(";")
    if _TEL_NUMBER.fullmatch(digits) is None or not _SEPARATORS.sub("", digits).strip("+"):
        raise MessageError(f"{shown(digits)} is not a telephone number")
    return TelUri(digits, _parameters(tail) if semicolon else NONE)


def bracketed(host: str) -> str:
    """Write a host or address in lower case, IPv6 in brackets, as URIs and Via want it."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()


def _same_host(one: str, other: str) -> bool:
    if one == other:
        return True
    if one[:1] == other[:1] == "[":
        return IPv6Address(one[1:-1]) == IPv6Address(other[1:-1])
    return False


def _normal(text: str | None) -> str | None:
    """Decode the escapes that mean the same as the character, and write the rest in upper case."""
    if text is None or "%" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        character = chr(int(match.group(1), 16))
        kept = character in _KEPT or not " " < character < "\x7f"
        return match.group().upper() if kept else character

    return _ESCAPED.sub(one, text)


def _parameters_match(one: Parameters, other: Parameters) -> bool:
    if not one and not other:
        return True
    for name in one.keys() | other.keys():
        if name in one and name in other:
            a, b = _normal(one[name]), _normal(other[name])
            if (a or "").lower() != (b or "").lower():
                return False
        elif name in _DECISIVE:
            return False
    return True


def _header_set(headers: str) -> list[tuple[str, str]]:
    if not headers:
        return []
    pairs = (part.partition("=") for part in headers.split("&"))
    return sorted((unescape(name).lower(), unescape(value)) for name, _, value in pairs)


def _lower(parameters: Parameters) -> dict[str, str | None]:
    return {
        name: value if value is None else _SEPARATORS.sub("", value).lower()
        for name, value in parameters.items()
    }
