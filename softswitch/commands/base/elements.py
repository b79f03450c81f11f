"""The elements that stand inside a command: commands, or parts of the command's own.

A part is described by a value, from which come the mistakes of a document, the blocks of commands
inside the part and its place in the XML Schema (API reference, sections 5 and 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Node(Protocol):
    """What is known of an element of a document: see `ozml/document.py`."""

    @property
    def name(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    @property
    def children(self) -> Sequence[Node]: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


Block = tuple[Node, ...]
"Commands that stand inside a command, unread until they run."


@dataclass(frozen=True, slots=True)
class Part:
    """An element inside a command that is no command itself."""

    name: str
    parts: tuple[Part, ...] = ()
    "What stands inside; a part without parts of its own holds commands."
    only_text: bool = False
    "The part holds text in place of commands."
    required: Mapping[str, str] = field(default_factory=dict)
    "Attributes that must be given, each with what is expected of it."


def part_named(parts: Sequence[Part], name: str) -> Part | None:
    """The part of that name, in any letter case; None where there is none."""
    return next((part for part in parts if part.name.lower() == name.lower()), None)


def blocks_of(parts: Sequence[Part], inside: Block) -> Iterator[Block]:
    """The blocks of commands in the parts, in document order.

    An element that is no part counts as one that holds commands, so that its misplacement hides no
    mistake inside it.
    """
    for node in inside:
        part = part_named(parts, node.name)
        children = tuple(node.children)
        if part is not None and part.parts:
            yield from blocks_of(part.parts, children)
        elif part is None or not part.only_text:
            yield children


def elements_named(block: Sequence[Node], name: str) -> list[Node]:
    """The elements of that name, in any letter case."""
    return [node for node in block if node.name.lower() == name.lower()]


def attribute_of(node: Node, name: str) -> str:
    """The attribute of that name, in any letter case; empty where there is none."""
    lower = {key.lower(): value for key, value in node.attributes.items()}
    return lower.get(name.lower(), "")
