"""Describes the commands from their own files: a page for each, and an XML Schema for editors.

`python -m softswitch.commands.describe docs` writes them; a test compares what is written with the
code. XML Schema: W3C XML Schema 1.0.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus
from xml.sax.saxutils import escape, quoteattr

from softswitch.commands import COMMANDS, detect
from softswitch.commands.base.command import Command, Contexts, Needs, Parameter, shape_of
from softswitch.commands.request import STATES

CONTEXT_NAMES: dict[Contexts, str] = {
    Contexts.HTTP: "HTTP request",
    Contexts.SCRIPT: "script of an extension",
    Contexts.THIRD_PARTY: "answer to a notification about somebody else's call",
    Contexts.ROUTING: "answer to RoutingInterception",
}
NEEDS: dict[Needs, str] = {
    Needs.NOTHING: "",
    Needs.CALL: "Needs a call.",
    Needs.RINGING_CALL: "Needs a call that still rings.",
    Needs.ANSWERED_CALL: "Needs an answered call; a script answers a ringing one first.",
}
PARTS: dict[str, tuple[str, ...]] = {
    "Array": ("item",),
    "Detect": tuple(detect.PARTS),
    "ReceiveAlarmNotification": ("Received", "Failed"),
    "Request": STATES,
    "UserInput": ("InitialCommands", "Inputs"),
}
"Elements that are not commands, by the command in which they stand."


def meanings(command: type[Command]) -> dict[str, str]:
    """What the text below each field says, by the field's name."""
    tree = ast.parse(inspect.getsource(command)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    field = ""
    for statement in tree.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                field = name
            case ast.Expr(value=ast.Constant(value=str(text))) if field:
                found[field] = " ".join(inspect.cleandoc(text).split())
                field = ""
            case _:
                field = ""
    return found


def example_of(command: type[Command]) -> str:
    """The example in the file of the command."""
    module = inspect.getmodule(command)
    return inspect.cleandoc((module and module.__doc__) or "").partition("\n\n")[2].strip()


def page(command: type[Command]) -> str:
    """The page of a command, in Markdown."""
    lines = [f"# {command.name()}", "", inspect.cleandoc(command.__doc__ or ""), ""]
    where = [text for context, text in CONTEXT_NAMES.items() if context & command.contexts]
    lines += [f"Allowed in: {'; '.join(where)}."]
    if NEEDS[command.needs]:
        lines += ["", NEEDS[command.needs]]
    if command.first_only:
        lines += ["", "Counts only as the first command of a script."]
    if command.aliases:
        lines += ["", f"Also accepted as: {', '.join(command.aliases)}."]
    if shape_of(command).parameters:
        lines += ["", *_table(command)]
    lines += ["", *_examples(command), ""]
    return "\n".join(lines)


def _table(command: type[Command]) -> Iterator[str]:
    texts = meanings(command)
    yield "| parameter | value | default | meaning |"
    yield "|---|---|---|---|"
    for parameter in shape_of(command).parameters:
        notes = [texts.get(parameter.field, "")]
        if parameter.spec.text:
            notes.append("May be the element's text.")
        if parameter.spec.aliases:
            notes.append(f"Also accepted as {', '.join(parameter.spec.aliases)}.")
        meaning = " ".join(note for note in notes if note).replace("|", "\\|")
        cells = (parameter.name, parameter.kind.expected, _default(parameter), meaning)
        yield f"| {' | '.join(cells)} |"


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "mandatory"
    if parameter.default is None or parameter.default == "":
        return "–"
    if isinstance(parameter.default, bool):
        return str(parameter.default).lower()
    if isinstance(parameter.default, float):
        return f"{parameter.default:g}"
    return str(parameter.default)


def _examples(command: type[Command]) -> Iterator[str]:
    example = example_of(command)
    if example.startswith("<"):
        yield from ("```xml", f"<Response>\n{_indented(example)}\n</Response>", "```")
    if Contexts.HTTP in command.contexts:
        if example.startswith("<"):
            yield ""
        given = [p for p in shape_of(command).parameters if p.required or p.field == "call_id"]
        query = "".join(f"&{p.name}={quote_plus(p.spec.example)}" for p in given)
        yield "```"
        yield f"http://127.0.0.1:9509/api?command={command.name()}{query}&Username=…&Password=…"
        yield "```"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def index() -> str:
    """The page that lists all commands."""
    lines = ["# Commands", "", "H: HTTP request · A: script of an extension · T: answer about"]
    lines += ["somebody else's call · R: answer to RoutingInterception.", ""]
    lines += ["| command | where | what it does |", "|---|---|---|"]
    for command in COMMANDS:
        letters = "".join(
            letter
            for letter, context in zip("HATR", CONTEXT_NAMES, strict=True)
            if context & command.contexts
        )
        first = inspect.cleandoc(command.__doc__ or "").partition("\n")[0]
        lines.append(f"| [{command.name()}]({command.name()}.md) | {letters} | {first} |")
    return "\n".join([*lines, ""])


def schema() -> str:
    """The XML Schema of OzML: editors complete commands and parameters from it.

    Attributes are texts, because any value may hold a `$variable`; the schema's notes say what is
    expected. Names are in the reference's letter case, though the switch reads any.
    """
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
    takes_text = any(parameter.spec.text for parameter in shape.parameters)
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
    parts = PARTS.get(command.name())
    if parts is None:
        yield '      <xs:group ref="commands" minOccurs="0" maxOccurs="unbounded"/>'
        return
    yield '      <xs:choice minOccurs="0" maxOccurs="unbounded">'
    for part in parts:
        if part == "item":
            yield '        <xs:element name="item" type="xs:string"/>'
        elif part == "Inputs":
            yield '        <xs:element name="Inputs"><xs:complexType><xs:sequence>'
            yield '          <xs:element name="Input" minOccurs="0" maxOccurs="unbounded">'
            yield '            <xs:complexType><xs:complexContent><xs:extension base="block">'
            yield '              <xs:attribute name="Key" type="xs:string" use="required"/>'
            yield "            </xs:extension></xs:complexContent></xs:complexType>"
            yield "          </xs:element></xs:sequence></xs:complexType></xs:element>"
        else:
            yield f'        <xs:element name="{part}" type="block"/>'
    yield "      </xs:choice>"


def _note(text: str, indent: str) -> Iterator[str]:
    yield f"{indent}<xs:annotation><xs:documentation>{escape(text)}"
    yield f"{indent}</xs:documentation></xs:annotation>"


def files() -> dict[str, str]:
    """What belongs below `docs/`, by path."""
    pages = {f"commands/{command.name()}.md": page(command) for command in COMMANDS}
    return {"commands/README.md": index(), **pages, "ozml.xsd": schema()}


def main(directory: str) -> None:
    """Write the files below a directory."""
    for path, text in files().items():
        target = Path(directory) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
