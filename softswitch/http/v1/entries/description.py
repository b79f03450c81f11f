"""What the paths of entries do, for `/openapi.json`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from softswitch.http.v1.asking import Problem
from softswitch.http.v1.entries.collections import COLLECTIONS, Collection
from softswitch.http.v1.entries.entries_json import (
    ChangesAsked,
    ChangesMade,
    EntriesPage,
    EntriesShown,
    EntryShown,
    MistakesShown,
    Reloaded,
)
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
AWAY: Answers = {503: ("The database does not take it.", Problem)}
OF_ADDING: Answers = {**BAD, **CONFLICT, **WRONG, **AWAY}
OF_CHANGING: Answers = {**OF_ADDING, **GONE, **OUTDATED, **UNSEEN}
IF_MATCH = {"If-Match": "The ETag of what the requester has seen, or *."}


def _operations(of: Collection) -> Iterator[Operation]:
    """What the paths of a collection do."""
    path, one = f"/{of.name}", f"/{of.name}/{{name}}"
    word = "".join(part.capitalize() for part in of.name.split("-"))
    yield Operation(
        path=path,
        id=f"list{word}",
        summary=f"The {of.name} of the settings file and those added while the switch runs.",
        query=EntriesPage,
        answers={200: ("A page of them.", EntriesShown), **BAD},
    )
    yield Operation(
        path=path,
        method="post",
        id=f"add{word}",
        summary=f"Add one to the {of.name}.",
        body=EntryGiven,
        answers={201: ("What it is now.", EntryShown), **OF_ADDING},
    )
    yield Operation(
        path=one,
        id=f"show{word}",
        summary=f"One of the {of.name}.",
        answers={200: ("The entry.", EntryShown), **GONE},
    )
    for method, verb, summary in (
        ("put", "replace", "Replace all keys but the secrets that are not named."),
        ("patch", "change", "Change the keys that are named."),
    ):
        yield Operation(
            path=one,
            method=method,
            id=f"{verb}{word}",
            summary=summary,
            body=EntryGiven,
            headers=IF_MATCH,
            answers={200: ("What it is now.", EntryShown), **OF_CHANGING},
        )
    yield Operation(
        path=one,
        method="delete",
        id=f"remove{word}",
        summary=f"Remove one of the {of.name}.",
        headers=IF_MATCH,
        answers={204: ("It is removed.", None), **OF_CHANGING},
    )


ENTRY_OPERATIONS: tuple[Operation, ...] = (
    *(operation for of in COLLECTIONS.values() for operation in _operations(of)),
    Operation(
        path="/prompts/{name}/sound",
        id="downloadPrompt",
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
        summary="Let a prompt be the sound that is the body: WAV, FLAC, OGG or MP3 of at most "
        "32 MB and 15 minutes. A prompt that is not there is added.",
        headers={"If-Match": "The ETag of the prompt that the requester has seen, or *."},
        answers={
            200: ("What it is now.", EntryShown),
            201: ("It is added.", EntryShown),
            **CONFLICT,
            **OUTDATED,
            413: ("It is too large.", None),
            **WRONG,
            **UNSEEN,
            **AWAY,
            507: ("There is no room for it.", None),
        },
    ),
    Operation(
        path="/changes",
        method="post",
        id="changeEntries",
        summary="Make many changes of entries, or none of them.",
        body=ChangesAsked,
        answers={200: ("What was changed.", ChangesMade), **BAD, **WRONG, **AWAY},
    ),
    Operation(
        path="/reload",
        method="post",
        id="reload",
        summary="Read the settings file and the certificates again; calls go on.",
        answers={200: ("What has changed.", Reloaded), **WRONG},
    ),
)
"What `entries_api.py` and `changes_api.py` serve."
