"""The server transaction of every method but INVITE and ACK: RFC 3261 Figure 8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from softswitch.sip.effects import Effect, Flow, Send
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.machine import (
    Event,
    Key,
    Machine,
    State,
    Table,
    TransactionError,
    fail,
    resend,
    start,
    to,
)
from softswitch.sip.transaction.timers import Timer

if TYPE_CHECKING:
    from softswitch.sip.transaction.layer import Layer


class ServerUser(Protocol):
    """Who answers the request."""

    def receive_ack(self, transaction: ServerTransaction, ack: Request, out: list[Effect]) -> None:
        """Take the ACK of a 2xx that came in the INVITE's own branch (against section 13.2.2.4)."""

    def receive_cancel(
        self, transaction: ServerTransaction, cancel: Request, out: list[Effect]
    ) -> None:
        """Take a CANCEL of this INVITE; its own 200 has been sent."""

    def transaction_failed(
        self, transaction: ServerTransaction, reason: str, out: list[Effect]
    ) -> None:
        """Take the news that a response found no way or no ACK came."""


class ServerTransaction(Machine):
    """A request that we accepted; the figure is chosen by its method."""

    __slots__ = ("_request", "merge_key")

    def __init__(self, layer: Layer, key: Key, request: Request, flow: Flow) -> None:
        super().__init__(layer, key, flow)
        self._request: Request | None = request
        self.merge_key: Key | None = None
        "From tag, Call-ID and CSeq, by which a merged request shows (section 8.2.2.2)."

    @property
    def request(self) -> Request:
        """The request; raises TransactionError once the final response has been sent."""
        if self._request is None:
            raise TransactionError(f"this request is answered, in state {self.state}")
        return self._request

    def release(self) -> None:
        """Let go of the request: the octets of the final response are all that is needed now."""
        self._request = None

    def forget(self) -> None:
        """Leave the layer."""
        layer = self.layer
        del layer.servers[self.key]
        if self.merge_key is not None and layer.merged.get(self.merge_key) is self:
            del layer.merged[self.merge_key]


def send(machine: Machine, response: Response, out: list[Effect]) -> None:
    """Send the response and keep its octets, to repeat them when the request is repeated."""
    machine.sent = response.to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def release(machine: Machine, response: Response, out: list[Effect]) -> None:
    """Drop the request after its final response."""
    assert isinstance(machine, ServerTransaction)
    machine.release()


FIGURE_8: Table = {
    State.START: {
        Event.REQUEST: to(State.TRYING),
    },
    State.TRYING: {
        Event.REQUEST: to(State.TRYING),
        Event.SEND_1XX: to(State.PROCEEDING, send),
        Event.SEND_2XX: to(State.COMPLETED, send, release, start(Timer.J)),
        Event.SEND_3XX_6XX: to(State.COMPLETED, send, release, start(Timer.J)),
    },
    State.PROCEEDING: {
        Event.REQUEST: to(State.PROCEEDING, resend),
        Event.SEND_1XX: to(State.PROCEEDING, send),
        Event.SEND_2XX: to(State.COMPLETED, send, release, start(Timer.J)),
        Event.SEND_3XX_6XX: to(State.COMPLETED, send, release, start(Timer.J)),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
    },
    State.COMPLETED: {
        Event.REQUEST: to(State.COMPLETED, resend),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
        Timer.J: to(State.TERMINATED),
    },
    State.TERMINATED: {},
}


class Server(ServerTransaction):
    """Any other request that we accepted."""

    __slots__ = ()
    figure = FIGURE_8
