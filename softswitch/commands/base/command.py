"""The base of all commands: what a command declares, how it is read, and that it runs.

Parameters are the fields of a frozen dataclass (`parameters.py`); the only reading of them is
`Command.read` (`reading.py`). API reference, sections 3 to 5.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar
from urllib.parse import urljoin

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Part, blocks_of
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts, Needs
from softswitch.commands.base.reading import (
    CommandMistake,
    Fault,
    Written,
    read_fields,
    word_of,
)
from softswitch.commands.base.replies import Reply
from softswitch.guard.rights import Right

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Reading(Generic[C]):
    """A command as far as it can be read, and every mistake in it."""

    command: C | None
    "None where a value is wrong or missing, or is not known before a variable is replaced."
    mistakes: tuple[CommandMistake, ...]
    "In document order; a missing parameter comes last."


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the API. A subclass documents, declares and does it."""

    contexts: ClassVar[Contexts]
    right: ClassVar[Right]
    """What a user needs to give it, or to bring a script in which it stands; see `guard/rights.py`.
    With one that ends in `_OWN`, what it acts on is kept to an application's own extensions."""
    needs: ClassVar[Needs] = Needs.NOTHING
    lasts: ClassVar[bool] = False
    "Whether it takes as long as a sound, a wait or people; it may be broken off in its course."
    aliases: ClassVar[tuple[str, ...]] = ()
    "Older names that are accepted for the command."
    first_only: ClassVar[bool] = False
    "Whether the command counts only as the first one of a script."
    parts: ClassVar[tuple[Part, ...]] = ()
    "The elements inside that are no commands; a command with children and no parts holds commands."

    @classmethod
    def name(cls) -> str:
        """The command's name in the API: that of its class, less the word `Command`."""
        return cls.__name__.removesuffix("Command")

    @classmethod
    def read(cls, written: Written) -> Reading[Self]:
        """Read the command from its parameters; mistakes are listed, none is raised."""
        read = read_fields(cls.name(), shape_of(cls), cls.parts, written)
        command = cls(**read.fields) if read.is_whole else None
        return Reading(command, tuple(read.mistakes))

    @classmethod
    def parse(
        cls,
        values: Mapping[str, str],
        *,
        again: tuple[tuple[str, str], ...] = (),
        text: str = "",
        inside: Block = (),
        ignored: frozenset[str] = frozenset(),
        emptied: frozenset[str] = frozenset(),
        skipped: Callable[[CommandMistake], object] | None = None,
    ) -> Self:
        """Read the command; raises the first mistake, CommandError 302, where there is one.

        `skipped` is told of the mistakes that the command can run without, which are raised where
        nobody is told. The other parameters are those of `Written`.
        """
        reading = cls.read(Written(values, text, inside, ignored, emptied, again=again))
        passed_over: list[CommandMistake] = []
        for mistake in reading.mistakes:
            if skipped is None or not mistake.fault.can_be_skipped:
                raise _with_cause(mistake, passed_over)
            passed_over.append(mistake)
            skipped(mistake)
        assert reading.command is not None
        return reading.command

    @classmethod
    def blocks(cls, inside: Block) -> Iterator[Block]:
        """The blocks of commands among the elements inside."""
        if cls.parts:
            yield from blocks_of(cls.parts, inside)
        elif shape_of(cls).children is not None:
            yield inside

    def based_on(self, base: str, written: Iterable[str] = ()) -> Self:
        """The command with its URLs made absolute; `base` is where its script came from.

        `written` are the names of its parameters as the user has written them. Raises CommandError
        302 for a relative URL in a command that did not come from the web.
        """
        absolute = {}
        shape = shape_of(type(self))
        for parameter in shape.urls:
            url = getattr(self, parameter.field)
            if url is None or url.startswith(("http://", "https://")):
                continue
            joined = urljoin(base, url)
            if not joined.startswith(("http://", "https://")):
                named = shape.by_lower_name
                names = (name for name in written if named.get(name.lower()) is parameter)
                word = word_of(parameter, next(names, ""))
                raise CommandError(
                    Code.INVALID_PARAMETER,
                    word,
                    self.name(),
                    detail=f"{self.name()}: {word} {url[:40]!r} is relative, "
                    "and its script did not come from the web",
                )
            absolute[parameter.field] = joined
        return dataclasses.replace(self, **absolute) if absolute else self

    async def run(self, context: Context) -> Reply | None:
        """Do it. Raises CommandError when it cannot be done."""
        raise NotImplementedError


def _with_cause(mistake: CommandMistake, passed_over: list[CommandMistake]) -> CommandError:
    """The error of a mistake; a parameter may be missing because its name is misspelt."""
    error = mistake.error
    if mistake.fault is not Fault.MISSING or not passed_over:
        return error
    return error.because(passed_over[0].error.detail)
