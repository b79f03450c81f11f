"""Builds the doors of web applications: commands, calls, scripts, notifications, recordings.

A part of `app.py` that has a file of its own; nothing else imports it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from softswitch.calls.call_control import CallControl
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.calls.setup.interception import Interception
from softswitch.calls.setup.serving import Service
from softswitch.calls.setup.setup import Intercept
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.commands.base.order import CallContext
from softswitch.commands.base.switch_context import SwitchContext
from softswitch.commands.running.alarms import report_course
from softswitch.commands.running.call import RunningCall
from softswitch.commands.running.messages import CommandMessages
from softswitch.commands.running.rows import address_rows
from softswitch.commands.running.switch import CallStarts, RunningSwitch
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
from softswitch.ozml.message_notices import MessageNotices
from softswitch.ozml.notifications import Applications
from softswitch.ozml.reports import Reports
from softswitch.ozml.routing_interception import RoutingInterception
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.services import Scripts
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
    ) -> None:
        self._settings = settings
        self._store = store
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

    def join(self, control: CallControl, messages: Messages) -> None:
        """Join the doors to call control: scripts answer extensions, commands act on calls."""
        settings, directory, calls = self._settings, control.plan.directory, control.calls
        host, port = settings.http.listen
        urls = settings.notifications
        reports = Reports(self.applications, self.background.start, _text(urls.error))
        around = CallContext(
            recordings=settings.storage.recordings,
            recording_url=f"http://{host}:{port}/recordings/",
            directory=directory,
            routing=control.plan.routing,
            calls=calls,
            answering=control.answering,
            transfers=control.transfers,
            store=self._store,
            finished=reports.finished,
            start=self.background.start,
        )

        def find(call_id: str) -> ControlledCall:
            call = calls.get(call_id)
            if call is None:
                raise CommandError(Code.CALL_NOT_FOUND, call_id[:64])
            return RunningCall(call, around)

        def context_on(switch: SwitchContext) -> ScriptContext:
            return ScriptContext(
                switch=switch,
                applications=self.applications,
                find_call=find,
                find_sound=self._sounds.find,
                report=reports.error_later,
                start=self.background.start,
            )

        def scripts_on(switch: SwitchContext) -> Scripts:
            return Scripts(
                context=context_on(switch),
                call_context=around,
                reports=reports,
                incoming_url=_text(urls.incoming_call),
                error_prompt=_text(settings.media.error_prompt),
            )

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
            messages=CommandMessages(messages),
            starts=CallStarts(
                begin=control.tasks.begin,
                course_of=lambda switch, dialling: scripts_on(switch).course_of(dialling),
                alarm_course=lambda order: report_course(
                    order, control.answering, reports.finished, self.background.start
                ),
            ),
        )
        context = context_on(running)
        self.message_notices = MessageNotices(context, directory)
        self.scripts = scripts_on(running)
        self.api = CommandApi(context, self.users)
        self.api.actions = MessagesApi(messages, self.users)
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

    def services(self) -> dict[ExtensionKind, Service]:
        """What plays the callee of extensions that are scripts."""
        return {API: self.scripts.serve_api, IVR: self.scripts.serve_ivr}

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        recordings = recording_routes(self.recordings, self.users)
        return [*self.api.routes(), *self.calls_api.routes(), *recordings]


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
