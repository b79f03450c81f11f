"""What a call writes into its timeline: who calls whom, its legs' messages, its states, its end."""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import Ending
from softswitch.calls.endings.states import CallState
from softswitch.calls.leg.leg import Leg
from softswitch.trace.lines import LineKind
from softswitch.trace.traces import Traces


class CallTrace:
    """The timeline of one call."""

    __slots__ = ("_traces", "timeline")

    def __init__(self, traces: Traces, call_id: str) -> None:
        self._traces = traces
        self.timeline = traces.begin(call_id)

    def begins(self, caller: Party, dialled: str, chain: str) -> None:
        """Write who calls whom; `chain` is the id of the first call that it belongs to, if any."""
        self.timeline.numbers.add(dialled)
        self.timeline.note(
            LineKind.NOTE,
            "call",
            party=caller.number,
            caller=caller.number,
            name=caller.name,
            dialled=dialled,
            trunk=caller.trunk,
            chain=chain,
        )

    def follow(self, leg: Leg, party: str) -> None:
        """Write the messages of a leg, which is that of a phone by its number or of a trunk."""
        if not leg.is_inside:
            self._traces.follow(self.timeline, leg.call_id, party)

    def told(self, what: str, facts: dict[str, str]) -> None:
        """Write a step."""
        self.timeline.note(LineKind.NOTE, what, **facts)

    def entered(self, state: CallState, parties: Iterable[Party], details: dict[str, str]) -> None:
        """Write a state, and let those see the timeline whose extensions take part."""
        self.timeline.note(LineKind.STATE, state.value, **details)
        self.timeline.numbers.update(party.number for party in parties if not party.trunk)

    def diagnosed(self, party: str, sentence: str) -> None:
        """Write what was wrong with the sound of a party."""
        self.timeline.note(LineKind.DIAGNOSIS, sentence, party=party)

    def ends(self, ending: Ending) -> None:
        """Write who has ended it, and why; only late messages come after that."""
        self.timeline.note(
            LineKind.END,
            ending.outcome.value,
            by=ending.by.value,
            reason=ending.detail or ending.reason or "",
            status=ending.status if ending.callee_status is None else ending.callee_status,
        )
        self._traces.end(self.timeline)
