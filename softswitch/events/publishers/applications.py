"""Events of web applications that were asked, and of the settings file that was read again."""

from __future__ import annotations

from softswitch.events.event_journal import EventJournal
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.ozml.notifications import ApplicationAsked, Applications


class ApplicationEvents:
    """Publishes which applications were asked, and what they answered."""

    def __init__(self, events: EventJournal, applications: Applications) -> None:
        self._events = events
        applications.listeners.append(self.asked)

    def asked(self, asked: ApplicationAsked) -> None:
        """Publish a question that was answered, or was not; a listener of applications."""
        numbers = (asked.extension,) if asked.extension else ()
        self._events.publish(
            "application.asked",
            asked.call or asked.url,
            asked._asdict(),
            call=asked.call,
            numbers=numbers,
        )


class ReloadEvents:
    """Publishes that the settings file was read again; `take` is a taker of live settings."""

    def __init__(self, events: EventJournal) -> None:
        self._events = events

    def take(self, before: Snapshot, after: Snapshot) -> Take:
        """Prepare to tell; entries that are made by request have events of their own."""

        def take() -> None:
            if before.file is not after.file:
                data = {"kind": "file", "name": str(after.path), "change": "read again"}
                self._events.publish("settings.changed", str(after.path), data)

        return take
