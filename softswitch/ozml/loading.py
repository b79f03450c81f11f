"""Reads scripts, and refuses those with mistakes before any of their commands runs.

What a command can run without is skipped with a warning, because applications that were written for
other versions of the API send such (`ozml.strict` refuses it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.elements import Block
from softswitch.commands.base.placement import Contexts
from softswitch.guard.fetcher import shown
from softswitch.ozml.check import Mistake, mistakes_of
from softswitch.ozml.document import DocumentError, XmlElement, commands_of, parse_document
from softswitch.ozml.notifications import Document, ScriptUnavailable

log = structlog.get_logger("script")

MOST_SHOWN = 5
"Skipped mistakes of one document that are logged."


def log_skipped(name: str, mistakes: Sequence[Mistake]) -> None:
    """Log what the commands of a script run without."""
    shown_ones = "; ".join(map(str, mistakes[:MOST_SHOWN]))
    log.warning("skipped", script=name, count=len(mistakes), mistakes=shown_ones)


def read_script(source: bytes, *, url: str = "") -> Document:
    """A script from a file or a request's field. Raises ScriptUnavailable with the place."""
    try:
        return Document(parse_document(source), url)
    except DocumentError as error:
        raise ScriptUnavailable(f"{url or 'script'}: {error}") from None


def read_nested(source: str, severity: Severity) -> XmlElement:
    """The root of a document that a command holds; its commands may stand in a script.

    Raises CommandError 300.
    """
    try:
        root = parse_document(source.encode(errors="replace"), charset="utf-8")
    except DocumentError as error:
        raise CommandError(Code.PARSE_ERROR, source[:40], detail=str(error)) from None
    refused = severity.refused(commands_of(root), Contexts.SCRIPT, "script")
    if refused is not None:
        raise CommandError(Code.PARSE_ERROR, source[:40], detail=str(refused))
    return root


def checked(document: Document, origin: Contexts, severity: Severity) -> Block:
    """The commands of a document that can run. Raises ScriptUnavailable."""
    block = commands_of(document.root)
    refuse_mistakes(block, origin, shown(document.url) or "script", severity)
    return block


def refuse_mistakes(block: Block, origin: Contexts, name: str, severity: Severity) -> None:
    """Raise ScriptUnavailable, which names the script, for the first mistake that matters."""
    refused = severity.refused(block, origin, name)
    if refused is not None:
        raise ScriptUnavailable(f"{name}: {refused}")


@dataclass(frozen=True, slots=True)
class Severity:
    """Which mistakes of a document keep it from running, and who hears of the others."""

    strict: bool = False
    "Whether every mistake does; else only those that a command cannot run without."
    skipped: Callable[[str, Sequence[Mistake]], object] = log_skipped
    "Is told the name of a script, and the mistakes that its commands run without."

    def refused(self, block: Block, origin: Contexts, name: str) -> Mistake | None:
        """The first mistake that keeps the commands from running."""
        passed_over: list[Mistake] = []
        for mistake in mistakes_of(block, origin):
            if self.strict or not mistake.can_be_skipped:
                return mistake
            passed_over.append(mistake)
        if passed_over:
            self.skipped(name, passed_over)
        return None
