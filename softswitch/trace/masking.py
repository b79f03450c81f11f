"""Hides from readers of a trace what would let them in: digests, keys, tokens, PINs.

What is hidden in a body keeps its length, so that Content-Length stays true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

RULES: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    # RFC 3261 section 25.1: with the lines that go on behind it.
    (b"authorization", re.compile(rb"(?m)^(?:proxy-)?authorization[ \t]*:()")),
    (b"inline:", re.compile(rb"\binline:[ \t]*([^\s|;\"]+)")),  # RFC 4568
    (b"a=ice-pwd:", re.compile(rb"a=ice-pwd:([^\r\n]+)")),  # RFC 8839
    (b"a=key-mgmt:", re.compile(rb"a=key-mgmt:([^\r\n]+)")),  # RFC 4567
    (b"\nk=", re.compile(rb"\nk=(?:clear|base64|uri|prompt):?([^\r\n]*)")),  # RFC 4566
    (b"@", re.compile(rb"sips?:[^\s:@<>\"]+:([^\s@<>\"]+)@")),  # RFC 3261 section 19.1.1
    (b"://", re.compile(rb"://([^\s/@<>\"?]+)@")),
    (b"://", re.compile(rb"://[^\s<>\"?]*\?([^\s<>\"#]+)")),
    # INFO of application/dtmf-relay and its kin
    (b"signal", re.compile(rb"(?m)^signal[ \t]*[=:][ \t]*([^\r\n]+)")),
    (b"digits", re.compile(rb"(?m)^digits[ \t]*[=:][ \t]*([^\r\n]+)")),
    (b"\nd", re.compile(rb"(?m)^d[ \t]*[=:][ \t]*([^\r\n]+)")),
)
"""What a message holds, in lower case, where it may hold a secret; where that is. The words come
first, for they are found much faster."""
_CREDENTIALS = re.compile(rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_SCHEME = re.compile(
    rb"""\s*(\w+)(?:[^\r\n]*?\busername[ \t]*=[ \t]*("[^"\r\n]*"))?""", re.IGNORECASE
)
KEY_BODY = b"application/dtmf"
"The type of a body that may be a key and nothing else."
_URL_SECRETS = re.compile(r"//[^/@?#]*@|\?[^#]*|#.*")
_NAMES = re.compile(r"(?i:(?:^|[^a-z])pin|pin$|pass|secret|token|cvv|cvc|card|iban|apikey)|Pin|PIN")
_WRITTEN = re.compile(
    r"""(?i)(\b[\w-]*(?:pin|password|passwd|secret|token|apikey)["']?\s*[=:]\s*["']?)[^"'&<>\s]+"""
)
_VARIABLE = re.compile(
    r"""(?i)(\b(?:id|name)\s*=\s*["'][^"'<>]*(?:pin|pass|secret|token|cvv|cvc|card|apikey)
    [^"'<>]*["'][^<>]*?\bvalue\s*=\s*["'])[^"'<>]*""",
    re.VERBOSE,
)
_URL = re.compile(r"https?://[^\s<>\"']+")
HIDDEN = "***"
STARS = b"*"


def masked(octets: bytes) -> bytes:
    """A SIP message without its secrets."""
    small = octets.lower()
    hidden = [
        _hidden(octets, *found.span(1))
        for word, rule in RULES
        if word in small
        for found in rule.finditer(small)
    ]
    if KEY_BODY in small:
        hidden += _key_body(octets)
    if not hidden:
        return octets
    parts: list[bytes] = []
    end = 0
    for start, stop, instead in sorted(hidden):
        if start >= end:
            parts += octets[end:start], instead
            end = stop
    return b"".join((*parts, octets[end:]))


def _hidden(octets: bytes, start: int, stop: int) -> tuple[int, int, bytes]:
    """What is hidden, and what stands there instead; of credentials scheme and user are left."""
    if stop > start:
        return start, stop, STARS * (stop - start)
    found = _CREDENTIALS.match(octets, start)
    assert found is not None  # it may be empty
    scheme, instead = _SCHEME.match(found[0]), b" ***"
    if scheme is not None:
        instead = b" " + scheme[1]
        instead += b" username=" + scheme[2] + b", ***" if scheme[2] else b" ***"
    return start, found.end(), instead


def _key_body(octets: bytes) -> list[tuple[int, int, bytes]]:
    """The body that is a key, if it is nothing else."""
    head, line, body = octets.partition(b"\r\n\r\n")
    if b"=" in body or b":" in body:
        return []
    return [(len(head) + len(line), len(octets), STARS * len(body))]


def is_secret_name(name: str) -> bool:
    """Whether a variable or a parameter of this name holds what nobody is to read."""
    return _NAMES.search(name) is not None


def masked_values(values: Mapping[str, str]) -> dict[str, str]:
    """Parameters as a reader may see them; the name of a variable says whether its value is."""
    named = {name.lower(): value for name, value in values.items()}
    is_secret = is_secret_name(named.get("id", "")) or is_secret_name(named.get("name", ""))
    return {
        name: HIDDEN
        if is_secret_name(name) or (is_secret and name.lower() == "value")
        else masked_text(value)
        for name, value in values.items()
    }


def masked_text(text: str) -> str:
    """A text, such as the body of an answer, without passwords and what URLs may hold."""
    shown = _URL.sub(lambda found: masked_url(found[0]), text) if "//" in text else text
    return _VARIABLE.sub(rf"\1{HIDDEN}", _WRITTEN.sub(rf"\1{HIDDEN}", shown))


def masked_url(url: str) -> str:
    """A URL without user, password, query and fragment."""
    return _URL_SECRETS.sub(lambda found: "//" if found[0].startswith("//") else "", url)
