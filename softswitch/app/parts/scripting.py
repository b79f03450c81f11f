"""Scripts and the commands in them, joined to calls and messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.web_access import WebAccess
from softswitch.calls.call_control import CallControl
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.calls.setup.interception import Interception
from softswitch.calls.setup.serving import Service
from softswitch.calls.setup.setup import Intercept
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledCall, Sound
from softswitch.commands.base.order import CallContext
from softswitch.commands.base.switch_context import SwitchContext
from softswitch.commands.running.alarms import report_course
from softswitch.commands.running.call import RunningCall
from softswitch.commands.running.messages import CommandMessages
from softswitch.commands.running.own_calls import concerns
from softswitch.commands.running.rows import Row, address_rows
from softswitch.commands.running.switch import CallStarts, RunningSwitch
from softswitch.commands.running.voices import Voices
from softswitch.guard.rights import Whose, whose_switch
from softswitch.messaging.queue.messages import Messages
from softswitch.ozml.applications.call_changed import CallChanged
from softswitch.ozml.applications.message_notices import run_answers
from softswitch.ozml.applications.reports import Reports
from softswitch.ozml.applications.routing_interception import RoutingInterception
from softswitch.ozml.loading import Severity
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.services import Scripts
from softswitch.settings.load import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripting:
    """What runs scripts, and what HTTP commands act through."""

    context: ScriptContext
    context_for: Callable[[Whose], ScriptContext]
    "What the commands of a user act through, and the scripts that the user brings."
    scripts: Scripts
    addressbooks: dict[str, list[Row]]
    "What commands find in the address books, by their names."
    interception_url: str | None
    "The application that may send calls elsewhere, where the settings name one."

    def services(self) -> dict[ExtensionKind, Service]:
        """What plays the callee of extensions that are scripts."""
        return {API: self.scripts.serve_api, IVR: self.scripts.serve_ivr}

    def intercept(self, interception: Interception) -> Intercept | None:
        """What asks the application about every call that comes in."""
        if self.interception_url is None:
            return None
        return RoutingInterception(
            self.interception_url,
            self.context.applications,
            interception.plan.directory,
            self.scripts.run_routing,
            interception,
        ).route


def build_scripting(
    settings: Settings,
    foundation: Foundation,
    access: WebAccess,
    control: CallControl,
    messages: Messages,
    *,
    media: MediaWorkers,
    mailboxes: AllMailboxes,
) -> Scripting:
    """Scripts that act on calls and messages; answers to notices of messages run from now on."""
    builder = _ScriptingBuilder(
        settings, foundation, access, control, messages, media=media, mailboxes=mailboxes
    )
    books = address_books(settings)
    switch = builder.switch(books)
    scripts, context = builder.scripts_on(switch), builder.context_on(switch)
    urls = settings.notifications
    if urls.call_changed is not None:
        changed = CallChanged(
            str(urls.call_changed),
            access.applications,
            control.plan.directory,
            scripts.run_about,
            access.background.start,
        )
        control.calls.listeners.append(changed.entered)
    access.background.start(run_answers(access.answers, context))
    return Scripting(
        context=context,
        context_for=lambda whose: builder.context_on(builder.switch(books, whose)),
        scripts=scripts,
        addressbooks=books,
        interception_url=_text(urls.routing_interception),
    )


class _ScriptingBuilder:
    """Makes the contexts of scripts; calls that commands start have scripts of their own."""

    def __init__(
        self,
        settings: Settings,
        foundation: Foundation,
        access: WebAccess,
        control: CallControl,
        messages: Messages,
        *,
        media: MediaWorkers,
        mailboxes: AllMailboxes,
    ) -> None:
        self._settings = settings
        self._store = foundation.store
        self._traces = foundation.traces
        self._access = access
        self._media = media
        self._mailboxes = mailboxes
        self._control = control
        self._messages = messages
        start, error_url = access.background.start, settings.notifications.error
        self._reports = Reports(access.applications, start, _text(error_url))
        self._call_context = self._context_of_calls()

    def _context_of_calls(self) -> CallContext:
        """What commands need to act on a call."""
        return CallContext(
            recordings=self._settings.storage.recordings,
            recording_url=self._access.recordings.url,
            directory=self._control.plan.directory,
            routing=self._control.plan.routing,
            calls=self._control.calls,
            answering=self._control.answering,
            transfers=self._control.transfers,
            begin=self._control.tasks.begin,
            store=self._store,
            finished=self._reports.finished,
            start=self._access.background.start,
        )

    def switch(self, books: dict[str, list[Row]], whose: Whose = whose_switch) -> RunningSwitch:
        """The switch as the commands of a user see it."""
        return RunningSwitch(
            calls=self._control.calls,
            plan=self._control.plan,
            now=time.time,
            store=self._store,
            files=self._access.files,
            addressbooks=books,
            messages=CommandMessages(self._messages),
            starts=self._starts(),
            voices=Voices(self._media.voices),
            caller_number=self._settings.sip.caller_number,
            whose=whose,
        )

    def _starts(self) -> CallStarts:
        return CallStarts(
            begin=self._control.tasks.begin,
            course_of=lambda switch, dialling: self.scripts_on(switch).course_of(dialling),
            alarm_course=lambda order: report_course(
                order,
                self._control.answering,
                self._reports.finished,
                self._access.background.start,
            ),
        )

    def scripts_on(self, switch: SwitchContext) -> Scripts:
        """Scripts whose commands act on this switch."""
        return Scripts(
            context=self.context_on(switch),
            call_context=self._call_context,
            reports=self._reports,
            incoming_url=_text(self._settings.notifications.incoming_call),
            mailboxes=self._mailboxes,
        )

    def context_on(self, switch: SwitchContext) -> ScriptContext:
        """What scripts and HTTP commands act through."""
        return ScriptContext(
            switch=switch,
            applications=self._access.applications,
            find_call=partial(self._find_call, switch),
            find_sound=partial(self._find_sound, switch),
            report=self._reports.error_later,
            start=self._access.background.start,
            whose=lambda: switch.user,
            severity=Severity(strict=self._settings.ozml.strict),
            traces=self._traces,
        )

    def _find_call(self, switch: SwitchContext, call_id: str) -> ControlledCall:
        call = self._control.calls.get(call_id)
        if call is None or not concerns(call, switch.user):
            raise CommandError(Code.CALL_NOT_FOUND, call_id[:64])
        return RunningCall(call, self._call_context)

    async def _find_sound(self, switch: SwitchContext, source: str, base: str) -> Sound:
        """A sound that the user may hear: of an application no recordings that it has no URL of."""
        sound, user = await self._access.sounds.find(source, base), switch.user
        if user.own is not None and not source.startswith(("http://", "https://")):
            path, settings = Path(sound.path), self._settings
            boxes = settings.voicemail.folder.resolve()
            is_mail = path.is_relative_to(boxes)
            if is_mail and not user.owns(path.relative_to(boxes).parts[0]):
                raise CommandError(Code.FORBIDDEN_USER, detail=f"{source[:80]}: another's mailbox")
            if not is_mail and path.is_relative_to(settings.storage.recordings.resolve()):
                raise CommandError(
                    Code.FORBIDDEN_USER, detail=f"{source[:80]}: expected the URL of the recording"
                )
        return sound


def address_books(settings: Settings) -> dict[str, list[Row]]:
    """The rows of every address book, by its name."""
    return {
        book.name: address_rows((each.name, each.phone, each.email) for each in book.contacts)
        for book in settings.addressbooks
    }


def _text(url: object) -> str | None:
    return None if url is None else str(url)
