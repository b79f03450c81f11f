"""Events of calls: what a call is at each change, and why it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.history import direction, result_state
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import Ending
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.leg.lines import Lines
from softswitch.calls.ports.media_port import RecordingInProgress
from softswitch.events.event import moment
from softswitch.events.event_journal import EventJournal
from softswitch.store.calls import INTERRUPTED
from softswitch.store.events.event_rows import EventRow

STARTED, CHANGED, ENDED = "call.started", "call.changed", "call.ended"


class CallEvents:
    """Publishes what happens to calls."""

    def __init__(self, events: EventJournal, calls: Calls, lines: Lines) -> None:
        self._events = events
        self._numbers: dict[str, tuple[str, ...]] = {}
        "The extensions of the calls that have begun, by their ids."
        self._rung: dict[str, tuple[str, ...]] = {}
        "The extensions that ring for calls, by their ids."
        self._ringing: set[str] = set()
        "Calls whose ringing phones are looked at in the next turn of the loop."
        self._lines = lines
        calls.listeners.append(self.entered)
        calls.rung_listeners.append(self.rung)
        calls.recording_listeners.append(self.recorded)
        lines.listeners.append(self.used)

    def entered(self, call: Call, state: CallState) -> None:
        """Publish a change of state; a listener of calls."""
        is_new = call.id not in self._numbers
        self._numbers.setdefault(call.id, ())
        if is_new:
            self._publish(STARTED, call)
        if state in FINAL:
            call.ended.add_done_callback(partial(self._ended, call))
        elif not is_new:
            self._publish(CHANGED, call)

    def _ended(self, call: Call, ended: asyncio.Future[Ending]) -> None:
        """Publish the end, when its cause is known and its phones are free."""
        if ended.cancelled():
            return
        ending = ended.result()
        self._publish(ENDED, call, **ending_of(call, ending))
        self._numbers.pop(call.id, None)

    def _publish(self, kind: str, call: Call, **more: object) -> None:
        """Publish for those whom it concerns now, or has concerned until now."""
        before, now = self._numbers.get(call.id, ()), tuple(concerned(call))
        self._numbers[call.id] = now
        self._events.publish(
            kind,
            call.id,
            {**shown(call), **more},
            call=call.id,
            numbers=tuple(dict.fromkeys((*before, *now))),
        )

    def rung(self, call: Call) -> None:
        """Publish which extensions ring for a call; a listener of rung phones."""
        if call.id not in self._ringing:
            self._ringing.add(call.id)
            asyncio.get_running_loop().call_soon(self._look, call)

    def _look(self, call: Call) -> None:
        """Publish who rings after all that has happened in this turn of the loop."""
        self._ringing.discard(call.id)
        before, now = self._rung.get(call.id, ()), tuple(sorted(set(call.rung.values())))
        if before == now:
            return
        data, numbers = {"call": call.id, "ringing": now}, tuple({*before, *now})
        self._events.publish("leg.changed", call.id, data, call=call.id, numbers=numbers)
        if now:
            self._rung[call.id] = now
        else:
            self._rung.pop(call.id, None)

    def used(self, extension: str) -> None:
        """Publish that an extension is in use from now on, or no more; a listener of lines."""
        data = {"number": extension, "in_use": self._lines.are_used_by(extension)}
        self._events.publish("leg.changed", extension, data, numbers=(extension,))

    def recorded(self, call: Call, path: str, recording: RecordingInProgress) -> None:
        """Publish a recording of a call, now and when its file is closed."""
        data = {"call": call.id, "file": path.rpartition("/")[2]}
        numbers = tuple(concerned(call))
        self._events.publish("recording.started", call.id, data, call=call.id, numbers=numbers)
        recording.done.add_done_callback(partial(self._recorded, call, data))

    def _recorded(self, call: Call, data: dict[str, str], done: asyncio.Future[object]) -> None:
        if not done.cancelled() and done.exception() is None:
            numbers = tuple(concerned(call))
            self._events.publish("recording.finished", call.id, data, call=call.id, numbers=numbers)

    def interrupted(self, begun: Iterable[EventRow]) -> None:
        """Publish the end of calls that an earlier process left, by the events of their begin."""
        for row in begun:
            data = {"id": row.call, "state": "Error", "outcome": INTERRUPTED, "ended_by": "system"}
            self._events.publish(
                ENDED, row.call, data, call=row.call, numbers=tuple(row.numbers.split())
            )


def concerned(call: Call) -> Iterable[str]:
    """The extensions that a call concerns; a party at a trunk is none, whatever it shows."""
    yield call.dialled
    for party in call.parties:
        if not party.trunk:
            yield party.number


def shown(call: Call) -> dict[str, object]:
    """A call as its events show it."""
    return {
        "id": call.id,
        "state": call.state.value,
        "direction": direction(call),
        "dialed": call.dialled,
        "caller": _party(call.caller),
        "callee": _party(call.callee),
        "started_at": moment(call.started_at),
        "answered_at": None if call.answered_at is None else moment(call.answered_at),
        "chain": call.chain_id,
    }


def _party(party: Party) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "trunk": party.trunk}


def ending_of(call: Call, ending: Ending) -> dict[str, object]:
    """What is told of a call's end, as in the history."""
    ended_at = call.ended_at or call.started_at
    return {
        "state": result_state(call.state, ending, transferred=call.transferred),
        "outcome": ending.outcome.value,
        "ended_at": moment(ended_at),
        "ended_by": ending.by.value,
        "reason": ending.detail or ending.reason or "",
        "seconds": round(ended_at - (call.answered_at or ended_at), 3),
    }
