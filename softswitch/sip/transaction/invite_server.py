"""The INVITE server transaction: RFC 3261 Figure 7, as replaced by RFC 6026 section 8.6."""

from __future__ import annotations

from softswitch.sip.effects import Effect, Send
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.transaction.machine import (
    Event,
    Machine,
    State,
    Table,
    double,
    fail,
    resend,
    start,
    to,
)
from softswitch.sip.transaction.server import ServerTransaction, release, send
from softswitch.sip.transaction.timers import T2, Timer


def trying(machine: Machine, invite: Request, out: list[Effect]) -> None:
    """Send 100 at once: it stops the repeats, whatever call control still has to find out."""
    machine.sent = response_to(invite, 100, to_tag=None).to_bytes()
    out.append(Send(machine.sent, machine.flow, machine))


def pass_up_ack(machine: InviteServer, ack: Request, out: list[Effect]) -> None:
    """Give the ACK of a 2xx to the dialog's user."""
    if machine.user is not None:
        machine.user.receive_ack(machine, ack, out)


FIGURE_7: Table[InviteServer] = {
    State.START: {
        Event.REQUEST: to(State.PROCEEDING, trying),
    },
    State.PROCEEDING: {
        Event.REQUEST: to(State.PROCEEDING, resend),
        Event.SEND_1XX: to(State.PROCEEDING, send),
        Event.SEND_2XX: to(State.ACCEPTED, send, release, start(Timer.L)),
        Event.SEND_3XX_6XX: to(State.COMPLETED, send, release, start(Timer.G), start(Timer.H)),
        Event.TRANSPORT_ERROR: to(State.PROCEEDING, fail("transport error")),
    },
    State.COMPLETED: {
        Event.REQUEST: to(State.COMPLETED, resend),
        Timer.G: to(State.COMPLETED, resend, double(Timer.G, limit=T2)),
        Event.ACK: to(State.CONFIRMED, start(Timer.I)),
        Timer.H: to(State.TERMINATED, fail("no ACK")),
        Event.TRANSPORT_ERROR: to(State.COMPLETED, fail("transport error")),
    },
    State.CONFIRMED: {
        Event.REQUEST: to(State.CONFIRMED),
        Event.ACK: to(State.CONFIRMED),
        Timer.I: to(State.TERMINATED),
    },
    State.ACCEPTED: {
        Event.REQUEST: to(State.ACCEPTED),
        # The 2xx is repeated by the dialog's user until the ACK comes.
        Event.SEND_2XX: to(State.ACCEPTED, send),
        Event.ACK: to(State.ACCEPTED, pass_up_ack),
        Event.TRANSPORT_ERROR: to(State.ACCEPTED, fail("transport error")),
        Timer.L: to(State.TERMINATED),
    },
    State.TERMINATED: {},
}


class InviteServer(ServerTransaction):
    """An INVITE that we accepted."""

    __slots__ = ()
    figure = FIGURE_7
