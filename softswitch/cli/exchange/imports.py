"""`softswitch import`: users and trunks of another switch, with a report of what does not map."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser

if TYPE_CHECKING:
    from softswitch.live.imports.imported import ImportedEntry

SHOWN = 20
"Mistakes that are printed, unless all are asked for."
SECONDS = 120
"How long the switch may take for all of it."
ROUNDS = 5
"How often the rest is tried without what is wrong: mistakes may follow from what is left out."

Lines = list[tuple[int, str]]
"Lines of a file, and what is to be said of each."


def import_command(
    file: Annotated[
        Path, typer.Argument(help="users.csv, or Asterisk's pjsip.conf or extensions.conf.")
    ],
    *,
    format_name: Annotated[
        str, typer.Option("--format", help="users, pjsip or extensions; else by the file's name.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only print as JSON what would be added, or what is wrong."),
    ] = False,
    skip_mistakes: Annotated[
        bool, typer.Option("--skip-mistakes", help="Import the rest where something is wrong.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Print every mistake.")] = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Add what a file of another switch holds: all of it, or nothing."""
    found = _read(file, format_name)
    for line, what in found.left_out():
        typer.echo(f"{file}:{line}: {what}", err=True)
    asked = _Asked(file, user, config, dry_run=dry_run, skip_mistakes=skip_mistakes)
    kept, mistakes = asked.add(found.entries, found.mistakes)
    if not kept or (mistakes and not skip_mistakes):
        _refuse(file, mistakes or [(1, "expected something to import")], everything)
    _tell(file, mistakes, everything)
    if dry_run:
        entries = [{"collection": each.collection, **_masked(each.body)} for each in kept]
        typer.echo(json.dumps(entries, indent=1, ensure_ascii=False))
    typer.echo(", ".join(_counts(kept)) + (" would be added" if dry_run else " added"), err=dry_run)


def _read(file: Path, format_name: str) -> Any:
    from softswitch.live.imports.formats import FORMATS, format_of

    name = format_name or format_of(file)
    if name not in FORMATS:
        fail([f"{file}: expected --format with one of {', '.join(FORMATS)}"], WRONG_SETTINGS)
    try:
        return FORMATS[name](file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fail([f"{file}: cannot be read: {error.strerror}"], WRONG_SETTINGS)
    except UnicodeDecodeError:
        fail([f"{file}: expected UTF-8"], WRONG_SETTINGS)


class _Asked(NamedTuple):
    """How the switch is asked to add what a file holds."""

    file: Path
    user: str | None
    config: Path
    dry_run: bool
    skip_mistakes: bool

    def add(
        self, entries: Sequence[ImportedEntry], mistakes: Lines
    ) -> tuple[Sequence[ImportedEntry], Lines]:
        """What was added, and what is wrong with the others; nothing is where that is all told."""
        mistakes = list(mistakes)
        is_right = not mistakes or self.skip_mistakes
        for _ in range(ROUNDS if self.skip_mistakes else 1):
            told = self._mistakes(entries, dry_run=self.dry_run or not is_right)
            if not told:
                return entries, mistakes
            wrong = {each["change"] for each in told if each.get("change") is not None}
            mistakes += (_line(entries, each) for each in told)
            entries = [each for index, each in enumerate(entries) if index not in wrong]
            if not wrong or not entries:
                break
        return (), mistakes

    def _mistakes(
        self, entries: Sequence[ImportedEntry], *, dry_run: bool
    ) -> Sequence[dict[str, Any]]:
        from softswitch.cli.asking.ask import ask_mistakes

        if not entries:
            return ()
        changes = [
            {"action": "add", "collection": each.collection, "entry": each.body} for each in entries
        ]
        body = {"changes": changes, "dry_run": dry_run}
        return ask_mistakes(self.config, self.user, "changes", body, seconds=SECONDS)


def _line(entries: Sequence[ImportedEntry], mistake: dict[str, Any]) -> tuple[int, str]:
    """The line of the file that a mistake is in, and the sentence about it."""
    sentence = ": ".join(filter(None, (mistake["where"], mistake["wrong"])))
    if mistake.get("change") is None:
        return 1, sentence
    sentence = re.sub(
        r"\bchanges\[([0-9]+)\]", lambda other: f"line {entries[int(other[1])].line}", sentence
    )
    place = entries[mistake["change"]].place(mistake.get("field", ""))
    return place.line, ": ".join(filter(None, (place.called, sentence)))


def _refuse(file: Path, mistakes: Lines, everything: bool) -> None:
    _tell(file, mistakes, everything)
    fail(["nothing is imported"], NOT_RUN)


def _tell(file: Path, mistakes: Lines, everything: bool) -> None:
    shown = sorted(mistakes) if everything else sorted(mistakes)[:SHOWN]
    for line, sentence in shown:
        typer.echo(f"{file}:{line}: {sentence}", err=True)
    if len(shown) < len(mistakes):
        typer.echo(f"and {len(mistakes) - len(shown)} mistakes more; --all prints them", err=True)


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    return {key: "…" if key == "password" else value for key, value in body.items()}


def _counts(entries: Iterable[ImportedEntry]) -> list[str]:
    counts: dict[str, int] = {}
    for each in entries:
        counts[each.collection] = counts.get(each.collection, 0) + 1
    return [
        f"{count} {collection.removesuffix('s') if count == 1 else collection}"
        for collection, count in counts.items()
    ]
