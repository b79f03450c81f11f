"""Reads an OzML document into a tree of elements; a mistake is told with its line and column.

XML 1.0 through expat: no document type, no entities but the five of XML, nothing fetched; bounded
in octets, depth and number of elements (API reference, section 5; CWE-776, CWE-611).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

ROOTS = frozenset({"response", "ozml", "request"})
"Accepted roots, in any letter case; `Request` is a command itself and stays in the tree."
SPACE = " \t\r\n"
_MARKUP = re.compile(rb"(&)[\w.#-]*[^\w;]?$|(<)[^\w/!?]?$")
"A character of XML's own that stands as text, up to where expat stumbles over it."
_UNCLOSED = frozenset(
    {expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]}
    | {expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]}
)
_INVALID = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The bounds of a document."""

    octets: int = 1_000_000
    depth: int = 64
    elements: int = 10_000
    attributes: int = 64
    "Of one element."


@dataclass(frozen=True, slots=True)
class XmlElement:
    """One element: a command, or a part of one."""

    name: str
    attributes: dict[str, str]
    text: str
    "The text between the tags, without that of elements inside."
    children: tuple[XmlElement, ...]
    line: int
    "From 1."
    column: int
    "From 1."


class DocumentError(Exception):
    """The document cannot be read: where and why."""

    def __init__(self, line: int, column: int, sentence: str) -> None:
        self.line = line
        self.column = column
        self.sentence = sentence
        super().__init__(f"line {line}, column {column}: {sentence}")


@dataclass(slots=True)
class _Open:
    name: str
    attributes: dict[str, str]
    line: int
    column: int
    texts: list[str]
    children: list[XmlElement]


class _Builder:
    """Builds the tree from expat's events."""

    def __init__(self, limits: DocumentLimits, encoding: str | None) -> None:
        self.limits = limits
        self.open: list[_Open] = []
        self.root: XmlElement | None = None
        self.elements = 0
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def error(self, sentence: str) -> DocumentError:
        parser = self.parser
        return DocumentError(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, sentence)

    def hint(self, code: int, source: bytes) -> str:
        """The probable cause of an error of expat; empty where none is known."""
        if code in _UNCLOSED and self.open:
            top = self.open[-1]
            return f": <{top.name[:40]}> of line {top.line}, column {top.column} is not closed"
        stumbled = source[: self.parser.ErrorByteIndex + 1][-80:]
        if code == _INVALID and (found := _MARKUP.search(stumbled)):
            return ": text needs &amp; for &" if found[1] else ": text needs &lt; for <"
        return ""

    def doctype(self, *_: object) -> None:
        raise self.error("a document type or entity declaration is not allowed")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > self.limits.elements:
            raise self.error(f"more than {self.limits.elements} elements")
        if len(self.open) >= self.limits.depth:
            raise self.error(f"elements nested deeper than {self.limits.depth}")
        if len(attributes) > self.limits.attributes:
            raise self.error(f"more than {self.limits.attributes} attributes in one element")
        plain = {key: value for key, value in attributes.items() if not key.startswith("xmlns")}
        local = name.rpartition(":")[2]
        place = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        self.open.append(_Open(local, plain, *place, [], []))

    def characters(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def end(self, _name: str) -> None:
        top = self.open.pop()
        text = "".join(top.texts).strip(SPACE)
        element = XmlElement(
            top.name, top.attributes, text, tuple(top.children), top.line, top.column
        )
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element


def parse_document(
    source: bytes, *, charset: str | None = None, limits: DocumentLimits | None = None
) -> XmlElement:
    """The root element of an OzML document.

    `charset` is that of the HTTP `Content-Type`, which wins over the document's own declaration.
    Raises DocumentError with line and column.
    """
    limits = limits or DocumentLimits()
    if len(source) > limits.octets:
        raise DocumentError(1, 1, f"larger than {limits.octets} octets")
    encoding = None
    if charset is not None:
        try:
            source = source.decode(charset).encode()
        except (LookupError, UnicodeDecodeError):
            raise DocumentError(1, 1, f"cannot be read as {charset[:40]!r}") from None
        source = source.lstrip(b"\xef\xbb\xbf \t\r\n")
        encoding = "utf-8"
    builder = _Builder(limits, encoding)
    try:
        builder.parser.Parse(source, True)
    except expat.ExpatError as error:
        sentence = expat.errors.messages[error.code] + builder.hint(error.code, source)
        raise DocumentError(error.lineno, error.offset + 1, sentence) from None
    except (LookupError, ValueError) as error:
        raise builder.error(f"cannot be read: {error}") from None
    root = builder.root
    if root is None:
        raise DocumentError(1, 1, "no element found")
    if root.name.lower() not in ROOTS:
        raise DocumentError(
            root.line, root.column, f"the root is <{root.name[:40]}>, expected <Response>"
        )
    return root


def commands_of(root: XmlElement) -> tuple[XmlElement, ...]:
    """The commands of a document: the root's children, or the root where it is a command itself."""
    return (root,) if root.name.lower() == "request" else root.children
