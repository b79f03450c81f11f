"""The client transaction of every method but INVITE and ACK: RFC 3261 Figure 6."""

from __future__ import annotations

from typing import Protocol, Self

from softswitch.sip.effects import Effect, Flow, Send
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.machine import (
    Event,
    Key,
    Machine,
    State,
    Table,
    TransactionError,
    again,
    double,
    fail,
    resend,
    start,
    to,
)
from softswitch.sip.transaction.timers import T2, Timer


class ClientUser(Protocol):
    """The sender of a request, which is told the result."""

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

    __slots__ = ("_request", "table", "user")

    def __init__(
        self,
        table: ClientTable,
        key: Key,
        request: Request,
        flow: Flow,
        user: ClientUser | None,
    ) -> None:
        super().__init__(key, flow)
        self.table = table
        self._request: Request | None = request
        self.user = user
        "Who is told of responses and failures; None: nobody."

    @property
    def request(self) -> Request:
        """The request; raises TransactionError once the transaction has ended."""
        if self._request is None:
            raise TransactionError("this transaction has ended")
        return self._request

    @classmethod
    def begin(
        cls,
        table: ClientTable,
        request: Request,
        branch: str,
        *,
        flow: Flow,
        user: ClientUser | None,
        out: list[Effect],
    ) -> Self:
        """Enter a transaction into the table, and send its request, whose top Via has `branch`."""
        key = (branch, request.method)
        transaction = cls(table, key, request, flow, user)
        table[key] = transaction
        transaction.feed(Event.SEND_REQUEST, request, out)
        return transaction

    def failed(self, reason: str, out: list[Effect]) -> None:
        """Tell the user that no final response will come."""
        if self.user is not None:
            self.user.transaction_failed(self, reason, out)

    def forget(self) -> None:
        """Leave the table and the request: a late timer may hold the machine for up to 32 s."""
        del self.table[self.key]
        self._request = None
        self.user = None


ClientTable = dict[Key, ClientTransaction]
"The client transactions that are alive; the key is the branch and the method (section 17.1.3)."


def send_request(machine: Machine, request: Request, out: list[Effect]) -> None:
    """Write the request down and send it."""
    machine.sent = request.to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def pass_up(machine: ClientTransaction, response: Response, out: list[Effect]) -> None:
    """Give the response to the user."""
    if machine.user is not None:
        machine.user.receive_response(machine, response, out)


FIGURE_6: Table[Client] = {
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
