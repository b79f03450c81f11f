"""The machine that runs the four transaction figures (RFC 3261 section 17, RFC 6026).

A figure is a table: state, event, the next state and its actions. A row that is missing means: what
comes from the network or from a timer is ignored (so no timer needs stopping), while what comes
from ourselves is a mistake and raises `TransactionError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from softswitch.sip.effects import Effect, Flow, Send, SetTimer
from softswitch.sip.message.message import Message
from softswitch.sip.transaction.timers import RELIABLE, UNRELIABLE, Timer

Key = tuple[object, ...]


class State(StrEnum):
    """The states of RFC 3261 Figures 5 to 8, and RFC 6026's Accepted."""

    START = "START"
    CALLING = "CALLING"
    TRYING = "TRYING"
    PROCEEDING = "PROCEEDING"
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    CONFIRMED = "CONFIRMED"
    TERMINATED = "TERMINATED"


class Event(StrEnum):
    """What can happen to a transaction besides a timer."""

    # from ourselves
    SEND_REQUEST = "send request"
    SEND_1XX = "send 1xx"
    SEND_2XX = "send 2xx"
    SEND_3XX_6XX = "send 3xx-6xx"
    CANCEL = "cancel"
    # from the network
    REQUEST = "request"
    ACK = "ACK"
    RESPONSE_1XX = "1xx"
    RESPONSE_2XX = "2xx"
    RESPONSE_3XX_6XX = "3xx-6xx"
    TRANSPORT_ERROR = "transport error"


OWN_EVENTS = frozenset({Event.SEND_REQUEST, Event.SEND_1XX, Event.SEND_2XX, Event.SEND_3XX_6XX})
"A missing row for one of these is our own mistake."

M = TypeVar("M", bound="Machine")
"The kind of machine that a figure is for."

Action = Callable[[M, Any, list[Effect]], None]
"""Takes the machine, the message and the effects so far. What message that is, the event of the row
says (None for a timer), which no type can: so every action names its own, and here stands `Any`."""


class Row(NamedTuple, Generic[M]):
    """The arrow of a figure: where it leads and what it does."""

    state: State
    actions: tuple[Action[M], ...]


Table = Mapping[State, Mapping[str, Row[M]]]
"A figure: the rows of every state by their events."


class TransactionError(RuntimeError):
    """We asked a transaction for what its state does not allow, such as a second final response."""


def to(state: State, *actions: Action[M]) -> Row[M]:
    """Name a row's next state and its actions, in the order in which they happen."""
    if state is State.TERMINATED:
        actions = (*actions, finish)
    return Row(state, actions)


class Machine:
    """One transaction: a state, the figure that rules it, and what the actions need."""

    __slots__ = ("flow", "interval", "key", "sent", "state")

    figure: ClassVar[Table[Self]]

    def __init__(self, key: Key, flow: Flow) -> None:
        self.key = key
        "Where its table keeps it."
        self.flow = flow
        self.state = State.START
        self.sent = b""
        "The octets to repeat: the request of a client, the last response of a server."
        self.interval = 0.0
        "Seconds until the next repeat; a figure has at most one timer that doubles."

    def feed(self: Self, event: str, message: Message | None, out: list[Effect]) -> None:
        """Walk the row of this event, if the state has one.

        Raises `TransactionError` when there is none and the event came from ourselves.
        """
        row = self.figure[self.state].get(event)
        if row is None:
            if event in OWN_EVENTS:
                raise TransactionError(f"cannot {event} in state {self.state}")
            return
        self.state = row.state
        for action in row.actions:
            action(self, message, out)

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Take a timer that was set before; the figure ignores one that came too late."""
        self.feed(timer, None, out)

    def transport_failed(self, out: list[Effect]) -> None:
        """Take the news that the transport could not send."""
        self.feed(Event.TRANSPORT_ERROR, None, out)

    def failed(self, reason: str, out: list[Effect]) -> None:
        """Tell the user that the transaction will bring nothing more."""
        raise NotImplementedError

    def forget(self) -> None:
        """Leave its table and let go of the user and the request."""
        raise NotImplementedError


# ------------------------------------------------------------------------------- actions


def resend(machine: Machine, message: Message | None, out: list[Effect]) -> None:
    """Send the last message once more; a server that has sent nothing yet stays silent."""
    if machine.sent:
        out.append(Send(machine.sent, machine.flow, machine))


def start(timer: Timer) -> Action[Machine]:
    """Make the action that starts a timer, if this transport needs it."""
    unreliable, reliable = UNRELIABLE[timer], RELIABLE[timer]

    def start_timer(machine: Machine, message: Message | None, out: list[Effect]) -> None:
        seconds = reliable if machine.flow.transport != "udp" else unreliable
        if seconds is not None:
            out.append(SetTimer(machine, timer, seconds))

    def start_repeats(machine: Machine, message: Message | None, out: list[Effect]) -> None:
        if machine.flow.transport == "udp":
            machine.interval = unreliable
            out.append(SetTimer(machine, timer, unreliable))

    action = start_repeats if reliable is None else start_timer
    action.__name__ = f"start {timer}"
    return action


def double(timer: Timer, limit: float = float("inf")) -> Action[Machine]:
    """Make the action that starts a timer again with twice its interval, at most `limit`."""

    def double_timer(machine: Machine, message: Message | None, out: list[Effect]) -> None:
        machine.interval = min(machine.interval * 2, limit)
        out.append(SetTimer(machine, timer, machine.interval))

    double_timer.__name__ = f"double {timer}"
    return double_timer


def again(timer: Timer, seconds: float) -> Action[Machine]:
    """Make the action that starts a timer again with this interval."""

    def start_again(machine: Machine, message: Message | None, out: list[Effect]) -> None:
        machine.interval = seconds
        out.append(SetTimer(machine, timer, seconds))

    start_again.__name__ = f"start {timer} in {seconds:g} s"
    return start_again


def fail(reason: str) -> Action[Machine]:
    """Make the action that tells the user why the transaction will bring nothing more."""

    def tell(machine: Machine, message: Message | None, out: list[Effect]) -> None:
        machine.failed(reason, out)

    tell.__name__ = f"fail: {reason}"
    return tell


def finish(machine: Machine, message: Message | None, out: list[Effect]) -> None:
    """Let go of everything: a late timer may hold the machine for up to 32 s more."""
    machine.forget()
    machine.sent = b""
