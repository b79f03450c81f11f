"""`/api` and `/`: reads a command of a request, runs it, answers (API reference, sections 3, 4).

GET and POST mean the same; names are read in any letter case; the status is 200 whatever the
command's code, but where no command was read at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog
from aiohttp import web

from softswitch.commands import BY_NAME
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts, Needs
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.rights import require_right
from softswitch.guard.rights import VIEWS, User, Whose
from softswitch.http.access.asked_changes import (
    AskedChange,
    ask_change,
    refuse_change,
    tell_given,
)
from softswitch.http.fields import REQUEST_FIELDS, SentFields, names_json_action, read_request
from softswitch.http.replies import html_reply, json_reply, xml_reply
from softswitch.http.users import Users
from softswitch.ozml.check import meant
from softswitch.ozml.interpreter import Script
from softswitch.ozml.script_context import ScriptContext

log = structlog.get_logger("api")

YES = frozenset({"true", "1", "yes"})
"What asks for the `<Warning>` elements of a reply."
MOST_FIELDS = 64
"Fields of a command, but for one that takes numbered ones."
PATHS = ("/api", "/api/", "/")
"Where commands are taken; the older product has no path."

CALL_IDS = {"call_id": "CallId", "transferred_call_id": "TransferredCallId"}
"The parameters that name the call a command is for, which a script may leave out."


def require_call_id(command: Command) -> None:
    """See that a command says which call it is for. Raises CommandError 302."""
    for field, name in CALL_IDS.items():
        has_one = command.needs is not Needs.NOTHING and hasattr(command, field)
        if has_one and getattr(command, field) is None:
            raise CommandError(
                Code.INVALID_PARAMETER,
                name,
                command.name(),
                detail=f"{command.name()}: {name} is missing, expected the id of a call",
            )


TARGETS = ("callid", "dialed", "dialled", "destination", "recipient", "apiextension")
"Fields that say what a command is for, the first one that is there."
SHORT_LIST = 500
"Rows that are written at once; more are written beside the calls."


ContextFor = Callable[[Whose], ScriptContext]
"What the commands of a user act through."


Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
"Answers with the page of the console."


class Actions(Protocol):
    """The message dialects of the same path."""

    async def handle(self, request: web.Request, fields: Mapping[str, str]) -> web.Response | None:
        """The answer; None where the action is unknown."""


class CommandApi:
    """Runs the commands that web applications send."""

    def __init__(
        self,
        context_for: ContextFor,
        users: Users,
        actions: Actions | None = None,
        page: Page | None = None,
    ) -> None:
        """`actions` serve the dialects that are chosen by `action` instead of `command`; `page`
        answers at `/` who asks for nothing."""
        self._context_for = context_for
        self._users = users
        self._actions = actions
        self._page = page

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        taken = [web.get(path, self.handle) for path in PATHS if path != "/"]
        taken += [web.post(path, self.handle) for path in PATHS]
        return [*taken, web.get("/", self._front)]

    async def _front(self, request: web.Request) -> web.StreamResponse:
        """`/`: the page for who types the address; a query is a command of the older product."""
        if self._page is not None and not request.query_string:
            return await self._page(request)
        return await self.handle(request)

    async def handle(self, request: web.Request) -> web.Response:
        """One request."""
        sent = await read_request(request)
        is_readable = not sent.unreadable or names_json_action(request)
        if not sent.command and is_readable and self._actions is not None:
            answer = await self._actions.handle(request, sent.lower)
            if answer is not None:
                return answer
        skipped: list[str] = []
        code, message, reply = await self._outcome(request, sent, skipped)
        log.info("command", command=sent.command[:40], code=int(code), source=request.remote)
        if skipped:
            log.warning("skipped", command=sent.command[:40], mistakes="; ".join(skipped[:5]))
        if sent.lower.get("warnings", "").lower() in YES:
            reply = replace(reply or Reply(), warnings=tuple(skipped))
        answer = await _answer(request, sent.lower, code, message, reply)
        answer.headers.extend(("Warning", _warning(sentence)) for sentence in skipped[:5])
        return answer

    async def _outcome(
        self, request: web.Request, sent: SentFields, skipped: list[str]
    ) -> tuple[Code, str, Reply | None]:
        """Code, message and reply of a command, whatever became of it.

        `skipped` gets the mistakes that it ran without. Raises HTTPTooManyRequests for a banned
        source, and HTTPInternalServerError.
        """
        try:
            user = self._users.of_request(request, sent.lower, runs_commands=True)
            _note_change(request, sent, user)
            if sent.unreadable:
                raise CommandError(Code.PARSE_ERROR, sent.unreadable)
            return Code.OK, "", await self._run(sent, user, skipped)
        except CommandError as error:
            refuse_change(request, int(error.code))
            return error.code, error.message, None
        except web.HTTPException:
            raise
        except Exception:
            log.exception("command broke", command=sent.command[:40])
            raise web.HTTPInternalServerError(text="internal error") from None

    async def _run(self, sent: SentFields, user: User, skipped: list[str]) -> Reply | None:
        context = self._context_for(partial(self._users.as_now, user))
        command = self._read(sent, context, skipped).based_on("", sent.fields)
        require_call_id(command)
        script = Script(context, origin=Contexts.HTTP, call=None, user=user.name)
        try:
            return await command.run(script)
        finally:
            skipped += script.skipped

    def _read(self, sent: SentFields, context: ScriptContext, skipped: list[str]) -> Command:
        """The command of a request, which its user may give. Raises CommandError."""
        name = sent.command
        if not name:
            raise CommandError(Code.PARSE_ERROR, "command is missing")
        wanted = BY_NAME.get(name.strip().lower())
        if wanted is None:
            near = meant(name[:40], Contexts.HTTP)
            hint = f"Did you mean {near}?" if near else ""
            raise CommandError(Code.NOT_IMPLEMENTED, name[:40], detail=hint)
        if not wanted.contexts & Contexts.HTTP:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, wanted.name())
        require_right(wanted, context.user)
        if len(sent.fields) + len(sent.again) > MOST_FIELDS and not shape_of(wanted).numbered:
            raise CommandError(Code.PARSE_ERROR, f"more than {MOST_FIELDS} fields")
        strict = context.severity.strict
        return wanted.parse(
            sent.fields,
            again=sent.again,
            ignored=REQUEST_FIELDS,
            skipped=None if strict else lambda mistake: skipped.append(mistake.error.detail),
        )


def _note_change(request: web.Request, sent: SentFields, user: User) -> None:
    """Have a command in the audit log that does more than look."""
    wanted = BY_NAME.get(sent.command.strip().lower())
    if wanted is None or wanted.right in VIEWS:
        return
    target = next((sent.lower[name] for name in TARGETS if sent.lower.get(name)), "")
    ask_change(request, AskedChange(user, wanted.name(), target, hurries=True))
    tell_given(request, (name for name in sent.lower if name not in REQUEST_FIELDS))


def _warning(sentence: str) -> str:
    """The value of a Warning header (RFC 7234 section 5.5); 299 is a warning of any kind."""
    text = sentence.encode("ascii", "replace").decode()[:200].replace("\\", "/").replace('"', "'")
    printable = "".join(character if character.isprintable() else " " for character in text)
    return f'299 softswitch "{printable}"'


async def _answer(
    request: web.Request,
    lower: Mapping[str, str],
    code: Code,
    message: str,
    reply: Reply | None,
) -> web.Response:
    """The reply in the format that is asked for."""
    form = (lower.get("responseformat") or lower.get("format", "")).lower()
    accepts_json = "application/json" in request.headers.get("Accept", "")
    kind, write = "application/xml", partial(xml_reply, code, message, reply)
    if form == "json" or (accepts_json and form not in ("xml", "html")):
        kind, write = "application/json", partial(json_reply, code, message, reply)
    elif form == "html":
        url = lower.get("continueurl", "")
        kind, write = "text/html", partial(html_reply, code, message, reply, url)
    rows = reply.listing.rows if reply is not None and reply.listing is not None else ()
    text = write() if len(rows) <= SHORT_LIST else await asyncio.to_thread(write)
    return web.Response(text=text, content_type=kind, charset="utf-8")
