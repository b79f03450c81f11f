"""Records of calls for tests of `/v1/history`, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from softswitch.store.call_history import CallFilter, CallPage, CallRecord, PageWanted
from softswitch.store.errors import DatabaseAway


def record(call_id: str, **changed: Any) -> CallRecord:
    """A call of 1000 to 2000 that was answered after two seconds and lasted three."""
    values: dict[str, Any] = {
        "call_id": call_id,
        "start_time": 1_800_000_000.0,
        "ring_time": 1_800_000_001.0,
        "answer_time": 1_800_000_002.0,
        "end_time": 1_800_000_005.0,
        "type": "Audio",
        "direction": "Internal",
        "source": "1000",
        "caller_id": "1000",
        "caller_name": "",
        "dialed": "2000",
        "destination": "2000",
        "state": "CallerHangUp",
        "outcome": "answered",
        "caller_code": 200,
        "callee_code": 200,
        "ended_by": "caller",
        "reason": "",
        "media": {},
        "chain": "",
        "steps": [],
    }
    return CallRecord(**{**values, **changed})


class Records:
    """A store of records, newest first, which may be away."""

    def __init__(self, *kept: CallRecord, away_after: int | None = None) -> None:
        """`away_after`: questions after which the database is away."""
        self.kept = kept
        self.asked: list[tuple[CallFilter | None, PageWanted | None]] = []
        self._away_after = away_after

    async def list_calls(
        self, wanted: CallFilter | None = None, page: PageWanted | None = None
    ) -> CallPage:
        if self._away_after is not None and len(self.asked) >= self._away_after:
            raise DatabaseAway("the database does not answer")
        self.asked.append((wanted, page))
        assert page is not None
        ids = [each.call_id for each in self.kept]
        first = 0 if page.after is None else ids.index(page.after) + 1
        return CallPage(len(self.kept), self.kept[first : first + page.limit])

    async def chain_of(self, call_id: str) -> Sequence[CallRecord]:
        if self._away_after == 0:
            raise DatabaseAway("the database does not answer")
        return [each for each in self.kept if call_id in (each.call_id, each.chain)]
