"""`/v1/scripts/check`, `…/simulate` and `…/language`: what an editor of scripts asks as one types.

All of it is done in one thread of its own, a script at a time: calls come first.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from aiohttp import web

from softswitch.commands import COMMANDS
from softswitch.commands.base.placement import Contexts
from softswitch.commands.pages.schema import ROOTS
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import answer
from softswitch.http.v1.bodies import BadBody, body_of
from softswitch.http.v1.commands.commands_json import show_command
from softswitch.http.v1.scripts.description import WRITING_OPERATIONS
from softswitch.http.v1.scripts.scripts_api import LARGEST
from softswitch.http.v1.scripts.scripts_json import (
    LONGEST_SCRIPT,
    CheckAsked,
    ExampleShown,
    LanguageShown,
    RehearsalAsked,
    VariableShown,
    check,
    show_rehearsal,
)
from softswitch.http.v1.serving import Work, served
from softswitch.http.v1.uploads import OneByOne
from softswitch.ozml.library.guide import examples
from softswitch.ozml.terminal.rehearsal import rehearse
from softswitch.ozml.terminal.terminal import PURPOSES, SOUNDS

MOST_WAITING = 16
"Scripts that wait until another one is looked at."

VARIABLES = {
    "callid": "The id of the call.",
    "callerid": "The number of the caller.",
    "dialed": "The number that was dialled.",
    "digits": "What UserInput has read.",
    "heard": "What Detect has recognised.",
    "answeredby": "Who has answered a call with MachineDetection: human, machine, fax, unknown.",
    "item": "The element of the array that ForEach is at.",
    "account": "Of an alarm, in Received: the account.",
    "eventqualifier": "Of an alarm: NewEvent, NewRestore or StatusReport.",
    "eventcode": "Of an alarm: the event, three digits.",
    "eventname": "Of an alarm: what the code means.",
    "partition": "Of an alarm: the partition.",
    "zone": "Of an alarm: the zone or user.",
}
"The variables that the switch sets, in the order of the guide."


class WritingApi:
    """Checks and rehearses scripts, and says what there is to write."""

    def __init__(self, static: Path, users: Users) -> None:
        """`static`: where relative paths of Play start."""
        self._static = static
        self._users = users
        self._scripts = OneByOne(MOST_WAITING, "scripts")

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "describeScripts": self._language,
            "checkScript": self._check,
            "simulateScript": self._simulate,
        }
        return served(WRITING_OPERATIONS, self._users, works)

    async def _language(self, _request: web.Request, _user: User) -> web.Response:
        return answer(200, await asyncio.to_thread(language))

    async def _check(self, request: web.Request, _user: User) -> web.Response:
        wanted = await body_of(request, CheckAsked, largest=LARGEST)
        source, origin = _source(wanted.text), PURPOSES[wanted.purpose]
        return answer(200, await self._scripts.run(lambda: check(source, origin)))

    async def _simulate(self, request: web.Request, _user: User) -> web.Response:
        wanted = await body_of(request, RehearsalAsked, largest=LARGEST)
        if unknown := sorted(set(wanted.hears or ()) - SOUNDS):
            known = ", ".join(sorted(SOUNDS - {""}))
            raise BadBody(f"hears: expected some of {known}, not {unknown[0][:40]!r}")
        source = _source(wanted.text)
        done = await self._scripts.run(
            lambda: rehearse(source, static=self._static, keys=wanted.keys, sounds=wanted.hears)
        )
        return answer(200, show_rehearsal(done))


def _source(text: str) -> bytes:
    """The document in octets. Raises HTTPRequestEntityTooLarge."""
    source = text.encode(errors="replace")
    if len(source) > LONGEST_SCRIPT:
        raise web.HTTPRequestEntityTooLarge(LONGEST_SCRIPT, len(source))
    return source


@cache
def language() -> LanguageShown:
    """The language of scripts; it never changes."""
    scripts = (each for each in COMMANDS if each.contexts & ~Contexts.HTTP)
    return LanguageShown(
        roots=list(ROOTS),
        commands=[show_command(each) for each in scripts],
        variables=[VariableShown(name=name, about=about) for name, about in VARIABLES.items()],
        examples=[ExampleShown(title=each.title, text=each.text) for each in examples()],
    )
