"""The XML Schema of OzML, from which editors complete commands and parameters (W3C XML Schema 1.0).

Attributes are texts, because any value may hold a `$variable`; the schema's notes say what is
expected. Names are in the reference's letter case, though the switch reads any.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from softswitch.commands import COMMANDS
from softswitch.commands.base.command import Command
from softswitch.commands.base.elements import Part
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.pages.texts import meanings


def schema() -> str:
    """The whole schema."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">',
        '  <xs:group name="commands"><xs:choice>',
    ]
    scripts = [c for c in COMMANDS if c.contexts & ~Contexts.HTTP]
    lines += [f'    <xs:element ref="{command.name()}"/>' for command in scripts]
    lines += ["  </xs:choice></xs:group>", *_block_type()]
    for root in ("Response", "OzML"):
        lines.append(f'  <xs:element name="{root}" type="block"/>')
    for command in scripts:
        lines += _element(command)
    return "\n".join([*lines, "</xs:schema>", ""])


def _block_type() -> Iterator[str]:
    yield '  <xs:complexType name="block">'
    yield '    <xs:group ref="commands" minOccurs="0" maxOccurs="unbounded"/>'
    yield "  </xs:complexType>"


def _element(command: type[Command]) -> Iterator[str]:
    shape = shape_of(command)
    takes_text = shape.text is not None
    texts = meanings(command)
    yield f'  <xs:element name="{command.name()}">'
    yield from _note(inspect.cleandoc(command.__doc__ or ""), "    ")
    yield f"    <xs:complexType{' mixed=' + quoteattr('true') if takes_text else ''}>"
    if shape.children:
        yield from _inside(command)
    for parameter in shape.parameters:
        needed = parameter.required and not parameter.spec.text
        use = "required" if needed else "optional"
        yield f'      <xs:attribute name="{parameter.name}" type="xs:string" use="{use}">'
        note = f"{texts.get(parameter.field, '')} Expected: {parameter.kind.expected}."
        yield from _note(note, "        ")
        yield "      </xs:attribute>"
    yield "    </xs:complexType>"
    yield "  </xs:element>"


def _inside(command: type[Command]) -> Iterator[str]:
    if not command.parts:
        yield '      <xs:group ref="commands" minOccurs="0" maxOccurs="unbounded"/>'
        return
    yield '      <xs:choice minOccurs="0" maxOccurs="unbounded">'
    for part in command.parts:
        yield from _part(part, "        ")
    yield "      </xs:choice>"


def _part(part: Part, indent: str, occurs: str = "") -> Iterator[str]:
    element = f'<xs:element name="{part.name}"{occurs}'
    if part.only_text:
        yield f'{indent}{element} type="xs:string"/>'
    elif part.parts:
        yield f"{indent}{element}><xs:complexType><xs:sequence>"
        for inner in part.parts:
            yield from _part(inner, indent + "  ", ' minOccurs="0" maxOccurs="unbounded"')
        yield f"{indent}</xs:sequence></xs:complexType></xs:element>"
    elif part.required:
        yield f"{indent}{element}>"
        yield f'{indent}  <xs:complexType><xs:complexContent><xs:extension base="block">'
        for name in part.required:
            yield f'{indent}    <xs:attribute name="{name}" type="xs:string" use="required"/>'
        yield f"{indent}  </xs:extension></xs:complexContent></xs:complexType>"
        yield f"{indent}</xs:element>"
    else:
        yield f'{indent}{element} type="block"/>'


def _note(text: str, indent: str) -> Iterator[str]:
    yield f"{indent}<xs:annotation><xs:documentation>{escape(text)}"
    yield f"{indent}</xs:documentation></xs:annotation>"
