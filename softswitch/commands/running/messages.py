"""Messages as commands see them, over `messaging/`: orders in, rows of `ReceiveMessage` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from softswitch.commands.base.codes import Code, CommandError
from softswitch.messaging.connections.connection import Full, MessageRefused, NoRoute
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage

TYPES = {"email": "EMAIL:TEXT"}
"MessageType by kind; every other kind is SMS:TEXT."


class CommandMessages:
    """What commands do with messages."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def send(self, message: Outgoing) -> str:
        """Accept a message; its id, once it is on disk. Raises CommandError 302, 501."""
        try:
            return await self._messages.send(message)
        except (NoRoute, Full) as error:
            raise CommandError(Code.SMS_DESTINATION_NOT_FOUND, detail=str(error)) from None
        except MessageRefused as error:
            raise CommandError(
                Code.INVALID_PARAMETER, "Message", "send", detail=str(error)
            ) from None
        except StoreError as error:
            detail = f"The message cannot be stored: {error}"
            raise CommandError(Code.SMS_DESTINATION_NOT_FOUND, detail=detail) from None

    async def wait_for(self, connection: str, address: str | None, timeout: float) -> str | None:
        """The text of the next message that arrives there."""
        return await self._messages.wait_for(connection, address, timeout)

    async def fetch(
        self, user: str, folder: str, limit: int, after: str
    ) -> Sequence[Mapping[str, str]]:
        """The rows of a folder. Raises CommandError 801."""
        try:
            found = await self._messages.folders.fetch(user, folder, limit, after)
        except StoreError as error:
            raise CommandError(Code.DATABASE_AWAY, detail=str(error)) from None
        return [message_row(message) for message in found]


def message_row(message: TextMessage) -> dict[str, str]:
    """A message as `ReceiveMessage` lists it; times are local."""
    fields = {
        "MessageId": message.id,
        "Originator": message.from_address,
        "Recipient": message.to_address,
        "MessageType": TYPES.get(message.kind, "SMS:TEXT"),
        "MessageData": message.text,
        "SentTime": _time(message.sent_at or message.created_at),
        "ReceivedTime": _time(message.created_at),
        "State": message.state,
    }
    if message.subject:
        fields["Subject"] = message.subject
    if message.error:
        fields["Error"] = message.error
    return fields


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).isoformat(sep=" ", timespec="seconds")
