"""Which events a reader wants, and which a user may have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from softswitch.events.event import TYPES, NumberedEvent
from softswitch.guard.rights import User
from softswitch.settings.exchange.events import types_named


class UnknownType(ValueError):
    """No event is ever of such a type; the sentence names those that there are."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a reader wants; what is empty wants everything."""

    types: frozenset[str] = frozenset()
    number: str = ""
    call: str = ""

    @classmethod
    def of(cls, types: str = "", number: str = "", call: str = "") -> EventFilter:
        """Of types divided by commas, of which `call` stands for all that begin with `call.`.

        Raises UnknownType.
        """
        return cls(frozenset(_expanded(types.split(","))), number, call)

    def takes(self, event: NumberedEvent) -> bool:
        """Whether the reader wants it."""
        if self.types and event.type not in self.types:
            return False
        if self.number and self.number not in event.numbers:
            return False
        return not self.call or self.call == event.call


ALL = EventFilter()


def _expanded(names: Iterable[str]) -> Iterable[str]:
    for name in map(str.strip, names):
        found = types_named(name)
        if name and not found:
            known = dict.fromkeys([*(each.partition(".")[0] for each in TYPES), *TYPES])
            raise UnknownType(f"types has {name[:40]!r}, expected some of {', '.join(known)}")
        yield from found if name else ()


def may_have(user: User, event: NumberedEvent) -> bool:
    """Whether a user may have it: an application what concerns its own extensions."""
    return user.own is None or any(number in user.own for number in event.numbers)
