"""Builds the doors of web applications: commands, calls, scripts, notifications, recordings.

A part of `app.py` that has a file of its own; nothing else imports it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from softswitch.calls.call_control import CallControl
from softswitch.calls.call_task import Course
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.interception import Interception
from softswitch.calls.setup.serving import Service
from softswitch.calls.setup.setup import Intercept
from softswitch.commands.base.alarms import report_course
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import Alarm, AlarmOrder, ControlledCall, Dialling
from softswitch.commands.base.running_call import CallContext, RunningCall
from softswitch.commands.base.running_switch import (
    CallStarts,
    MessagingContext,
    RunningSwitch,
    address_rows,
)
from softswitch.guard.bans import Bans
from softswitch.guard.fetcher import Fetcher
from softswitch.guard.files import AllowedFiles
from softswitch.guard.rates import RequestSources
from softswitch.http.adapter import CommandApi
from softswitch.http.calls_api import CallsApi
from softswitch.http.messages_api import MessagesApi
from softswitch.http.recordings import recording_routes
from softswitch.http.users import Users
from softswitch.messaging.queue.messages import Messages
from softswitch.ozml.background import Background
from softswitch.ozml.call_changed import CallChanged
from softswitch.ozml.interpreter import Script, ScriptContext
from softswitch.ozml.message_notices import MessageNotices
from softswitch.ozml.notifications import Applications
from softswitch.ozml.routing_interception import RoutingInterception
from softswitch.ozml.services import Scripts, Urls
from softswitch.ozml.sounds import Sounds
from softswitch.settings.load import Settings
from softswitch.store.store import Store


class WebApi:
    """What applications reach the switch through; an asynchronous context."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        users: Mapping[str, str],
        messaging: MessagingContext | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._messaging = messaging
        self._cleanup = AsyncExitStack()
        guard = settings.guard
        self.users = Users(
            users,
            Bans(guard.failures, guard.failure_window, guard.ban_time),
            RequestSources(map(ip_network, guard.trusted)),
        )
        self.background = Background()
        storage = settings.storage
        self.recordings = AllowedFiles([storage.recordings])
        self.files = AllowedFiles([storage.static, storage.recordings])
        self._fetcher = Fetcher(
            allow=map(ip_network, settings.guard.fetch_allow), origins=set(origins_of(settings))
        )
        self.applications = Applications(self._fetcher)

    async def __aenter__(self) -> Self:
        await self._cleanup.enter_async_context(self._fetcher)
        self._cleanup.push_async_callback(self.background.close)
        directory = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="softswitch-"))
        self._sounds = Sounds(self.files, self._fetcher, Path(directory))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._cleanup.aclose()

    def join(self, control: CallControl) -> None:
        """Join the doors to call control: scripts answer extensions, commands act on calls."""
        settings, directory, calls = self._settings, control.plan.directory, control.calls
        host, port = settings.http.listen
        around = CallContext(
            recordings=settings.storage.recordings,
            recording_url=f"http://{host}:{port}/recordings/",
            directory=directory,
            routing=control.plan.routing,
            calls=calls,
            answering=control.answering,
            transfers=control.transfers,
            finished=self._finished,
            start=self.background.start,
        )

        def find(call_id: str) -> ControlledCall:
            call = calls.get(call_id)
            if call is None:
                raise CommandError(Code.CALL_NOT_FOUND, call_id[:64])
            return RunningCall(call, around)

        running = RunningSwitch(
            calls=calls,
            plan=control.plan,
            now=time.time,
            store=self._store,
            files=self.files,
            addressbooks={
                book.name: address_rows((c.name, c.phone, c.email) for c in book.contacts)
                for book in settings.addressbooks
            },
            messaging=self._messaging,
            doings=CallStarts(
                begin=control.tasks.begin,
                course_of=self._course_of,
                alarm_course=partial(self._alarm_course, control.answering),
            ),
        )
        ground = ScriptContext(
            house=running,
            applications=self.applications,
            find_call=find,
            find_sound=self._sounds.find,
            report=self._report,
            alarms=self._alarms,
            start=self.background.start,
        )
        self.message_notices = MessageNotices(
            ground, self.applications, directory, self.background.start
        )
        urls = settings.notifications
        self.scripts = Scripts(
            ground=ground,
            applications=self.applications,
            surroundings=around,
            directory=directory,
            urls=Urls(_text(urls.incoming_call), _text(urls.error)),
            error_prompt=_text(settings.media.error_prompt),
        )
        self.api = CommandApi(ground, self.users)
        self.calls_api = CallsApi(calls, self.users)
        if urls.call_changed is not None:
            changed = CallChanged(
                str(urls.call_changed),
                self.applications,
                directory,
                self.scripts.run_about,
                self.background.start,
            )
            calls.listeners.append(changed.entered)

    def intercept(self, interception: Interception) -> Intercept | None:
        """What asks the application about every call that comes in, where the settings name one."""
        url = self._settings.notifications.routing_interception
        if url is None:
            return None
        directory, run = interception.plan.directory, self.scripts.run_routing
        return RoutingInterception(str(url), self.applications, directory, run, interception).route

    def join_messages(self, messages: Messages) -> None:
        """Serve the message dialects of the API."""
        self.api.actions = MessagesApi(messages, self.users)

    def services(self) -> dict[ExtensionKind, Service]:
        """What plays the callee of extensions that are scripts."""
        return {API: self.scripts.serve_api, IVR: self.scripts.serve_ivr}

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        recordings = recording_routes(self.recordings, self.users)
        return [*self.api.routes(), *self.calls_api.routes(), *recordings]

    # Commands reach the scripts through these: each of the two needs the other.

    async def _finished(self, url: str, fields: Mapping[str, str]) -> None:
        await self.scripts.tell_finished(url, fields)

    async def _report(self, error: CommandError, script: Script) -> None:
        await self.scripts.report(error, script)

    def _course_of(self, dialling: Dialling) -> Course:
        return self.scripts.course_of(dialling)

    def _alarm_course(self, answering: Answering, order: AlarmOrder) -> Course:
        return report_course(order, answering, self._finished, self.background.start)

    def _alarms(self, script: Script) -> AsyncIterator[Alarm]:
        call = script.call()
        if not isinstance(call, RunningCall):
            raise CommandError(Code.INAPPROPRIATE_COMMAND, "ReceiveAlarmNotification")
        return call.alarms(self._store)


def origins_of(settings: Settings) -> Iterator[str]:
    """The origins of URLs that stand in the settings: they may always be fetched from."""
    urls = settings.notifications
    for url in (urls.incoming_call, urls.call_changed, urls.routing_interception, urls.error):
        if url is not None:
            yield str(url)
    for extension in settings.extensions:
        url = getattr(extension, "url", None)
        if url is not None:
            yield str(url)


def _text(url: object) -> str | None:
    return None if url is None else str(url)
