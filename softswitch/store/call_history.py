"""Finds calls in the history, page by page.

A page is found by the key of the order, the start and the id: behind a call that is named, or by
its number. A number is counted on the index alone, from the end that is nearer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, tuple_

from softswitch.store.database.reader import Reader
from softswitch.store.tables import CALLS
from softswitch.store.texts import storable


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One row of the call history."""

    call_id: str
    start_time: float
    ring_time: float | None
    answer_time: float | None
    end_time: float | None
    "None while the call lasts."
    type: str
    direction: str
    source: str
    caller_id: str
    caller_name: str
    dialed: str
    destination: str
    state: str
    outcome: str
    "Empty while the call lasts."
    caller_code: int | None
    callee_code: int | None
    ended_by: str
    reason: str
    media: Mapping[str, Any]
    chain: str
    "The id of the first call of its chain; empty for a first one."
    steps: Sequence[Mapping[str, Any]]
    "What has happened: `at` in seconds since 1970, `what`, and facts by name."

    @property
    def talk_time(self) -> float:
        """Seconds from the answer to the end; 0 for a call that was not answered or still lasts."""
        if self.answer_time is None or self.end_time is None:
            return 0.0
        return max(0.0, self.end_time - self.answer_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls to list; None does not filter.

    Texts compare whole but for `text`, and in any case of the letters A to Z but for `call_id`.
    """

    call_id: str | None = None
    caller_id: str | None = None
    source: str | None = None
    destination: str | None = None
    dialed: str | None = None
    direction: str | None = None
    state: str | None = None
    type: str | None = None
    outcome: str | None = None
    since: float | None = None
    "Calls that started at this time or later, seconds since 1970."
    until: float | None = None
    "Calls that started before this time."
    ended: bool | None = None
    "True: only calls that have ended; False: only calls that last."
    text: str | None = None
    "Part of the call id, a number or the caller's name."
    own: Sequence[tuple[str, str]] | None = None
    """First and last of ranges of equally long numbers: only calls from them, to them, or of whom
    dialled them."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """One page of the history."""

    total: int
    "All calls that the filter lets through."
    calls: Sequence[CallRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWanted:
    """Which part of the list."""

    limit: int = 20
    offset: int = 0
    "Calls before it, from the beginning or from `after` on."
    after: str | None = None
    "The id of a call: the page begins behind it."
    oldest_first: bool = False


_SAME = ("caller_id", "source", "destination", "dialed", "direction", "state", "type", "outcome")
"Fields of CallFilter that are compared with the column of the same name; `tables.py` indexes them."
_SEARCHED = ("call_id", "source", "caller_id", "caller_name", "dialed", "destination")
"Columns that `text` is looked for in."
LONGEST_CHAIN = 1000
"Calls of a chain that are read: more of them nobody reads."
_KEY = (CALLS.c.start_time, CALLS.c.call_id)


def _conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        func.lower(CALLS.c[name]) == func.lower(literal(getattr(wanted, name), CALLS.c[name].type))
        for name in _SAME
        if getattr(wanted, name) is not None
    ]
    if wanted.call_id is not None:
        conditions.append(CALLS.c.call_id == wanted.call_id)
    if wanted.since is not None:
        conditions.append(CALLS.c.start_time >= wanted.since)
    if wanted.until is not None:
        conditions.append(CALLS.c.start_time < wanted.until)
    if wanted.ended is not None:
        open_ = CALLS.c.end_time.is_(None)
        conditions.append(~open_ if wanted.ended else open_)
    if wanted.text is not None:
        part = storable(wanted.text)
        conditions.append(
            or_(*(CALLS.c[name].icontains(part, autoescape=True) for name in _SEARCHED))
        )
    if wanted.own is not None:
        parties = (CALLS.c.source, CALLS.c.destination, CALLS.c.dialed)
        conditions.append(or_(*(_within(column, wanted.own) for column in parties)))
    return conditions


def _within(column: ColumnElement[str], ranges: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Whether a number is within one of these ranges."""
    single = [first for first, last in ranges if first == last]
    wide = [each for each in ranges if each[0] != each[1]]
    return or_(
        column.in_(single),
        *(
            (func.length(column) == len(first)) & column.between(first, last)
            for first, last in wide
        ),
    )


async def list_calls(reader: Reader, wanted: CallFilter, page: PageWanted) -> CallPage:
    """The calls that the filter lets through, those of the page. Raises DatabaseAway."""
    conditions = _conditions(wanted)
    counted = select(func.count()).select_from(CALLS).where(*conditions)
    async with reader.connect() as connection:
        total = await connection.scalar(counted) or 0
        behind: tuple[float, str] | None = None
        if page.after is not None:
            after = select(CALLS.c.start_time).where(CALLS.c.call_id == page.after)
            start = await connection.scalar(after)
            if start is None:
                return CallPage(total, ())
            behind = start, page.after
        query = _page(conditions, page, behind, None if behind else total)
        rows = (await connection.execute(query)).all()
    calls = [CallRecord(**row._mapping) for row in rows]
    return CallPage(total, sorted(calls, key=_key, reverse=not page.oldest_first))


async def chain_of(reader: Reader, call_id: str) -> Sequence[CallRecord]:
    """The calls of the chain that a call belongs to, oldest first; none when it is not known.

    Raises DatabaseAway.
    """
    async with reader.connect() as connection:
        asked = select(CALLS.c.chain).where(CALLS.c.call_id == call_id)
        chain = await connection.scalar(asked)
        if chain is None:
            return ()
        first = chain or call_id
        belongs = (CALLS.c.chain == first) & (CALLS.c.chain != "")
        query = select(CALLS).where((CALLS.c.call_id == first) | belongs)
        rows = (await connection.execute(query.order_by(*_KEY).limit(LONGEST_CHAIN))).all()
    return [CallRecord(**row._mapping) for row in rows]


def _page(
    conditions: Sequence[ColumnElement[bool]],
    page: PageWanted,
    behind: tuple[float, str] | None,
    total: int | None,
) -> Select[Any]:
    """The query for the rows of a page, in any order; `total` where it is known how many follow."""
    offset, limit, upwards = page.offset, page.limit, page.oldest_first
    if total is not None and offset > total // 2:
        limit = max(0, min(limit, total - offset))
        offset, upwards = max(0, total - offset - limit), not upwards
    found = select(CALLS.c.call_id.label("wanted")).where(*conditions)
    if behind is not None:
        key = tuple_(*_KEY)
        found = found.where(key > tuple_(*behind) if upwards else key < tuple_(*behind))
    order = [column.asc() if upwards else column.desc() for column in _KEY]
    ids = found.order_by(*order).offset(offset).limit(limit).subquery()
    return select(CALLS).join(ids, CALLS.c.call_id == ids.c.wanted)


def _key(call: CallRecord) -> tuple[float, str]:
    return call.start_time, call.call_id
