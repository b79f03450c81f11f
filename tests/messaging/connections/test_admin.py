"""Messages to the console and from it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.queue.outgoing import Outgoing
from tests.messaging.scene import messages_on, state_of


async def test_the_console_shows_and_answers(tmp_path: Path, logged: list[Any]) -> None:
    admin = AdminConnection()
    async with messages_on(tmp_path, [admin]) as messages:
        waiting = asyncio.ensure_future(messages.wait_for("admin@localhost", None, 30))
        identity = await messages.send(Outgoing(text="Zone 3", connection="admin@localhost"))
        await state_of(messages, identity, "delivered")
        assert any(event.get("text") == "Zone 3" for event in logged)
        await admin.say("understood", "admin")
        assert await waiting == "understood"
