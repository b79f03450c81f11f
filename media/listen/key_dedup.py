"""One press, however many ways tell of it: sound, RFC 4733 events, SIP INFO.

Some phones and gateways send a key twice. Whichever way is first tells of the press; each other
way may then tell of the same key once, and that is the same press.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from media.listen.heard import KeyPressed, KeyReleased

LATEST_MS = 700.0
"So long after a press has ended another way may still tell of it: INFO comes with the signalling."


class KeyPath(StrEnum):
    """How a key reached us."""

    SOUND = "in-band"
    EVENT = "RFC 4733"
    INFO = "INFO"


@dataclass(slots=True)
class _Press:
    """A press that was passed on."""

    key: str
    way: KeyPath
    until: float | None = None
    "When it stops to be told of by other ways; None while the key is down."
    also: set[KeyPath] = field(default_factory=set)
    "Other ways that have told of it."


class KeyDedup:
    """The presses of one leg; times are the caller's, in ms, and do not run backwards."""

    def __init__(self) -> None:
        self._recent: list[_Press] = []
        self._down: dict[KeyPath, _Press] = {}

    def take_key(
        self, way: KeyPath, event: KeyPressed | KeyReleased, now: float
    ) -> KeyPressed | KeyReleased | None:
        """Return the event, or None when another way has told of that press already."""
        if isinstance(event, KeyReleased):
            return self._release(way, event, now)
        self._recent = [
            press for press in self._recent if press.until is None or press.until >= now
        ]
        for press in self._recent:
            if press.key == event.key and press.way is not way and way not in press.also:
                press.also.add(way)
                return None
        if way in self._down:
            self._down[way].until = now
        press = self._down[way] = _Press(event.key, way)
        self._recent.append(press)
        return event

    def _release(self, way: KeyPath, event: KeyReleased, now: float) -> KeyReleased | None:
        """Only the way that told of the press tells of its end."""
        press = self._down.get(way)
        if press is None or press.key != event.key:
            return None
        del self._down[way]
        press.until = now + LATEST_MS
        return event
