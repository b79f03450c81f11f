"""Reads the files of Asterisk: sections with templates, `key = value` and `key => value`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from softswitch.live.imports.imported import Imported, ImportedPlace

_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:\(([^)]*)\))?\s*")
_PAIR = re.compile(r"([^=\s][^=]*?)\s*(\+?=>?)\s*(.*)")


class Pair(NamedTuple):
    """A line of a section."""

    key: str
    value: str
    line: int


@dataclass(slots=True)
class AsteriskSection:
    """A section, with the lines of its templates before its own."""

    name: str
    line: int
    pairs: list[Pair] = field(default_factory=list)
    is_template: bool = False

    def get(self, key: str) -> str:
        """The last value of a key; empty without."""
        return next((pair.value for pair in reversed(self.pairs) if pair.key == key), "")

    def places(self, **keys: str) -> dict[str, ImportedPlace]:
        """Where keys of an entry of ours stand here, by what they are called here."""
        lines = {pair.key: pair.line for pair in self.pairs}
        return {
            own: ImportedPlace(lines[key], f"{key} of [{self.name}]")
            for own, key in keys.items()
            if key in lines
        }

    def all(self, *keys: str) -> Iterator[str]:
        """Every value of some keys; commas separate several."""
        for pair in self.pairs:
            if pair.key in keys:
                yield from filter(None, map(str.strip, pair.value.split(",")))


def read_sections(text: str, found: Imported) -> list[AsteriskSection]:
    """The sections in their order, those of one name several times; mistakes go to `found`."""
    sections: list[AsteriskSection] = []
    templates: dict[str, AsteriskSection] = {}
    for number, line in _lines(text):
        if line.startswith("#"):
            found.leave_out(number, line.split(None, 1)[0])
        elif line.startswith("["):
            section = _section(number, line, templates, found)
            if section is not None:
                sections.append(section)
                if section.is_template or section.name not in templates:
                    templates[section.name] = section
        elif (match := _PAIR.fullmatch(line)) is None:
            found.mistakes.append((number, "expected KEY = VALUE, or a section in [ ]"))
        elif not sections:
            found.mistakes.append((number, "expected a section in [ ] before it"))
        else:
            sections[-1].pairs.append(Pair(match[1].strip().lower(), match[3].strip(), number))
    return [section for section in sections if not section.is_template]


def _section(
    number: int, line: str, templates: dict[str, AsteriskSection], found: Imported
) -> AsteriskSection | None:
    match = _SECTION.fullmatch(line)
    if match is None:
        found.mistakes.append((number, "expected ] after the name of the section"))
        return None
    section = AsteriskSection(match[1].strip(), number)
    for option in filter(None, map(str.strip, (match[2] or "").split(","))):
        if option == "!":
            section.is_template = True
        elif option in templates:
            section.pairs += templates[option].pairs
        elif option != "+":
            found.mistakes.append((number, f"expected a template above, not {option[:60]!r}"))
    return section


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments (`;` and from `;--` to `--;`)."""
    inside = False
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        rest = line
        if inside:
            _, end, rest = rest.partition("--;")
            inside = not end
            if inside:
                continue
        if ";--" in rest and not rest.split(";--", 1)[1].startswith("-"):
            before, _, after = rest.partition(";--")
            _, end, behind = after.partition("--;")
            inside, rest = not end, before + behind
        said = re.sub(r"(?<!\\);.*", "", rest).replace("\\;", ";").strip()
        if said:
            yield number, said
