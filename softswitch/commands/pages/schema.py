"""The XML Schema of OzML, from which editors complete commands and parameters (W3C XML Schema 1.0).

Attributes are texts, because any value may hold a `$variable`; the schema's notes say what is
expected. A name stands in each letter case that documents and examples of the API have; a mandatory
attribute is a key, because only a key can be one of several spellings.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from softswitch.commands import COMMANDS
from softswitch.commands.base.command import Command
from softswitch.commands.base.elements import Part
from softswitch.commands.base.parameters import Parameter, shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.pages.texts import meanings

ROOTS = ("Response", "OzML")
"Elements that hold a document; `Request` is another, which is a command."


def spellings(*names: str) -> list[str]:
    """The letter cases of names that the reference and its examples have, as they are first."""
    cases = [
        case
        for name in names
        for case in (name, name.lower(), name[:1].lower() + name[1:], name.capitalize())
        if not (name.isupper() and case[1:].isupper() and case != name)
    ]
    return list(dict.fromkeys(cases))


def schema() -> str:
    """The whole schema."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">',
        '  <xs:group name="commands"><xs:choice>',
    ]
    scripts = [c for c in COMMANDS if c.contexts & ~Contexts.HTTP]
    names = [name for command in scripts for name in _names(command)]
    lines += [f'    <xs:element ref="{name}"/>' for name in names]
    lines += ["  </xs:choice></xs:group>", *_block_type()]
    for root in spellings(*ROOTS):
        lines.append(f'  <xs:element name="{root}" type="block"/>')
    for command in scripts:
        lines += _command(command)
    return "\n".join([*lines, "</xs:schema>", ""])


def _block_type() -> Iterator[str]:
    yield '  <xs:complexType name="block">'
    yield '    <xs:group ref="commands" minOccurs="0" maxOccurs="unbounded"/>'
    yield "  </xs:complexType>"


def _names(command: type[Command]) -> list[str]:
    return spellings(command.name(), *command.aliases)


def _command(command: type[Command]) -> Iterator[str]:
    """The type of a command, and an element of that type for each spelling of its name."""
    yield from _type(command)
    needed = [p for p in shape_of(command).parameters if p.required and not p.spec.text]
    for name in _names(command):
        keys = [(parameter.name, _attribute_names(parameter)) for parameter in needed]
        yield from _element(name, f' type="{command.name()}"', keys, "  ")


def _type(command: type[Command]) -> Iterator[str]:
    shape = shape_of(command)
    texts = meanings(command)
    mixed = " mixed=" + quoteattr("true") if shape.text is not None else ""
    yield f'  <xs:complexType name="{command.name()}"{mixed}>'
    yield from _note(inspect.cleandoc(command.__doc__ or ""), "    ")
    if shape.children:
        yield from _inside(command)
    for parameter in shape.parameters:
        first, *others = _attribute_names(parameter)
        yield f'    <xs:attribute name="{first}" type="xs:string">'
        note = f"{texts.get(parameter.field, '')} Expected: {parameter.kind.expected}."
        yield from _note(note, "      ")
        yield "    </xs:attribute>"
        for name in others:
            yield f'    <xs:attribute name="{name}" type="xs:string"/>'
    yield "  </xs:complexType>"


def _attribute_names(parameter: Parameter) -> list[str]:
    return spellings(parameter.name, *parameter.spec.aliases)


def _element(
    name: str, attributes: str, keys: Iterable[tuple[str, Iterable[str]]], indent: str
) -> Iterator[str]:
    """An element whose type stands elsewhere; each key is an attribute in one of its spellings."""
    wanted = list(keys)
    if not wanted:
        yield f'{indent}<xs:element name="{name}"{attributes}/>'
        return
    yield f'{indent}<xs:element name="{name}"{attributes}>'
    for key, names in wanted:
        field = "|".join(f"@{each}" for each in names)
        yield f'{indent}  <xs:key name="{name}-{key}"><xs:selector xpath="."/>'
        yield f'{indent}    <xs:field xpath="{field}"/></xs:key>'
    yield f"{indent}</xs:element>"


def _inside(command: type[Command]) -> Iterator[str]:
    if not command.parts:
        yield '    <xs:group ref="commands" minOccurs="0" maxOccurs="unbounded"/>'
        return
    yield '    <xs:choice minOccurs="0" maxOccurs="unbounded">'
    for part in command.parts:
        yield from _part(part, "      ", command.name())
    yield "    </xs:choice>"


def _part(part: Part, indent: str, outer: str) -> Iterator[str]:
    """A part in each spelling of its name; `outer` is the path to what it stands in."""
    for name in spellings(part.name):
        if part.only_text:
            yield f'{indent}<xs:element name="{name}" type="xs:string"/>'
        elif part.parts:
            yield f'{indent}<xs:element name="{name}"><xs:complexType>'
            yield f'{indent}  <xs:choice minOccurs="0" maxOccurs="unbounded">'
            for inner in part.parts:
                yield from _part(inner, indent + "    ", f"{outer}-{name}")
            yield f"{indent}  </xs:choice>"
            yield f"{indent}</xs:complexType></xs:element>"
        elif part.required:
            yield from _part_with_attributes(part, name, indent, outer)
        else:
            yield f'{indent}<xs:element name="{name}" type="block"/>'


def _part_with_attributes(part: Part, name: str, indent: str, outer: str) -> Iterator[str]:
    yield f'{indent}<xs:element name="{name}">'
    yield f'{indent}  <xs:complexType><xs:complexContent><xs:extension base="block">'
    for required in part.required:
        for spelling in spellings(required):
            yield f'{indent}    <xs:attribute name="{spelling}" type="xs:string"/>'
    yield f"{indent}  </xs:extension></xs:complexContent></xs:complexType>"
    for required in part.required:
        field = "|".join(f"@{each}" for each in spellings(required))
        yield f'{indent}  <xs:key name="{outer}-{name}-{required}">'
        yield f'{indent}    <xs:selector xpath="."/><xs:field xpath="{field}"/></xs:key>'
    yield f"{indent}</xs:element>"


def _note(text: str, indent: str) -> Iterator[str]:
    yield f"{indent}<xs:annotation><xs:documentation>{escape(text)}"
    yield f"{indent}</xs:documentation></xs:annotation>"
