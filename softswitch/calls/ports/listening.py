"""Any number of listeners to the sound of one leg at a time.

The worker listens to a leg once for each kind of sound. Here that is shared: the first listener of
a kind makes the claim, the last one withdraws it, and silences of any length are counted from the
shortest one, which is all that the worker is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

SILENCE = "silence"
"The kind that tells of silence and, by `sound`, of its end."

SHORTEST = 0.1
"Seconds of silence that the worker tells of."


class SoundAwaited:
    """Something is listened for, until the first of it is heard."""

    def __init__(
        self, kinds: frozenset[str], seconds: float, leave: Callable[[SoundAwaited], None]
    ) -> None:
        self.kinds = kinds
        self._seconds = seconds
        self._leave = leave
        self._counting: asyncio.TimerHandle | None = None
        self.done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        "What was heard; empty when nothing was, and nothing can be any more. Never an exception."

    def stop(self) -> None:
        """Listen no more; harmless when something was heard already."""
        self.finish("")

    def count(self, silent: float) -> None:
        """Count on from a silence of so many seconds."""
        if self._counting is None:
            left = max(0.0, self._seconds - silent)
            loop = asyncio.get_running_loop()
            self._counting = loop.call_later(left, self.finish, SILENCE)

    def interrupt(self) -> None:
        """Begin to count anew when it is silent again."""
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    def finish(self, heard: str) -> None:
        """Have heard something, or nothing at all."""
        self.interrupt()
        if not self.done.done():
            self.done.set_result(heard)
        self._leave(self)


class Listening:
    """The listeners to one leg, by kind of sound."""

    def __init__(self, tell: Callable[[str, bool], None]) -> None:
        """`tell` asks the worker to listen for a kind, or not to any more."""
        self._tell = tell
        self._awaited: dict[str, list[SoundAwaited]] = {}
        "Who listens for each kind; kinds that nobody listens for are not kept."
        self._silent = False
        "Whether it is silent, as far as the worker has told."

    def listen(self, kinds: Iterable[str], seconds: float) -> SoundAwaited:
        """Listen until the first of these kinds is heard; silence counts from now on."""
        sound = SoundAwaited(frozenset(kinds), seconds, self._leave)
        for kind in sound.kinds:
            if kind not in self._awaited:
                self._awaited[kind] = []
                self._tell(kind, True)
            self._awaited[kind].append(sound)
        if SILENCE in sound.kinds and self._silent:
            sound.count(0.0)
        return sound

    def heard(self, kind: str, name: str) -> None:
        """Take a sound that the worker has recognised."""
        awaited = tuple(self._awaited.get(kind, ()))
        if kind == SILENCE and awaited:
            self._silent = name == SILENCE
        for sound in awaited:
            if kind != SILENCE:
                sound.finish(name)
            elif self._silent:
                sound.count(SHORTEST)
            else:
                sound.interrupt()

    def end(self) -> None:
        """Let everybody know that nothing will be heard any more, and let go of the worker.

        The port holds its listeners: if they went on holding the port, it and its whole call would
        stay in memory until the collector of garbage comes.
        """
        for sound in {each for awaited in self._awaited.values() for each in awaited}:
            sound.finish("")
        self._tell = _nobody

    def _leave(self, sound: SoundAwaited) -> None:
        """Forget a listener, and the kinds that have no other."""
        for kind in sound.kinds:
            awaited = self._awaited.get(kind, [])
            if sound in awaited:
                awaited.remove(sound)
                if not awaited:
                    self._withdraw(kind)

    def _withdraw(self, kind: str) -> None:
        del self._awaited[kind]
        if kind == SILENCE:
            self._silent = False
        self._tell(kind, False)


def _nobody(kind: str, wanted: bool) -> None:
    """Take what would be told to the worker of a port that has ended."""
