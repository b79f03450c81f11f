"""The record of a call: its start is on disk before the call is answered, its end completes it.

A start without an end is what a crash leaves; the store closes it as interrupted when it is opened
again, with the last sign of life as its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sized
from typing import Any, Protocol

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import EndedBy, Ending
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.store.calls import (
    CallEnd,
    CallProgress,
    CallStart,
    finish_call,
    insert_call,
    sign_of_life,
    update_call,
)
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError

log = structlog.get_logger("softswitch.calls")

PATIENCE = 2.0
"Seconds that an answer waits for the start record; a stuck disk must not silence the phones."

LIFE_SIGN_SECONDS = 10.0
"How often it is noted that calls last: by so much a crash may shorten them in the history."

_HUNG_UP = {
    EndedBy.CALLER: "CallerHangUp",
    EndedBy.CALLEE: "CalleeHungUp",
}
"The API's result states of an answered call, in the spelling of its reference."

TRANSFER_COMPLETED = "TransferCompleted"
"The API's result state of a call that was transferred, or that a transfer has dissolved."


class Journal(Protocol):
    """What the history needs of the store."""

    def write(self, change: Change) -> asyncio.Future[None]:
        """Done when the change is on disk; raises StoreError at once or through the future."""


class History:
    """Writes one record a call."""

    __slots__ = ("_held", "_journal", "_moved", "_now")

    def __init__(self, journal: Journal, now: Callable[[], float]) -> None:
        """`now` is Unix time in seconds."""
        self._journal = journal
        self._held: set[str] = set()
        "The calls whose records say that they are on hold."
        self._moved: set[str] = set()
        "The calls whose records do not say yet whom a transfer has brought."
        self._now = now

    def started(self, call: Call) -> asyncio.Future[None] | None:
        """Write the start record; the future is for `is_on_disk`."""
        return self._write(
            insert_call(
                CallStart(
                    call_id=call.id,
                    start_time=call.started_at,
                    source=call.caller.trunk or call.caller.number,
                    caller_id=call.caller.number,
                    caller_name=call.caller.name,
                    dialed=call.dialled,
                    destination=call.callee.number,
                    direction=direction(call),
                    chain=call.chain,
                )
            )
        )

    async def is_on_disk(self, start: asyncio.Future[None] | None) -> bool:
        """Wait until the start record is written; a call goes on when it cannot be (False)."""
        if start is None:
            return False
        if not start.done():
            await asyncio.wait((start,), timeout=PATIENCE)
        return start.done() and not start.cancelled() and start.exception() is None

    def answered(self, call: Call) -> None:
        """Note the answer, so that a crash does not forget it."""
        self._write(
            update_call(
                CallProgress(
                    call_id=call.id,
                    ring_time=call.rang_at,
                    answer_time=call.answered_at,
                    state=CallState.IN_CALL.value,
                )
            )
        )

    def entered(self, call: Call, state: CallState) -> None:
        """Note a hold, its end, and whom a transfer brought; a listener of calls."""
        if state in FINAL:
            self._held.discard(call.id)
            self._moved.discard(call.id)
        elif state is CallState.HOLD:
            call.tell("held")
            self._held.add(call.id)
            self._write(update_call(CallProgress(call_id=call.id, state=state.value)))
        elif state is CallState.TRANSFERRED:
            self._moved.add(call.id)  # until both sides talk, which follows at once
        elif state is CallState.IN_CALL and (call.id in self._held or call.id in self._moved):
            if call.id in self._held:
                call.tell("resumed")
            self._held.discard(call.id)
            self._moved.discard(call.id)
            self._write(
                update_call(
                    CallProgress(
                        call_id=call.id,
                        state=state.value,
                        destination=call.callee.trunk or call.callee.number,
                        chain=call.chain or None,
                        steps=call.steps.written(),
                    )
                )
            )

    async def show_life(self, calls: Sized) -> None:
        """Note while there are calls that they last; runs until it is cancelled."""
        while True:
            await asyncio.sleep(LIFE_SIGN_SECONDS)
            if len(calls):
                self._write(sign_of_life(self._now()))

    def ended(
        self, call: Call, ending: Ending, media: Mapping[str, Any]
    ) -> asyncio.Future[None] | None:
        """Write the end record; `media` holds the statistics of each side's leg."""
        answered = call.answered_at is not None
        return self._write(
            finish_call(
                CallEnd(
                    call_id=call.id,
                    end_time=call.ended_at or self._now(),
                    outcome=ending.outcome.value,
                    state=result_state(call.state, ending, transferred=call.transferred),
                    ring_time=call.rang_at,
                    answer_time=call.answered_at,
                    destination=call.callee.trunk or call.callee.number,
                    direction=direction(call),
                    caller_code=200 if answered else ending.status,
                    callee_code=200 if answered else ending.callee_status,
                    ended_by=ending.by.value,
                    reason=ending.detail or ending.reason or "",
                    media=media,
                    chain=call.chain or None,
                    steps=call.steps.written(),
                )
            )
        )

    def _write(self, change: Change) -> asyncio.Future[None] | None:
        try:
            return self._journal.write(change)
        except StoreError as error:
            log.error("call record not written", call=change.key[1], error=str(error))
            return None


def direction(call: Call) -> str:
    """The `Direction` of ListCallHistory: which of the parties is at a trunk."""
    match bool(call.caller.trunk), bool(call.callee.trunk):
        case False, False:
            return "Internal"
        case True, True:
            return "External"
        case True, False if call.invite is not None:
            return "Inbound"
    return "Outbound"


def result_state(state: CallState, ending: Ending, *, transferred: bool) -> str:
    """The `State` of ListCallHistory for a call that ended in `state`.

    `transferred` is whether another party has taken a place in it, or in another call for it.
    """
    if ending.outcome is Outcome.ANSWERED and state is CallState.COMPLETED:
        if transferred:
            return TRANSFER_COMPLETED
        return _HUNG_UP.get(ending.by, CallState.COMPLETED.value)
    return str(state.value)
