"""`/v1/scripts`: scripts are read, written and removed; each change is a version that stays.

PUT of a script that is there, and DELETE, need If-Match: without it they are answered 428 (RFC 6585
section 3), with an outdated ETag 412.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import structlog
from aiohttp import web

from softswitch.commands.base.placement import Contexts
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.bodies import body_of, seen_by
from softswitch.http.v1.scripts.description import SCRIPT_OPERATIONS
from softswitch.http.v1.scripts.scripts_json import (
    LONGEST_SCRIPT,
    ScriptGiven,
    ScriptsAsked,
    ScriptsListed,
    VersionText,
    WritingAsked,
    check,
    list_script,
    list_versions,
    show_script,
)
from softswitch.http.v1.serving import Work, served
from softswitch.live.live_settings import LiveSettings
from softswitch.live.snapshot import Mistakes, SettingsMistake
from softswitch.ozml.library.kept_scripts import KeptScript, NoSuchScript, ScriptLibrary

log = structlog.get_logger("script")

T = TypeVar("T")

LARGEST = 2 * LONGEST_SCRIPT
"Octets of a body: JSON needs more than the script itself."


class ScriptsApi:
    """Keeps scripts."""

    def __init__(self, library: ScriptLibrary, live: LiveSettings, users: Users) -> None:
        self._library = library
        self._live = live
        self._users = users
        self._turn = asyncio.Lock()
        "Held by whoever writes."

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "listScripts": self._list,
            "showScript": self._show,
            "writeScript": self._write,
            "removeScript": self._remove,
            "listScriptVersions": self._versions,
            "showScriptVersion": self._version,
        }
        return served(SCRIPT_OPERATIONS, self._users, works)

    async def _list(self, request: web.Request, _user: User) -> web.Response:
        wanted = asked(request, ScriptsAsked)
        return answer(200, await asyncio.to_thread(self._listed, wanted))

    def _listed(self, wanted: ScriptsAsked) -> ScriptsListed:
        names = [each for each in self._library.names() if wanted.text.lower() in each.lower()]
        part = names[wanted.offset : wanted.offset + wanted.limit]
        used = self._used()
        shown = []
        for name in part:
            try:
                script = self._library.read(name)
            except NoSuchScript:  # removed meanwhile
                continue
            shown.append(list_script(script, used[script.path.resolve()]))
        return ScriptsListed(
            folder=str(self._library.root),
            total=len(names),
            offset=wanted.offset,
            limit=wanted.limit,
            scripts=shown,
        )

    async def _show(self, request: web.Request, _user: User) -> web.Response:
        name = request.match_info["script"]
        script = await _found(lambda: self._library.read(name))
        return await self._answer(200, script)

    async def _write(self, request: web.Request, user: User) -> web.Response:
        name, is_draft = request.match_info["script"], asked(request, WritingAsked).draft
        path = await _found(lambda: self._library.path_of(name))
        given = await body_of(request, ScriptGiven, largest=LARGEST)
        source = given.text.encode(errors="replace")
        if len(source) > LONGEST_SCRIPT:
            raise web.HTTPRequestEntityTooLarge(LONGEST_SCRIPT, len(source))
        async with self._turn:
            is_new = await self._is_as_seen(request, name)
            used = await asyncio.to_thread(lambda: self._used()[path.resolve()])
            if used or not is_draft:
                await asyncio.to_thread(_refuse_mistakes, name, source, used)
            script = await _on_disk(lambda: self._library.keep(name, source, user.name))
        log.info("script written", name=name, version=script.version.number, user=user.name)
        return await self._answer(201 if is_new else 200, script)

    async def _remove(self, request: web.Request, user: User) -> web.Response:
        name = request.match_info["script"]
        async with self._turn:
            script = await _found(lambda: self._library.read(name))
            _judge(request, script)
            used = await asyncio.to_thread(lambda: self._used()[script.path.resolve()])
            if used:
                numbers = ", ".join(used[:10])
                raise NotServed(409, f"script {name} answers {numbers}, expected one that is free")
            await _on_disk(lambda: self._library.remove(name))
        log.info("script removed", name=name, user=user.name)
        return web.Response(status=204)

    async def _versions(self, request: web.Request, _user: User) -> web.Response:
        name = request.match_info["script"]
        found = await _found(lambda: self._library.versions(name))
        return answer(200, list_versions(name, found))

    async def _version(self, request: web.Request, _user: User) -> web.Response:
        name, number = request.match_info["script"], request.match_info["version"]
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise NotServed(404, f"there is no version '{number[:64]}', expected a whole number")
        source = await _found(lambda: self._library.version_source(name, int(number)))
        text = source.decode(errors="replace")
        return answer(200, VersionText(name=name, version=int(number), text=text))

    async def _is_as_seen(self, request: web.Request, name: str) -> bool:
        """Whether there is no such script yet. Raises NotServed where it is not as it was seen."""
        try:
            script = await asyncio.to_thread(self._library.read, name)
        except NoSuchScript as error:
            if "If-Match" in request.headers:
                raise NotServed(404, str(error)) from None
            return True
        _judge(request, script)
        return False

    async def _answer(self, status: int, script: KeptScript) -> web.Response:
        """The answer that shows a script."""

        def shown() -> web.Response:
            used = self._used()[script.path.resolve()]
            headers = {"ETag": script.etag}
            if status == 201:
                headers["Location"] = f"/v1/scripts/{script.name}"
            return answer(status, show_script(script, used), headers)

        return await asyncio.to_thread(shown)

    def _used(self) -> Mapping[Path, Sequence[str]]:
        """The extensions that each script answers, by its whole path; asks the disk."""
        used: dict[Path, list[str]] = defaultdict(list)
        for extension in self._live.now.settings.extensions:
            for script in extension.named_scripts().values():
                if script is not None:
                    used[script.resolve()].append(str(extension.number or extension.range))
        return used


def _judge(request: web.Request, script: KeptScript) -> None:
    """See that a script is what the requester has seen. Raises Unconditional, NotServed."""
    expected = seen_by(request)
    if expected is not None and script.etag not in expected:
        by = script.version.changed_by or "somebody"
        raise NotServed(412, f"{by} has changed script {script.name}, expected its ETag of now")


def _refuse_mistakes(name: str, source: bytes, used: Sequence[str]) -> None:
    """Raise Mistakes for a script that no call could run."""
    found = check(source, Contexts.SCRIPT)
    if found.runs:
        return
    answers = f", which answers {', '.join(used[:10])}" if used else ""
    raise Mistakes(
        [
            SettingsMistake(f"script {name}{answers}: {each.line}:{each.column}", each.sentence)
            for each in found.mistakes
            if each.severity == "error"
        ]
    )


async def _found(work: Callable[[], T]) -> T:
    """What is found on disk. Raises NotServed where there is nothing."""
    try:
        return await asyncio.to_thread(work)
    except NoSuchScript as error:
        raise NotServed(404, str(error)) from None


async def _on_disk(work: Callable[[], T]) -> T:
    """Change what is on disk, though the requester may go. Raises HTTPInsufficientStorage."""
    try:
        return await asyncio.shield(asyncio.ensure_future(_found(work)))
    except OSError as error:
        raise web.HTTPInsufficientStorage(
            text=f"the script could not be stored: {error.strerror or error}"
        ) from None
