"""What an event costs: CPU from its begin to one reader of the web API, with its commit to disk.

    python benchmarks/events.py

Five hundred calls of which each changes every five seconds make a hundred events a second. The
writer of the database, which is a thread of its own, is counted as well.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from softswitch.events.event_journal import EventJournal
from softswitch.events.filters import ALL
from softswitch.events.following import Following
from softswitch.guard.rights import User
from softswitch.store.store import Store

CALLS = 500
A_SECOND = 100
"Events: each of the calls changes every five seconds."
ROUNDS = 3
"Of which the best counts: what else runs on the machine takes from the caches."
TURN = 4
"Events that come to disk together at that rate, with a commit every 40 ms."
SHOWN = {
    "id": "7fQ0h2XkLm", "state": "InCall", "direction": "Internal", "dialed": "1001",
    "caller": {"number": "1000", "name": "Anna Example", "trunk": ""},
    "callee": {"number": "1001", "name": "Ben Example", "trunk": ""},
    "started_at": "2026-11-30T23:00:00.123Z", "answered_at": "2026-11-30T23:00:02.456Z",
    "chain": "7fQ0h2XkLm",
}  # fmt: skip


async def main() -> None:
    """Print microseconds an event, and the share of a core at that rate."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/switch.db", Path(folder) / "calls.spool")
        journal = await EventJournal.open(store.journal, store.reader)
        seconds = min([await spent(journal) for _ in range(ROUNDS)])
        await store.close()
    print(f"{seconds * 1e6:.0f} µs an event, {seconds * A_SECOND:.1%} of a core at {A_SECOND}/s")


async def spent(journal: EventJournal) -> float:
    """Seconds of CPU that an event of so many takes."""
    many, before = CALLS, journal.newest
    heard = asyncio.ensure_future(hear(journal, many))
    await asyncio.sleep(0)
    began = time.process_time()
    for turn in range(many // TURN):
        for each in range(TURN):
            call = f"call{turn * TURN + each}"
            journal.publish("call.changed", call, SHOWN, call=call, numbers=("1000", "1001"))
        last = before + (turn + 1) * TURN
        while journal.newest < last:
            await journal.arrival()
    assert await heard == many
    return (time.process_time() - began) / many


async def hear(journal: EventJournal, many: int) -> int:
    """Read so many events, as a reader of the web API does."""
    following, count = Following(journal, None, ALL, User("admin")), 0
    while count < many:
        portion = await following.next(60)
        count += len("".join(each.body for each in portion.events)) and len(portion.events)
    return count


if __name__ == "__main__":
    asyncio.run(main())
