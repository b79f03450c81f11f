"""Hides from readers of a trace what would let them in: digests, keys, tokens, PINs.

What is hidden in a body keeps its length, so that Content-Length stays true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SECRETS = re.compile(
    rb"""
      ^(?:proxy-)?authorization[ \t]*:(?P<credentials>(?:[^\r\n]|\r?\n[ \t])*)
    | \binline:[ \t]*(?P<inline>[^\s|;"]+)                 # a=crypto, RFC 4568
    | ^a=(?:ice-pwd|key-mgmt):(?P<pwd>[^\r\n]+)            # RFC 8839, RFC 4567
    | ^k=(?:clear|base64|uri|prompt):?(?P<key>[^\r\n]*)    # RFC 4566
    | \bsips?:[^\s:@<>"]+:(?P<password>[^\s@<>"]+)@        # RFC 3261 section 19.1.1
    | \bhttps?://(?P<user>[^\s/@<>"?]+)@
    | \bhttps?://[^\s<>"?]*\?(?P<query>[^\s<>"\#]+)
    | ^(?:signal|d|digits)[ \t]*[=:][ \t]*(?P<pressed>[^\r\n]+)   # INFO of application/dtmf-relay
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"What a message may hold that nobody is to read."
PLACES = (b"uthorization", b"UTHORIZATION", b"nline", b"a=", b"k=", b"@", b"?", b"ignal", b"igits")
_SCHEME = re.compile(
    rb"""\s*(\w+)(?:[^\r\n]*?\busername[ \t]*=[ \t]*("[^"\r\n]*"))?""", re.IGNORECASE
)
_KEY_BODY = re.compile(rb"\r\n(?:content-type|c)[ \t]*:[ \t]*application/dtmf", re.IGNORECASE)
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
    hidden = SECRETS.sub(_hide, octets)
    if _KEY_BODY.search(hidden) is not None:
        head, line, body = hidden.partition(b"\r\n\r\n")
        if b"=" not in body and b":" not in body:
            return head + line + STARS * len(body)
    return hidden


def _hide(found: re.Match[bytes]) -> bytes:
    """What stands in the place of a secret; of credentials scheme and user are left."""
    name = found.lastgroup or ""
    secret, whole = found[name], found[0]
    start = found.start(name) - found.start()
    instead = STARS * len(secret)
    if name == "credentials":
        scheme = _SCHEME.match(secret)
        instead = b" ***"
        if scheme is not None:
            instead = b" " + scheme[1]
            instead += b" username=" + scheme[2] + b", ***" if scheme[2] else b" ***"
    return whole[:start] + instead + whole[start + len(secret) :]


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
