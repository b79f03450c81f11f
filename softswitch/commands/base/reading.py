"""Reads the parameters of a command, and collects every mistake on the way.

HTTP, scripts and their check share this reading, and therefore its error sentences (API reference,
sections 3 to 5).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.elements import Block, Part, attribute_of, part_named
from softswitch.commands.base.parameters import Parameter, Shape
from softswitch.commands.base.values import TEXT

_NUMBERED = re.compile(r"([A-Za-z]+)([0-9]{1,4})", re.ASCII)
"The name of a parameter with a number behind it."


class Fault(Enum):
    """The kinds of mistakes; a command can run without what is wrong by the first three."""

    UNKNOWN = auto()
    "A parameter that the command does not have."
    MISPLACED = auto()
    "Text or an element where none belongs, or a parameter that is given twice with one value."
    BLANK = auto()
    "A text of white space where the command can do without one."
    INVALID = auto()
    "A text that is no value of its parameter, or a second value beside another."
    MISSING = auto()
    "A mandatory parameter that is not given."

    @property
    def can_be_skipped(self) -> bool:
        """Whether a command can run without what is wrong."""
        return self in (Fault.UNKNOWN, Fault.MISPLACED, Fault.BLANK)


@dataclass(frozen=True, slots=True)
class CommandMistake:
    """One mistake in a command as it is written."""

    fault: Fault
    error: CommandError
    place: tuple[int, int] | None = None
    "Line and column, where they are not those of the command itself."


@dataclass(frozen=True, slots=True)
class Written:
    """A command as it is written, in a request or in a document."""

    values: Mapping[str, str]
    "Texts by name, in any letter case."
    text: str = ""
    "The text between the tags."
    inside: Block = ()
    "The elements between the tags."
    ignored: frozenset[str] = frozenset()
    "Lower-case names that belong to the request and not to the command."
    emptied: frozenset[str] = frozenset()
    "Lower-case names whose text consists of variables that are empty; `` is the text inside."
    replaced: bool = True
    "Whether `$variables` are replaced; where not, a text with a `$` in it is not judged."
    again: tuple[tuple[str, str], ...] = ()
    "Names and texts that stand a second time."

    def is_open(self, text: str) -> bool:
        """Whether it is not known yet what the text will be."""
        return not self.replaced and "$" in text


@dataclass(slots=True)
class FieldsRead:
    """The result of reading one command: values by field, and every mistake."""

    command: str
    "The command's name, for the sentences."
    shape: Shape
    fields: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    "Fields with a text; those of them that are not in `fields` are wrong or not known yet."
    texts: dict[str, str] = field(default_factory=dict)
    "The first text of each field."
    words: dict[str, str] = field(default_factory=dict)
    "The names by which those texts were given."
    mistakes: list[CommandMistake] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether a command can be made of the fields."""
        needed = {parameter.field for parameter in self.shape.parameters if parameter.required}
        return (self.given | needed) <= self.fields.keys()

    def take(self, parameter: Parameter, text: str, name: str = "") -> None:
        """Read the value of a parameter that was given by that name; the first of two counts.

        `name` is empty for the text between the tags.
        """
        word = word_of(parameter, name)
        if parameter.field in self.texts:
            self._refuse_second(parameter, text, word)
            return
        self.words[parameter.field] = word
        self.given.add(parameter.field)
        self.texts[parameter.field] = text
        try:
            self.fields[parameter.field] = parameter.kind.read(text)
        except ValueError:
            shown = text if len(text) <= 40 else text[:40] + "…"
            self.refuse(
                Fault.INVALID,
                word,
                f"{word} cannot be {shown!r}, expected {parameter.kind.expected}",
            )

    def _refuse_second(self, parameter: Parameter, text: str, word: str) -> None:
        first, second = self.texts[parameter.field].strip(), text.strip()
        before = self.words[parameter.field]
        same = before.lower() == word.lower()
        twice = f"{word} stands twice" if same else f"{before} and {word} are the same parameter"
        if first == second:
            self.refuse(Fault.MISPLACED, word, twice)
            return
        stand = "" if same else " and stand"
        sentence = f"{twice},{stand} as {first[:40]!r} and as {second[:40]!r}"
        self.refuse(Fault.INVALID, word, sentence)

    def refuse(self, fault: Fault, parameter: str, sentence: str) -> None:
        """Note a mistake."""
        self.mistakes.append(CommandMistake(fault, _error(self.command, parameter, sentence)))

    def misplace(self, parameter: str, sentence: str) -> None:
        """Note what stands where it does not belong."""
        error = CommandError(Code.INVALID_PARAMETER, parameter, self.command, detail=sentence)
        self.mistakes.append(CommandMistake(Fault.MISPLACED, error))


def read_fields(command: str, shape: Shape, parts: Sequence[Part], written: Written) -> FieldsRead:
    """Read a command of that name; mistakes in document order, what is missing last."""
    read = FieldsRead(command, shape)
    _read_values(read, written)
    _read_text(read, written)
    _read_inside(read, parts, written.inside)
    for parameter in shape.parameters:
        if parameter.required and parameter.field not in read.given:
            read.refuse(
                Fault.MISSING,
                parameter.name,
                f"{parameter.name} is missing, expected {parameter.kind.expected}",
            )
    return read


def _read_values(read: FieldsRead, written: Written) -> None:
    for name, text in (*written.values.items(), *written.again):
        parameter = read.shape.by_lower_name.get(name.lower())
        if parameter is None:
            if name.lower() not in written.ignored and not _read_numbered(read, name, text):
                read.refuse(Fault.UNKNOWN, name[:40], _unknown(read, name[:40]))
        elif written.is_open(text):
            read.given.add(parameter.field)
        elif text.strip() or parameter.spec.keep_empty:
            read.take(parameter, text, name)
        elif name.lower() in written.emptied and parameter.kind is TEXT:
            read.take(parameter, "", name)
        elif parameter.spec.may_be_blank:
            _take_blank(read, parameter, name)


def _read_numbered(read: FieldsRead, name: str, text: str) -> bool:
    """Read a parameter with a number behind its name; False where it is none."""
    match = _NUMBERED.fullmatch(name)
    parameter = read.shape.by_lower_name.get(match[1].lower()) if match else None
    field_name = read.shape.numbered
    if match is None or parameter is None or field_name is None or not parameter.spec.numbered:
        return False
    numbers = read.fields.setdefault(field_name, {})
    numbers.setdefault(int(match[2]), {})[parameter.field] = text
    return True


def _take_blank(read: FieldsRead, parameter: Parameter, name: str = "") -> None:
    read.take(parameter, "", name)
    word = word_of(parameter, name)
    read.refuse(Fault.BLANK, word, f"{word} is blank")


def word_of(parameter: Parameter, name: str) -> str:
    """What a mistake calls a parameter: an alias as the user writes it, else the API's name."""
    return name if name and name.lower() != parameter.name.lower() else parameter.name


def _unknown(read: FieldsRead, name: str) -> str:
    names = [parameter.name for parameter in read.shape.parameters]
    if not names:
        return f"unknown parameter {name!r}, {read.command} has none"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? Expected" if near else "expected"
    one_of = "one of " if len(names) > 1 else ""
    return f"unknown parameter {name!r}, {hint} {one_of}{', '.join(names)}"


def _read_text(read: FieldsRead, written: Written) -> None:
    parameter, text = read.shape.text, written.text.strip()
    if not text:
        if parameter is None or parameter.field in read.given:
            return
        if "" in written.emptied and parameter.kind is TEXT:
            read.take(parameter, "")
        elif written.text and parameter.spec.may_be_blank:
            _take_blank(read, parameter)
    elif written.is_open(text):
        read.given.update([parameter.field] if parameter else [])
    elif parameter is None:
        read.misplace("text", f"{read.command} takes no text between its tags")
    else:
        read.take(parameter, text)


def _read_inside(read: FieldsRead, parts: Sequence[Part], inside: Block) -> None:
    if not inside:
        return
    if read.shape.children is None:
        read.misplace(inside[0].name, f"{read.command} takes no elements between its tags")
        return
    read.fields[read.shape.children] = inside
    if parts:
        read.mistakes.extend(_misplaced(read.command, parts, inside))


def _misplaced(command: str, parts: Sequence[Part], inside: Block) -> Iterator[CommandMistake]:
    """The elements that are no parts of a command, and what is missing in those that are."""
    for node in inside:
        part, place = part_named(parts, node.name), (node.line, node.column)
        if part is None:
            names = " or ".join(f"<{each.name}>" for each in parts)
            sentence = f"<{node.name}> is not known here, expected {names}"
            yield CommandMistake(Fault.MISPLACED, _error(command, node.name, sentence), place)
            continue
        for name, expected in part.required.items():
            if not attribute_of(node, name):
                sentence = f"{name} is missing, expected {expected}"
                yield CommandMistake(Fault.MISSING, _error(part.name, name, sentence), place)
        if part.parts:
            yield from _misplaced(command, part.parts, tuple(node.children))


def _error(command: str, parameter: str, sentence: str) -> CommandError:
    detail = f"{command}: {sentence}"
    return CommandError(Code.INVALID_PARAMETER, parameter, command, detail=detail)
