"""Events of trunks, queues and conferences."""

from __future__ import annotations

import asyncio

from softswitch.calls.call.rooms import ConferenceRooms
from softswitch.calls.numbers.trunk import Trunk
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.queues.queues import CallQueues
from softswitch.events.event import moment
from softswitch.events.event_journal import EventJournal


class LineEvents:
    """Publishes what happens to what calls lead to."""

    def __init__(
        self, events: EventJournal, trunks: Trunks, queues: CallQueues, rooms: ConferenceRooms
    ) -> None:
        self._events = events
        self._queues = queues
        self._rooms = rooms
        self._looked_at: set[tuple[str, str]] = set()
        "Kinds and numbers that are looked at in the next turn of the loop."
        trunks.listeners.append(self.trunk)
        queues.listeners.append(self.queue)
        rooms.listeners.append(self.conference)

    def trunk(self, trunk: Trunk) -> None:
        """Publish the state of a trunk; a listener of trunks."""
        data = {"name": trunk.name, "state": trunk.state.value, "reason": trunk.reason}
        self._events.publish("trunk.changed", trunk.name, data)

    def queue(self, number: str) -> None:
        """Publish a queue, once for all changes of this turn; a listener of queues."""
        self._soon("queue.changed", number)

    def conference(self, number: str) -> None:
        """Publish a conference, once for all changes of this turn; a listener of rooms."""
        self._soon("conference.changed", number)

    def _soon(self, kind: str, number: str) -> None:
        if (kind, number) not in self._looked_at:
            self._looked_at.add((kind, number))
            asyncio.get_running_loop().call_soon(self._look, kind, number)

    def _look(self, kind: str, number: str) -> None:
        self._looked_at.discard((kind, number))
        data = self._queue(number) if kind == "queue.changed" else self._conference(number)
        self._events.publish(kind, number, data, numbers=(number,))

    def _queue(self, number: str) -> dict[str, object]:
        queue = self._queues.queue(number)
        return {
            "number": number,
            "change": "callers",
            "waiting": len(queue),
            "longest_since": moment(queue.callers[0].since) if queue.callers else None,
            "answered": queue.answered,
            "abandoned": queue.abandoned,
            "agents": {agent: self._queues.status(agent).value for agent in queue.members},
        }

    def _conference(self, number: str) -> dict[str, object]:
        seats = [seat for seat in self._rooms.seats(number) if seat.is_inside]
        members = [seat.member for seat in seats if seat.member is not None]
        return {
            "number": number,
            "members": [
                {"number": each.number, "name": each.name, "muted": bool(each.mutes)}
                for each in members
            ],
        }
