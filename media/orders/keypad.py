"""Keys that legs press: as events (RFC 4733), as sound, by SIP INFO; one message a press.

Events are read in the drain, whether their leg is relayed or not. Sound is listened to only where a
leg has no events or hears nobody, so that a call of two stays with the relay. When the
tick has a call of two, keys that come as events are made anew for the other: as events where it
takes them, else as sound. The keys of a private leg are kept from the others: what they hear, and
what is recorded, is 60 ms later and holds none (`private_keys`), and events are not passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from media.control.session import Reply
from media.control.sound import HearKeys, KeyHeard, MuteKeys, TakeKey
from media.legs import FREE, Bad, Legs
from media.listen.dtmf import DtmfListener
from media.listen.heard import KeyPressed, KeyReleased
from media.listen.key_dedup import KeyDedup, KeyPath
from media.listen.telephone_event import TelephoneEventReceiver
from media.orders.request_table import RequestTable
from media.play.tones import ToneSource
from media.rtp.rtp import HEADER, DatagramBatch, Packets
from media.signals.dtmf_keys import EVENTS
from media.signals.tone_table import Tone, dtmf_burst
from media.tick.rooms import Rooms
from media.tick.tick import Tick

ASKED = "asked"
CLAIM, PRIVATE = "keys", "private keys"
"Why the tick has a leg."

TONES = {key: Tone((dtmf_burst(key, None),)) for key in EVENTS}
"The sound of a key as long as it is held."

KeyEvent = KeyPressed | KeyReleased


class Keypad:
    """The keys of all legs of a worker."""

    def __init__(
        self,
        legs: Legs,
        tick: Tick,
        rooms: Rooms,
        tell: Callable[[Reply], None],
        clock: Callable[[], float],
    ) -> None:
        """Send events and answers by `tell`; `clock` is the monotonic one."""
        self._legs, self._tick, self._rooms, self._tell = legs, tick, rooms, tell
        self._sound = DtmfListener(legs.capacity, tick.narrow.rate)
        self._events = TelephoneEventReceiver(legs.capacity)
        self._tones = ToneSource(legs.capacity, tick.narrow.rate)
        tick.narrow.key_listeners.append(self._sound)
        tick.narrow.sources.append(self._tones)
        tick.held += (self._sound.held, self._events.held)
        tick.subscribe(KeyPressed, self._as_sound)
        tick.subscribe(KeyReleased, self._as_sound)
        self._wanted: dict[int, set[Hashable]] = {}
        "By row: the reasons for which its keys are wanted; empty sets are not kept."
        self._dedup: dict[int, KeyDedup] = {}
        self._clock = clock
        self.takers: list[Callable[[KeyEvent], None]] = []
        "Called with every press and release of rows that are wanted."

    # ---- requests ----

    def add_requests(self, table: RequestTable) -> None:
        """Enter the requests that this part answers."""
        table.add(HearKeys, self._hear)
        table.add(TakeKey, self._by_info)
        table.add(MuteKeys, self._mute)

    def want(self, row: int, reason: Hashable) -> None:
        """Listen to the keys of a leg for a reason."""
        self._wanted.setdefault(row, set()).add(reason)
        self._dedup.setdefault(row, KeyDedup())
        self.changed(row)

    def unwant(self, row: int, reason: Hashable) -> None:
        """Withdraw a reason; without any the keys are not listened to."""
        reasons = self._wanted.get(row, set())
        reasons.discard(reason)
        if not reasons:
            self._wanted.pop(row, None)
            self._dedup.pop(row, None)
        self.changed(row)

    def _hear(self, request: HearKeys) -> None:
        row = self._legs.row(request.leg)
        (self.want if request.wanted else self.unwant)(row, ASKED)

    def _mute(self, request: MuteKeys) -> None:
        row = self._legs.row(request.leg)
        self._tick.keep_keys(row, request.muted)
        if request.muted:
            self._rooms.claim(row, PRIVATE)
        else:
            self._rooms.release(row, PRIVATE)
        self.changed(row)

    def _by_info(self, request: TakeKey) -> None:
        row, key = self._legs.row(request.leg), request.key.upper()
        if key in EVENTS:
            milliseconds = self._clock() * 1000
            self._take(KeyPath.INFO, KeyPressed(row, key, milliseconds))
            self._take(KeyPath.INFO, KeyReleased(row, key, milliseconds, 0.0))

    # ---- rows, and time ----

    def changed(self, row: int) -> None:
        """Listen in the way that a leg's formats and room ask for."""
        self._expect_events(row)
        if self._tick.private[row] or self._tells_by_sound(row):
            if not self._sound.listening[row]:
                self._sound.claim(row)
                self._rooms.claim(row, CLAIM)
        elif self._sound.listening[row]:
            self._sound.free(row)
            self._rooms.release(row, CLAIM)

    def _tells_by_sound(self, row: int) -> bool:
        """Whether a key is one that is heard, not only one that comes as an event."""
        alone = not self._rooms.beside(row)
        return row in self._wanted and (alone or self._legs.event_pt[row] == FREE)

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed."""
        self._tick.keep_keys(row, False)
        self._wanted.pop(row, None)
        self._dedup.pop(row, None)
        self._events.free(row)
        self._tones.free(row)
        self._tick.key_source.free(row)
        if self._sound.listening[row]:
            self._sound.free(row)
            self._rooms.release(row, CLAIM)

    def settle(self, now: float) -> None:
        """Let go of keys of which nothing was heard any more; to be called once a tick."""
        for event in self._events.expire(now * 1000):
            self._as_event(event)

    def close(self) -> None:
        """Do nothing: there are no threads."""

    def _expect_events(self, row: int) -> None:
        legs = self._legs
        if not legs.is_event[row].any():
            self._events.free(row)
        elif not self._events.listens(row):
            self._events.claim(row)

    # ---- what is heard ----

    def receive(self, batch: DatagramBatch, packets: Packets, now: float) -> None:
        """Look at packets of events, from the drain."""
        for index, row in enumerate(packets.rows.tolist()):
            place, length = packets.places[index], int(packets.lengths[index])
            payload = batch.matrix[place, HEADER:length].tobytes()
            ssrc, timestamp = int(packets.ssrc[index]), int(packets.timestamp[index])
            clock = int(self._legs.heard_event_clock[row, packets.payload_type[index]])
            try:
                events = self._events.receive(
                    row, ssrc, timestamp, payload, now * 1000, clock=clock
                )
            except ValueError:
                self._legs.bad[row, Bad.TOO_SHORT] += 1
                continue
            for event in events:
                self._as_event(event)

    def _as_event(self, event: KeyEvent) -> None:
        self._take(KeyPath.EVENT, event)
        self._pass_on(event)

    def _as_sound(self, event: KeyEvent) -> None:
        if self._tells_by_sound(event.row):
            self._take(KeyPath.SOUND, event)

    def _take(self, way: KeyPath, event: KeyEvent) -> None:
        """Tell of a press unless another way has."""
        dedup = self._dedup.get(event.row)
        if dedup is None:
            return
        taken = dedup.take_key(way, event, self._clock() * 1000)
        if taken is None:
            return
        if isinstance(taken, KeyPressed) and ASKED in self._wanted[event.row]:
            self._tell(KeyHeard(leg=int(self._legs.leg[event.row]), key=taken.key))
        for take in self.takers:
            take(taken)

    def _pass_on(self, event: KeyEvent) -> None:
        """Let the other of a call of two have the key, when the tick has the call."""
        legs = self._legs
        beside = self._rooms.beside(event.row)
        private = self._tick.private[event.row]
        if len(beside) != 1 or private or not legs.sampled[event.row]:
            return
        other = beside[0]
        source = self._tick.key_source
        if isinstance(event, KeyReleased):
            source.let_go(other, event.duration_ms)
            self._tones.stop(other)
        elif legs.event_pt[other] != FREE:
            clock = int(legs.event_clock[other])
            source.start(other, event.key, tone_ms=None, pause_ms=40.0, clock=clock)
        else:
            self._tones.start(other, TONES[event.key])
