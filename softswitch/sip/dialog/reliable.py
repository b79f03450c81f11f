"""Provisional responses of ours that are repeated until their PRACK comes (RFC 3262 section 3).

One waits for its PRACK at a time; the next ones, and a 2xx behind one that carries our description,
wait for it. A caller that only supports 100rel gets those with a description reliably: these
it must not miss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from softswitch.sip.effects import Effect, Flow, Send, SetTimer
from softswitch.sip.message.headers import RAck
from softswitch.sip.message.message import Request
from softswitch.sip.transaction.timers import LIFETIME, T1

RELIABLE = "100rel"
"The option tag."
FIRST_RSEQ = 2**31 - 1
"The largest number that may be the first."
MOST_WAITING = 16
"Provisional responses that may wait; a phone that rings on and on needs no more of them."

Header = tuple[str, str]


class Provisional(NamedTuple):
    """A provisional response that is to be sent."""

    status: int
    sdp: bytes | None
    headers: tuple[Header, ...]


class Responder(Protocol):
    """The usage that answers an INVITE."""

    @property
    def is_unanswered(self) -> bool:
        """Whether the INVITE still has no final response."""

    def send_provisional(self, response: Provisional, out: list[Effect]) -> tuple[bytes, Flow]:
        """Send it; returns what was sent, and where to."""

    def not_taken(self, out: list[Effect]) -> None:
        """Take the news that a PRACK has not come in 64*T1."""


class ReliableResponse:
    """One that is repeated at T1, 2*T1 … over every transport until its PRACK comes."""

    __slots__ = ("data", "elapsed", "flow", "interval", "is_described", "owner", "rack")

    def __init__(
        self,
        owner: ReliableResponses,
        rack: RAck,
        sent: tuple[bytes, Flow],
        *,
        is_described: bool,
    ) -> None:
        self.owner = owner
        self.rack = rack
        "What its PRACK says."
        self.is_described = is_described
        "Whether it carries our description."
        self.data, self.flow = sent
        self.interval = T1
        self.elapsed = 0.0

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Send it once more, until 64*T1 have gone."""
        usage = self.owner.usage_of(self)
        if usage is None:
            return
        self.elapsed += self.interval
        if self.elapsed >= LIFETIME:
            usage.not_taken(out)
            return
        self.interval = min(self.interval * 2, LIFETIME - self.elapsed)
        out.append(Send(self.data, self.flow, self))
        out.append(SetTimer(self, "1xx", self.interval))

    def transport_failed(self, out: list[Effect]) -> None:
        """Go on: the next repeat may get through."""


class ReliableResponses:
    """The reliable provisional responses to one INVITE."""

    __slots__ = (
        "_demanded",
        "_pick",
        "_rseq",
        "_supported",
        "_usage",
        "cseq",
        "described",
        "is_settled",
        "queue",
        "waiting",
    )

    def __init__(self, usage: Responder, invite: Request, pick: Callable[[int, int], int]) -> None:
        self._usage: Responder | None = usage
        self._pick = pick
        self.cseq = invite.cseq.number
        self._demanded = invite.names("Require", RELIABLE)
        # The offer that a late-offer INVITE asks for is made in the 2xx, so there is no
        # description that could be reliable before.
        self._supported = bool(invite.body) and (
            self._demanded or invite.names("Supported", RELIABLE)
        )
        self._rseq: int | None = None
        self.waiting: ReliableResponse | None = None
        self.queue: list[Provisional] = []
        self.described: bytes | None = None
        "Our description in one of them: the answer to the offer of the INVITE."
        self.is_settled = False
        "Whether our answer has arrived: the PRACK of the response that carries it has come."

    @property
    def holds_answer_back(self) -> bool:
        """Whether a 2xx has to wait: our description is on its way (section 3)."""
        return self.described is not None and not self.is_settled

    def takes(self, response: Provisional, out: list[Effect]) -> bool:
        """Send a response reliably, now or later; False where it is to be sent as ever.

        One that may not be sent at all is dropped: to a late offer that demands reliability.
        """
        if self._demanded and not self._supported:
            return True
        if not self._demanded and not (self._supported and response.sdp):
            return False
        if self.described is not None and response.sdp is not None:
            # The caller has our answer, and must not look at another one.
            response = response._replace(sdp=None)
        if self.waiting is not None and response.sdp is None and len(self.queue) >= MOST_WAITING:
            return True
        self.described = response.sdp or self.described
        if self.waiting is None:
            self._send(response, out)
        else:
            self.queue.append(response)
        return True

    def acknowledges(self, rack: RAck | None) -> bool:
        """Take what a PRACK says; False when it acknowledges nothing that waits."""
        waiting = self.waiting
        if waiting is None or rack != waiting.rack:
            return False
        self.waiting = None
        self.is_settled = self.is_settled or waiting.is_described
        return True

    def go_on(self, out: list[Effect]) -> None:
        """Send the next one that waited for a PRACK."""
        if self.queue:
            self._send(self.queue.pop(0), out)

    def usage_of(self, response: ReliableResponse) -> Responder | None:
        """The usage that still waits for the PRACK of this response."""
        usage = self._usage
        waits = usage is not None and usage.is_unanswered and self.waiting is response
        return usage if waits else None

    def stop(self) -> None:
        """Let the usage go, which has ended."""
        self._usage = None

    def _send(self, response: Provisional, out: list[Effect]) -> None:
        usage = self._usage
        if usage is None or not usage.is_unanswered:
            return
        self._rseq = self._pick(1, FIRST_RSEQ) if self._rseq is None else self._rseq + 1
        headers = (("Require", RELIABLE), ("RSeq", str(self._rseq)), *response.headers)
        sent = usage.send_provisional(response._replace(headers=headers), out)
        rack = RAck(self._rseq, self.cseq, "INVITE")
        self.waiting = ReliableResponse(self, rack, sent, is_described=response.sdp is not None)
        out.append(SetTimer(self.waiting, "1xx", T1))
