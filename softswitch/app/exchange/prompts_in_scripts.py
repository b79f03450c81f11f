"""Finds the prompts that scripts on disk play by name, before these prompts are removed."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path

from softswitch.ozml.document import DocumentError, XmlElement, parse_document
from softswitch.settings.exchange.prompts import prompt_of
from softswitch.settings.load import Settings


def played_still(before: Settings, after: Settings) -> Iterator[tuple[str, str]]:
    """Keys of `after` whose scripts name prompts that only `before` has, each with a sentence.

    A name that a script puts together from variables is not found, nor one of a script that is
    fetched.
    """
    gone = {each.name for each in before.prompts} - {each.name for each in after.prompts}
    read: dict[Path, list[str]] = {}
    for index, extension in enumerate(after.extensions if gone else ()):
        for name, script in extension.named_scripts().items():
            if script is None:
                continue
            if script not in read:
                read[script] = list(_sentences(script, gone))
            for sentence in read[script]:
                yield f"extensions[{index}].{name}", sentence


def _sentences(script: Path, gone: Set[str]) -> Iterator[str]:
    try:
        root = parse_document(script.read_bytes())
    except (OSError, DocumentError):
        return  # no call can run it
    for element in _elements(root):
        for value in (element.text, *element.attributes.values()):
            name = prompt_of(value.strip())
            if name in gone:
                yield f"{script}:{element.line}: names the prompt {name!r}, expected one that stays"


def _elements(root: XmlElement) -> Iterator[XmlElement]:
    yield root
    for child in root.children:
        yield from _elements(child)
