"""Events of what goes wrong: the lines of the log at level error."""

from __future__ import annotations

import asyncio

from softswitch.events.event_journal import EventJournal
from softswitch.telemetry.recent import RecentLine, RecentLines


class ErrorEvents:
    """Publishes errors; to be made in the event loop of the journal."""

    def __init__(self, events: EventJournal, lines: RecentLines) -> None:
        self._events = events
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        lines.listeners.append(self.logged)

    def logged(self, line: RecentLine) -> None:
        """Publish a line; a listener of the log, in any thread.

        While the database does not answer nothing is published: that is what all lines are about,
        and each attempt to write an event would make another one.
        """
        if line.level != "warning" and not self._events.is_away and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, line)

    def _publish(self, line: RecentLine) -> None:
        call = line.facts.get("call", "")
        data = {"text": line.event, "facts": dict(line.facts)}
        self._events.publish("error", call or line.event, data, call=call)

    def close(self) -> None:
        """Publish no more."""
        self._lines.listeners.remove(self.logged)
