"""The client transaction of every method but INVITE and ACK: RFC 3261 Figure 6."""

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
    again,
    double,
    fail,
    resend,
    start,
    to,
)
from softswitch.sip.transaction.timers import T2, Timer

if TYPE_CHECKING:
    from softswitch.sip.transaction.layer import Layer


class ClientUser(Protocol):
    """Who made the request and wants to know what came of it."""

    def receive_response(
        self, transaction: ClientTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Take a response: every 1xx and the final one; of an INVITE every 2xx."""

    def transaction_failed(
        self, transaction: ClientTransaction, reason: str, out: list[Effect]
    ) -> None:
        """Take the news that no final response will come: `timeout` or `transport error`."""


class ClientTransaction(Machine):
    """A request that we sent; the figure is chosen by its method."""

    __slots__ = ("request",)

    def __init__(self, layer: Layer, key: Key, request: Request, flow: Flow) -> None:
        super().__init__(layer, key, flow)
        self.request = request

    def forget(self) -> None:
        """Leave the layer and the request: a late timer may hold the machine for up to 32 s."""
        del self.layer.clients[self.key]
        del self.request


def send_request(machine: Machine, request: Request, out: list[Effect]) -> None:
    """Write the request down and send it."""
    machine.sent = request.to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def pass_up(machine: Machine, response: Response, out: list[Effect]) -> None:
    """Give the response to whoever made the request."""
    if machine.user is not None:
        machine.user.receive_response(machine, response, out)


FIGURE_6: Table = {
    State.START: {
        Event.SEND_REQUEST: to(State.TRYING, send_request, start(Timer.E), start(Timer.F)),
    },
    State.TRYING: {
        Timer.E: to(State.TRYING, resend, double(Timer.E, limit=T2)),
        Timer.F: to(State.TERMINATED, fail("timeout")),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
        Event.RESPONSE_1XX: to(State.PROCEEDING, pass_up),
        Event.RESPONSE_2XX: to(State.COMPLETED, pass_up, start(Timer.K)),
        Event.RESPONSE_3XX_6XX: to(State.COMPLETED, pass_up, start(Timer.K)),
    },
    State.PROCEEDING: {
        Timer.E: to(State.PROCEEDING, resend, again(Timer.E, T2)),
        Timer.F: to(State.TERMINATED, fail("timeout")),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
        Event.RESPONSE_1XX: to(State.PROCEEDING, pass_up),
        Event.RESPONSE_2XX: to(State.COMPLETED, pass_up, start(Timer.K)),
        Event.RESPONSE_3XX_6XX: to(State.COMPLETED, pass_up, start(Timer.K)),
    },
    State.COMPLETED: {
        Timer.K: to(State.TERMINATED),
    },
    State.TERMINATED: {},
}


class Client(ClientTransaction):
    """Any other request that we sent."""

    __slots__ = ()
    figure = FIGURE_6
