"""What a final response means: outcome of the call, Q.850 cause, and what the caller is told.

RFC 3261 section 21 for the codes, RFC 3398 sections 7.2.4.1 and 8.2.6.1 for the causes, RFC 3326
for the Reason header, RFC 3261 section 16.7 for the best of several responses.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from softswitch.sip.message.grammar import quote


class Outcome(Enum):
    """How a call ended, as the call history says it."""

    ANSWERED = "answered"
    BUSY = "busy"
    CANCELLED = "cancelled"
    FAILED = "failed"
    FORWARDED = "forwarded"
    NO_ANSWER = "no answer"
    NOT_REGISTERED = "not registered"
    REJECTED = "rejected"
    WRONG_NUMBER = "wrong number"


RESULT_WORDS: dict[Outcome, str] = {
    Outcome.NO_ANSWER: "NoAnswer",
    Outcome.BUSY: "Busy",
    Outcome.REJECTED: "Busy",
    Outcome.WRONG_NUMBER: "NotFound",
}


def result_word(outcome: Outcome) -> str:
    """Why a number was not reached, in the words of the command API."""
    return RESULT_WORDS.get(outcome, "Error")


class Verdict(NamedTuple):
    """The meaning of one final response."""

    outcome: Outcome
    detail: str
    "One word on a failure: `protocol`, `server`, …; empty where the outcome says it all."
    cause: int
    "Q.850 cause."


_INCOMPATIBLE = "incompatible"

VERDICTS: dict[int, Verdict] = {
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 380), Verdict(Outcome.FAILED, "redirected", 23)),
    400: Verdict(Outcome.FAILED, "protocol", 41),
    **dict.fromkeys((401, 407), Verdict(Outcome.FAILED, "authentication", 21)),
    **dict.fromkeys((402, 403, 603, 607, 608), Verdict(Outcome.REJECTED, "", 21)),
    **dict.fromkeys((404, 604), Verdict(Outcome.WRONG_NUMBER, "", 1)),
    410: Verdict(Outcome.WRONG_NUMBER, "", 22),
    405: Verdict(Outcome.FAILED, _INCOMPATIBLE, 63),
    406: Verdict(Outcome.FAILED, _INCOMPATIBLE, 79),
    **dict.fromkeys((415, 416, 420, 421, 493), Verdict(Outcome.FAILED, _INCOMPATIBLE, 79)),
    **dict.fromkeys((488, 606), Verdict(Outcome.FAILED, _INCOMPATIBLE, 88)),
    408: Verdict(Outcome.FAILED, "unreachable", 102),
    **dict.fromkeys((413, 414, 513), Verdict(Outcome.FAILED, "protocol", 127)),
    **dict.fromkeys((422, 423), Verdict(Outcome.FAILED, "protocol", 127)),
    **dict.fromkeys((428, 436, 437, 438), Verdict(Outcome.REJECTED, "identity", 21)),
    **dict.fromkeys((430, 439), Verdict(Outcome.FAILED, "unreachable", 20)),
    480: Verdict(Outcome.NO_ANSWER, "", 18),
    481: Verdict(Outcome.FAILED, "protocol", 41),
    **dict.fromkeys((482, 483), Verdict(Outcome.FAILED, "routing", 25)),
    484: Verdict(Outcome.WRONG_NUMBER, "", 28),
    485: Verdict(Outcome.WRONG_NUMBER, "", 1),
    **dict.fromkeys((486, 600), Verdict(Outcome.BUSY, "", 17)),
    487: Verdict(Outcome.CANCELLED, "", 16),
    **dict.fromkeys((489, 491, 494), Verdict(Outcome.FAILED, "protocol", 127)),
    500: Verdict(Outcome.FAILED, "server", 41),
    580: Verdict(Outcome.FAILED, "server", 47),
    501: Verdict(Outcome.FAILED, _INCOMPATIBLE, 79),
    505: Verdict(Outcome.FAILED, _INCOMPATIBLE, 127),
    502: Verdict(Outcome.FAILED, "network", 38),
    503: Verdict(Outcome.FAILED, "network", 41),
    504: Verdict(Outcome.FAILED, "network", 102),
}
"Every final response that has a meaning of its own."

_OF_CLASS = {3: 300, 4: 400, 5: 500, 6: 603}
"An unknown code counts as the x00 of its class (RFC 3261 section 8.1.3.2); 6xx is a refusal."


def judge(status: int, *, rang: bool = False) -> Verdict:
    """The meaning of the final response `status` (300 to 699) of the called side.

    `rang`: whether a 180 came before, which makes a 408 a phone that nobody picked up.
    """
    if status == 408 and rang:
        return Verdict(Outcome.NO_ANSWER, "", 18)
    return VERDICTS.get(status) or VERDICTS[_OF_CLASS.get(status // 100, 500)]


TOLD_TO_CALLER: dict[int, int] = {
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 380), 480),  # redirects are handled here
    401: 500,  # a challenge is between us and the called side
    407: 500,
    # so are extensions and timers: without the header that says what to repair they say nothing
    **dict.fromkeys((420, 421, 422, 423, 439, 489, 494), 500),
    408: 480,  # the dead target is not the caller's transaction
    430: 480,  # nor is its connection
    481: 480,
    487: 480,  # the called side gave up by itself; the caller did not
    491: 480,
    503: 500,  # a 503 would make the caller avoid the whole switch
}
"What leg A hears instead of leg B's code; every other 4xx, 5xx and 6xx is passed on."


def status_for_caller(status: int) -> int:
    """The final response of leg A for the final response `status` of leg B."""
    return TOLD_TO_CALLER.get(status, status)


_PREFERRED = (401, 407, 415, 420, 484)


def best_of(statuses: Iterable[int]) -> int:
    """The best of the final responses of several forks (RFC 3261 section 16.7 step 6).

    Any 6xx, else the lowest class, and among 4xx those that tell the caller how to repair the
    request. A phone that is merely gone (408, 430, 480, 481, 503) says less than one that spoke.
    """
    return min(statuses, key=_rank)


_GONE = frozenset((408, 430, 480, 481))


def _rank(status: int) -> tuple[int, int, int]:
    if status >= 600:
        return (0, 0, status)
    worth = 0 if status in _PREFERRED else 2 if status in _GONE else 1
    return (status // 100, worth, status)


SIP_OF_CAUSE: dict[int, int] = {
    **dict.fromkeys((1, 2, 3), 404),
    17: 486,
    18: 408,
    **dict.fromkeys((19, 20), 480),
    21: 403,
    **dict.fromkeys((22, 23), 410),
    26: 404,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    **dict.fromkeys((34, 38, 41, 42, 47), 503),
    **dict.fromkeys((55, 57), 403),
    58: 503,
    **dict.fromkeys((65, 70), 488),
    79: 501,
    87: 403,
    88: 503,
    102: 504,
    **dict.fromkeys((111, 127), 500),
}
"Q.850 cause to response (RFC 3398 section 7.2.4.1)."

CAUSE_TEXT: dict[int, str] = {
    1: "Unallocated number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    23: "Redirection to new destination",
    25: "Exchange routing error",
    28: "Invalid number format",
    31: "Normal, unspecified",
    34: "No circuit/channel available",
    38: "Network out of order",
    41: "Temporary failure",
    47: "Resource unavailable",
    63: "Service or option not available",
    79: "Service or option not implemented",
    88: "Incompatible destination",
    102: "Recovery on timer expiry",
    127: "Interworking, unspecified",
}
"The names of the causes that this switch writes (ITU-T Q.850 table 1)."


def q850(cause: int, text: str | None = None) -> str:
    """The value of a Reason header for a Q.850 cause; without `text` with the cause's name."""
    return f"Q.850;cause={cause};text={quote(text or CAUSE_TEXT[cause])}"


COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"The Reason of a CANCEL to the phones that lost, so that they show no missed call (RFC 3326)."
