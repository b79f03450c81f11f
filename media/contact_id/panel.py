"""The alarm panel that reports by Contact ID, without input or output (SIA DC-05-1999.09).

It waits for the handshake, sends its messages one by one, and waits for the kissoff of each; a
message without a kissoff is sent again. What is common to panel and receiver is in `call`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from media.contact_id.call import ContactIdCall
from media.contact_id.message import ContactIdMessage

LOW_TONE = 1400.0
HIGH_TONE = 2300.0
TOLERANCE = 0.05
"A panel takes tones that are so far off."

HANDSHAKE_TONE_MS = (60.0, 200.0)
"Shortest and longest tone of the handshake; 100 ms are sent."

HANDSHAKE_PAUSE_MS = (40.0, 250.0)
"Shortest and longest pause between its tones; 100 ms are sent."

BEFORE_MESSAGE_MS = 275.0
"From the end of the receiver's tone to the first digit: 250 to 300."

DIGIT_MS = 55.0
"Length of a digit and of the pause behind it: 50 to 60."

KISSOFF_STARTS_MS = 1250.0
"From the last digit; if no kissoff has begun by then, the message is sent again."

KISSOFF_LEAST_MS = 400.0
"A kissoff lasts so long at least."

KISSOFF_MOST_MS = 5000.0
"A tone that goes on for longer is no kissoff's end to wait for."

HANDSHAKE_STARTS_MS = 15000.0
"From the call's beginning; without a handshake by then the panel hangs up."

ATTEMPTS = 4
"How often a message is sent in one call."

NOTICE_MS = 120.0
"A tone may be told of so much later than it began."


@dataclass(frozen=True, slots=True)
class PanelKeys:
    """Send keys, each for `digit_ms` with as long a pause behind it, then call `keys_sent`."""

    keys: str
    digit_ms: float = DIGIT_MS


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has a message."""

    message: ContactIdMessage


@dataclass(frozen=True, slots=True)
class PanelHangsUp:
    """End the call; `undelivered` messages are to be reported in another call."""

    reason: str
    undelivered: tuple[ContactIdMessage, ...] = ()


Effect = PanelKeys | Delivered | PanelHangsUp


class PanelState(Enum):
    """What the panel is waiting for."""

    HANDSHAKE = auto()
    "The receiver's two tones."
    PAUSE = auto()
    "The time of the first digit, or of hanging up."
    SENDING = auto()
    "The end of its own digits."
    KISSOFF = auto()
    "The begin of the kissoff."
    KISSOFF_GOES_ON = auto()
    "The time when the tone has lasted long enough."
    KISSOFF_ENDS = auto()
    "The end of the kissoff."
    OVER = auto()


class ContactIdPanel(ContactIdCall[PanelState, Effect]):
    """One call to a receiver."""

    def __init__(self, messages: Iterable[ContactIdMessage], now: float) -> None:
        """Begin when the call is answered, with at least one message."""
        super().__init__(PanelState.HANDSHAKE, now + HANDSHAKE_STARTS_MS)
        self._messages = deque(messages)
        self._attempts = 0
        self._low_ended: float | None = None

    def tone_started(self, hertz: float, started: float) -> list[Effect]:
        """Hear a tone that began at `started`."""
        if self.state is PanelState.KISSOFF and _near(hertz, LOW_TONE):
            self._wait(PanelState.KISSOFF_GOES_ON, started + KISSOFF_LEAST_MS)
        return []

    def tone_ended(self, hertz: float, started: float, ended: float) -> list[Effect]:
        """Hear a tone end."""
        if self.state is PanelState.HANDSHAKE:
            return self._handshake(hertz, started, ended)
        if self.state is PanelState.KISSOFF_GOES_ON and _near(hertz, LOW_TONE):
            if ended - started < KISSOFF_LEAST_MS:
                return self._send_again()
            return self._acknowledged(ended)
        if self.state is PanelState.KISSOFF_ENDS and _near(hertz, LOW_TONE):
            self._wait(PanelState.PAUSE, ended + BEFORE_MESSAGE_MS)
        return []

    def keys_sent(self, now: float) -> list[Effect]:
        """Know that all keys have left, and the pause behind the last."""
        if self.state is PanelState.SENDING:
            self._wait(PanelState.KISSOFF, now - DIGIT_MS + KISSOFF_STARTS_MS + NOTICE_MS)
        return []

    def _timeout(self, now: float) -> list[Effect]:
        if self.state is PanelState.HANDSHAKE:
            return self._hang_up("no handshake")
        if self.state is PanelState.PAUSE:
            return self._send() if self._messages else self._hang_up("all delivered")
        if self.state is PanelState.KISSOFF:
            return self._send_again()
        if self.state is PanelState.KISSOFF_GOES_ON:
            effects = self._acknowledged(now)
            self._wait(PanelState.KISSOFF_ENDS, now + KISSOFF_MOST_MS)
            return effects
        self._wait(PanelState.PAUSE, now)
        return []

    def _handshake(self, hertz: float, started: float, ended: float) -> list[Effect]:
        """Look for the low and the high tone, one behind the other."""
        fits = HANDSHAKE_TONE_MS[0] <= ended - started <= HANDSHAKE_TONE_MS[1]
        low, self._low_ended = self._low_ended, None
        if fits and _near(hertz, LOW_TONE):
            self._low_ended = ended
        elif fits and _near(hertz, HIGH_TONE) and low is not None:
            shortest, longest = HANDSHAKE_PAUSE_MS
            if shortest <= started - low <= longest:
                self._wait(PanelState.PAUSE, ended + BEFORE_MESSAGE_MS)
        return []

    def _send(self) -> list[Effect]:
        self._attempts += 1
        self._wait(PanelState.SENDING, inf)
        return [PanelKeys(self._messages[0].keys)]

    def _send_again(self) -> list[Effect]:
        if self._attempts < ATTEMPTS:
            return self._send()
        return self._hang_up("no kissoff")

    def _acknowledged(self, ended: float) -> list[Effect]:
        self._attempts = 0
        self._wait(PanelState.PAUSE, ended + BEFORE_MESSAGE_MS)
        return [Delivered(self._messages.popleft())]

    def _hang_up(self, reason: str) -> list[Effect]:
        self._finish(PanelState.OVER)
        return [PanelHangsUp(reason, tuple(self._messages))]


def _near(hertz: float, nominal: float) -> bool:
    return abs(hertz - nominal) <= nominal * TOLERANCE
