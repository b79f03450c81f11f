"""Tells applications of messages, and runs the OzML that they answer (API reference, section 8).

Messages come before scripts, because scripts send messages. So what an application answers waits
in a queue, from which `run_answers` takes it once there are scripts.
"""

from __future__ import annotations

import asyncio

from softswitch.calls.numbers.directory import Directory
from softswitch.commands.base.placement import Contexts
from softswitch.guard.fetcher import shown
from softswitch.messaging.delivery.notices import Notice, NotTold
from softswitch.ozml.interpreter import Script
from softswitch.ozml.limits import ScriptStopped
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.ivr import IvrExtension
from softswitch.telemetry.script_lines import logged

Answers = asyncio.Queue[tuple[Notice, Document]]
"The scripts that applications have answered to notices."


class MessageNotices:
    """Sends IncomingSMS and SMSDeliveryReport."""

    def __init__(
        self,
        applications: Applications,
        directory: Directory,
        answers: Answers,
        incoming_url: str | None = None,
    ) -> None:
        """`answers` gets the scripts that applications answer.

        `incoming_url` is told of messages for API extensions without a URL of their own.
        """
        self._applications = applications
        self._directory = directory
        self._answers = answers
        self._incoming_url = incoming_url

    async def __call__(self, notice: Notice) -> None:
        """Tell; raises NotTold when the application could not be reached."""
        url = notice.url or self._url_of(notice.extension)
        if not url:
            return
        fields = {name: value for name, value in notice.fields.items() if value}
        try:
            document = await self._applications.notify(url, notice.name, fields)
        except ScriptUnavailable as error:
            raise NotTold(str(error)) from None
        if document is not None:
            self._answers.put_nowait((notice, document))

    def _url_of(self, number: str) -> str:
        extension = self._directory.find(number)
        if extension is None or not isinstance(extension.settings, ApiExtension | IvrExtension):
            return ""
        if isinstance(extension.settings, ApiExtension):
            return str(extension.settings.url or self._incoming_url or "")
        return str(extension.settings.url or "")


async def run_answers(answers: Answers, context: ScriptContext) -> None:
    """Run every answer beside the others; never ends."""
    while True:
        notice, document = await answers.get()
        context.start(_run(notice, document, context))


async def _run(notice: Notice, document: Document, context: ScriptContext) -> None:
    script = Script(
        context,
        origin=Contexts.SCRIPT,
        call=None,
        extension=notice.extension or None,
        user=notice.user,
    )
    try:
        await logged(
            script.run_document(document),
            script,
            call="",
            extension=script.extension,
            name=shown(document.url) or notice.name,
        )
    except (ScriptUnavailable, ScriptStopped):
        return  # the log has told of it
