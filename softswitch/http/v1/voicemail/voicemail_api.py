"""`/v1/voicemail`: mailboxes, their messages, greetings and PINs, for users of the web API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import UNSET

from softswitch.calls.prompts.uploaded import Length, NoSound, keep_sound
from softswitch.calls.voicemail.mailboxes import AllMailboxes, NotOnDisk, new_id
from softswitch.calls.voicemail.options import LONGEST_GREETING, SHORTEST_GREETING
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import body_of, octets_of
from softswitch.http.v1.serving import Work, served
from softswitch.http.v1.uploads import DECODING
from softswitch.http.v1.voicemail.voicemail_json import (
    VOICEMAIL_OPERATIONS,
    MailboxesShown,
    MailboxPatch,
    VoicemailPatch,
    VoicemailsShown,
    show_mailbox,
    show_voicemail,
)
from softswitch.store.exchange.voicemails import Voicemail

LENGTH = Length(SHORTEST_GREETING, LONGEST_GREETING)
LARGEST_GREETING = 48 * 1024 * 1024
"Octets of an upload: the longest greeting in stereo, 48,000 samples a second of 16 bits, has room."

OfMailbox = Callable[[web.Request, User, str], Awaitable[web.StreamResponse]]
OfMessage = Callable[[web.Request, Voicemail], Awaitable[web.StreamResponse]]


class VoicemailApi:
    """Shows and changes mailboxes."""

    def __init__(self, mailboxes: AllMailboxes, users: Users) -> None:
        self._mailboxes = mailboxes
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        mailbox, message = self._of_mailbox, self._of_message
        works: dict[str, Work] = {
            "listMailboxes": self.list,
            "showMailbox": mailbox(self.show),
            "changeMailbox": mailbox(self.change),
            "listVoicemailMessages": mailbox(self.messages),
            "markVoicemail": message(self.mark),
            "deleteVoicemail": message(self.delete),
            "downloadVoicemail": message(self.audio),
            "downloadGreeting": mailbox(self.greeting),
            "uploadGreeting": mailbox(self.take_greeting),
            "deleteGreeting": mailbox(self.drop_greeting),
        }
        return served(VOICEMAIL_OPERATIONS, self._users, works)

    # -- who asks for what -------------------------------------------------------------------------

    def _of_mailbox(self, handle: OfMailbox) -> Work:
        """Let a handler have the mailbox of the path, as it is on disk."""

        async def work(request: web.Request, user: User) -> web.StreamResponse:
            number = request.match_info["number"]
            self._require(number)
            await self._mailboxes.look(number)
            return await handle(request, user, number)

        return work

    def _require(self, number: str) -> None:
        """See that there is such a mailbox. Raises NotServed."""
        if self._mailboxes.settings(number) is None:
            raise NotServed(404, f"no mailbox {number[:64]!r}")

    def _of_message(self, handle: OfMessage) -> Work:
        """Let a handler have the message of the path."""

        async def found(request: web.Request, _user: User, number: str) -> web.StreamResponse:
            wanted = request.match_info["id"]
            message = self._mailboxes.find(number, wanted)
            if message is None:
                raise NotServed(404, f"no message {wanted[:64]!r} in {number}")
            return await handle(request, message)

        return self._of_mailbox(found)

    # -- mailboxes ---------------------------------------------------------------------------------

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """All mailboxes."""
        numbers = filter(user.owns, self._mailboxes.numbers())
        shown = [show_mailbox(self._mailboxes, each) for each in numbers]
        return answer(200, MailboxesShown(mailboxes=shown))

    async def show(self, _request: web.Request, _user: User, number: str) -> web.Response:
        """One mailbox, unless it was removed while it changed."""
        self._require(number)
        return answer(200, show_mailbox(self._mailboxes, number))

    async def change(self, request: web.Request, user: User, number: str) -> web.Response:
        """Change the PIN."""
        owner = self._mailboxes.owner(number)
        patch = await body_of(request, MailboxPatch)
        if patch.pin is not UNSET:
            await self._mailboxes.set_pin(number, patch.pin or "", user.name, owner)
        return await self.show(request, user, number)

    async def messages(self, _request: web.Request, _user: User, number: str) -> web.Response:
        """The messages of a mailbox."""
        shown = [show_voicemail(each) for each in self._mailboxes.messages(number)]
        return answer(200, VoicemailsShown(messages=shown))

    # -- messages ----------------------------------------------------------------------------------

    async def mark(self, request: web.Request, message: Voicemail) -> web.Response:
        """Let a message be new or old."""
        patch = await body_of(request, VoicemailPatch)
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

    async def greeting(self, _request: web.Request, _user: User, number: str) -> web.StreamResponse:
        """The recorded greeting."""
        path = self._mailboxes.greeting(number)
        if path is None or not await asyncio.to_thread(path.is_file):
            raise NotServed(404, f"the greeting of {number} is spoken")
        return web.FileResponse(path, headers={"Content-Type": "audio/wav"})

    async def take_greeting(self, request: web.Request, user: User, number: str) -> web.Response:
        """Take a greeting that is uploaded."""
        mailboxes, owner = self._mailboxes, self._mailboxes.owner(number)
        data = await octets_of(request, LARGEST_GREETING)
        path = mailboxes.folder.unfinished(f"upload-{new_id(0)}")
        try:
            await asyncio.to_thread(mailboxes.folder.open)
            await DECODING.run(lambda: keep_sound(data, path, LENGTH))
            await mailboxes.set_greeting(number, path, user.name, owner)
        except NoSound as error:
            raise NotServed(400, str(error)) from None
        except OSError as error:
            raise NotOnDisk(str(error)) from error
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return await self.show(request, user, number)

    async def drop_greeting(self, request: web.Request, user: User, number: str) -> web.Response:
        """Let callers hear the spoken greeting."""
        await self._mailboxes.set_greeting(number, None, user.name)
        return await self.show(request, user, number)
