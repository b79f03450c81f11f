"""Emergency calls are told to the operator: to a web application, and as text messages."""

from __future__ import annotations

import asyncio

import structlog

from softswitch.app.parts.web_access import WebAccess
from softswitch.calls.numbers.rules.emergency import EmergencyNotice
from softswitch.messaging.connections.connection import MessageRefused
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.ozml.notifications import ScriptUnavailable
from softswitch.settings.load import Settings
from softswitch.store.errors import StoreError

log = structlog.get_logger("softswitch.emergency")

NAME, FAILED = "EmergencyCall", "EmergencyCallFailed"
"The NotificationNames: of every call, and again of one that nobody has answered."
PAUSES = (1.0, 5.0, 30.0, 120.0)
"Seconds before an application that did not take it is told again."


class EmergencyTeller:
    """Tells the operator of emergency calls; a listener of `Emergencies`."""

    def __init__(self, settings: Settings, access: WebAccess, messages: Messages) -> None:
        self.url = settings.notifications.emergency
        "The application that hears of every call; others may take its place."
        self._access = access
        self._messages = messages

    def tell(self, notice: EmergencyNotice) -> None:
        """Tell of a call; what fails is logged."""
        start = self._access.background.start
        if self.url is not None:
            start(self._post(str(self.url), notice))
        for address in notice.tell:
            start(self._send(address, notice))

    async def _post(self, url: str, notice: EmergencyNotice) -> None:
        fields = {
            "CallId": notice.call_id,
            "DialedNumber": notice.number,
            "CallerId": notice.caller,
            "Location": notice.location,
            "CallbackNumber": notice.callback,
            "Line": notice.trunk,
        }
        name = FAILED if notice.failure else NAME
        if notice.failure:
            fields["Reason"] = notice.failure
        for pause in (*PAUSES, None):
            try:
                await self._access.applications.notify(url, name, fields)
            except ScriptUnavailable as error:
                log.error("emergency call not told", call=notice.call_id, error=str(error))
            else:
                return
            if pause is not None:
                await asyncio.sleep(pause)

    async def _send(self, address: str, notice: EmergencyNotice) -> None:
        is_mail = "@" in address
        outgoing = Outgoing(
            kind="email" if is_mail else "sms",
            from_address="" if is_mail else notice.callback or notice.caller,
            to_address=address,
            subject=_subject(notice) if is_mail else "",
            text=notice.sentence,
        )
        try:
            await self._messages.send(outgoing)
        except (MessageRefused, StoreError) as error:
            log.error("emergency call not told", call=notice.call_id, to=address, error=str(error))


def _subject(notice: EmergencyNotice) -> str:
    return "Emergency call NOT CONNECTED" if notice.failure else "Emergency call"
