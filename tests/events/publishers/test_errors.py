"""A line of the log at level error is an event, whichever thread has written it."""

from __future__ import annotations

import asyncio
import json

from softswitch.events.event_journal import EventJournal
from softswitch.events.publishers.errors import ErrorEvents
from softswitch.telemetry.log import mask
from softswitch.telemetry.recent import RecentLines


async def test_errors_are_events(journal: EventJournal) -> None:
    lines = RecentLines(mask)
    errors = ErrorEvents(journal, lines)
    lines(None, "", {"level": "warning", "event": "no error"})
    line = {"level": "error", "event": "trunk lost", "call": "c1", "trunk": "carrier"}
    await asyncio.to_thread(lines, None, "", line)
    async with asyncio.timeout(10):
        while journal.newest < 1:
            await journal.arrival()
    errors.close()
    lines(None, "", line)
    await asyncio.sleep(0)
    [event] = [json.loads(each.body) for each in await journal.behind(0, 10)]
    assert (event["type"], event["subject"]) == ("error", "c1")
    assert event["data"] == {"text": "trunk lost", "facts": {"call": "c1", "trunk": "carrier"}}
