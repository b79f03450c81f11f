"""What the paths of entries do, for `/openapi.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.entries.collections import COLLECTIONS, Collection
from softswitch.http.v1.entries.entries_json import (
    ChangesAsked,
    ChangesMade,
    EntriesPage,
    EntriesShown,
    EntryShown,
    Reloaded,
)
from softswitch.http.v1.mistakes_json import MistakesShown
from softswitch.http.v1.operations import Operation, Shape


class EntryGiven(msgspec.Struct, frozen=True):
    """The keys and values of an entry as the settings file has them; null is a key's default."""


Answers = dict[int, tuple[str, Shape | str | None]]

BAD: Answers = {400: ("The query or the body cannot be read.", Problem)}
GONE: Answers = {404: ("There is no such entry.", Problem)}
CONFLICT: Answers = {409: ("The settings file or another entry has that name.", Problem)}
OUTDATED: Answers = {412: ("Somebody has changed it meanwhile.", Problem)}
WRONG: Answers = {422: ("Nothing is changed: these are all mistakes.", MistakesShown)}
UNSEEN: Answers = {428: ("If-Match is needed.", Problem)}
AWAY: Answers = {
    503: ("The database does not take it, or too much is uploaded at a time.", Problem)
}
OF_ADDING: Answers = {**BAD, **CONFLICT, **WRONG, **AWAY}
OF_CHANGING: Answers = {**OF_ADDING, **GONE, **OUTDATED, **UNSEEN}
IF_MATCH = {"If-Match": "The ETag of what the requester has seen, or *."}


def operation_id(verb: str, of: Collection) -> str:
    """The id of what is done to entries of a collection: `list`, `add`, `show` and so on."""
    return verb + "".join(part.capitalize() for part in of.name.split("-"))


def _operations(of: Collection) -> Iterator[Operation]:
    """What the paths of a collection do."""
    path, one = f"/{of.name}", f"/{of.name}/{{name}}"
    see = Right.SEE_OWN if of.kind.plural == "extensions" else Right.SEE
    yield Operation(
        path=path,
        id=operation_id("list", of),
        summary=f"The {of.name} of the settings file and those added while the switch runs.",
        right=see,
        query=EntriesPage,
        answers={200: ("A page of them.", EntriesShown), **BAD},
    )
    yield Operation(
        path=path,
        method="post",
        id=operation_id("add", of),
        summary=f"Add one to the {of.name}.",
        right=Right.ADMINISTER,
        body=EntryGiven,
        answers={201: ("What it is now.", EntryShown), **OF_ADDING},
    )
    yield Operation(
        path=one,
        id=operation_id("show", of),
        summary=f"One of the {of.name}.",
        right=see,
        answers={200: ("The entry.", EntryShown), **GONE},
    )
    for method, verb, summary in (
        ("put", "replace", "Replace all keys but the secrets that are not named."),
        ("patch", "change", "Change the keys that are named."),
    ):
        yield Operation(
            path=one,
            method=method,
            id=operation_id(verb, of),
            summary=summary,
            right=Right.ADMINISTER,
            body=EntryGiven,
            headers=IF_MATCH,
            answers={200: ("What it is now.", EntryShown), **OF_CHANGING},
        )
    yield Operation(
        path=one,
        method="delete",
        id=operation_id("remove", of),
        summary=f"Remove one of the {of.name}.",
        right=Right.ADMINISTER,
        headers=IF_MATCH,
        answers={204: ("It is removed.", None), **OF_CHANGING},
    )


COLLECTION_OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    name: tuple(_operations(of)) for name, of in COLLECTIONS.items()
}
"What `entries_api.py` serves, by collection."

SOUND_OPERATIONS = (
    Operation(
        path="/prompts/{name}/sound",
        id="downloadPrompt",
        right=Right.SEE,
        summary="The audio file of a prompt.",
        answers={
            200: ("The file.", "audio/wav"),
            404: ("There is no such prompt, or it is spoken.", Problem),
        },
    ),
    Operation(
        path="/prompts/{name}/sound",
        method="put",
        id="uploadPrompt",
        right=Right.ADMINISTER,
        summary="Let a prompt be the sound that is the body: WAV, FLAC, OGG or MP3 of at most "
        "32 MB and 15 minutes. A prompt that is not there is added.",
        body="audio/wav",
        headers={"If-Match": "The ETag of the prompt that the requester has seen, or *."},
        answers={
            200: ("What it is now.", EntryShown),
            201: ("It is added.", EntryShown),
            **BAD,
            **GONE,
            **CONFLICT,
            **OUTDATED,
            413: ("It is too large.", Problem),
            **WRONG,
            **UNSEEN,
            **AWAY,
            507: ("There is no room for it.", Problem),
        },
    ),
)
"What `sounds_api.py` serves."

CHANGE_OPERATIONS = (
    Operation(
        path="/changes",
        method="post",
        id="changeEntries",
        summary="Make many changes of entries, or none of them.",
        right=Right.ADMINISTER,
        body=ChangesAsked,
        answers={200: ("What was changed.", ChangesMade), **BAD, **WRONG, **AWAY},
    ),
    Operation(
        path="/reload",
        method="post",
        id="reload",
        summary="Read the settings file and the certificates again; calls go on.",
        right=Right.ADMINISTER,
        answers={200: ("What has changed.", Reloaded), **WRONG},
    ),
)
"What `changes_api.py` serves."

ENTRY_OPERATIONS: tuple[Operation, ...] = (
    *(each for operations in COLLECTION_OPERATIONS.values() for each in operations),
    *SOUND_OPERATIONS,
    *CHANGE_OPERATIONS,
)
"All of these."
