"""The parameters of a command: the fields of its dataclass, worked out once for each class.

A field's annotation, default and text are all that a parameter needs; `parameter` says what more
there is to say (API reference, sections 5 and 7).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from softswitch.commands.base.values import KINDS, ParameterKind, choice

REQUIRED: Any = dataclasses.MISSING
"The default of a parameter that must be given."


class DataclassInstance(Protocol):
    """An object of a dataclass: what `dataclasses.fields` takes."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a field adds to its annotation."""

    name: str | None = None
    "The parameter's name where it is not the field's in PascalCase."
    aliases: tuple[str, ...] = ()
    "Other spellings that are accepted: documented misspellings and older names."
    text: bool = False
    "The parameter may be the element's text."
    keep_empty: bool = False
    "An empty value is a value; otherwise it counts as not given."
    numbered: bool = False
    "The parameter may stand several times, with a number behind its name."
    may_be_blank: bool = False
    "The command can do without a text in it, as an application writes that has nothing to say."
    example: str = ""
    "An example value for the documentation."
    in_example: bool = False
    "The example of a request has it, although it may be left out."


def parameter(
    *,
    default: Any = REQUIRED,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    text: bool = False,
    keep_empty: bool = False,
    numbered: bool = False,
    may_be_blank: bool = False,
    example: str = "",
    in_example: bool = False,
) -> Any:
    """A parameter with more to say than its annotation and default."""
    spec = Spec(name, aliases, text, keep_empty, numbered, may_be_blank, example, in_example)
    return dataclasses.field(default=default, metadata={"spec": spec})


def text(*, default: Any = REQUIRED, aliases: tuple[str, ...] = (), example: str = "") -> Any:
    """The parameter that may be the element's text."""
    return parameter(default=default, aliases=aliases, text=True, example=example)


def children() -> Any:
    """The commands (or parts) inside the element; only in scripts."""
    return dataclasses.field(default=(), metadata={"children": True})


def numbered() -> Any:
    """The field that takes parameters with a number behind their name, such as `Recipient2`.

    It maps each number to the texts by the fields of these parameters, which are declared with
    `numbered=True`.
    """
    return dataclasses.field(default_factory=dict, metadata={"numbered": True})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command."""

    field: str
    name: str
    kind: ParameterKind
    required: bool
    default: Any
    spec: Spec


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters of a command's class."""

    parameters: tuple[Parameter, ...]
    "In the order of the fields."
    by_lower_name: Mapping[str, Parameter]
    "Names and aliases in lower case."
    urls: tuple[Parameter, ...]
    "Those that hold URLs."
    text: Parameter | None
    "The one that may be the element's text."
    children: str | None
    "The field that takes the elements inside the command, if it takes any."
    numbered: str | None
    "The field that takes parameters with a number behind their name, if it takes any."


_SHAPES: dict[type, Shape] = {}
"The shapes that have been worked out already."


def shape_of(command: type[DataclassInstance]) -> Shape:
    """The parameters of a command's class."""
    shape = _SHAPES.get(command)
    if shape is None:
        shape = _SHAPES[command] = _shape(command)
    return shape


def _shape(command: type[DataclassInstance]) -> Shape:
    hints = typing.get_type_hints(command, include_extras=True)
    fields = dataclasses.fields(command)
    parameters = tuple(
        _parameter_of(field, hints[field.name])
        for field in fields
        if not {"children", "numbered"} & field.metadata.keys()
    )
    return Shape(
        parameters=parameters,
        by_lower_name={
            name.lower(): parameter
            for parameter in parameters
            for name in (parameter.name, *parameter.spec.aliases)
        },
        urls=tuple(parameter for parameter in parameters if parameter.kind.name == "URL"),
        text=next((parameter for parameter in parameters if parameter.spec.text), None),
        children=next((field.name for field in fields if "children" in field.metadata), None),
        numbered=next((field.name for field in fields if "numbered" in field.metadata), None),
    )


def _parameter_of(field: dataclasses.Field[Any], annotation: Any) -> Parameter:
    spec: Spec = field.metadata.get("spec", Spec())
    required = field.default is dataclasses.MISSING
    return Parameter(
        field=field.name,
        name=spec.name or _pascal(field.name),
        kind=_kind_of(annotation),
        required=required,
        default=None if required else field.default,
        spec=spec,
    )


def _pascal(field: str) -> str:
    """`ring_time` → `RingTime`."""
    return "".join(part.capitalize() for part in field.split("_"))


def _kind_of(annotation: Any) -> ParameterKind:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, ParameterKind):
            return extra
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return choice(annotation)
    return KINDS[annotation]
