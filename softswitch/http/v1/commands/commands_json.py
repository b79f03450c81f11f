"""The commands of `/api` and of scripts as `/v1/commands` shows them; `openapi.py` describes it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.commands import COMMANDS
from softswitch.commands.base.codes import SENTENCES
from softswitch.commands.base.command import Command
from softswitch.commands.base.elements import Part
from softswitch.commands.base.parameters import Parameter, shape_of
from softswitch.commands.base.placement import Contexts, Needs
from softswitch.commands.pages.markdown import default_text, query_of
from softswitch.commands.pages.texts import example_of, meanings
from softswitch.guard.rights import Right, roles_with
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation

Place = Literal["http", "script", "third_party", "routing"]
Need = Literal["nothing", "call", "ringing_call", "answered_call"]

PLACES: dict[Contexts, Place] = {
    Contexts.HTTP: "http",
    Contexts.SCRIPT: "script",
    Contexts.THIRD_PARTY: "third_party",
    Contexts.ROUTING: "routing",
}
NEEDS: dict[Needs, Need] = {
    Needs.NOTHING: "nothing",
    Needs.CALL: "call",
    Needs.RINGING_CALL: "ringing_call",
    Needs.ANSWERED_CALL: "answered_call",
}


class ParameterShown(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a command: a field of a request, an attribute of an element."""

    name: str
    aliases: Annotated[list[str], Meta(description="Other names that are accepted.")]
    kind: Annotated[str, Meta(description="Such as text, bool, choice, number, URL, seconds.")]
    expected: Annotated[str, Meta(description="What it takes, as error sentences say it.")]
    required: bool
    default: Annotated[str, Meta(description="As a request would write it; empty for none.")]
    example: str
    about: str
    values: Annotated[
        list[str],
        Meta(description="All that it may be, in any letter case; empty: more than that."),
    ]
    minimum: int | None
    maximum: int | None
    is_text: Annotated[bool, Meta(description="Whether it may be the element's text.")]
    is_numbered: Annotated[
        bool, Meta(description="Whether it may stand several times, with a number behind its name.")
    ]


class PartShown(msgspec.Struct, frozen=True, kw_only=True):
    """An element inside a command that is no command itself."""

    name: str
    holds: Annotated[
        Literal["commands", "text", "parts"], Meta(description="What stands inside it.")
    ]
    required: Annotated[dict[str, str], Meta(description="Attributes, and what each takes.")]
    parts: Annotated[list[PartShown], Meta(description="The elements inside.")]


class CommandShown(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it is declared."""

    name: str
    aliases: Annotated[list[str], Meta(description="Older names that are accepted.")]
    summary: Annotated[str, Meta(description="What it does, in a sentence.")]
    about: Annotated[str, Meta(description="What there is to say besides.")]
    places: Annotated[list[Place], Meta(description="Where it may stand; http is /api.")]
    right: Annotated[str, Meta(description="What its user needs.")]
    roles: Annotated[list[str], Meta(description="The roles that have it.")]
    needs: Annotated[Need, Meta(description="Which call it needs.")]
    first_only: Annotated[bool, Meta(description="Counts only as the first of a script.")]
    lasts: Annotated[bool, Meta(description="Takes as long as a sound, a wait or people.")]
    parameters: list[ParameterShown]
    holds_commands: Annotated[bool, Meta(description="Whether commands stand inside.")]
    parts: Annotated[list[PartShown], Meta(description="Elements inside that are no commands.")]
    example: Annotated[str, Meta(description="An element of a script, or the query of a request.")]
    query: Annotated[str, Meta(description="The query of a request; empty where it is for none.")]


class CodeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A code that commands answer with."""

    code: int
    sentence: Annotated[str, Meta(description="With {0} and {1} for what is filled in.")]


class CommandsListed(msgspec.Struct, frozen=True, kw_only=True):
    """All commands by name, and the codes that they answer with."""

    total: int
    commands: list[CommandShown]
    codes: list[CodeShown]


@cache
def all_commands() -> CommandsListed:
    """All commands as JSON; they never change."""
    return CommandsListed(
        total=len(COMMANDS),
        commands=[show_command(each) for each in COMMANDS],
        codes=[CodeShown(code=int(code), sentence=text) for code, text in SENTENCES.items()],
    )


def show_command(command: type[Command]) -> CommandShown:
    """A command as JSON."""
    shape, texts = shape_of(command), meanings(command)
    summary, _, about = inspect.cleandoc(command.__doc__ or "").partition("\n")
    example = example_of(command)
    is_http = Contexts.HTTP in command.contexts
    return CommandShown(
        name=command.name(),
        aliases=list(command.aliases),
        summary=summary,
        about=" ".join(about.split()),
        places=[name for place, name in PLACES.items() if place & command.contexts],
        right=command.right.name.lower().replace("_", " "),
        roles=list(roles_with(command.right)),
        needs=NEEDS[command.needs],
        first_only=command.first_only,
        lasts=command.lasts,
        parameters=[_parameter(each, texts.get(each.field, "")) for each in shape.parameters],
        holds_commands=shape.children is not None and not command.parts,
        parts=list(map(_part, command.parts)),
        example=example,
        query=query_of(command, example) if is_http else "",
    )


def _parameter(parameter: Parameter, about: str) -> ParameterShown:
    kind, spec = parameter.kind, parameter.spec
    low, high = kind.bounds or (None, None)
    return ParameterShown(
        name=parameter.name,
        aliases=list(spec.aliases),
        kind=kind.name,
        expected=kind.expected,
        required=parameter.required,
        default=default_text(parameter),
        example=spec.example,
        about=about,
        values=list(kind.values),
        minimum=low,
        maximum=high,
        is_text=spec.text,
        is_numbered=spec.numbered,
    )


def _part(part: Part) -> PartShown:
    return PartShown(
        name=part.name,
        holds="text" if part.only_text else "parts" if part.parts else "commands",
        required=dict(part.required),
        parts=_parts(part.parts),
    )


def _parts(parts: Iterable[Part]) -> list[PartShown]:
    return list(map(_part, parts))


COMMAND_OPERATIONS = (
    Operation(
        path="/commands",
        id="listCommands",
        right=Right.SEE_OWN,
        summary="The declarations of all commands of `/api` and of scripts.",
        answers={200: ("The commands.", CommandsListed)},
    ),
    Operation(
        path="/commands/{command}",
        id="showCommand",
        right=Right.SEE_OWN,
        summary="The declaration of one command, by its name or an older one of it.",
        answers={
            200: ("The command.", CommandShown),
            404: ("There is no such command.", Problem),
        },
    ),
)
"What `commands_api.py` serves."
