"""A client of the JSON dialect of messages, which reads times as `YYYY-MM-DD HH:MM:SS`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp


@dataclass(frozen=True)
class SentMessage:
    """A message as the client knows it."""

    id: str
    to: str
    text: str
    created: datetime
    valid_until: datetime | None


def read_time(text: str) -> datetime | None:
    """The client's only way to read a time."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S") if text else None


@dataclass(frozen=True)
class MessageClient:
    """Sends and reads messages."""

    url: str
    username: str
    password: str

    async def _ask(self, action: str, body: object = None, **query: str) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                "GET" if body is None else "POST",
                self.url,
                params={"action": action, **query},
                json=body,
                headers={"Authorization": aiohttp.encode_basic_auth(self.username, self.password)},
            ) as response,
        ):
            answer = await response.json()
        assert answer["response_code"] == "SUCCESS", answer
        return answer["data"]

    async def send(self, to: str, text: str, valid_until: str = "") -> str:
        """Send a text; the id of the message."""
        message = {"to_address": to, "text": text, "valid_until": valid_until, "tags": []}
        data = await self._ask("sendmsg", {"messages": [message]})
        assert data["success_count"] == 1, data
        return str(data["messages"][0]["message_id"])

    async def folder(self, name: str) -> list[SentMessage]:
        """The messages of a folder."""
        data = await self._ask("receivemsg", folder=name)
        return [
            SentMessage(
                row["message_id"],
                row["to_address"],
                row["text"],
                datetime.strptime(row["create_date"], "%Y-%m-%d %H:%M:%S"),
                read_time(row["valid_until"]),
            )
            for row in data["data"]
        ]
