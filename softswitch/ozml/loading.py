"""Reads scripts, and refuses those with mistakes before any of their commands runs."""

from __future__ import annotations

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.elements import Block
from softswitch.commands.base.placement import Contexts
from softswitch.guard.fetcher import shown
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import DocumentError, XmlElement, commands_of, parse_document
from softswitch.ozml.notifications import Document, ScriptUnavailable


def read_script(source: bytes, *, url: str = "") -> Document:
    """A script from a file or a request's field. Raises ScriptUnavailable with the place."""
    try:
        return Document(parse_document(source), url)
    except DocumentError as error:
        raise ScriptUnavailable(f"{url or 'script'}: {error}") from None


def read_nested(source: str) -> XmlElement:
    """The root of a document that a command holds; its commands may stand in a script.

    Raises CommandError 300.
    """
    try:
        root = parse_document(source.encode(errors="replace"), charset="utf-8")
    except DocumentError as error:
        raise CommandError(Code.PARSE_ERROR, source[:40], detail=str(error)) from None
    mistake = next(mistakes_of(commands_of(root), Contexts.SCRIPT), None)
    if mistake is not None:
        raise CommandError(Code.PARSE_ERROR, source[:40], detail=str(mistake))
    return root


def checked(document: Document, origin: Contexts) -> Block:
    """The commands of a document without mistakes. Raises ScriptUnavailable."""
    block = commands_of(document.root)
    refuse_mistakes(block, origin, shown(document.url) or "script")
    return block


def refuse_mistakes(block: Block, origin: Contexts, name: str) -> None:
    """Raise ScriptUnavailable, which names the script, for the first mistake of its commands."""
    mistake = next(mistakes_of(block, origin), None)
    if mistake is not None:
        raise ScriptUnavailable(f"{name}: {mistake}")
