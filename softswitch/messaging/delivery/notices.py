"""Notifications of applications: IncomingSMS and SMSDeliveryReport (API reference, section 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.delivery.lane import Done
from softswitch.store.messages import NEVER, MessageProgress, TextMessage, advance

_LOG = structlog.get_logger("softswitch.messaging")

ATTEMPTS = 12
"Attempts to tell an application; with the default waits, over about an hour."
STATUS = {"delivered": "Delivered", "failed": "Failed", "sent": "Sent"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification; without a URL it goes to that of the extension in the settings."""

    name: str
    "IncomingSMS or SMSDeliveryReport."
    fields: dict[str, str] = field(default_factory=dict)
    url: str = ""
    extension: str = ""
    "The API extension that it is about; its scripts may be in the answer."
    user: str = ""


Tell = Callable[[Notice], Awaitable[None]]
"Sends a notification and runs the OzML of the answer; raises NotTold when it was not taken."


class NotTold(Exception):
    """An application could not be reached or did not understand the notification."""


class Notices:
    """Makes attempts to notify applications."""

    def __init__(self, tell: Tell, backoff: BackOff, clock: Callable[[], float]) -> None:
        self._tell = tell
        self._backoff = backoff
        self._clock = clock

    async def attempt(self, message: TextMessage) -> Done:
        """Make one attempt."""
        try:
            await self._tell(notice_of(message))
        except NotTold as error:
            attempts = message.attempts + 1
            if attempts < ATTEMPTS:
                at = self._clock() + self._backoff.wait(attempts)
                progress = MessageProgress(id=message.id, next_at=at, attempts=attempts)
                return Done((advance(progress),), again_at=at)
            _LOG.error("application not told", id=message.id, error=str(error))
        return Done((advance(MessageProgress(id=message.id, next_at=NEVER)),))


def notice_of(message: TextMessage) -> Notice:
    """The notification about a message that has arrived or that has reached a final state."""
    if message.folder == "inbox":
        fields = {
            "Sender": message.from_address,
            "Recipient": message.to_address,
            "Message": message.text,
            "MessageId": message.id,
            "ApiExtension": message.extension,
        }
        return Notice("IncomingSMS", fields, "", message.extension, message.user)
    fields = {
        "SmsId": message.id,
        "Status": STATUS.get(message.state, message.state),
        "Recipient": message.to_address,
        "Error": message.error,
    }
    return Notice(
        "SMSDeliveryReport",
        {name: value for name, value in fields.items() if value},
        message.report_url,
        message.extension,
        message.user,
    )
