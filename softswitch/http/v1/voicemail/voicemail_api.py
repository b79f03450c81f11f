"""`/v1/voicemail`: mailboxes, their messages, greetings and PINs, for users of the web API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from aiohttp import web
from msgspec import UNSET

from softswitch.calls.prompts.uploaded import Length, NoSound, keep_sound
from softswitch.calls.voicemail.mailboxes import AllMailboxes, NotOnDisk, new_id
from softswitch.calls.voicemail.options import LONGEST_GREETING, SHORTEST_GREETING
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem, answer, refusal, requester
from softswitch.http.v1.voicemail.voicemail_json import (
    MailboxesShown,
    MailboxPatch,
    VoicemailPatch,
    VoicemailsShown,
    show_mailbox,
    show_voicemail,
)
from softswitch.store.exchange.voicemails import Voicemail

MAILBOX = "/v1/voicemail/{number}"
MESSAGE = f"{MAILBOX}/messages/{{id}}"
GREETING = f"{MAILBOX}/greeting"
LENGTH = Length(SHORTEST_GREETING, LONGEST_GREETING)

OfMailbox = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
OfMessage = Callable[[web.Request, Voicemail], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class VoicemailApi:
    """Shows and changes mailboxes."""

    def __init__(self, mailboxes: AllMailboxes, users: Users) -> None:
        self._mailboxes = mailboxes
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        mailbox, message = self._of_mailbox, self._of_message
        return [
            web.get("/v1/voicemail", self.list),
            web.get(MAILBOX, mailbox(self.show)),
            web.patch(MAILBOX, mailbox(self.change)),
            web.get(f"{MAILBOX}/messages", mailbox(self.messages)),
            web.patch(MESSAGE, message(self.mark)),
            web.delete(MESSAGE, message(self.delete)),
            web.get(f"{MESSAGE}/audio", message(self.audio)),
            web.get(GREETING, mailbox(self.greeting)),
            web.put(GREETING, mailbox(self.take_greeting)),
            web.delete(GREETING, mailbox(self.drop_greeting)),
        ]

    # -- who asks for what -------------------------------------------------------------------------

    def _of_mailbox(self, handle: OfMailbox) -> Handler:
        """Let a handler have the mailbox of the path, as it is on disk."""
        return partial(self._handled, handle)

    async def _handled(self, handle: OfMailbox, request: web.Request) -> web.StreamResponse:
        if (refused := refusal(request, self._users)) is not None:
            return refused
        number = request.match_info["number"]
        if self._mailboxes.settings(number) is None:
            return answer(404, Problem(error=f"no mailbox {number[:64]!r}"))
        try:
            await self._mailboxes.look(number)
            return await handle(request, number)
        except NotOnDisk as error:
            return answer(503, Problem(error=f"this could not be stored: {error}"))
        except msgspec.DecodeError as error:
            return answer(400, Problem(error=str(error)))

    def _of_message(self, handle: OfMessage) -> Handler:
        """Let a handler have the message of the path."""

        async def found(request: web.Request, number: str) -> web.StreamResponse:
            wanted = request.match_info["id"]
            message = self._mailboxes.find(number, wanted)
            if message is None:
                return answer(404, Problem(error=f"no message {wanted[:64]!r} in {number}"))
            return await handle(request, message)

        return self._of_mailbox(found)

    # -- mailboxes ---------------------------------------------------------------------------------

    async def list(self, request: web.Request) -> web.Response:
        """All mailboxes."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        shown = [show_mailbox(self._mailboxes, each) for each in self._mailboxes.numbers()]
        return answer(200, MailboxesShown(mailboxes=shown))

    async def show(self, _request: web.Request, number: str) -> web.Response:
        """One mailbox."""
        return answer(200, show_mailbox(self._mailboxes, number))

    async def change(self, request: web.Request, number: str) -> web.Response:
        """Change the PIN."""
        patch = msgspec.json.decode(await request.read(), type=MailboxPatch)
        if patch.pin is not UNSET:
            by = requester(request)
            await self._mailboxes.set_pin(number, patch.pin or "", by)
        return await self.show(request, number)

    async def messages(self, _request: web.Request, number: str) -> web.Response:
        """The messages of a mailbox."""
        shown = [show_voicemail(each) for each in self._mailboxes.messages(number)]
        return answer(200, VoicemailsShown(messages=shown))

    # -- messages ----------------------------------------------------------------------------------

    async def mark(self, request: web.Request, message: Voicemail) -> web.Response:
        """Let a message be new or old."""
        patch = msgspec.json.decode(await request.read(), type=VoicemailPatch)
        await self._mailboxes.mark(message, patch.folder)
        now = self._mailboxes.find(message.mailbox, message.id) or message
        return answer(200, show_voicemail(now))

    async def delete(self, _request: web.Request, message: Voicemail) -> web.Response:
        """Delete a message."""
        await self._mailboxes.delete(message)
        return web.Response(status=204)

    async def audio(self, _request: web.Request, message: Voicemail) -> web.StreamResponse:
        """The recording of a message."""
        name = f'attachment; filename="{message.mailbox}-{message.id}.wav"'
        headers = {"Content-Type": "audio/wav", "Content-Disposition": name}
        return web.FileResponse(self._mailboxes.path(message), headers=headers)

    # -- greetings ---------------------------------------------------------------------------------

    async def greeting(self, _request: web.Request, number: str) -> web.StreamResponse:
        """The recorded greeting."""
        path = self._mailboxes.greeting(number)
        if path is None or not await asyncio.to_thread(path.is_file):
            return answer(404, Problem(error=f"the greeting of {number} is spoken"))
        return web.FileResponse(path, headers={"Content-Type": "audio/wav"})

    async def take_greeting(self, request: web.Request, number: str) -> web.Response:
        """Take a greeting that is uploaded."""
        data, mailboxes = await request.read(), self._mailboxes
        path = mailboxes.folder.unfinished(f"upload-{new_id(0)}")
        try:
            await asyncio.to_thread(mailboxes.folder.open)
            await asyncio.to_thread(keep_sound, data, path, LENGTH)
            await mailboxes.set_greeting(number, path, requester(request))
        except NoSound as error:
            return answer(400, Problem(error=str(error)))
        except OSError as error:
            raise NotOnDisk(str(error)) from error
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return await self.show(request, number)

    async def drop_greeting(self, request: web.Request, number: str) -> web.Response:
        """Let callers hear the spoken greeting."""
        await self._mailboxes.set_greeting(number, None, requester(request))
        return await self.show(request, number)
