"""Runs scripts on calls: API and IVR extensions, calls that commands start, answers about others.

Every script runs beside its call's task and ends with the call. When a script cannot be fetched or
read, the caller hears a prompt or the congestion tone, the application is told, and the call ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call_task import Course
from softswitch.calls.endings.states import CallState
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.ports.machine_detection import who_answered
from softswitch.calls.setup import answering
from softswitch.calls.voicemail.folder import NEW, OLD
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import RouteOrder
from softswitch.commands.base.elements import Block
from softswitch.commands.base.order import CallContext
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.switch_context import Dialling
from softswitch.commands.base.values import MachineDetection
from softswitch.commands.for_each import VOICEMAILS
from softswitch.commands.orders.answer import AnswerOrder
from softswitch.commands.running.call import RunningCall
from softswitch.commands.running.call_fields import call_fields, end_fields
from softswitch.guard.fetcher import Cookies, shown
from softswitch.ozml.applications.reports import Reports
from softswitch.ozml.interpreter import Script
from softswitch.ozml.leaving import Leaving
from softswitch.ozml.limits import ScriptLimits, ScriptStopped
from softswitch.ozml.loading import read_script
from softswitch.ozml.notifications import Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.states import StateScripts
from softswitch.ozml.variables import Variables
from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.ivr import IvrExtension
from softswitch.telemetry.script_lines import logged
from softswitch.trace.lines import LineKind

log = structlog.get_logger("script")

CONGESTION_SECONDS = 3.0
"How long the caller hears that something is wrong."
PROMPT_SECONDS = 30.0
"The longest that a prompt may take to say so."


Fetch = Callable[[Script], Awaitable[Document | None]]
"Gets the script of a call; raises ScriptUnavailable."


class Scripts:
    """Runs scripts on calls."""

    def __init__(
        self,
        *,
        context: ScriptContext,
        call_context: CallContext,
        reports: Reports,
        incoming_url: str | None = None,
        limits: ScriptLimits | None = None,
        mailboxes: AllMailboxes | None = None,
    ) -> None:
        """`incoming_url` gets IncomingCall of extensions without a URL of their own; scripts find
        the messages of who calls in `mailboxes`."""
        self._context = context
        self._applications = context.applications
        self._call_context = call_context
        self._directory = call_context.directory
        self._reports = reports
        self._incoming_url = incoming_url
        self._limits = limits or ScriptLimits()
        self._mailboxes = mailboxes

    # -- extensions --------------------------------------------------------------------------------

    async def serve_api(self, call: Call, extension: Extension) -> None:
        """Serve a call to an API extension: its application is asked for the script."""
        url = extension.settings_as(ApiExtension).url or self._incoming_url or ""
        fetch = partial(self._incoming, call, extension, url)
        await self._serve(call, extension, fetch)

    async def serve_ivr(self, call: Call, extension: Extension) -> None:
        """Serve a call to an IVR extension: its script is stored, or fetched."""
        settings = extension.settings_as(IvrExtension)
        if settings.script is not None:
            await self._serve(call, extension, partial(_stored, settings.script))
        else:
            url = settings.url or ""
            await self._serve(call, extension, partial(self._incoming, call, extension, url))

    async def _serve(
        self,
        call: Call,
        extension: Extension,
        fetch: Callable[[Script], Awaitable[Document | None]],
    ) -> None:
        answering.ring_back(call)
        script = self._script(call, Contexts.SCRIPT, extension.number)
        await self._call_context.answering.attend(
            call, lambda _: self._run(call, script, partial(fetch, script)), answering.SCRIPT_OVER
        )

    async def _incoming(
        self, call: Call, extension: Extension, url: str, script: Script
    ) -> Document | None:
        fields = {**call_fields(call, self._directory), "ApiExtension": extension.number}
        return await self._applications.notify(url, "IncomingCall", fields, script.cookies)

    # -- calls that commands start -----------------------------------------------------------------

    def course_of(self, dialling: Dialling) -> Course:
        """The course of a call that `Call`, `CallSetup` or `Request` starts."""
        return partial(self._dialled, dialling)

    async def _dialled(self, dialling: Dialling, call: Call) -> None:
        script = self._script(
            call, Contexts.SCRIPT, dialling.api_extension, error_url=dialling.error_url
        )
        states = None
        if dialling.state_scripts:
            run_state = partial(self._state_script, call, script)
            states = StateScripts(call, dialling.state_scripts, run_state)
        self._context.start(self._follow(call, dialling, states))
        if dialling.both:
            await self._call_context.answering.begin_both(call, dialling.ring_time)
            await self._call_context.answering.attend(call, _until_it_ends, answering.SCRIPT_OVER)
        await self._call_context.answering.begin(call, dialling.ring_time)
        if states is not None:
            await self._call_context.answering.attend(
                call, states.until_silent, answering.SCRIPT_OVER
            )
        fetch = partial(self._connected, call, dialling, script)
        await self._call_context.answering.attend(
            call, lambda _: self._run(call, script, fetch), answering.SCRIPT_OVER
        )

    async def _connected(self, call: Call, dialling: Dialling, script: Script) -> Document | None:
        verdict = await _verdict(call, dialling.machine_detection)
        if verdict is not None:
            script.variables.set("answeredby", verdict)
        if dialling.script is not None:
            return read_script(dialling.script.encode(errors="replace"), url="")
        if dialling.url is None:
            return None
        fields = call_fields(call, self._directory)
        if dialling.api_extension is not None:
            fields["ApiExtension"] = dialling.api_extension.partition("@")[0]
        if verdict is not None:
            fields["AnsweredBy"] = verdict
        return await self._applications.notify(
            dialling.url, "CallConnected", fields, script.cookies
        )

    async def _follow(self, call: Call, dialling: Dialling, states: StateScripts | None) -> None:
        """Follow a call that a command started, and tell the application how it ended."""
        if states is not None:
            await states.follow()
        await asyncio.shield(call.ended)
        fields = call_fields(call, self._directory)
        if call.answered_at is None:
            error = CommandError(Code.CALL_CONNECT_FAILED, call.dialled, call.state.value)
            await self._reports.error(error, fields, dialling.error_url)
        elif dialling.finished_url is not None:
            about = {**fields, **end_fields(call)}
            await self._reports.finished(dialling.finished_url, about)

    async def _state_script(
        self, call: Call, parent: Script, name: str, block: Block, leaving: Leaving
    ) -> bool:
        script = self._script(
            call,
            Contexts.SCRIPT,
            parent.extension,
            variables=parent.variables,
            cookies=parent.cookies,
            leaving=leaving,
            waits=call.state is not CallState.HOLD,
        )
        return await self._run_quietly(call, script, script.run_block(block), name)

    # -- answers about calls of others -------------------------------------------------------------

    async def run_about(self, call: Call, document: Document, cookies: Cookies) -> None:
        """Run the answer to a notification about somebody else's call."""
        script = self._script(call, Contexts.THIRD_PARTY, None, cookies=cookies)
        await self._run_quietly(call, script, script.run_document(document), _name(document))

    async def run_routing(
        self, call: Call, document: Document, cookies: Cookies
    ) -> RouteOrder | None:
        """Run the answer to RoutingInterception; the `Route` in it."""
        script = self._script(call, Contexts.ROUTING, None, cookies=cookies)
        await self._run_quietly(call, script, script.run_document(document), _name(document))
        return script.routed

    async def _run_quietly(
        self, call: Call, script: Script, run: Awaitable[bool], name: str
    ) -> bool:
        """Run a script whose end does not end the call.

        Returns whether the call goes on without the script: it was transferred or forwarded.
        """
        try:
            return await _logged(run, call, script, name)
        except (ScriptUnavailable, ScriptStopped) as error:
            await self._reports.error(_unreadable(error), call_fields(call, self._directory))
            return False

    # -- running -----------------------------------------------------------------------------------

    def _script(
        self,
        call: Call,
        origin: Contexts,
        extension: str | None,
        *,
        variables: Variables | None = None,
        cookies: Cookies | None = None,
        error_url: str | None = None,
        leaving: Leaving | None = None,
        waits: bool = True,
    ) -> Script:
        controls = origin is Contexts.SCRIPT
        script = Script(
            self._context,
            origin=origin,
            call=RunningCall(call, self._call_context),
            extension=extension,
            user=extension or "",
            start={
                "callid": call.id,
                "callerid": call.caller.number,
                "dialed": call.dialled,
            },
            variables=variables,
            cookies=cookies,
            error_url=error_url,
            limits=self._limits,
            leaving=leaving,
            waits=waits,
            at_step=partial(call.whereabouts.at_step, extension or "") if controls else None,
        )
        if variables is None:
            self._show_mailbox(script, call.caller.extension)
        return script

    def _show_mailbox(self, script: Script, owner: str) -> None:
        """Let a script know the new messages of who calls it (API reference, section 6)."""
        boxes = self._mailboxes
        if boxes is None or not owner or boxes.settings(owner) is None:
            return
        script.variables.set("username", boxes.name(owner) or owner)
        script.variables.set("oldmessagepath", str(boxes.folder.of(owner) / OLD))
        files = [str(boxes.path(message)) for message in boxes.messages(owner, NEW)]
        script.variables.set_array(VOICEMAILS, files)

    async def _run(
        self, call: Call, script: Script, fetch: Callable[[], Awaitable[Document | None]]
    ) -> bool:
        """Run a script on a call to its end; returns as `run_document` does, and never raises."""
        for party in answering.other_parties(call):
            party.hear_keys()
        try:
            return await self._run_fetched(call, script, fetch)
        finally:
            if self._mailboxes is not None and self._mailboxes.settings(call.caller.extension):
                self._context.start(self._mailboxes.look(call.caller.extension))

    async def _run_fetched(
        self, call: Call, script: Script, fetch: Callable[[], Awaitable[Document | None]]
    ) -> bool:
        try:
            document = await self._fetched(call, script, fetch)
            goes_on = document is not None and await _logged(
                script.run_document(document), call, script, _name(document)
            )
            if not goes_on:
                await _hear_out(call)
            return goes_on
        except (ScriptUnavailable, ScriptStopped) as error:
            fields = call_fields(call, self._directory)
            self._context.start(self._reports.error(_unreadable(error), fields, script.error_url))
            await self._say_sorry(call)
            return False

    async def _fetched(
        self, call: Call, script: Script, fetch: Callable[[], Awaitable[Document | None]]
    ) -> Document | None:
        try:
            return await fetch()
        except ScriptUnavailable as error:
            about = {"extension": script.extension} if script.extension else {}
            log.warning("script not started", call=call.id, **about, reason=str(error))
            call.trace.timeline.note(LineKind.SCRIPT, "script not started", reason=str(error))
            raise

    async def _say_sorry(self, call: Call) -> None:
        """Let the caller hear that the script cannot go on.

        Another call that has not got through yet hears a refusal, and stays as it was.
        """
        if call.is_inside and not call.is_answered:
            answering.reject(call, 500)
            return
        try:
            await RunningCall(call, self._call_context).perform(AnswerOrder())
        except CommandError:
            return
        for party in answering.other_parties(call):
            port = party.audio.port
            if port is None:
                continue
            path = call.terms.error_prompt
            if path is not None:
                prompt = port.play_file(path, longest=PROMPT_SECONDS)
                if (await asyncio.shield(prompt.done)).why != "error":
                    continue
                log.warning("error prompt not played", path=path)
            tone = port.play_tone("congestion", longest=CONGESTION_SECONDS)
            await asyncio.shield(tone.done)


async def _logged(run: Awaitable[bool], call: Call, script: Script, name: str) -> bool:
    """Run a script, with lines about it in the log and in the trace of its call."""
    told = partial(call.trace.timeline.write, LineKind.SCRIPT)
    extension = script.extension
    return await logged(run, script, call=call.id, extension=extension, name=name, told=told)


async def _hear_out(call: Call) -> None:
    """Wait until the other party has heard what commands still play."""
    for party in answering.other_parties(call):
        if party.audio.port is not None:
            await party.audio.port.heard_out()


async def _until_it_ends(call: Call) -> bool:
    await asyncio.shield(call.ended)
    return False


async def _verdict(call: Call, wanted: MachineDetection) -> str | None:
    """The verdict of machine detection; None if the command asks for none."""
    port = call.callee.audio.port
    if wanted is MachineDetection.OFF or port is None:
        return None
    return await who_answered(port, message_end=wanted is MachineDetection.MESSAGE_END)


async def _stored(path: Path, _script: Script) -> Document:
    try:
        source = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise ScriptUnavailable(f"{path}: {error.strerror}") from None
    return read_script(source, url=str(path))


def _name(document: Document) -> str:
    """What the log calls a script."""
    return shown(document.url) or "of the command"


def _unreadable(error: Exception) -> CommandError:
    return CommandError(Code.PARSE_ERROR, "script", detail=str(error))
