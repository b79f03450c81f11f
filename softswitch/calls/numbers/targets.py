"""Whom to ring for a number: the phones of extensions, or the ways out to an outside line.

The one source for calls that are dialled, begun or transferred: `House.targets`. A target is one
INVITE; the targets of a round ring at once, and the rounds follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from softswitch.calls.endings.endings import Ending, no_line, not_registered
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.numbers.extension import RingPlan
from softswitch.calls.numbers.routing import flow_to
from softswitch.sip.effects import Flow
from softswitch.sip.message.address import Address
from softswitch.sip.message.uri import Uri

if TYPE_CHECKING:
    from softswitch.calls.numbers.registrations import Binding
    from softswitch.calls.numbers.trunks import Trunk

LINE_FAILED = frozenset((408, 430, 502, 503, 504))
"Refusals that speak of the line and not of the number, so that another line may do better."


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one INVITE goes."""

    uri: Uri
    flow: Flow
    number: str
    "The extension that it rings, or the number that is dialled outside."
    path: Sequence[str] = ()
    "Route headers towards it."
    from_: Address | None = None
    "Who calls, as this target must see it; None for the caller's number at our own domain."
    to: Address | None = None
    "Likewise whom it is for."
    trunk: Trunk | None = None
    "The outside line that it goes through."
    patience: float | None = None
    "Seconds without any response after which it counts as unreachable; None for Timer B's 32."

    @classmethod
    def at(cls, binding: Binding) -> Self:
        """A phone where it has registered."""
        return cls(
            uri=binding.uri, flow=flow_to(binding), number=binding.extension, path=binding.path
        )


@dataclass(frozen=True, slots=True)
class Rounds:
    """Targets to ring, round after round."""

    rounds: tuple[tuple[Target, ...], ...]
    "Without empty ones."
    ring_time: float | None = None
    "Seconds of each round; None for the setting of the house."
    outside: bool = False
    "Whether they are ways to the same number outside: a next one only helps when a line fails."

    def goes_on(self, ending: Ending) -> bool:
        """Whether the next round may be rung after one that ended like this."""
        if not self.outside:
            return ending.is_refusal
        return ending.callee_status in LINE_FAILED and ending.outcome is Outcome.FAILED

    @property
    def nobody(self) -> Ending:
        """The ending when there is nothing to ring."""
        return no_line() if self.outside else not_registered()


def phones_of(contacts: Sequence[Binding]) -> tuple[Target, ...]:
    """Every phone of an extension."""
    return tuple(Target.at(binding) for binding in contacts)


def in_rounds(plan: RingPlan, phones: Sequence[tuple[Target, ...]]) -> Rounds:
    """The phones of the plan's numbers: in one round, or in turn a round for each number."""
    if not plan.in_turn:
        phones = [tuple(target for found in phones for target in found)]
    return Rounds(tuple(found for found in phones if found), plan.ring_time)
