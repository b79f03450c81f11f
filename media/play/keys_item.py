"""Keys that are sent as events in their turn of a playlist (RFC 4733), with pauses between them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from media.play.clip_pool import ClipPool
from media.play.sources import Item

PAUSE = ","
"Stands among keys for a pause of `PAUSE_MS`."
PAUSE_MS = 1000


def runs(keys: str) -> list[str]:
    """Part keys from pauses: `12,,3` becomes `12`, `,,` and `3`."""
    return ["".join(run) for _, run in groupby(keys, lambda key: key == PAUSE)]


class KeysItem(Item):
    """An item without sound: when its turn has come it lets each run of keys be sent."""

    def __init__(
        self,
        token: int,
        keys: str,
        frame: int,
        send: Callable[[str], object],
        drop: Callable[[], object],
    ) -> None:
        """`send` begins a run of keys, after which `run_left` is called; `drop` gives it up.

        `frame` is the number of samples in a tick.
        """
        super().__init__(token, complete=False)
        self._runs = runs(keys)
        self._frame = frame
        self._send, self._drop = send, drop
        self._sending = False
        self._pause = 0
        "Ticks that are left of a pause."

    def stretch(self) -> tuple[int, int] | None:
        """Go on by one tick; there are never samples."""
        if not self._sending and self._pause == 0:
            self._next_run()
        if not self.complete:
            self.sent += self._frame
            self._pause = max(0, self._pause - 1)
        return None

    def run_left(self) -> None:
        """Learn that a run of keys has left."""
        self._sending = False

    def release(self, pool: ClipPool) -> None:
        """End what is being sent."""
        super().release(pool)
        self._drop()

    def _next_run(self) -> None:
        if not self._runs:
            self.finish()
            return
        run = self._runs.pop(0)
        if run[0] == PAUSE:
            self._pause = len(run) * PAUSE_MS // 20
        else:
            self._sending = True
            self._send(run)
