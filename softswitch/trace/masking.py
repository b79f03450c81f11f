"""Hides from readers of a trace what would let them in: digests, keys, tokens, PINs.

What is hidden in a body keeps its length, so that Content-Length stays true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from softswitch.sip.message.body import KEY_INFO

RULES: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    # RFC 3261 section 25.1: with the lines that go on behind it.
    (b"authorization", re.compile(rb"(?m)^(?:proxy-)?authorization[ \t]*:()")),
    (b"inline:", re.compile(rb"\binline:[ \t]*([^\s|;\"]+)")),  # RFC 4568
    (b"a=ice-pwd:", re.compile(rb"a=ice-pwd:([^\r\n]+)")),  # RFC 8839
    (b"a=key-mgmt:", re.compile(rb"a=key-mgmt:([^\r\n]+)")),  # RFC 4567
    (b"\nk=", re.compile(rb"\nk=(?:clear|base64|uri|prompt):?([^\r\n]*)")),  # RFC 4566
    # RFC 3261 section 19.1.1
    (b"@", re.compile(rb"sips?:[^\s:@<>\"]{1,256}:([^\s@<>\"]{1,256})@")),
    (b"://", re.compile(rb"://([^\s/@<>\"?]{1,256})@")),
    (b"://", re.compile(rb"://[^\s<>\"?]{0,1024}\?([^\s<>\"#]+)")),
)
"""What a message holds, in lower case, where it may hold a secret; where that is. The words come
first, for they are found much faster. What repeats is bounded: without that, hostile messages take
seconds, in which no other thread runs."""
_CREDENTIALS = re.compile(rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_SCHEME = re.compile(
    rb"""\s*(\w+)(?:[^\r\n]*?\busername[ \t]*=[ \t]*("[^"\r\n]*"))?""", re.IGNORECASE
)
_KEY_TYPE = re.compile(
    rb"\n(?:content-type|c)[ \t]*:[ \t\r\n]*(?:%s)"
    % b"|".join(re.escape(each.encode()) for each in KEY_INFO)
)
"Of a body that reports a key, in one of many forms (`key_of_info`)."
_URL_SECRETS = re.compile(r"//[^/@?#]*@|\?[^#]*|#.*")
_NAMES = re.compile(r"(?i:(?:^|[^a-z])pin|pin$|pass|secret|token|cvv|cvc|card|iban|apikey)|Pin|PIN")
_WRITTEN = re.compile(
    r"""(?i)((?:pin|password|passwd|secret|token|apikey)["']?\s{0,8}[=:]\s{0,8}["']?)[^"'&<>\s]+"""
)
_VARIABLE = re.compile(
    r"""(?i)(\b(?:id|name)\s{0,8}=\s{0,8}["'][^"'<>]{0,64}
    (?:pin|pass|secret|token|cvv|cvc|card|apikey)
    [^"'<>]{0,64}["'][^<>]{0,256}?\bvalue\s{0,8}=\s{0,8}["'])[^"'<>]*""",
    re.VERBOSE,
)
_URL = re.compile(r"https?://[^\s<>\"']+")
HIDDEN = "***"
STARS = b"*"
_HEAD = re.compile(rb"(?s).*?\r?\n\r?\n")
_NO_ENDS = re.compile(rb"[^\r\n]")
MOST_MASKED = 4096
"Characters of a text that are looked at; a line of a trace shows fewer, and the rest is left out."


def masked(octets: bytes) -> bytes:
    """A SIP message without its secrets."""
    small = octets.lower()
    hidden = [
        _hidden(octets, *found.span(1))
        for word, rule in RULES
        if word in small
        for found in rule.finditer(small)
    ]
    if (keys := _body_of_keys(small)) is not None:
        hidden = [each for each in hidden if each[0] < keys[0]] + [keys]
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


def _body_of_keys(small: bytes) -> tuple[int, int, bytes] | None:
    """The body that reports a key, in whatever form, without all but the ends of its lines."""
    head = _HEAD.match(small)
    if head is None or _KEY_TYPE.search(head[0]) is None:
        return None
    return head.end(), len(small), _NO_ENDS.sub(STARS, small[head.end() :])


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
    """The beginning of a text, such as the body of an answer, without passwords and what URLs may
    hold; see `MOST_MASKED`."""
    text = text[:MOST_MASKED]
    shown = _URL.sub(lambda found: masked_url(found[0]), text) if "//" in text else text
    return _VARIABLE.sub(rf"\1{HIDDEN}", _WRITTEN.sub(rf"\1{HIDDEN}", shown))


def masked_url(url: str) -> str:
    """A URL without user, password, query and fragment."""
    return _URL_SECRETS.sub(lambda found: "//" if found[0].startswith("//") else "", url)
