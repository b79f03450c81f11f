"""How a call ends: outcome for its record, state for its listeners, and what its legs are told.

The Reason header (RFC 3326) of the legs that still stand comes from the cause of the ending.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from softswitch.calls.endings.outcomes import Outcome, Verdict, judge, q850, status_for_caller
from softswitch.calls.endings.states import Occurrence
from softswitch.sip.requests.screening import SIPS_NOT_ALLOWED, SIPS_REQUIRED

Header = tuple[str, str]

RETRY_AFTER: Header = ("Retry-After", "10")
"Goes with a 503: seconds after which it may be tried again (RFC 3261 section 21.5.4)."


class EndedBy(Enum):
    """Who ended a call."""

    CALLER = "caller"
    CALLEE = "callee"
    SYSTEM = "system"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a call ended."""

    outcome: Outcome
    by: EndedBy
    occurrence: Occurrence
    "Leads to the last state."
    detail: str = ""
    "A word or a short phrase: `media timeout`, `incompatible`; empty when nothing is to add."
    cause: int = 16
    "Q.850."
    status: int = 480
    "The final response of the caller's leg, if it has not been answered."
    callee_status: int | None = None
    "The final response that came from the callee."
    headers: tuple[Header, ...] = ()
    "Goes into the caller's final response."
    reason: str | None = None
    "Reason header as a peer gave it; None for one made of the cause."

    @property
    def is_for_all(self) -> bool:
        """Whether the callee refuses wherever it may be rung (RFC 3261 section 21.6)."""
        return self.callee_status is not None and self.callee_status >= 600

    @property
    def is_refusal(self) -> bool:
        """Whether only the phones that rang say no, so that others may be rung."""
        return self.by is EndedBy.CALLEE or self.outcome is Outcome.NO_ANSWER

    @property
    def reason_header(self) -> str:
        """The value of the Reason header for the legs that still stand."""
        if self.reason is not None:
            return self.reason
        return q850(self.cause, self.detail if self.by is EndedBy.SYSTEM and self.detail else None)


class CallEnds(Exception):
    """Raised inside a call's task when the call is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(f"{ending.outcome.value} {ending.detail}".rstrip())
        self.ending = ending


class NotReached(Exception):
    """Nobody answers at a number; `ending` says why. The call that asked may go on."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


class CannotNow(Exception):
    """The call is not in a state for what was requested; the message is a sentence."""


_REFUSALS = frozenset((Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REJECTED))
"Outcomes that the API shows as Busy; the other ends before an answer are errors."


def _occurrence(outcome: Outcome) -> Occurrence:
    return Occurrence.REFUSED if outcome in _REFUSALS else Occurrence.FAILED


def refused_by_callee(status: int, *, rang: bool, headers: tuple[Header, ...] = ()) -> Ending:
    """The callee's phones gave a final response (300 to 699), the best of all."""
    verdict: Verdict = judge(status, rang=rang)
    return Ending(
        outcome=verdict.outcome,
        by=EndedBy.CALLEE,
        occurrence=_occurrence(verdict.outcome),
        detail=verdict.detail,
        cause=verdict.cause,
        status=status_for_caller(status),
        callee_status=status,
        headers=headers,
    )


def refused_here(
    status: int,
    detail: str = "",
    *,
    outcome: Outcome | None = None,
    cause: int | None = None,
    headers: tuple[Header, ...] = (),
) -> Ending:
    """The switch itself says no; outcome and cause follow from the status where not given."""
    verdict = judge(status)
    outcome = outcome or verdict.outcome
    return Ending(
        outcome=outcome,
        by=EndedBy.SYSTEM,
        occurrence=_occurrence(outcome),
        detail=detail or verdict.detail,
        cause=verdict.cause if cause is None else cause,
        status=status,
        headers=headers,
    )


def not_registered() -> Ending:
    """No phone of the extension is known."""
    return refused_here(480, "not registered", outcome=Outcome.NOT_REGISTERED, cause=20)


def not_secure() -> Ending:
    """The caller wants TLS on every hop, and no way to the callee has it (RFC 5630 section 5.3)."""
    return refused_here(480, "no way over TLS", headers=(SIPS_NOT_ALLOWED,))


def sips_required() -> Ending:
    """The callee sent a `sip:` call on to a `sips:` URI, which that call cannot follow (RFC 5630).

    As `sip:` it would be less secure than the callee wants, and as `sips:` it would promise more
    than the caller's hops do.
    """
    return refused_here(480, "redirected to a sips: URI", headers=(SIPS_REQUIRED,))


def no_trunk() -> Ending:
    """No trunk can be used: unknown addresses, no answers, or as many calls as they may carry."""
    return refused_here(503, "no outside line", cause=34)


def unheard_outside(ending: Ending) -> Ending:
    """The last trunk has not responded at all: the caller hears that the service is not available.

    Without Retry-After a 503 speaks of this request alone (RFC 3261 section 21.5.4).
    """
    return replace(ending, status=503)


def not_answered() -> Ending:
    """The phones rang for as long as they may."""
    return refused_here(480, "no answer", cause=19)


def overloaded(detail: str) -> Ending:
    """There is no room for the call now."""
    return refused_here(503, detail, cause=47, headers=(RETRY_AFTER,))


def cancelled(reason: str | None) -> Ending:
    """The caller gave up."""
    return Ending(
        outcome=Outcome.CANCELLED,
        by=EndedBy.CALLER,
        occurrence=Occurrence.CANCELLED,
        status=487,
        reason=reason,
    )


def hung_up(by: EndedBy, reason: str | None) -> Ending:
    """A side hung up after the answer."""
    return Ending(outcome=Outcome.ANSWERED, by=by, occurrence=Occurrence.HUNG_UP, reason=reason)


def broken(detail: str, *, answered: bool, cause: int = 41, status: int = 500) -> Ending:
    """The switch cannot go on with the call: media or a peer failed, or a fault of our own."""
    return Ending(
        outcome=Outcome.ANSWERED if answered else Outcome.FAILED,
        by=EndedBy.SYSTEM,
        occurrence=Occurrence.FAILED,
        detail=detail,
        cause=cause,
        status=status,
    )


def by_command(by: EndedBy, detail: str, *, answered: bool) -> Ending:
    """A command, or the end of the program, ends the call as if a side had hung up."""
    return Ending(
        outcome=Outcome.ANSWERED if answered else Outcome.CANCELLED,
        by=by,
        occurrence=Occurrence.HUNG_UP if answered else Occurrence.CANCELLED,
        detail=detail,
        status=480,
    )
