"""Scripts as `/v1/scripts` takes and shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.commands.base.placement import Contexts
from softswitch.http.v1.commands.commands_json import CommandShown
from softswitch.http.v1.lists import LAST, MOST
from softswitch.http.v1.moments import Moment, moment
from softswitch.ozml.check import ScriptMistake, mistakes_in
from softswitch.ozml.library.kept_scripts import KeptScript, ScriptVersion
from softswitch.ozml.terminal.rehearsal import Rehearsal

LONGEST_SCRIPT = 1_000_000
"Octets of a script, as calls read it."
MOST_MISTAKES = 1000
"Mistakes of one script that are told."
MOST_KEYS = 256
"Keys of one rehearsal."
ScriptText = Annotated[str, Meta(max_length=LONGEST_SCRIPT, description="The OzML document.")]
Purpose = Literal["script", "CallChanged", "RoutingInterception"]


class ScriptsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which scripts are listed."""

    text: Annotated[str, Meta(description="Part of the name, in any case of letters.")] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Scripts in the answer.")] = 100
    offset: Annotated[int, Meta(ge=0, le=LAST, description="Scripts left out at first.")] = 0


class ScriptListed(msgspec.Struct, frozen=True, kw_only=True):
    """A script in a list."""

    name: str
    path: Annotated[str, Meta(description="What the key script of an extension names.")]
    version: Annotated[int, Meta(description="How often it was changed.")]
    changed_at: Moment
    changed_by: Annotated[str, Meta(description="The user; empty for a file put there.")]
    octets: int
    extensions: Annotated[list[str], Meta(description="The extensions that it answers.")]
    etag: Annotated[str, Meta(description="For If-Match of a change.")]


class ScriptsListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the scripts, by name."""

    folder: Annotated[str, Meta(description="Where their files are.")]
    total: int
    offset: int
    limit: int
    scripts: list[ScriptListed]


class ScriptMistakeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a script, and where."""

    line: Annotated[int, Meta(description="From 1.")]
    column: Annotated[int, Meta(description="From 1.")]
    severity: Annotated[
        Literal["error", "warning"],
        Meta(description="warning: a call runs the script without what is wrong."),
    ]
    sentence: Annotated[str, Meta(description="What is wrong, and what was expected.")]


class ScriptChecked(msgspec.Struct, frozen=True, kw_only=True):
    """All that is wrong with a script."""

    runs: Annotated[bool, Meta(description="Whether a call can run it.")]
    mistakes: Annotated[
        list[ScriptMistakeShown], Meta(description=f"Of more than {MOST_MISTAKES} the first.")
    ]


class WholeScript(ScriptListed, frozen=True, kw_only=True):
    """A script with its text."""

    text: str
    check: ScriptChecked


class ScriptGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script to be written."""

    text: ScriptText


class WritingAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a script is written."""

    draft: (
        Annotated[
            Literal["true"],
            Meta(description="true: it may be wrong, while no extension has it."),
        ]
        | None
    ) = None


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a script."""

    version: int
    changed_at: Moment
    changed_by: Annotated[str, Meta(description="The user; empty for a file put there.")]
    octets: int


class VersionsListed(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a script, newest first."""

    name: str
    total: int
    versions: list[VersionShown]


class VersionText(msgspec.Struct, frozen=True, kw_only=True):
    """What a script was in one version."""

    name: str
    version: int
    text: str


class CheckAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script to be checked."""

    text: ScriptText
    purpose: Annotated[
        Purpose, Meta(description="script: of an extension; else the answer to that notification.")
    ] = "script"


class RehearsalAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script, and what its caller does."""

    text: ScriptText
    keys: Annotated[
        str,
        Meta(
            max_length=MOST_KEYS,
            pattern="^[0-9A-Da-d*# ]*$",
            description="The keys that the caller presses; a space is no key in time.",
        ),
    ] = ""
    hears: (
        Annotated[
            list[str],
            Meta(max_length=MOST_KEYS, description="What Detect hears, one after the other."),
        ]
        | None
    ) = None


class HeardShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the caller hears, or that the switch does."""

    text: Annotated[
        str, Meta(description="“…” is spoken, ♪ played, · done by the switch, ! what goes wrong.")
    ]
    line: Annotated[int, Meta(description="Of the script; 0 for what no command does.")]
    command: str


class RehearsalShown(msgspec.Struct, frozen=True, kw_only=True):
    """What has happened until the script ended, or asked for a key that is not given."""

    steps: list[HeardShown]
    end: Annotated[
        Literal["asks", "ended", "failed"],
        Meta(description="asks: send all keys again, with one more."),
    ]
    keys_left: Annotated[str, Meta(description="Keys that it has not asked for.")]


class VariableShown(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that the switch sets."""

    name: str
    about: str


class ExampleShown(msgspec.Struct, frozen=True, kw_only=True):
    """A script to begin with."""

    title: str
    text: str


class LanguageShown(msgspec.Struct, frozen=True, kw_only=True):
    """All that an editor knows of scripts."""

    roots: Annotated[list[str], Meta(description="Elements that hold a script.")]
    commands: Annotated[list[CommandShown], Meta(description="The elements inside.")]
    variables: list[VariableShown]
    examples: list[ExampleShown]


def check(source: bytes, origin: Contexts) -> ScriptChecked:
    """What is wrong with a document; for a thread."""
    found = list(islice(mistakes_in(source, origin), MOST_MISTAKES))
    return ScriptChecked(
        runs=all(each.can_be_skipped for each in found), mistakes=list(map(_mistake, found))
    )


def _mistake(mistake: ScriptMistake) -> ScriptMistakeShown:
    return ScriptMistakeShown(
        line=mistake.line,
        column=mistake.column,
        severity="warning" if mistake.can_be_skipped else "error",
        sentence=mistake.sentence,
    )


def list_script(script: KeptScript, extensions: Sequence[str]) -> ScriptListed:
    """A script in a list, with the extensions that have it."""
    version = script.version
    return ScriptListed(
        name=script.name,
        path=str(script.path),
        version=version.number,
        changed_at=moment(version.changed_at),
        changed_by=version.changed_by,
        octets=len(script.source),
        extensions=list(extensions),
        etag=script.etag,
    )


def show_script(script: KeptScript, extensions: Sequence[str]) -> WholeScript:
    """A script with its text, and what is wrong with it; for a thread."""
    return WholeScript(
        **msgspec.structs.asdict(list_script(script, extensions)),
        text=script.source.decode(errors="replace"),
        check=check(script.source, Contexts.SCRIPT),
    )


def list_versions(name: str, versions: Iterable[ScriptVersion]) -> VersionsListed:
    """The versions of a script."""
    shown = [
        VersionShown(
            version=each.number,
            changed_at=moment(each.changed_at),
            changed_by=each.changed_by,
            octets=each.octets,
        )
        for each in versions
    ]
    return VersionsListed(name=name, total=len(shown), versions=shown)


def show_rehearsal(rehearsal: Rehearsal) -> RehearsalShown:
    """A rehearsal as JSON."""
    steps = [
        HeardShown(text=each.text, line=each.line, command=each.command) for each in rehearsal.heard
    ]
    return RehearsalShown(steps=steps, end=rehearsal.end, keys_left=rehearsal.keys_left)
