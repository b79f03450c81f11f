"""The places for connections: one bound for the listeners of all transports together.

At the bound the connection gives way that has owed a message for longest, whichever listener it
came to. So a listener takes what the others leave, and those who connect and say nothing keep
nobody out anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Debtor(NamedTuple):
    """A connection that owes a message."""

    since: float
    "When it began to, by the clock of the loop."
    give_way: Callable[[], None]
    "Ends it, and gives its place back at once."


class ConnectionTable(Protocol):
    """The connections of one listener."""

    def oldest_debtor(self, address: str | None) -> Debtor | None:
        """The connection that has owed a message for longest; of one address, if that is given."""


class Places:
    """How many connections there are, of all and of each address."""

    __slots__ = ("_by_address", "_tables", "connections", "per_address", "taken")

    def __init__(self, connections: int = 4096, per_address: int = 512) -> None:
        self.connections = connections
        "The most of all."
        self.per_address = per_address
        "The most of one address."
        self.taken = 0
        self._by_address: Counter[str] = Counter()
        self._tables: list[ConnectionTable] = []

    def join(self, table: ConnectionTable) -> None:
        """Share the places with one more listener."""
        self._tables.append(table)

    def make_room(self, address: str) -> bool:
        """Whether there is a place for a newcomer, perhaps because somebody has given way."""
        is_crowded = self._by_address[address] >= self.per_address
        if not is_crowded and self.taken < self.connections:
            return True
        found = (table.oldest_debtor(address if is_crowded else None) for table in self._tables)
        debtors = [debtor for debtor in found if debtor is not None]
        if not debtors:
            return False
        min(debtors, key=lambda debtor: debtor.since).give_way()
        return True

    def take(self, address: str) -> None:
        """Count a connection."""
        self.taken += 1
        self._by_address[address] += 1

    def give_back(self, address: str) -> None:
        """Count it no more."""
        self.taken -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
