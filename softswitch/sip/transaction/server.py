"""The server transaction of every method but INVITE and ACK: RFC 3261 Figure 8."""

from __future__ import annotations

from typing import NamedTuple, Protocol

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


class ServerUser(Protocol):
    """The usage that a request belongs to and that answers it."""

    @property
    def local_tag(self) -> str:
        """Our tag in its dialog; the 200 of a CANCEL carries the same one (section 9.2)."""

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

    __slots__ = ("_request", "merge_key", "tables", "user")

    def __init__(
        self,
        tables: ServerTables,
        key: Key,
        request: Request,
        flow: Flow,
        *,
        merge_key: Key | None,
        user: ServerUser | None,
    ) -> None:
        super().__init__(key, flow)
        self.tables = tables
        self.merge_key = merge_key
        "From tag, Call-ID and CSeq, by which a merged request shows (section 8.2.2.2)."
        self.user = user
        "Who is told of ACK, CANCEL and failures; None: nobody."
        self._request: Request | None = request

    @property
    def request(self) -> Request:
        """The request; raises TransactionError once the final response has been sent."""
        if self._request is None:
            raise TransactionError(f"this request is answered, in state {self.state}")
        return self._request

    def release(self) -> None:
        """Let go of the request: the octets of the final response are all that is needed now."""
        self._request = None

    def failed(self, reason: str, out: list[Effect]) -> None:
        """Tell the user that a response found no way or that no ACK came."""
        if self.user is not None:
            self.user.transaction_failed(self, reason, out)

    def forget(self) -> None:
        """Leave the tables and the user."""
        servers, merged = self.tables
        del servers[self.key]
        if self.merge_key is not None and merged.get(self.merge_key) is self:
            del merged[self.merge_key]
        self.user = None


class ServerTables(NamedTuple):
    """The server transactions that are alive, found in two ways."""

    servers: dict[Key, ServerTransaction]
    "By the key of section 17.2.3."
    merged: dict[Key, ServerTransaction]
    "Those of requests outside dialogs by the key of section 8.2.2.2."


def send(machine: Machine, response: Response, out: list[Effect]) -> None:
    """Send the response and keep its octets, to repeat them when the request is repeated."""
    machine.sent = response.to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def release(machine: ServerTransaction, response: Response, out: list[Effect]) -> None:
    """Drop the request after its final response."""
    machine.release()


FIGURE_8: Table[Server] = {
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
