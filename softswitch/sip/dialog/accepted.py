"""A 2xx to an INVITE, repeated until its ACK comes (RFC 3261 section 13.3.1.4)."""

from __future__ import annotations

from typing import Protocol

from softswitch.sip.effects import Effect, Flow, Send, SetTimer
from softswitch.sip.transaction.timers import LIFETIME, T1, T2


class Acceptor(Protocol):
    """The usage that sent the 2xx."""

    unacknowledged: Unacknowledged | None

    def not_acknowledged(self, out: list[Effect]) -> None:
        """Take the news that no ACK came in 64*T1."""


class Unacknowledged:
    """One such 2xx, repeated over every transport: a reliable hop does not prove that it arrived.

    A usage that no longer waits for the ACK drops it, and then its timer has no effect.
    """

    __slots__ = ("cseq", "data", "elapsed", "flow", "interval", "is_offer", "usage")

    def __init__(
        self, usage: Acceptor, cseq: int, data: bytes, flow: Flow, *, is_offer: bool
    ) -> None:
        self.usage = usage
        self.cseq = cseq
        "The number of the INVITE, which the ACK has, too."
        self.data = data
        self.flow = flow
        self.is_offer = is_offer
        "Whether the ACK must bring the answer (a late offer)."
        self.interval = T1
        self.elapsed = 0.0

    def start(self, out: list[Effect]) -> None:
        """Wait for the ACK; the transaction has just sent the 2xx the first time."""
        out.append(SetTimer(self, "2xx", T1))

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Send it once more at T1, 2*T1 … T2, until 64*T1 have gone."""
        if self.usage.unacknowledged is not self:
            return
        self.elapsed += self.interval
        if self.elapsed >= LIFETIME:
            self.usage.not_acknowledged(out)
            return
        self.interval = min(self.interval * 2, T2, LIFETIME - self.elapsed)
        out.append(Send(self.data, self.flow, self))
        out.append(SetTimer(self, "2xx", self.interval))

    def transport_failed(self, out: list[Effect]) -> None:
        """Go on: the next repeat may get through, else the time-out ends it."""
