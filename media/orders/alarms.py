"""Alarm lines: legs on which Contact ID is received or reported, joined to keys, tones and tick.

Handshake, digits and kissoff are timed here, by the tick; messages are stored by the signalling
process, and a kissoff waits for its word. Keys come and go as events where these were negotiated,
else as sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from media.contact_id import panel, receiver
from media.contact_id.lines import ContactIdLines, Told
from media.contact_id.message import ContactIdError, ContactIdMessage, keys_of, read_message
from media.control.alarm import (
    AlarmDelivered,
    AlarmHeard,
    AlarmKissedOff,
    AlarmLineOver,
    AlarmRejected,
    AlarmStored,
    EndAlarmLine,
    ReceiveAlarms,
    ReportAlarms,
)
from media.control.session import Reply
from media.legs import FREE, Legs
from media.listen.heard import KeyPressed, KeyReleased, ToneEnded, ToneStarted
from media.listen.tone_listener import ToneListener
from media.orders.keypad import Keypad
from media.orders.request_table import RequestTable
from media.play.telephone_event_source import KeysSent
from media.play.tones import ToneEnd, ToneSource
from media.signals.tone_table import Tone, dtmf
from media.tick.rooms import Rooms
from media.tick.tick import Tick

CLAIM = "alarm line"
"Why the tick has a leg, and why its keys are heard."

EVENT_MS = 60.0
"Length of a key as an event, and of its pause: whole ticks."

Heard = KeyPressed | KeyReleased | ToneStarted | ToneEnded


class Alarms:
    """The alarm lines of a worker."""

    def __init__(
        self,
        legs: Legs,
        tick: Tick,
        rooms: Rooms,
        tell: Callable[[Reply], None],
        *,
        keypad: Keypad,
        clock: Callable[[], float],
    ) -> None:
        """Send events and answers by `tell`; `clock` is the monotonic one."""
        self._legs, self._tick, self._rooms = legs, tick, rooms
        self._tell, self._keypad = tell, keypad
        self._listener = ToneListener(legs.capacity, tick.narrow.rate)
        self._tones = ToneSource(legs.capacity, tick.narrow.rate)
        self._lines = ContactIdLines(legs.capacity, self._play, self._send)
        self._rows: set[int] = set()
        "Those that are alarm lines."
        self._sending: set[int] = set()
        "Those that send keys as sound."
        self._clock = clock
        tick.narrow.listeners.append(self._listener)
        tick.narrow.sources.append(self._tones)
        tick.subscribe(ToneStarted, self._heard)
        tick.subscribe(ToneEnded, self._heard)
        tick.subscribe(ToneEnd, self._tone_ended)
        tick.subscribe(KeysSent, self._events_left)
        keypad.takers.append(self._heard)

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter the requests that this part answers."""
        table.add(ReceiveAlarms, self._receive)
        table.add(AlarmStored, self._stored)
        table.add(ReportAlarms, self._report)
        table.add(EndAlarmLine, self._end)

    def _receive(self, request: ReceiveAlarms) -> None:
        row = self._begin(request.leg)
        self._keypad.want(row, CLAIM)
        self._lines.receive(row, self._now())

    def _report(self, request: ReportAlarms) -> None:
        messages = [_message(digits) for digits in request.alarms]
        if not messages:
            self._tell(AlarmLineOver(leg=request.leg, reason="there is nothing to report"))
            return
        row = self._begin(request.leg)
        self._listener.claim(row)
        self._lines.report(row, messages, self._now())

    def _stored(self, request: AlarmStored) -> None:
        row, message = self._legs.row(request.leg), _message(request.digits)
        store = self._lines.stored if request.stored else self._lines.not_stored
        self._note(store(row, message, self._now()))

    def _end(self, request: EndAlarmLine) -> None:
        self._free(self._legs.row(request.leg))

    def _begin(self, leg: int) -> int:
        row = self._legs.row(leg)
        self._free(row)
        self._rows.add(row)
        self._rooms.claim(row, CLAIM)
        return row

    # ---- rows, and time ----

    def changed(self, row: int) -> None:
        """Go on: an alarm line stays one whatever its formats are."""

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed."""
        self._free(row)

    def settle(self, now: float) -> None:
        """Do what is due; to be called once a tick."""
        self._note(self._lines.advance(now * 1000))

    def close(self) -> None:
        """Do nothing: there are no threads."""

    def _free(self, row: int) -> None:
        if row in self._rows:
            self._rows.discard(row)
            self._sending.discard(row)
            self._lines.free(row)
            self._listener.free(row)
            self._tones.free(row)
            self._keypad.unwant(row, CLAIM)
            self._rooms.release(row, CLAIM)

    # ---- what is played, sent and heard ----

    def _now(self) -> float:
        return self._clock() * 1000

    def _play(self, row: int, tone: Tone) -> None:
        self._tones.start(row, tone)

    def _send(self, row: int, keys: str, digit_ms: float) -> None:
        if self._legs.event_pt[row] != FREE:
            clock = int(self._legs.event_clock[row])
            self._tick.key_source.start(row, keys, tone_ms=EVENT_MS, pause_ms=EVENT_MS, clock=clock)
        else:
            self._sending.add(row)
            self._tones.start(row, dtmf(keys, digit_ms, digit_ms))

    def _tone_ended(self, ended: ToneEnd) -> None:
        if ended.row in self._sending:
            self._sending.discard(ended.row)
            part = ended.sample / self._tones.frame * 20.0
            self._note(self._lines.keys_sent(ended.row, self._now() + part))

    def _events_left(self, sent: KeysSent) -> None:
        if sent.row in self._rows:
            self._note(self._lines.keys_sent(sent.row, self._now()))

    def _heard(self, event: Heard) -> None:
        if event.row in self._rows:
            self._note(self._lines.hear(event, self._now()))

    def _note(self, told: Iterable[Told]) -> None:
        """Pass news on; a line that is over is forgotten."""
        for row, news in told:
            leg = int(self._legs.leg[row])
            match news:
                case receiver.Received(message, is_duplicate):
                    heard = AlarmHeard(leg=leg, digits=message.digits, is_duplicate=is_duplicate)
                    self._tell(heard)
                case receiver.KissedOff(message):
                    self._tell(AlarmKissedOff(leg=leg, digits=message.digits))
                case receiver.Rejected(keys, reason):
                    self._tell(AlarmRejected(leg=leg, keys=keys, reason=reason))
                case panel.Delivered(message):
                    self._tell(AlarmDelivered(leg=leg, digits=message.digits))
                case receiver.ListenIn():
                    self._over(row, leg, "the panel wants to be listened to", listen_in=True)
                case receiver.ReceiverHangsUp(reason) | panel.PanelHangsUp(reason):
                    self._over(row, leg, reason)

    def _over(self, row: int, leg: int, reason: str, *, listen_in: bool = False) -> None:
        self._free(row)
        self._tell(AlarmLineOver(leg=leg, reason=reason, listen_in=listen_in))


def _message(digits: str) -> ContactIdMessage:
    """Read sixteen digits; raises KeyError, which is answered, with what is wrong with them."""
    try:
        return read_message(keys_of(digits))
    except ContactIdError as error:
        raise KeyError(str(error)) from None
