"""The INVITE client transaction: RFC 3261 Figure 5, as replaced by RFC 6026 section 8.4."""

from __future__ import annotations

from softswitch.sip.effects import Effect, Flow, Send
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.client import (
    Client,
    ClientTable,
    ClientTransaction,
    ClientUser,
    pass_up,
    send_request,
)
from softswitch.sip.transaction.machine import (
    Event,
    Key,
    State,
    Table,
    double,
    fail,
    resend,
    start,
    to,
)
from softswitch.sip.transaction.timers import Timer


def acknowledge(machine: InviteClient, response: Response, out: list[Effect]) -> None:
    """Send the ACK for a 3xx-6xx; from now on it is what a repeated response is answered with."""
    machine.sent = ack_for_failure(machine.request, response).to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def keep_cancel(machine: InviteClient, cancel: Request, out: list[Effect]) -> None:
    """Wait with the CANCEL for a provisional response: only that proves that the INVITE arrived."""
    machine.cancel = cancel


def send_kept_cancel(machine: InviteClient, response: Response, out: list[Effect]) -> None:
    """Send the CANCEL that waited."""
    if machine.cancel is not None:
        machine.feed(Event.CANCEL, machine.cancel, out)


def send_cancel(machine: InviteClient, cancel: Request, out: list[Effect]) -> None:
    """Send the CANCEL in a transaction of its own, whose response means nothing."""
    branch = cancel.via.branch or ""
    Client.begin(machine.table, cancel, branch, flow=machine.flow, user=None, out=out)


FIGURE_5: Table[InviteClient] = {
    State.START: {
        Event.SEND_REQUEST: to(State.CALLING, send_request, start(Timer.A), start(Timer.B)),
    },
    State.CALLING: {
        Timer.A: to(State.CALLING, resend, double(Timer.A)),
        Timer.B: to(State.TERMINATED, fail("timeout")),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
        Event.RESPONSE_1XX: to(State.PROCEEDING, send_kept_cancel, pass_up),
        Event.RESPONSE_2XX: to(State.ACCEPTED, pass_up, start(Timer.M)),
        Event.RESPONSE_3XX_6XX: to(State.COMPLETED, acknowledge, pass_up, start(Timer.D)),
        Event.CANCEL: to(State.CALLING, keep_cancel),
    },
    State.PROCEEDING: {
        Event.RESPONSE_1XX: to(State.PROCEEDING, pass_up),
        Event.RESPONSE_2XX: to(State.ACCEPTED, pass_up, start(Timer.M)),
        Event.RESPONSE_3XX_6XX: to(State.COMPLETED, acknowledge, pass_up, start(Timer.D)),
        Event.CANCEL: to(State.PROCEEDING, send_cancel, start(Timer.CANCEL)),
        Timer.CANCEL: to(State.TERMINATED, fail("timeout")),
    },
    State.COMPLETED: {
        Event.RESPONSE_3XX_6XX: to(State.COMPLETED, resend),
        Event.TRANSPORT_ERROR: to(State.TERMINATED, fail("transport error")),
        Timer.D: to(State.TERMINATED),
    },
    State.ACCEPTED: {
        Event.RESPONSE_2XX: to(State.ACCEPTED, pass_up),
        Timer.M: to(State.TERMINATED),
    },
    State.TERMINATED: {},
}


class InviteClient(ClientTransaction):
    """An INVITE that we sent."""

    __slots__ = ("cancel",)
    figure = FIGURE_5

    def __init__(
        self,
        table: ClientTable,
        key: Key,
        request: Request,
        flow: Flow,
        user: ClientUser | None,
    ) -> None:
        super().__init__(table, key, request, flow, user)
        self.cancel: Request | None = None
        "A CANCEL that waits for the first provisional response."


_OF_THE_INVITE = frozenset(
    ("From", "Call-ID", "Max-Forwards", "Route", "Authorization", "Proxy-Authorization")
)


def ack_for_failure(invite: Request, response: Response) -> Request:
    """Build the ACK of section 17.1.1.3: the INVITE's top Via and route, the response's To."""
    items = [("Via", str(invite.via)), ("To", response.headers.get("To") or "")]
    items += [item for item in invite.headers.items() if item[0] in _OF_THE_INVITE]
    items.append(("CSeq", f"{invite.cseq.number} ACK"))
    return Request("ACK", invite.uri_text, Headers.of_canonical(items))


def cancel_of(invite: Request) -> Request:
    """Build the CANCEL of section 9.1: the same in all that matters, in the same branch."""
    items = [("Via", str(invite.via)), ("To", invite.headers.get("To") or "")]
    items += [item for item in invite.headers.items() if item[0] in _OF_THE_INVITE]
    items.append(("CSeq", f"{invite.cseq.number} CANCEL"))
    return Request("CANCEL", invite.uri_text, Headers.of_canonical(items))
