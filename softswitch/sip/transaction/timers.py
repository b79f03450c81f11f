"""The timers of transactions, in seconds (RFC 3261 Table 4, RFC 6026 section 8.11)."""

from __future__ import annotations

from enum import StrEnum

T1 = 0.5
"Estimate of the round trip."
T2 = 4.0
"The longest interval between repeats of a non-INVITE request or an INVITE's response."
T4 = 5.0
"How long a message may stay in the network."
LIFETIME = 64 * T1
"How long a request is tried, and how long a 2xx is repeated, before the far end counts as gone."


class Timer(StrEnum):
    """A timer's letter; members of an Enum with equal values would be one, so seconds are apart."""

    A = "A"  # repeats an INVITE
    B = "B"  # gives an INVITE up
    D = "D"  # absorbs repeats of a 3xx-6xx
    E = "E"  # repeats another request
    F = "F"  # gives another request up
    G = "G"  # repeats a 3xx-6xx
    H = "H"  # gives the ACK up
    I = "I"  # noqa: E741 - the RFC's letter; absorbs repeats of the ACK
    J = "J"  # absorbs repeats of a request that is not INVITE
    K = "K"  # absorbs repeats of its response
    L = "L"  # absorbs repeats of an INVITE that was accepted
    M = "M"  # collects further 2xx of an INVITE
    CANCEL = "CANCEL"  # gives up an INVITE whose CANCEL brought nothing (section 9.1, no letter)


UNRELIABLE: dict[Timer, float] = {
    Timer.A: T1,
    Timer.B: LIFETIME,
    Timer.D: LIFETIME,
    Timer.E: T1,
    Timer.F: LIFETIME,
    Timer.G: T1,
    Timer.H: LIFETIME,
    Timer.I: T4,
    Timer.J: LIFETIME,
    Timer.K: T4,
    Timer.L: LIFETIME,
    Timer.M: LIFETIME,
    Timer.CANCEL: LIFETIME,
}
"Seconds over UDP."

RELIABLE: dict[Timer, float | None] = {
    **UNRELIABLE,
    Timer.A: None,
    Timer.D: 0.0,
    Timer.E: None,
    Timer.G: None,
    Timer.I: 0.0,
    Timer.J: 0.0,
    Timer.K: 0.0,
}
"Seconds over a transport that repeats by itself; None: the timer is not started."
