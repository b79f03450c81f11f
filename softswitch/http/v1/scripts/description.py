"""What the paths of scripts do, for `/openapi.json`."""

from __future__ import annotations

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.mistakes_json import MistakesShown
from softswitch.http.v1.operations import Operation, Shape
from softswitch.http.v1.scripts.scripts_json import (
    CheckAsked,
    LanguageShown,
    RehearsalAsked,
    RehearsalShown,
    ScriptChecked,
    ScriptGiven,
    ScriptsAsked,
    ScriptsListed,
    VersionsListed,
    VersionText,
    WholeScript,
    WritingAsked,
)

Answers = dict[int, tuple[str, Shape | str | None]]
_NONE: Answers = {404: ("There is no such script, or it cannot be called so.", Problem)}
_BAD: Answers = {400: ("The query or the body cannot be read.", Problem)}
_BUSY: Answers = {503: ("Many scripts are looked at already.", Problem)}
_DISK: Answers = {507: ("There is no room for it.", Problem)}
_SEEN: Answers = {
    412: ("Somebody has changed it meanwhile.", Problem),
    428: ("If-Match is needed.", Problem),
}
_MATCH = {"If-Match": "The ETag of what the requester has seen, or *."}

SCRIPT_OPERATIONS = (
    Operation(
        path="/scripts",
        id="listScripts",
        right=Right.SEE,
        summary="A page of the scripts of the folder `storage.scripts`.",
        query=ScriptsAsked,
        answers={200: ("The page.", ScriptsListed), **_BAD},
    ),
    Operation(
        path="/scripts/{script}",
        id="showScript",
        right=Right.SEE,
        summary="A script with its text.",
        answers={200: ("The script.", WholeScript), **_NONE},
    ),
    Operation(
        path="/scripts/{script}",
        method="put",
        id="writeScript",
        right=Right.ADMINISTER,
        summary="Write a script: a new one without If-Match, or a new version. The next call runs "
        "it; calls that are up go on with what they have read.",
        query=WritingAsked,
        body=ScriptGiven,
        headers=_MATCH,
        answers={
            200: ("What it is now.", WholeScript),
            201: ("It is added.", WholeScript),
            **_BAD,
            **_NONE,
            **_SEEN,
            413: ("It is too long.", Problem),
            422: ("Nothing is written: these are all mistakes.", MistakesShown),
            **_BUSY,
            **_DISK,
        },
    ),
    Operation(
        path="/scripts/{script}",
        method="delete",
        id="removeScript",
        right=Right.ADMINISTER,
        summary="Remove a script that no extension has; its versions stay.",
        headers=_MATCH,
        answers={
            204: ("It is removed.", None),
            **_BAD,
            **_NONE,
            409: ("An extension has it.", Problem),
            **_SEEN,
            **_DISK,
        },
    ),
    Operation(
        path="/scripts/{script}/versions",
        id="listScriptVersions",
        right=Right.SEE,
        summary="The versions of a script, newest first, also of a removed one.",
        answers={200: ("The versions.", VersionsListed), **_NONE},
    ),
    Operation(
        path="/scripts/{script}/versions/{version}",
        id="showScriptVersion",
        right=Right.SEE,
        summary="What a script was in one version.",
        answers={200: ("Its text.", VersionText), **_NONE},
    ),
)
"What `scripts_api.py` serves."

WRITING_OPERATIONS = (
    Operation(
        path="/scripts/language",
        id="describeScripts",
        right=Right.SEE_OWN,
        summary="All that an editor needs: elements, attributes, values, variables, examples.",
        answers={200: ("The language.", LanguageShown)},
    ),
    Operation(
        path="/scripts/check",
        method="post",
        id="checkScript",
        right=Right.OPERATE_OWN,
        summary="Find every mistake of a script; nothing is written or run.",
        body=CheckAsked,
        answers={
            200: ("What is wrong.", ScriptChecked),
            **_BAD,
            413: ("It is too long.", Problem),
            **_BUSY,
        },
    ),
    Operation(
        path="/scripts/simulate",
        method="post",
        id="simulateScript",
        right=Right.OPERATE_OWN,
        summary="Run a script for a simulated caller, as far as the given keys lead. Time is "
        "skipped, nothing leaves the switch.",
        body=RehearsalAsked,
        answers={
            200: ("What the caller hears.", RehearsalShown),
            **_BAD,
            413: ("It is too long.", Problem),
            **_BUSY,
        },
    ),
)
"What `writing_api.py` serves."
