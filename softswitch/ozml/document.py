"""Reads an OzML document into a tree of elements; a mistake is told with its line and column.

XML 1.0 through expat: no document type, no entities but the five of XML, nothing fetched; bounded
in octets, depth and number of elements (API reference, section 5; CWE-776, CWE-611).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from softswitch.ozml.characters import SPACE, NotText, characters_of

ROOTS = frozenset({"response", "ozml", "request"})
"Accepted roots, in any letter case; `Request` is a command itself and stays in the tree."
_MARKUP = re.compile(rb"(&)[\w.#-]*[^\w;]?$|(<)[^\w/!?]?$")
"A character of XML's own that stands as text, up to where expat stumbles over it."
_PAGE = re.compile(
    rb"(<\?xml[^>]{0,200}>\s{0,99})?<(!doctype\s{1,20}html|html|head|body|br|b|title|p)[\s/>]", re.I
)
"How a page for browsers begins; so do the warnings that PHP writes before an answer."
_TITLE = re.compile(rb"<title[^<>]{0,200}>([^<]{1,500})<", re.I)
NOTHING = "there is no element, expected <Response>"
SENTENCES = {
    expat.errors.codes[getattr(expat.errors, f"XML_ERROR_{name}")]: sentence
    for name, sentence in {
        "NO_ELEMENTS": NOTHING,
        "SYNTAX": "this is no XML, expected <Response>",
        "TAG_MISMATCH": "an end tag of an element that is not open, expected the one that is",
        "INVALID_TOKEN": "a character that cannot stand here, expected text or a tag",
        "UNCLOSED_TOKEN": "a tag, comment or reference without its end, expected > or ;",
        "PARTIAL_CHAR": "half a character, expected UTF-8",
        "DUPLICATE_ATTRIBUTE": "an attribute is there twice, expected it once",
        "JUNK_AFTER_DOC_ELEMENT": "more follows the root element, expected the end",
        "UNDEFINED_ENTITY": "an entity that XML does not have, expected &amp; &lt; or &#NUMBER;",
        "BAD_CHAR_REF": "the number of no character, expected one such as &#228;",
        "MISPLACED_XML_PI": "<?xml stands in the middle, expected it at the beginning",
        "UNCLOSED_CDATA_SECTION": "a CDATA section without its end, expected ]]>",
        "XML_DECL": 'a declaration of no XML, expected <?xml version="1.0" encoding="utf-8"?>',
    }.items()
}
"What we say instead of expat, by its code."
UNKNOWN = "expected XML"
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
    """The text between the tags, without that of elements inside; one space where nothing but white
    space stands there."""
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

    def __init__(self, limits: DocumentLimits, lines: int) -> None:
        """`lines` stood before the document."""
        self.limits = limits
        self.lines = lines
        self.open: list[_Open] = []
        self.root: XmlElement | None = None
        self.elements = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def let_go(self) -> None:
        """Hear no more of the parser: each would keep the other, and the tree, in memory."""
        self.parser.StartElementHandler = None
        self.parser.EndElementHandler = None
        self.parser.CharacterDataHandler = None
        self.parser.StartDoctypeDeclHandler = None
        self.parser.EntityDeclHandler = None

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of what is read now, from 1."""
        return self.parser.CurrentLineNumber + self.lines, self.parser.CurrentColumnNumber + 1

    def error(self, sentence: str) -> DocumentError:
        return DocumentError(*self.place, sentence)

    def sentence(self, code: int, source: bytes) -> str:
        """What is wrong where expat stumbled, and what was expected."""
        if code in _UNCLOSED and self.open:
            top, name = self.open[-1], self.open[-1].name[:40]
            place = f"line {top.line}, column {top.column}"
            return f"<{name}> of {place} is not closed, expected </{name}>"
        stumbled = source[: self.parser.ErrorByteIndex + 1][-80:]
        if code == _INVALID and (found := _MARKUP.search(stumbled)):
            sign, name = ("&", "&amp;") if found[1] else ("<", "&lt;")
            return f"{sign} stands as text, expected {name}"
        return SENTENCES.get(code, UNKNOWN)

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
        self.open.append(_Open(local, plain, *self.place, [], []))

    def characters(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def end(self, _name: str) -> None:
        top = self.open.pop()
        written = "".join(top.texts)
        text = written.strip(SPACE) or (" " if written and not top.children else "")
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
    try:
        octets, lines = characters_of(source, charset)
    except NotText as error:
        raise DocumentError(1, 1, str(error)) from None
    try:
        return _tree(octets, _Builder(limits, lines))
    except DocumentError as error:
        page = web_page(octets)
        if page is None:
            raise
        sentence = f"{error.sentence}: this is {page}"
        raise DocumentError(error.line, error.column, sentence) from None


def _tree(octets: bytes, builder: _Builder) -> XmlElement:
    try:
        builder.parser.Parse(octets, True)
    except expat.ExpatError as error:
        sentence = builder.sentence(error.code, octets)
        raise DocumentError(error.lineno + builder.lines, error.offset + 1, sentence) from None
    finally:
        builder.let_go()
    root = builder.root
    if root is None:
        raise DocumentError(1, 1, NOTHING)
    if root.name.lower() not in ROOTS:
        raise DocumentError(
            root.line, root.column, f"the root is <{root.name[:40]}>, expected <Response>"
        )
    return root


def web_page(octets: bytes) -> str | None:
    """Of what kind a document is that is meant for browsers; None where it is none."""
    if not _PAGE.match(octets):
        return None
    title = _TITLE.search(octets[:20_000])
    named = " ".join(title[1].decode(errors="replace").split())[:80] if title else ""
    return f"an HTML page, titled {named!r}" if named else "an HTML page"


def commands_of(root: XmlElement) -> tuple[XmlElement, ...]:
    """The commands of a document: the root's children, or the root where it is a command itself."""
    return (root,) if root.name.lower() == "request" else root.children
