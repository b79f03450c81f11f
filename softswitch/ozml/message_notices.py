"""Tells applications of messages, and runs the OzML that they answer (API reference, section 8)."""

from __future__ import annotations

import structlog

from softswitch.calls.numbers.directory import Directory
from softswitch.commands.base.placement import Contexts
from softswitch.messaging.queue.notices import Notice, NotTold
from softswitch.ozml.interpreter import Script, ScriptStopped
from softswitch.ozml.notifications import Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.ivr import IvrExtension

log = structlog.get_logger("script")


class MessageNotices:
    """Sends IncomingSMS and SMSDeliveryReport."""

    def __init__(
        self,
        context: ScriptContext,
        directory: Directory,
    ) -> None:
        self._context = context
        self._directory = directory

    async def __call__(self, notice: Notice) -> None:
        """Tell; raises NotTold when the application could not be reached."""
        url = notice.url or self._url_of(notice.extension)
        if not url:
            return
        fields = {name: value for name, value in notice.fields.items() if value}
        try:
            document = await self._context.applications.notify(url, notice.name, fields)
        except ScriptUnavailable as error:
            raise NotTold(str(error)) from None
        if document is not None:
            self._context.start(self._run(notice, document))

    def _url_of(self, number: str) -> str:
        extension = self._directory.find(number)
        if extension is None or not isinstance(extension.settings, ApiExtension | IvrExtension):
            return ""
        return extension.settings.url or ""

    async def _run(self, notice: Notice, document: Document) -> None:
        script = Script(
            self._context,
            origin=Contexts.SCRIPT,
            call=None,
            extension=notice.extension or None,
            user=notice.user,
        )
        try:
            await script.run_document(document)
        except (ScriptUnavailable, ScriptStopped) as error:
            log.warning("script of a message ended", notice=notice.name, error=str(error))
