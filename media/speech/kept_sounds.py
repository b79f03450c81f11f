"""Sounds that may be needed again: sentences, and the short files of `media/play`.

They are kept while somebody needs them again within ten minutes, and as long as there is room. So
what is said or played once, such as a name or a recording, does not fill the room for ever.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

KEPT_S = 600.0
"Seconds after its last use in which a sound is kept."

Sound = TypeVar("Sound")


class _KeptSound(NamedTuple, Generic[Sound]):
    sound: Sound
    octets: int
    used_at: float


class KeptSounds(Generic[Sound]):
    """Sounds by their keys, the least recently used dropped first; used by all threads."""

    def __init__(self, octets: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`octets`: how many all of them may have; one of them is always kept."""
        self._kept: OrderedDict[Hashable, _KeptSound[Sound]] = OrderedDict()
        self._octets, self._used = octets, 0
        self._clock = clock
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Sound | None:
        """Return the sound that is kept under a key."""
        with self._lock:
            self._forget()
            kept = self._kept.pop(key, None)
            if kept is not None:
                self._kept[key] = kept._replace(used_at=self._clock())
        return None if kept is None else kept.sound

    def put(self, key: Hashable, sound: Sound, octets: int) -> Sound:
        """Keep a sound; return the one that is kept under the key, which may be an earlier one."""
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None:
                kept = _KeptSound(sound, octets, 0.0)
                self._used += octets
            self._kept[key] = kept._replace(used_at=self._clock())
            self._forget()
        return kept.sound

    def __len__(self) -> int:
        return len(self._kept)

    def _forget(self) -> None:
        """Drop what is old, and what there is no room for."""
        old = self._clock() - KEPT_S
        while self._kept:
            kept = next(iter(self._kept.values()))
            is_crowded = self._used > self._octets and len(self._kept) > 1
            if kept.used_at > old and not is_crowded:
                return
            self._kept.popitem(last=False)
            self._used -= kept.octets
