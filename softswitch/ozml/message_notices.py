"""Tells applications of messages, and runs the OzML that they answer (API reference, section 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from softswitch.calls.numbers.directory import Directory
from softswitch.commands.base.command import Contexts
from softswitch.messaging.queue.notices import Notice, NotTold
from softswitch.ozml.interpreter import Script, ScriptContext, ScriptStopped
from softswitch.ozml.notifications import Applications, Document, ScriptUnavailable
from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.ivr import IvrExtension

log = structlog.get_logger("script")


class MessageNotices:
    """Sends IncomingSMS and SMSDeliveryReport."""

    def __init__(
        self,
        ground: ScriptContext,
        applications: Applications,
        directory: Directory,
        start: Callable[[Awaitable[None]], None],
    ) -> None:
        """`start` lets a script go on that nobody waits for."""
        self._ground = ground
        self._applications = applications
        self._directory = directory
        self._start = start

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
            self._start(self._run(notice, document))

    def _url_of(self, number: str) -> str:
        extension = self._directory.find(number)
        if extension is None or not isinstance(extension.settings, ApiExtension | IvrExtension):
            return ""
        return extension.settings.url or ""

    async def _run(self, notice: Notice, document: Document) -> None:
        script = Script(
            self._ground,
            door=Contexts.SCRIPT,
            call=None,
            extension=notice.extension or None,
            user=notice.user,
        )
        try:
            await script.run_document(document)
        except (ScriptUnavailable, ScriptStopped) as error:
            log.warning("script of a message ended", notice=notice.name, error=str(error))
