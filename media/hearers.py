"""Who hears whom, and how: by the relay while nobody needs the samples, else by the tick.

Here the routes of all payload types are set whenever a leg is configured, joins, leaves or is
claimed, so that the drain finds the fate of a packet in one look.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from media import relay
from media.legs import FREE, Legs, Route
from media.tick import Tick
from media.wires import Wires


class Hearers:
    """The rooms of a worker: two legs that hear each other, or one that hears itself."""

    def __init__(self, legs: Legs, wires: Wires, tick: Tick) -> None:
        self._legs, self._wires, self._tick = legs, wires, tick
        self._claims: dict[int, set[Hashable]] = {}
        "Why the samples of a row are needed; empty sets are not kept."

    def join(self, row: int, other: int) -> None:
        """Let two rows hear each other, or one itself; they leave the rooms that they were in."""
        self.part(row)
        self.part(other)
        legs = self._legs
        legs.hearer[row], legs.hearer[other] = other, row
        legs.splice[row] = legs.splice[other] = True
        self.reroute(row)

    def part(self, row: int) -> None:
        """Let the row hear nobody and be heard by nobody."""
        legs = self._legs
        other = int(legs.hearer[row])
        if other != FREE:
            legs.hearer[row] = legs.hearer[other] = FREE
        for each in {row, other} - {FREE}:
            self.reroute(each)

    def forget(self, row: int) -> None:
        """Take a row that is about to be freed out of everything."""
        self._claims.pop(row, None)
        self.part(row)

    def claim(self, row: int, reason: Hashable) -> None:
        """Take a leg, and the one that it hears, off the relay: somebody needs samples."""
        self._claims.setdefault(row, set()).add(reason)
        self.reroute(row)

    def release(self, row: int, reason: Hashable) -> None:
        """Withdraw one reason; without any the legs are relayed again."""
        reasons = self._claims.get(row, set())
        reasons.discard(reason)
        if not reasons:
            self._claims.pop(row, None)
        self.reroute(row)

    def renegotiated(self, row: int) -> None:
        """Take new formats or a new direction of a leg into account."""
        if self._legs.sampled[row]:
            self._tick.claim(row, self._wires.wires[row].codecs)
        self.reroute(row)

    def reroute(self, row: int) -> None:
        """Set the routes of a row and of the one that it hears; both are claimed or neither."""
        room = {row, int(self._legs.hearer[row])} - {FREE}
        needed = any(each in self._claims for each in room)
        for each in room:
            if needed and not self._legs.sampled[each]:
                self._tick.claim(each, self._wires.wires[each].codecs)
            elif not needed and self._legs.sampled[each]:
                self._tick.release(each)
            self._reroute(each)

    def _reroute(self, row: int) -> None:
        legs, codecs = self._legs, self._wires.wires[row].codecs
        hearer = int(legs.hearer[row])
        if not legs.hears[row]:
            legs.route[row] = _dead_end(codecs, Route.DEAF)
        elif legs.sampled[row]:
            legs.route[row] = _dead_end(codecs, Route.SAMPLES)
        elif hearer == FREE or not legs.sends[hearer]:
            legs.route[row] = _dead_end(codecs, Route.NOWHERE)
        else:
            legs.route[row] = _routes(codecs, self._wires.wires[hearer].codecs)


_routes = lru_cache(maxsize=1024)(relay.routes)
_dead_end = lru_cache(maxsize=1024)(relay.dead_end)
