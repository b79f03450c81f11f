"""The receiver of Contact ID messages on one call, without input or output (SIA DC-05-1999.09).

It plays the handshake, collects digits, and acknowledges every good message by a kissoff. A message
is acknowledged only after `stored` has been called for it: the kissoff is a promise that the event
is kept. What is common to panel and receiver is in `call`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from media.contact_id.call import ContactIdCall
from media.contact_id.events import EVENTS, LISTEN_IN
from media.contact_id.message import LENGTH, ContactIdError, ContactIdMessage, read_message
from media.signals.tone_table import Burst, Tone, beep

HANDSHAKE = Tone(
    (Burst(((1400.0, -10.0),), 100.0), Burst((), 100.0), Burst(((2300.0, -10.0),), 100.0)), None
)
"The tones that the receiver plays when it is ready."

HANDSHAKE_MS = 300.0
KISSOFF_MS = 900.0

KISSOFF = beep(1400.0, KISSOFF_MS, -10.0)
"The tone that it plays when a message is stored: 750 to 1000 ms."


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the receiver in ms; the standard's ranges in the comments."""

    answer: float = 1250.0
    "From answering to the handshake, 500 to 2000."
    first_digit: float = 2000.0
    "From the handshake to its repetition when no digit comes, 1000 to 10000."
    between_digits: float = 500.0
    "From one digit to the end of a message that is too short, 110 to 4000."
    settle: float = 200.0
    "From the last digit to the kissoff: nothing may follow it."
    latest_kissoff: float = 1100.0
    "From the last digit; a panel repeats its message after 1250."
    silence: float = 5000.0
    "From a message to the end of the call."
    longest: float = 300_000.0
    "From the beginning to the end of the call, whatever is heard."
    handshakes: int = 3
    "So often the handshake is played to a silent panel."
    bad_messages: int = 8
    "So many in a row end the call; a panel gives up after 4."


STANDARD = Timing()


@dataclass(frozen=True, slots=True)
class PlayHandshake:
    """Play `HANDSHAKE`."""


@dataclass(frozen=True, slots=True)
class PlayKissoff:
    """Play `KISSOFF`."""


@dataclass(frozen=True, slots=True)
class Received:
    """A good message. Unless it `is_duplicate`, store it and call `stored`."""

    message: ContactIdMessage
    is_duplicate: bool
    "Whether the same sixteen digits came before in this call: a kissoff was not heard."


@dataclass(frozen=True, slots=True)
class KissedOff:
    """The kissoff of a message has left."""

    message: ContactIdMessage


@dataclass(frozen=True, slots=True)
class Rejected:
    """Keys that are no good message; the panel hears nothing."""

    keys: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListenIn:
    """The panel opens its microphone: end the decoding, keep the call."""

    message: ContactIdMessage


@dataclass(frozen=True, slots=True)
class ReceiverHangsUp:
    """End the call."""

    reason: str


Effect = PlayHandshake | PlayKissoff | Received | KissedOff | Rejected | ListenIn | ReceiverHangsUp


class ReceiverState(Enum):
    """What the receiver is waiting for."""

    ANSWERED = auto()
    "The time of the handshake."
    LISTENING = auto()
    "The first digit of a message."
    COLLECTING = auto()
    "More digits."
    SETTLING = auto()
    "Nothing behind the last digit."
    STORING = auto()
    "`stored`, or the time when the kissoff would be too late."
    ACKNOWLEDGING = auto()
    "The end of the kissoff."
    OVER = auto()


class ContactIdReceiver(ContactIdCall[ReceiverState, Effect]):
    """One call of a panel."""

    def __init__(self, now: float, timing: Timing = STANDARD) -> None:
        """Begin when the call has been answered."""
        super().__init__(ReceiverState.ANSWERED, now + timing.answer, now + timing.longest)
        self._timing = timing
        self._handshakes = 0
        self._bad = 0
        self._anything = False
        "Whether a digit was ever heard."
        self._keys = ""
        self._last_key = now
        self._message: ContactIdMessage | None = None
        "The message of `STORING` and `ACKNOWLEDGING`."
        self._pending: set[str] = set()
        "Digits of messages that are being stored."
        self._stored: set[str] = set()

    def key(self, key: str, now: float) -> list[Effect]:
        """Hear a key go down."""
        if self.state in (ReceiverState.ANSWERED, ReceiverState.ACKNOWLEDGING, ReceiverState.OVER):
            return []
        self._anything = True
        collecting = self.state in (ReceiverState.COLLECTING, ReceiverState.SETTLING)
        self._keys = self._keys + key if collecting else key
        self._last_key = now
        if len(self._keys) == LENGTH:
            self._wait(ReceiverState.SETTLING, now + self._timing.settle)
        else:
            self._wait(ReceiverState.COLLECTING, now + self._timing.between_digits)
        return []

    def stored(self, message: ContactIdMessage, now: float) -> list[Effect]:
        """Know that a message is kept for good; acknowledge it if the panel still waits."""
        self._pending.discard(message.digits)
        self._stored.add(message.digits)
        if (
            self.state is not ReceiverState.STORING
            or self._message != message
            or now > self.deadline
        ):
            return []
        return self._acknowledge(now)

    def not_stored(self, message: ContactIdMessage, now: float) -> list[Effect]:
        """Know that a message could not be kept; the panel repeats it."""
        self._pending.discard(message.digits)
        if self.state is ReceiverState.STORING and self._message == message:
            self._wait(ReceiverState.LISTENING, now + self._timing.silence)
        return []

    def _timeout(self, now: float) -> list[Effect]:
        if now >= self._latest:
            return self._hang_up("the call lasted too long")
        due: dict[ReceiverState, Callable[[float], list[Effect]]] = {
            ReceiverState.ANSWERED: self._shake_hands,
            ReceiverState.LISTENING: self._nothing_comes,
            ReceiverState.COLLECTING: self._judge,
            ReceiverState.SETTLING: self._judge,
            ReceiverState.STORING: self._listen,
            ReceiverState.ACKNOWLEDGING: self._acknowledged,
        }
        return due[self.state](now)

    def _nothing_comes(self, now: float) -> list[Effect]:
        if not self._anything and self._handshakes < self._timing.handshakes:
            return self._shake_hands(now)
        return self._hang_up("silence")

    def _acknowledged(self, now: float) -> list[Effect]:
        message = self._message
        assert message is not None
        if message.meaning is EVENTS[LISTEN_IN]:
            self._finish(ReceiverState.OVER)
            return [KissedOff(message), ListenIn(message)]
        return [KissedOff(message), *self._listen(now)]

    def _listen(self, now: float) -> list[Effect]:
        self._wait(ReceiverState.LISTENING, now + self._timing.silence)
        return []

    def _shake_hands(self, now: float) -> list[Effect]:
        self._handshakes += 1
        self._wait(ReceiverState.LISTENING, now + HANDSHAKE_MS + self._timing.first_digit)
        return [PlayHandshake()]

    def _judge(self, now: float) -> list[Effect]:
        """Look at the digits that have come."""
        try:
            message = read_message(self._keys)
        except ContactIdError as error:
            self._bad += 1
            self._wait(ReceiverState.LISTENING, now + self._timing.silence)
            rejected = Rejected(self._keys, str(error))
            if self._bad < self._timing.bad_messages:
                return [rejected]
            return [rejected, *self._hang_up("no good message")]
        self._bad = 0
        self._message = message
        stored = message.digits in self._stored
        is_duplicate = stored or message.digits in self._pending
        received = Received(message, is_duplicate)
        if stored:
            return [received, *self._acknowledge(now)]
        self._pending.add(message.digits)
        self._wait(ReceiverState.STORING, self._last_key + self._timing.latest_kissoff)
        return [received]

    def _acknowledge(self, now: float) -> list[Effect]:
        self._wait(ReceiverState.ACKNOWLEDGING, now + KISSOFF_MS)
        return [PlayKissoff()]

    def _hang_up(self, reason: str) -> list[Effect]:
        self._finish(ReceiverState.OVER)
        return [ReceiverHangsUp(reason)]
