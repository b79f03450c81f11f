"""The base of all commands: parameters are the fields of a frozen dataclass, read in one place.

HTTP and OzML share this reader and therefore its error sentences (API reference, sections 3 to 5).
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urljoin

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.values import KINDS, TEXT, ParameterKind, choice

if TYPE_CHECKING:
    from softswitch.commands.base.context import Context, Reply


class Contexts(Flag):
    """Where a command may stand (API reference, section 5)."""

    HTTP = auto()
    SCRIPT = auto()
    "OzML that controls an API or IVR extension's call (A)."
    THIRD_PARTY = auto()
    "OzML in the answer to a notification about somebody else's call (T)."
    ROUTING = auto()
    "OzML in the answer to RoutingInterception (R)."


HTTP = Contexts.HTTP
SCRIPT = Contexts.SCRIPT
THIRD_PARTY = Contexts.THIRD_PARTY
ROUTING = Contexts.ROUTING


class Needs(Enum):
    """What the context sees to before a command runs."""

    NOTHING = auto()
    CALL = auto()
    RINGING_CALL = auto()
    ANSWERED_CALL = auto()
    "A script that controls a ringing call answers it first."


class Node(typing.Protocol):
    """What the reader needs to know of a place in a document: see `ozml/document.py`."""

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

REQUIRED: Any = dataclasses.MISSING


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
    example: str = ""
    "An example value for the documentation."


def parameter(
    *,
    default: Any = REQUIRED,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    text: bool = False,
    keep_empty: bool = False,
    example: str = "",
) -> Any:
    """A parameter with more to say than its annotation and default."""
    spec = Spec(name, aliases, text, keep_empty, example)
    return dataclasses.field(default=default, metadata={"spec": spec})


def text(*, default: Any = REQUIRED, aliases: tuple[str, ...] = (), example: str = "") -> Any:
    """The parameter that may be the element's text."""
    return parameter(default=default, aliases=aliases, text=True, example=example)


def children() -> Any:
    """The commands (or other elements) inside the element; only in scripts."""
    return dataclasses.field(default=(), metadata={"children": True})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command, as the reader sees it."""

    field: str
    name: str
    kind: ParameterKind
    required: bool
    default: Any
    spec: Spec

    def read(self, command: str, value: str) -> Any:
        """The value of the text; raises CommandError 302 that names the parameter."""
        try:
            return self.kind.read(value)
        except ValueError:
            shown = value if len(value) <= 40 else value[:40] + "…"
            raise CommandError(
                Code.INVALID_PARAMETER,
                self.name,
                command,
                detail=f"{command}: {self.name} cannot be {shown!r}, expected {self.kind.expected}",
            ) from None


def pascal(field: str) -> str:
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


@dataclass(frozen=True, slots=True)
class Shape:
    """What the reader knows of a command's class, worked out once."""

    parameters: tuple[Parameter, ...]
    "In the order of the fields."
    by_lower_name: Mapping[str, Parameter]
    "Names and aliases in lower case."
    urls: tuple[Parameter, ...]
    "Those that hold URLs."
    children: str | None
    "The field that takes the elements inside the command, if it takes any."


_SHAPES: dict[type, Shape] = {}


def shape_of(command: type[Command]) -> Shape:
    """The shape of a command's class."""
    shape = _SHAPES.get(command)
    if shape is None:
        shape = _SHAPES[command] = _work_out(command)
    return shape


def _work_out(command: type[Command]) -> Shape:
    hints = typing.get_type_hints(command, include_extras=True)
    parameters = []
    inside = None
    for field in dataclasses.fields(command):
        if field.metadata.get("children"):
            inside = field.name
            continue
        spec: Spec = field.metadata.get("spec", Spec())
        required = field.default is dataclasses.MISSING
        parameters.append(
            Parameter(
                field=field.name,
                name=spec.name or pascal(field.name),
                kind=_kind_of(hints[field.name]),
                required=required,
                default=None if required else field.default,
                spec=spec,
            )
        )
    by_lower_name = {
        name.lower(): parameter
        for parameter in parameters
        for name in (parameter.name, *parameter.spec.aliases)
    }
    urls = tuple(parameter for parameter in parameters if parameter.kind.name == "URL")
    return Shape(tuple(parameters), by_lower_name, urls, inside)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the API. A subclass documents, reads and does it."""

    contexts: ClassVar[Contexts]
    needs: ClassVar[Needs] = Needs.NOTHING
    aliases: ClassVar[tuple[str, ...]] = ()
    "Older names that are accepted for the command."
    first_only: ClassVar[bool] = False
    "Whether the command counts only as the first one of a script."

    @classmethod
    def name(cls) -> str:
        """The command's name in the API: that of its class, less the word `Command`."""
        return cls.__name__.removesuffix("Command")

    @classmethod
    def parse(
        cls,
        values: Mapping[str, str],
        *,
        element_text: str = "",
        inside: Block = (),
        ignore: frozenset[str] = frozenset(),
        emptied: frozenset[str] = frozenset(),
    ) -> Self:
        """Read a command from its parameters.

        `values` maps names in any letter case to texts, `element_text` is the text between the
        tags, `inside` the elements there, `ignore` lower-case names that belong to the request and
        not to the command, `emptied` names whose text was made of variables that are empty (an
        empty name is the text between the tags). Raises CommandError 302 that names command and
        parameter.
        """
        shape = shape_of(cls)
        read: dict[str, Any] = {}
        for name, value in values.items():
            parameter = shape.by_lower_name.get(name.lower())
            if parameter is None:
                if name.lower() not in ignore:
                    raise cls._unknown(name)
            elif value.strip() or parameter.spec.keep_empty:
                read[parameter.field] = parameter.read(cls.name(), value)
            elif name.lower() in emptied and parameter.kind is TEXT:
                read[parameter.field] = ""
        cls._read_inside(read, element_text, inside)
        if "" in emptied:
            read.update({p.field: "" for p in shape.parameters if p.spec.text and p.kind is TEXT})
        for parameter in shape.parameters:
            if parameter.required and parameter.field not in read:
                raise cls._missing(parameter)
        return cls(**read)

    @classmethod
    def _read_inside(cls, read: dict[str, Any], element_text: str, inside: Block) -> None:
        if element_text.strip():
            parameter = next((p for p in shape_of(cls).parameters if p.spec.text), None)
            if parameter is None:
                raise cls._refuse("text", f"{cls.name()} takes no text between its tags")
            if parameter.field in read:
                raise cls._refuse(
                    parameter.name,
                    f"{cls.name()}: {parameter.name} stands twice, as attribute and as text",
                )
            read[parameter.field] = parameter.read(cls.name(), element_text.strip())
        if inside:
            field = shape_of(cls).children
            if field is None:
                raise cls._refuse(
                    inside[0].name, f"{cls.name()} takes no elements between its tags"
                )
            read[field] = inside

    def based_on(self, base: str) -> Self:
        """The command with its URLs made absolute; `base` is where its script came from.

        Raises CommandError 302 for a relative URL in a command that did not come from the web.
        """
        absolute = {}
        for parameter in shape_of(type(self)).urls:
            url = getattr(self, parameter.field)
            if url is None or url.startswith(("http://", "https://")):
                continue
            joined = urljoin(base, url)
            if not joined.startswith(("http://", "https://")):
                raise self._refuse(
                    parameter.name,
                    f"{self.name()}: {parameter.name} {url[:40]!r} is relative, "
                    "and its script did not come from the web",
                )
            absolute[parameter.field] = joined
        return dataclasses.replace(self, **absolute) if absolute else self

    @classmethod
    def check(
        cls, values: Mapping[str, str], element_text: str, inside: Block
    ) -> Iterator[CommandError]:
        """Every mistake in the parameters; texts with a `$` in them are not judged."""
        shape = shape_of(cls)
        given = set()
        readable: dict[str, str] = {}
        for name, value in values.items():
            parameter = shape.by_lower_name.get(name.lower())
            if parameter is None:
                yield cls._unknown(name)
            elif "$" in value:
                given.add(parameter.field)
            else:
                readable[name] = value
        for name, value in readable.items():
            parameter = shape.by_lower_name[name.lower()]
            if value.strip() or parameter.spec.keep_empty:
                given.add(parameter.field)
                try:
                    parameter.read(cls.name(), value)
                except CommandError as error:
                    yield error
        read: dict[str, Any] = dict.fromkeys(given)
        try:
            cls._read_inside(read, "" if "$" in element_text else element_text, inside)
        except CommandError as error:
            yield error
        text_field = next((p.field for p in shape.parameters if p.spec.text), None)
        if element_text.strip() and text_field:
            read[text_field] = None
        for parameter in shape.parameters:
            if parameter.required and parameter.field not in read:
                yield cls._missing(parameter)

    @classmethod
    def blocks(cls, inside: Block) -> Iterator[Block]:
        """The blocks of commands among the elements inside; most commands have none."""
        return iter(())

    @classmethod
    def misplaced(cls, inside: Block) -> Iterator[CommandError]:
        """The mistakes of elements inside that are no commands; most commands have no such."""
        return iter(())

    @classmethod
    def _missing(cls, parameter: Parameter) -> CommandError:
        return CommandError(
            Code.INVALID_PARAMETER,
            parameter.name,
            cls.name(),
            detail=f"{cls.name()}: {parameter.name} is missing, expected {parameter.kind.expected}",
        )

    @classmethod
    def _misplaced(cls, node: Node, *expected: str) -> CommandError:
        names = " or ".join(f"<{name}>" for name in expected)
        error = cls._refuse(
            node.name, f"{cls.name()}: <{node.name}> is not known here, expected {names}"
        )
        error.place = (node.line, node.column)
        return error

    @classmethod
    def _unknown(cls, name: str) -> CommandError:
        names = [parameter.name for parameter in shape_of(cls).parameters]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f", did you mean {near[0]!r}?" if near else ""
        return cls._refuse(name[:40], f"{cls.name()}: unknown parameter {name[:40]!r}{hint}")

    @classmethod
    def _refuse(cls, parameter: str, detail: str) -> CommandError:
        return CommandError(Code.INVALID_PARAMETER, parameter, cls.name(), detail=detail)

    async def run(self, context: Context) -> Reply | None:
        """Do it. Raises CommandError when it cannot be done."""
        raise NotImplementedError
