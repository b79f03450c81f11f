"""Records of calls as `/v1/history` shows them; `openapi.py` describes these very classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right, User
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.history.sentences import sentence
from softswitch.http.v1.lists import read_time
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.store.call_history import CallFilter, CallRecord, PageWanted

MOST_RECORDS = 1000
"Records in one answer."


class HistoryFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records are listed; texts compare whole but for `text`, in any case of letters."""

    text: Annotated[str, Meta(description="Part of an id, a number or the caller's name.")] = ""
    caller: Annotated[str, Meta(description="The number that the callee saw.")] = ""
    dialed: Annotated[str, Meta(description="The number that was dialled.")] = ""
    destination: Annotated[str, Meta(description="The extension or trunk that was called.")] = ""
    direction: Annotated[str, Meta(description="Internal, External, Inbound or Outbound.")] = ""
    outcome: Annotated[str, Meta(description="Such as answered, busy, no answer.")] = ""
    since: Annotated[
        str, Meta(description="Calls that began then or later: a day or a time in ISO 8601.")
    ] = ""
    until: Annotated[str, Meta(description="Calls that began before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_RECORDS, description="Records in the answer.")] = 50
    after: Annotated[
        str, Meta(description="The id of the last call of the page before; empty for the first.")
    ] = ""
    order: Annotated[
        str, Meta(pattern="^(newest|oldest)$", description="Which comes first: newest or oldest.")
    ] = "newest"

    def of(self, user: User) -> CallFilter:
        """The same for the store, of the calls that concern a user. Raises BadQuery."""
        return CallFilter(
            own=None if user.own is None else user.own.ranges,
            text=self.text or None,
            caller_id=self.caller or None,
            dialed=self.dialed or None,
            destination=self.destination or None,
            direction=self.direction or None,
            outcome=self.outcome or None,
            since=read_time("since", self.since),
            until=read_time("until", self.until),
        )

    @property
    def page(self) -> PageWanted:
        """The part of the list."""
        oldest = self.order == "oldest"
        return PageWanted(limit=self.limit, after=self.after or None, oldest_first=oldest)


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a call."""

    at: Moment
    what: Annotated[str, Meta(description="A word, such as rang, refused, answered, transferred.")]
    facts: Annotated[Mapping[str, str], Meta(description="Who, whom, why; by name.")]
    sentence: Annotated[str, Meta(description="The same for a person.")]


class CallKept(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a call."""

    id: Annotated[str, Meta(description="The CallId of commands.")]
    chain: Annotated[str, Meta(description="The id of the first call of its chain.")]
    started_at: Moment
    rang_at: Moment | None
    answered_at: Moment | None
    ended_at: Annotated[Moment | None, Meta(description="Null while it lasts.")]
    talk_seconds: float
    direction: str
    source: Annotated[str, Meta(description="The extension or trunk that it came from.")]
    caller: str
    caller_name: str
    dialed: str
    destination: str
    state: str
    outcome: Annotated[str, Meta(description="Empty while it lasts.")]
    ended_by: str
    reason: str
    caller_code: Annotated[int | None, Meta(description="The final response to the caller.")]
    callee_code: Annotated[int | None, Meta(description="The final response of the callee.")]


class HistoryShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the history."""

    total: Annotated[int, Meta(description="Records that the filter lets through.")]
    calls: list[CallKept]


class CallOfChain(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a chain, with what happened to it."""

    call: CallKept
    steps: list[StepShown]


class ChainShown(msgspec.Struct, frozen=True, kw_only=True):
    """The calls that belong together, oldest first: what became of one caller."""

    chain: str
    story: Annotated[list[str], Meta(description="All of it, line by line, for a person.")]
    calls: list[CallOfChain]


def show_record(record: CallRecord) -> CallKept:
    """A record as JSON."""
    return CallKept(
        id=record.call_id,
        chain=record.chain or record.call_id,
        started_at=moment(record.start_time),
        rang_at=_maybe(record.ring_time),
        answered_at=_maybe(record.answer_time),
        ended_at=_maybe(record.end_time),
        talk_seconds=round(record.talk_time, 3),
        direction=record.direction,
        source=record.source,
        caller=record.caller_id,
        caller_name=record.caller_name,
        dialed=record.dialed,
        destination=record.destination,
        state=record.state,
        outcome=record.outcome,
        ended_by=record.ended_by,
        reason=record.reason,
        caller_code=record.caller_code,
        callee_code=record.callee_code,
    )


def show_chain(records: Sequence[CallRecord]) -> ChainShown:
    """A chain as JSON; `records` are its calls, oldest first, at least one."""
    calls = [CallOfChain(call=show_record(each), steps=_steps(each)) for each in records]
    lines = [line for each in records for line in _lines(each)]
    lines.sort(key=lambda line: line[0])
    story = [f"{moment(at):%Y-%m-%d %H:%M:%S}  {words}" for at, words in lines]
    return ChainShown(chain=calls[0].call.chain, story=story, calls=calls)


def _steps(record: CallRecord) -> list[StepShown]:
    return [
        StepShown(at=moment(at), what=what, facts=facts, sentence=sentence(what, facts))
        for at, what, facts in map(_read, record.steps)
    ]


def _lines(record: CallRecord) -> list[tuple[float, str]]:
    """When what happened, the beginning and the end included."""
    name = f" ({record.caller_name})" if record.caller_name else ""
    lines = [(record.start_time, f"{record.caller_id or 'somebody'}{name} called {record.dialed}")]
    lines += [(at, sentence(what, facts)) for at, what, facts in map(_read, record.steps)]
    if record.end_time is not None:
        why = ", ".join(filter(None, (f"by the {record.ended_by}", record.reason)))
        lines.append((record.end_time, f"the call ended: {record.outcome} ({why})"))
    return lines


def _read(step: Mapping[str, Any]) -> tuple[float, str, dict[str, str]]:
    facts = {name: str(fact) for name, fact in step.items() if name not in ("at", "what")}
    return float(step["at"]), str(step["what"]), facts


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


_AWAY = ("The database is away.", Problem)
_WRONG = ("A parameter is wrong.", Problem)

HISTORY_OPERATIONS = (
    Operation(
        path="/history",
        id="listHistory",
        right=Right.SEE_OWN,
        summary="A page of the records of calls.",
        query=HistoryFilter,
        answers={200: ("The page.", HistoryShown), 400: _WRONG, 503: _AWAY},
    ),
    Operation(
        path="/history.csv",
        id="exportHistory",
        right=Right.SEE_OWN,
        summary="All records that the filter lets through, as a table; `limit` does not bound it.",
        query=HistoryFilter,
        answers={200: ("The table (RFC 4180).", "text/csv"), 400: _WRONG, 503: _AWAY},
    ),
    Operation(
        path="/history/{call_id}",
        id="showChain",
        right=Right.SEE_OWN,
        summary="The calls that belong together with one, and what happened to each.",
        answers={
            200: ("The chain.", ChainShown),
            404: ("The history has no call with that id.", Problem),
            503: _AWAY,
        },
    ),
)
"What `history_api.py` serves."
