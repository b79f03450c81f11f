"""The scene of calls with scripts on it: applications, messages and files as scripts meet them.

Scripts, commands, calls and the lanes of messages are the real ones, on virtual time; web servers
answer from a dictionary, the disk of messages is a dictionary, and files lie where the test says.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from softswitch.calls.call.call import Call
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.ports.media_workers import InstalledVoice
from softswitch.commands import BY_NAME
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.commands.base.order import CallContext
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.replies import Reply
from softswitch.commands.running.alarms import report_course
from softswitch.commands.running.call import RunningCall
from softswitch.commands.running.messages import CommandMessages
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.commands.running.rows import address_rows
from softswitch.commands.running.switch import CallStarts, RunningSwitch
from softswitch.commands.running.voices import Voices
from softswitch.guard.fetcher import Cookies, Fetched, FetchError
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.guard.rights import THE_SWITCH
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.routes import Routes
from softswitch.ozml.applications.background import Background
from softswitch.ozml.applications.reports import Reports
from softswitch.ozml.interpreter import Script
from softswitch.ozml.notifications import Applications
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.services import Scripts
from softswitch.ozml.sounds import Sounds
from softswitch.store.journal import Change
from softswitch.store.messages import NEVER, TextMessage
from softswitch.store.store import Store
from tests.calls.extensions import extension
from tests.calls.scene import TERMS, Scene
from tests.messaging.scene import FakeConnection

ERRORS = "http://app.example/errors"
"Where applications hear of errors that no command sends elsewhere."


class Web:
    """Web servers: what each URL answers, and what was sent to it."""

    def __init__(self) -> None:
        self.answers: dict[str, str | Exception] = {}
        self.told: list[tuple[str, dict[str, str]]] = []
        self.seconds = 0.0
        "How long an answer takes."

    async def post(
        self, url: str, fields: Mapping[str, str], *, cookies: Cookies | None = None
    ) -> Fetched:
        self.told.append((url, dict(fields)))
        await asyncio.sleep(self.seconds)
        answer = self.answers.get(url, "")
        if isinstance(answer, Exception):
            raise answer
        return Fetched(url, 200, {}, "application/xml", None, answer.encode())

    async def get(self, url: str, **_: Any) -> Fetched:
        raise FetchError(f"{url}: no such page")

    def names(self, url: str | None = None) -> list[str]:
        """The notifications that were sent, in order."""
        return [fields["NotificationName"] for to, fields in self.told if url is None or to == url]

    def last(self, name: str) -> dict[str, str]:
        """The fields of the last notification of that name."""
        return next(f for _, f in reversed(self.told) if f["NotificationName"] == name)


class MemoryDisk:
    """The disk of messages, which takes a moment for each write."""

    def __init__(self) -> None:
        self.rows: dict[str, TextMessage] = {}
        self.seconds = 0.005

    def write(self, *changes: Change) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            for change in changes:
                self._apply(change)
            if not done.done():
                done.set_result(None)

        loop.call_later(self.seconds, finish)
        return done

    def _apply(self, change: Change) -> None:
        if change.kind.name == "message":
            self.rows[change.row["id"]] = TextMessage(**change.row)
        elif change.kind.name == "progress of message":
            new = {name.removeprefix("new_"): value for name, value in change.row.items()}
            identity = new.pop("message")
            if new["next_at"] == NEVER:
                self.rows[identity] = replace(self.rows[identity], next_at=None)
                del new["next_at"]
            given = {name: value for name, value in new.items() if value is not None}
            self.rows[identity] = replace(self.rows[identity], **given)

    def check_room(self) -> None:
        """There is room."""

    async def find_message(self, message_id: str) -> TextMessage | None:
        return self.rows.get(message_id)

    async def find_origin(self, origin: str) -> TextMessage | None:
        return next((row for row in self.rows.values() if row.origin == origin), None)

    async def load_due(
        self, lane: str, now: float, limit: int, ahead: float, held: Container[str]
    ) -> tuple[list[TextMessage], bool]:
        await asyncio.sleep(0.001)
        return [
            row
            for row in self.rows.values()
            if row.lane == lane
            and row.next_at is not None
            and row.next_at <= now + ahead
            and row.id not in held
        ], False

    async def next_due(self, lane: str, after: float) -> float | None:
        times = [row.next_at for row in self.rows.values() if row.lane == lane]
        return min((at for at in times if at is not None and at > after), default=None)

    async def lanes_in_use(self) -> set[str]:
        return set()

    async def list_folder(
        self, user: str, folder: str, *, limit: int, fresh: bool = False
    ) -> list[TextMessage]:
        found = [row for row in self.rows.values() if (row.user, row.folder) == (user, folder)]
        return found[:limit]


class ScriptScene(Scene):
    """Calls, and the scripts and commands that act on them."""

    def __init__(
        self,
        *extensions: Extension,
        files: Path = Path("/nonexistent"),
        error_prompt: str | None = None,
        store: Store | None = None,
        **more: Any,
    ) -> None:
        """`files`: where sounds and recordings lie; `error_prompt` as in the settings.

        `store`: the history that commands read, which needs real time.
        """
        self.store = store
        services = {API: self._serve_api, IVR: self._serve_ivr}
        api = extension("9000", API, url="http://app.example/incoming")
        terms = dataclasses.replace(TERMS, error_prompt=error_prompt)
        super().__init__(api, *extensions, services=services, terms=terms, **more)
        self.web = Web()
        self.background = Background()
        self.disk = MemoryDisk()
        self.sms = FakeConnection("sms", window=1)
        self.messages = Messages(
            self.disk, [self.sms], Routes((), [("sms", "smpp")]), clock=self.now
        )
        self.files = AllowedFiles([files])
        tickets = Tickets(b"key", 60.0, self.now)
        self.links = RecordingLinks(files, tickets, ("192.0.2.1", 9509))
        self.applications = Applications(self.web)
        self.reports = Reports(self.applications, self.background.start, ERRORS)
        self.call_context = self._call_context(files)
        self.user = THE_SWITCH
        "In whose name commands act."
        self.commands = self._running_switch()
        self.context = self._script_context()
        self.scripts = Scripts(
            context=self.context,
            call_context=self.call_context,
            reports=self.reports,
        )

    async def _serve_api(self, call: Call, extension: Extension) -> None:
        await self.scripts.serve_api(call, extension)

    async def _serve_ivr(self, call: Call, extension: Extension) -> None:
        await self.scripts.serve_ivr(call, extension)

    def _call_context(self, files: Path) -> CallContext:
        return CallContext(
            recordings=files,
            recording_url=self.links.url,
            directory=self.plan.directory,
            routing=self.plan.routing,
            calls=self.calls,
            answering=self.answering,
            transfers=self.transfers,
            begin=self.tasks.begin,
            store=self.journal,
            finished=self.reports.finished,
            start=self.background.start,
        )

    async def installed_voices(self) -> list[InstalledVoice]:
        return [
            InstalledVoice(name="hibari:heart", engine="hibari", language="en-us"),
            InstalledVoice(name="espeak:gmw/de", engine="espeak", language="de"),
        ]

    def _running_switch(self) -> RunningSwitch:
        return RunningSwitch(
            calls=self.calls,
            plan=self.plan,
            now=self.now,
            store=self.store or self.journal,
            files=self.files,
            addressbooks={"friends": address_rows([("Ann", "1000", "ann@example.com")])},
            messages=CommandMessages(self.messages),
            voices=Voices(self.installed_voices),
            starts=CallStarts(
                begin=self.tasks.begin,
                course_of=lambda _, dialling: self.scripts.course_of(dialling),
                alarm_course=lambda order: report_course(
                    order, self.answering, self.reports.finished, self.background.start
                ),
            ),
            whose=lambda: self.user,
        )

    def _script_context(self) -> ScriptContext:
        return ScriptContext(
            switch=self.commands,
            applications=self.applications,
            find_call=self._find_call,
            find_sound=Sounds(self.files, self.web, Path("/nonexistent"), self.links.file_of).find,
            report=self.reports.error_later,
            start=self.background.start,
            whose=lambda: self.user,
        )

    def _find_call(self, call_id: str) -> ControlledCall:
        call = self.calls.get(call_id)
        if call is None:
            raise CommandError(Code.CALL_NOT_FOUND, call_id)
        return RunningCall(call, self.call_context)

    async def command(self, name: str, inside: str = "", **fields: str) -> Reply | None:
        """Run a command as HTTP does; raises CommandError."""
        script = Script(self.context, origin=Contexts.HTTP, call=None, user="admin")
        return (
            await BY_NAME[name.lower()].parse(fields, text=inside).based_on("", fields).run(script)
        )

    async def refused(self, name: str, **fields: str) -> CommandError:
        """The error of a command that cannot be done."""
        try:
            await self.command(name, **fields)
        except CommandError as error:
            return error
        raise AssertionError(f"{name} was done")

    @property
    def texts(self) -> list[str]:
        """The messages that were sent, in order."""
        return [message.text for message in self.sms.sent]


@asynccontextmanager
async def script_scene(*extensions: Extension, **more: Any) -> AsyncIterator[ScriptScene]:
    """A scene with its messages running; at the end nothing may be left."""
    scene = ScriptScene(*extensions, **more)
    await scene.messages.start()
    try:
        yield scene
        await scene.settle()
    finally:
        await scene.messages.stop()
        await scene.background.close()


def story(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A test whose whole story runs on virtual time."""
    from functools import wraps  # noqa: PLC0415

    from tests.calls.virtual_time import run  # noqa: PLC0415

    @wraps(test)
    def on_virtual_time() -> None:
        async def told() -> None:
            await test()

        run(told())

    del on_virtual_time.__wrapped__  # pytest would take the story itself for the test
    return on_virtual_time
