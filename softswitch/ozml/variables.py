"""The variables and arrays of a call's scripts (API reference, section 6).

`$name`, `$name.field`, `$array[0]`, `$array.count`; `$$` is a dollar sign. A value is text and is
never read again as OzML. One scope a call, kept across `GoTo`; loop variables end with their loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

REFERENCE = re.compile(
    r"\$(?:(?P<dollar>\$)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"(?:\[(?P<index>[0-9]{1,6})\]|\.(?P<field>[A-Za-z][A-Za-z0-9_]*))?)",
    re.ASCII,
)
"A name ends at the first character that is not a letter, digit, underscore or dot and letter."

MAX_LENGTH = 100_000
"Characters that a text may have after replacement: a script cannot double itself endlessly."
MAX_VARIABLES = 1_000
"Names that one call may define."


class VariableError(ValueError):
    """A script asks for more than a call may hold."""


class Variables:
    """The variables of one call."""

    def __init__(self, start: Mapping[str, str] | None = None) -> None:
        self._texts: dict[str, str] = dict(start or {})
        self._arrays: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        for name in self._texts:
            self._names[name.lower()] = name

    def set(self, name: str, value: str) -> None:
        """Define a variable; the last definition wins. `name` may hold one dot and a field."""
        self._claim(name)
        self._arrays.pop(self._names[name.lower()], None)
        self._texts[self._names[name.lower()]] = value

    def set_array(self, name: str, values: Sequence[str]) -> None:
        """Define an array of texts."""
        self._claim(name)
        self._texts.pop(self._names[name.lower()], None)
        self._arrays[self._names[name.lower()]] = tuple(values)

    def _claim(self, name: str) -> None:
        if name.lower() not in self._names:
            if len(self._names) >= MAX_VARIABLES:
                raise VariableError(f"more than {MAX_VARIABLES} variables")
            self._names[name.lower()] = name

    def get(self, name: str) -> str | None:
        """The text of a variable, or None where no such variable is defined."""
        return self._texts.get(self._names.get(name.lower(), name))

    def array(self, name: str) -> tuple[str, ...] | None:
        """The elements of an array, or None where no such array is defined."""
        return self._arrays.get(self._names.get(name.lower(), name))

    @contextmanager
    def loop(self, name: str) -> Iterator[Callable[[str], None]]:
        """A variable that lasts as long as its loop; one of the same name comes back then."""
        before = self.get(name)
        try:
            yield lambda value: self.set(name, value)
        finally:
            if before is None:
                self._texts.pop(self._names.pop(name.lower(), name), None)
            else:
                self.set(name, before)

    def replace(self, text: str, unknown: Callable[[str], None] | None = None) -> str:
        """The text with its references replaced; an unknown one stays as written.

        `unknown` is told the names that are not defined. Raises VariableError when the result
        would be longer than `MAX_LENGTH` characters.
        """
        if "$" not in text:
            return text
        length = len(text)

        def value_of(match: re.Match[str]) -> str:
            nonlocal length
            if length > MAX_LENGTH:
                raise VariableError(f"a text of more than {MAX_LENGTH} characters")
            if match["dollar"]:
                return "$"
            value, rest = self._value(match)
            if value is None:
                if unknown is not None:
                    unknown(match["name"])
                return match[0]
            length += len(value) + len(rest) - len(match[0])
            return value + rest

        replaced = REFERENCE.sub(value_of, text)
        if len(replaced) > MAX_LENGTH:
            raise VariableError(f"a text of more than {MAX_LENGTH} characters")
        return replaced

    def _value(self, match: re.Match[str]) -> tuple[str | None, str]:
        """The value of a reference, and the end of its text that turned out not to belong to it."""
        name, index, field = match["name"], match["index"], match["field"]
        elements = self.array(name)
        if elements is not None:
            if index is not None:
                return (elements[int(index)] if int(index) < len(elements) else None), ""
            if field is not None and field.lower() == "count":
                return str(len(elements)), ""
            return ", ".join(elements), match[0][1 + len(name) :]
        if field is not None:
            value = self.get(f"{name}.{field}")
            if value is not None:
                return value, ""
        return self.get(name), match[0][1 + len(name) :]
