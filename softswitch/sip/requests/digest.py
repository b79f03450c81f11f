"""Digest: challenges, credentials and their arithmetic (RFC 7616, RFC 8760, RFC 3261 section 22).

Pure functions for both sides. What a quoted string means is its raw text between the quotes: old
stacks hash it without undoing escapes, so the username `a"b` is `a\\"b` here (`raw`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from softswitch.sip.message.grammar import MessageError, shown

HEADER = 2_048
"Characters of credentials or a challenge, above which they are refused unread."
PARAMETERS = 24
"Parameters of credentials or a challenge."


class Algorithm(NamedTuple):
    """One way to hash."""

    name: str
    "As challenges and credentials spell it."
    hash: Callable[[str | bytes], str]
    "Text or octets to lower-case hexadecimal digits."
    digits: int
    "Length of the result."
    is_session: bool = False
    "Whether HA1 is bound to nonce and cnonce (`-sess`)."


def _octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _md5(text: str | bytes) -> str:
    return hashlib.md5(_octets(text), usedforsecurity=False).hexdigest()


def _sha_256(text: str | bytes) -> str:
    return hashlib.sha256(_octets(text)).hexdigest()


def _sha_512_256(text: str | bytes) -> str:
    return hashlib.new("sha512_256", _octets(text)).hexdigest()


TABLE: tuple[Algorithm, ...] = (
    Algorithm("SHA-512-256", _sha_512_256, 64),
    Algorithm("SHA-512-256-sess", _sha_512_256, 64, is_session=True),
    Algorithm("SHA-256", _sha_256, 64),
    Algorithm("SHA-256-sess", _sha_256, 64, is_session=True),
    Algorithm("MD5", _md5, 32),
    Algorithm("MD5-sess", _md5, 32, is_session=True),
)
"Every algorithm of RFC 7616 section 6.1."

ALGORITHMS: dict[str, Algorithm] = {algorithm.name.upper(): algorithm for algorithm in TABLE}
"The table by name in upper case: names are compared without case."


class Credentials(NamedTuple):
    """The parameters of an Authorization header; quoted ones raw, absent ones empty."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm | None
    "None when it is one we do not know; absent means MD5."
    qop: str
    cnonce: str
    nc: str

    @property
    def nonce_count(self) -> int:
        """`nc` as a number; -1 without qop."""
        return int(self.nc, 16) if self.nc else -1


# One parameter and the comma behind it; possessive throughout, so it is linear and fast.
_PARAMETER = re.compile(
    r"[ \t]*+([A-Za-z0-9\-_.*]{1,32}+)[ \t]*+=[ \t]*+"
    r'(?:"([^"\\\x00-\x1f\x7f]*+(?:\\[^\x00-\x1f\x7f][^"\\\x00-\x1f\x7f]*+)*+)"'
    r"|([A-Za-z0-9\-_.!%*+`'~]++))[ \t]*+(?:,|\Z)"
)
_HEX = re.compile(r"[0-9a-f]+")
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_UNQUOTED_ONLY = frozenset(("nc", "stale"))


def raw(username: str) -> str:
    """A username as it stands between quotes."""
    return username.replace("\\", "\\\\").replace('"', '\\"')


def parse_parameters(value: str) -> dict[str, str] | None:
    """Read what follows `Digest`; None when the scheme is another one.

    Raises MessageError when the list is malformed, too long, or names a parameter twice.
    """
    if len(value) > HEADER:
        raise MessageError(f"{len(value)} characters of digest parameters")
    scheme, _, rest = value.lstrip(" \t").partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    position, end = 0, len(rest)
    while position < end:
        match = _PARAMETER.match(rest, position)
        if match is None:
            raise MessageError(f"{shown(rest[position:])} is not a digest parameter")
        name, quoted, bare = match.groups()
        name = name.lower()
        if name in found or len(found) == PARAMETERS:
            raise MessageError(f"{shown(name)} stands twice or is one too many")
        if bare is None and name in _UNQUOTED_ONLY:
            raise MessageError(f"{name} in quotes")
        found[name] = quoted if bare is None else bare
        position = match.end()
    return found


def parse_credentials(value: str) -> Credentials | None:
    """Read an Authorization value; None when it is not Digest. Raises MessageError."""
    found = parse_parameters(value)
    if found is None:
        return None
    try:
        username, realm, nonce = found["username"], found["realm"], found["nonce"]
        uri, response = found["uri"], found["response"]
    except KeyError as missing:
        raise MessageError(f"digest credentials without {missing.args[0]}") from None
    if _HEX.fullmatch(response) is None:
        raise MessageError(f"{shown(response)} is not a digest response")
    get = found.get
    qop, nc, cnonce = get("qop", "").lower(), get("nc", ""), get("cnonce", "")
    if qop and (_COUNT.fullmatch(nc) is None or not cnonce):
        raise MessageError("qop needs a cnonce and an nc of eight hexadecimal digits")
    algorithm = ALGORITHMS.get(get("algorithm", "MD5").upper())
    return Credentials(username, realm, nonce, uri, response, algorithm, qop, cnonce, nc)


def ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """The hash that is kept instead of a password; username and realm raw."""
    return algorithm.hash(f"{username}:{realm}:{password}")


def response(
    algorithm: Algorithm,
    secret: str,
    method: str,
    uri: str,
    nonce: str,
    *,
    qop: str = "",
    cnonce: str = "",
    nc: str = "",
    body: bytes = b"",
) -> str:
    """The proof of RFC 7616 section 3.4.1; `secret` is `ha1`. Without qop that of RFC 2069.

    The qop `auth-int` proves the body of the request too.
    """
    digest = algorithm.hash
    if algorithm.is_session:
        secret = digest(f"{secret}:{nonce}:{cnonce}")
    protected = f":{digest(body)}" if qop == "auth-int" else ""
    request = digest(f"{method}:{uri}{protected}")
    if not qop:
        return digest(f"{secret}:{nonce}:{request}")
    return digest(f"{secret}:{nonce}:{nc}:{cnonce}:{qop}:{request}")


def expected(credentials: Credentials, algorithm: Algorithm, secret: str, method: str) -> str:
    """The response that credentials must carry when `secret` is their HA1."""
    return response(
        algorithm,
        secret,
        method,
        credentials.uri,
        credentials.nonce,
        qop=credentials.qop,
        cnonce=credentials.cnonce,
        nc=credentials.nc,
    )


def challenge(algorithm: Algorithm, realm: str, nonce: str, *, stale: bool = False) -> str:
    """The value of a WWW-Authenticate or Proxy-Authenticate header; `realm` raw."""
    text = f'Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm.name}, qop="auth"'
    return f"{text}, stale=true" if stale else text


QOPS = ("auth", "auth-int")
"What we answer, the one that is taken first in front: it survives proxies that change the body."

ANSWERS = {"WWW-Authenticate": "Authorization", "Proxy-Authenticate": "Proxy-Authorization"}
"The header of a challenge, and the one that answers it."


def answer(
    challenges: Iterable[tuple[str, str]],
    method: str,
    uri: str,
    username: str,
    password: str,
    *,
    realm_expected: str,
    cnonce: str,
    nonce_count: int = 1,
    body: bytes = b"",
    algorithms: Container[str] | None = None,
) -> tuple[str, str] | None:
    """Answer the topmost challenge that we can: the header to send, name and value.

    `challenges` are the headers of the 401 or 407 in order; others are passed over, as is every
    realm but `realm_expected`: credentials for another realm could be broken offline
    (CVE-2021-41158). `cnonce` is a random word, `body` that of the request. `algorithms` names
    those that may be used, all by default. None when no challenge can be answered.
    """
    for header, value in challenges:
        name = ANSWERS.get(header)
        if name is None:
            continue
        try:
            offered = parse_parameters(value)
        except MessageError:
            continue
        if offered is None or offered.get("realm") != realm_expected or "nonce" not in offered:
            continue
        algorithm = ALGORITHMS.get(offered.get("algorithm", "MD5").upper())
        if algorithm is None or (algorithms is not None and algorithm.name not in algorithms):
            continue
        qop = _qop(offered.get("qop", ""))
        if qop is None:
            continue
        count = f"{nonce_count:08x}"
        asked = _Challenged(method, uri, raw(username), password, cnonce, count, body)
        return name, _credentials(offered, algorithm, qop, asked)
    return None


def _qop(offered: str) -> str | None:
    """The quality of protection to use; empty where none is offered, None where none is known."""
    qops = [qop.strip(" \t").lower() for qop in offered.split(",")]
    return next((qop for qop in QOPS if qop in qops), "" if qops == [""] else None)


class _Challenged(NamedTuple):
    method: str
    uri: str
    username: str
    password: str
    cnonce: str
    nc: str
    body: bytes


def _credentials(
    offered: dict[str, str], algorithm: Algorithm, qop: str, asked: _Challenged
) -> str:
    method, uri, username, password, cnonce, nc, body = asked
    realm, nonce = offered["realm"], offered["nonce"]
    secret = ha1(algorithm, username, realm, password)
    proof = response(
        algorithm, secret, method, uri, nonce, qop=qop, cnonce=cnonce, nc=nc, body=body
    )
    parts = [
        f'Digest username="{username}"',
        f'realm="{realm}"',
        f'nonce="{nonce}"',
        f'uri="{uri}"',
        f'response="{proof}"',
    ]
    if "algorithm" in offered:
        parts.append(f"algorithm={algorithm.name}")
    if "opaque" in offered:
        parts.append(f'opaque="{offered["opaque"]}"')
    if qop:
        parts += [f"qop={qop}", f"nc={nc}"]
    if qop or algorithm.is_session:
        parts.append(f'cnonce="{cnonce}"')
    return ", ".join(parts)
