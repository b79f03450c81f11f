"""Walks a transaction figure along a trace, and remembers which rows were walked.

A line of a trace is an event, the state it leads to, and the effects: what is sent, which timers
are set, who is told. A message is named by its method or its status.
"""

from __future__ import annotations

import re
from typing import Any

from softswitch.sip.effects import Effect, Flow, Send, SetTimer
from softswitch.sip.message.message import Request, Response, parse_message, response_to
from softswitch.sip.transaction.client import ClientTransaction
from softswitch.sip.transaction.layer import BY_CLASS, SEND_BY_CLASS, Layer
from softswitch.sip.transaction.machine import Event, Machine, State, Table
from softswitch.sip.transaction.timers import Timer

UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
TCP = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.2", 4242))

WALKED: dict[int, set[tuple[State, str]]] = {}
"Rows that some trace has walked, by the identity of the figure."


class Told:
    """A user that writes down what it is told."""

    local_tag = "b"

    def __init__(self) -> None:
        self.words: list[str] = []

    def receive_response(self, transaction: Any, response: Response, out: list[Effect]) -> None:
        self.words.append(f"pass up {response.status}")

    def transaction_failed(self, transaction: Any, reason: str, out: list[Effect]) -> None:
        self.words.append(f"fail: {reason}")

    def receive_ack(self, transaction: Any, ack: Request, out: list[Effect]) -> None:
        self.words.append("pass up ACK")

    def receive_cancel(self, transaction: Any, cancel: Request, out: list[Effect]) -> None:
        self.words.append("pass up CANCEL")


def request(method: str) -> Request:
    """A request as short as it may be."""
    return Request(
        method,
        "sip:bob@example.com",
        [
            ("Via", "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1"),
            ("Route", "<sip:proxy.example.com;lr>"),
            ("Max-Forwards", "70"),
            ("From", "<sip:alice@example.com>;tag=a"),
            ("To", "<sip:bob@example.com>"),
            ("Call-ID", "1@192.0.2.2"),
            ("CSeq", f"7 {method}"),
        ],
    )


def walk(figure: Table, method: str, trace: str, flow: Flow) -> Machine:
    """Check every line of the trace; returns the transaction as it is then."""
    walked = WALKED.setdefault(id(figure), set())
    layer, told = Layer(), Told()
    machine: Machine | None = None
    for line in trace.strip().splitlines():
        event, state, effects = re.split(r"\s{2,}", line.strip(), maxsplit=2)
        out: list[Effect] = []
        told.words.clear()
        if machine is None:
            walked.add((State.START, first_event(event)))
            before = State.START
            if event == "send":
                machine = layer.request(request(method), "z9hG4bK1", flow, told, out)
            else:
                machine = layer.accept(request(method), flow, told, out)
        else:
            before = machine.state
            name, message = event_of(event, machine, method)
            if name in figure[before]:
                walked.add((before, name))
            else:
                assert effects == "-", f"no row for {line.strip()!r}"
            machine.feed(name, message, out)
        words = written(machine, out) + told.words
        if machine.state is State.TERMINATED is not before:
            words.append("finished")
        shown = ", ".join(words) or "-"
        assert (machine.state.value, shown) == (state, effects), line.strip()
    assert machine is not None
    assert machine.figure is figure
    known = [*layer.clients.values(), *layer.servers.values()]
    assert (machine in known) == (machine.state is not State.TERMINATED)
    return machine


def first_event(event: str) -> str:
    return Event.SEND_REQUEST if event == "send" else Event.REQUEST


WORDS = {
    "after CANCEL": Timer.CANCEL,
    "transport error": Event.TRANSPORT_ERROR,
    "CANCEL": Event.CANCEL,
    "ACK": Event.ACK,
    "INVITE": Event.REQUEST,
    "OPTIONS": Event.REQUEST,
}


def event_of(word: str, machine: Machine, method: str) -> tuple[str, Any]:
    """Read the first column: a timer's letter, a status, a method, or plain words."""
    if word in WORDS:
        return WORDS[word], request(word) if word.isupper() else None
    if word in Timer.__members__:
        return Timer[word], None
    response = response_to(request(method), int(word), to_tag="b")
    kind = BY_CLASS if isinstance(machine, ClientTransaction) else SEND_BY_CLASS
    return kind[response.status // 100 - 1], response


def written(machine: Machine, out: list[Effect]) -> list[str]:
    """Write effects as a trace does; timers of other transactions are not the figure's."""
    words: list[str] = []
    for effect in out:
        if isinstance(effect, Send):
            words.append(f"send {word(effect.data)}")
        elif isinstance(effect, SetTimer) and effect.owner is machine:
            name = "after CANCEL" if effect.timer == "CANCEL" else effect.timer
            words.append(f"{name} in {effect.seconds:g} s")
    return words


def word(data: bytes) -> str:
    message = parse_message(data)
    return message.method if isinstance(message, Request) else str(message.status)


def missing(figure: Table) -> list[str]:
    """Name the rows that no trace has walked."""
    walked = WALKED.get(id(figure), set())
    return [
        f"{state.value}: {event}"
        for state, rows in figure.items()
        for event in rows
        if (state, event) not in walked
    ]
