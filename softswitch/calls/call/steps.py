"""What has happened to a call: in its record as a story of a few steps, in its timeline whole.

A call that belongs to an earlier one (the consultation before an attended transfer, the call of the
switch to one of its own extensions, a callback) names the first of them as its chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import Ending
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import CallState
from softswitch.calls.leg.leg import Leg
from softswitch.trace.lines import LineKind
from softswitch.trace.traces import Traces

MOST_STEPS = 100
"Steps that a call keeps: the first ones, and the last."
LONGEST_FACT = 128
"Characters of one fact; peers give some of them."


class Steps:
    """The steps of one call, oldest first."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[dict[str, Any]] = []

    def add(self, at: float, what: str, facts: Mapping[str, str]) -> None:
        """Note a step at a Unix time; of too many, the last takes the place of the one before."""
        step = {"at": round(at, 3), "what": what}
        step |= {name: fact[:LONGEST_FACT] for name, fact in facts.items() if fact}
        if len(self._steps) >= MOST_STEPS:
            self._steps.pop()
        self._steps.append(step)

    def __len__(self) -> int:
        return len(self._steps)

    def written(self) -> Sequence[Mapping[str, Any]]:
        """The steps as the record holds them: `at`, `what`, and the facts by name."""
        return tuple(self._steps)


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
        self.timeline.write(LineKind.NOTE, what, facts)

    def entered(self, state: CallState, parties: Iterable[Party], details: dict[str, str]) -> None:
        """Write a state, and let those see the timeline whose extensions take part."""
        self.timeline.write(LineKind.STATE, state.value, details)
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
            status=_status(ending),
        )
        self._traces.end(self.timeline)


def _status(ending: Ending) -> int | None:
    """The final response that has ended it; None for a call that was answered."""
    if ending.outcome is Outcome.ANSWERED:
        return None
    return ending.status if ending.callee_status is None else ending.callee_status
