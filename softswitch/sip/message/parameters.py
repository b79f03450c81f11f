"""Parameters of header values and URIs: `;name=value` and `;name` (RFC 3261 section 7.3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from softswitch.sip import limits
from softswitch.sip.message.grammar import MessageError, shown, split_semicolons


class Parameters(Mapping[str, str | None]):
    """An immutable ordered mapping of lower-case names to values as written, quotes included.

    A flag such as `lr` has the value None, so ask `"lr" in parameters`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str | None] | None = None) -> None:
        self._values: dict[str, str | None] = dict(values) if values else {}

    def __getitem__(self, name: str) -> str | None:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and self._values == other._values

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Parameters({str(self)!r})"

    def __str__(self) -> str:
        """Write all of them, each with its semicolon in front."""
        return "".join(
            [
                f";{name}" if value is None else f";{name}={value}"
                for name, value in self._values.items()
            ]
        )

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return self._values.get(name, default)

    def replace(self, name: str, value: str | None) -> Parameters:
        """Return a copy in which `name` has this value; None makes it a flag."""
        return self.merged({name: value})

    def merged(self, values: dict[str, str | None]) -> Parameters:
        """Return a copy in which these names have these values."""
        return _of({**self._values, **values})


def _of(values: dict[str, str | None]) -> Parameters:
    """Take over a dict that nobody else will change."""
    parameters = Parameters.__new__(Parameters)
    parameters._values = values
    return parameters


NONE = Parameters()
"The value for things that have no parameters."


def parse_parameters(text: str) -> Parameters:
    """Read what follows the first semicolon: `a=b;c;d="e;f"`.

    Empty parts, as in `;;`, are tolerated. The same name with two values is refused: two readers
    could disagree about which of them counts.
    """
    values: dict[str, str | None] = {}
    for part in split_semicolons(text):
        name, equals, value = part.partition("=")
        name = name.strip(" \t").lower()
        if not name:
            if equals:
                raise MessageError(f"parameter without a name in {shown(text)}")
            continue
        given = value.strip(" \t") if equals else None
        if name in values and values[name] != given:
            raise MessageError(f"parameter {shown(name)} is given twice")
        values[name] = given
    if len(values) > limits.PARAMETERS:
        raise MessageError(f"more than {limits.PARAMETERS} parameters")
    return _of(values)
