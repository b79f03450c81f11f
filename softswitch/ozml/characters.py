"""The characters of a document: which encoding its octets are in (XML 1.0 appendix F, RFC 7303).

What the octets show wins over what is said of them: a byte order mark first, then that a document
in UTF-16 cannot begin with `<` and a letter. So a declared UTF-16 over octets that are UTF-8, which
a StringWriter of C# leaves behind, is read as UTF-8.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"Byte order marks and what they say; a longer mark stands before one that it begins with."
UNMARKED: tuple[tuple[bytes, str], ...] = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"The first octets of a document in UTF-16 without a mark."
REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"})
"Codecs that no document is written in; some of them take quadratic time."
WIDE = ("utf-16", "utf-32", "utf_16", "utf_32", "ucs-2", "ucs-4", "iso-10646-ucs-")
"Beginnings of the names of encodings with more than one octet for a `<`."
SPACE = " \t\r\n"
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}["']([A-Za-z0-9._:-]{1,40})"""
)


class NotText(Exception):
    """Octets that are no characters of the encoding that they are said to be in."""


class Characters(NamedTuple):
    """A document in UTF-8, without what stands before its first character."""

    octets: bytes
    lines: int
    "Line breaks that were left out before it."


def characters_of(source: bytes, charset: str | None) -> Characters:
    """The characters of a document; `charset` is that of the HTTP `Content-Type`.

    Octets that nothing is said of, and that are no UTF-8, are left to the parser, which names the
    place. Raises NotText.
    """
    octets = source.lstrip(SPACE.encode())
    text = _decoded(octets, charset)
    if text is None:
        return Characters(source, 0)
    begun = text.lstrip(SPACE + "\ufeff")
    lines = source.count(b"\n", 0, len(source) - len(octets))
    lines += text.count("\n", 0, len(text) - len(begun))
    return Characters(begun.encode(errors="replace"), lines)


def _decoded(source: bytes, charset: str | None) -> str | None:
    shown = _shown(source)
    said = [name for name in (charset, _declared(source)) if name and not _is_wide(name)]
    for encoding in (shown,) if shown is not None else (*filter(_is_known, said), "utf-8"):
        try:
            return source.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    if shown or not all(map(_is_utf_8, said)):
        raise NotText(f"cannot be read as {(shown or said[0])[:40]!r}")
    return None


def _shown(source: bytes) -> str | None:
    """The encoding that the first octets show."""
    return next((name for mark, name in MARKS + UNMARKED if source.startswith(mark)), None)


def _declared(source: bytes) -> str | None:
    """The encoding that the XML declaration names."""
    match = _DECLARED.search(source[:1_000])
    return match[1].decode("ascii") if match else None


def _is_wide(name: str) -> bool:
    return name.lower().startswith(WIDE)


def _is_utf_8(name: str) -> bool:
    return name.lower() in ("utf-8", "utf8")


def _is_known(name: str) -> bool:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return codec.name not in REFUSED
