"""The pages of the commands in Markdown: one for each, and a list of all."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from urllib.parse import quote_plus

from softswitch.commands import COMMANDS
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import Parameter, shape_of
from softswitch.commands.base.placement import Contexts, Needs
from softswitch.commands.pages.texts import example_of, meanings

CONTEXT_NAMES: dict[Contexts, str] = {
    Contexts.HTTP: "HTTP request",
    Contexts.SCRIPT: "script of an extension",
    Contexts.THIRD_PARTY: "answer to a notification about a call of others",
    Contexts.ROUTING: "answer to RoutingInterception",
}
NEEDS: dict[Needs, str] = {
    Needs.NOTHING: "",
    Needs.CALL: "Needs a call.",
    Needs.RINGING_CALL: "Needs a call that still rings.",
    Needs.ANSWERED_CALL: "Needs an answered call; a script answers a ringing one first.",
}


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
    return default_text(parameter) or "–"


def default_text(parameter: Parameter) -> str:
    """The default as a request would write it; empty where there is none."""
    if parameter.required or parameter.default is None:
        return ""
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
        query = query_of(command, example)
        yield "```"
        yield f"curl 'http://127.0.0.1:9509/api?{query}&Username=admin&Password=secret'"
        yield "```"


def query_of(command: type[Command], example: str) -> str:
    """The query of a request: the one in the command's file, or one of the examples."""
    if example.startswith("command="):
        return example
    given = [p for p in shape_of(command).parameters if p.required or p.spec.in_example]
    fields = [("command", command.name()), *((p.name, p.spec.example) for p in given)]
    return "&".join(f"{name}={quote_plus(text)}" for name, text in fields)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def index() -> str:
    """The page that lists all commands."""
    lines = ["# Commands", "", "H: HTTP request · A: script of an extension · T: answer about"]
    lines += ["a call of others · R: answer to RoutingInterception.", ""]
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
