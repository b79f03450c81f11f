"""Events of web applications that were asked."""

from __future__ import annotations

from softswitch.events.event_journal import EventJournal
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
