"""The receiver: traces of a call, one line a thing that happens."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
import pytest

from media.contact_id.message import ContactIdMessage, build_message
from media.contact_id.receiver import (
    HANDSHAKE,
    KISSOFF,
    ContactIdReceiver,
    Effect,
    KissedOff,
    ListenIn,
    PlayHandshake,
    PlayKissoff,
    Received,
    ReceiverHangsUp,
    ReceiverState,
    Rejected,
    Timing,
)
from media.play.tones import render

ALARM = build_message("1234", "131", group="01", number="015")
OTHER = build_message("1234", "130", group="01", number="001")

Log = list[tuple[float, Effect]]


class Call:
    """A receiver whose time is stepped in ms, with a store that answers after a delay."""

    def __init__(self, store_ms: float | None = 10.0, timing: Timing = Timing()) -> None:  # noqa: B008
        self.now = 0.0
        self.receiver = ContactIdReceiver(0.0, timing)
        self.store_ms = store_ms
        self.log: Log = []
        self._storing: list[tuple[float, ContactIdMessage]] = []

    def run(self, milliseconds: float) -> None:
        until = self.now + milliseconds
        while self.now < until:
            self.now += 5
            for due, message in [entry for entry in self._storing if entry[0] <= self.now]:
                self._storing.remove((due, message))
                self._note(self.receiver.stored(message, self.now))
            self._note(self.receiver.advance(self.now))

    def send(self, keys: str, cycle: float = 110.0) -> None:
        for key in keys:
            self._note(self.receiver.key(key, self.now))
            self.run(cycle)

    def _note(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.log.append((self.now, effect))
            fresh = isinstance(effect, Received) and not effect.is_duplicate
            if fresh and isinstance(effect, Received) and self.store_ms is not None:
                self._storing.append((self.now + self.store_ms, effect.message))

    def effects(self, *kinds: type) -> list[Effect]:
        return [effect for _, effect in self.log if not kinds or isinstance(effect, kinds)]


def shaken(**options: float) -> Call:
    """A call after its handshake."""
    call = Call(**options)
    call.run(1900.0)
    assert call.effects() == [PlayHandshake()]
    call.log.clear()
    return call


def test_the_handshake_comes_after_the_answer() -> None:
    call = Call()
    call.run(1245.0)
    assert call.log == []
    call.run(10.0)
    assert call.log == [(1250.0, PlayHandshake())]


def test_a_good_message_is_stored_and_then_acknowledged() -> None:
    call = shaken(store_ms=30.0)
    call.send(ALARM.keys)
    last_key = call.now - 110
    call.run(300.0)
    assert call.log == [
        (last_key + 200, Received(ALARM, False)),
        (last_key + 230, PlayKissoff()),
    ]


def test_nothing_is_acknowledged_that_is_not_stored() -> None:
    call = Call(store_ms=None)
    call.run(1900.0)
    call.send(ALARM.keys)
    call.run(3000.0)
    assert call.effects(PlayKissoff) == []
    assert call.receiver.not_stored(ALARM, call.now) == []


def test_a_store_that_fails_lets_the_panel_repeat() -> None:
    call = Call(store_ms=None)
    call.run(1900.0)
    call.send(ALARM.keys)
    call.run(200.0)
    call.receiver.not_stored(ALARM, call.now)
    assert call.receiver.state is ReceiverState.LISTENING
    call.run(1000.0)
    call.store_ms = 10.0
    call.send(ALARM.keys)
    call.run(200.0)
    assert call.effects(Received) == [Received(ALARM, False)] * 2
    assert call.effects(PlayKissoff) == [PlayKissoff()]


def test_a_store_that_is_too_slow_acknowledges_the_repetition() -> None:
    call = shaken(store_ms=2000.0)
    call.send(ALARM.keys)
    call.run(1200.0)
    assert call.effects(PlayKissoff) == []
    call.send(ALARM.keys)
    call.run(300.0)
    assert call.effects() == [Received(ALARM, False), Received(ALARM, True), PlayKissoff()]


def test_a_repetition_is_acknowledged_at_once_and_not_stored_again() -> None:
    call = shaken()
    call.send(ALARM.keys)
    call.run(2000.0)
    call.send(ALARM.keys)
    call.run(300.0)
    assert call.effects() == [
        Received(ALARM, False),
        PlayKissoff(),
        KissedOff(ALARM),
        Received(ALARM, True),
        PlayKissoff(),
    ]


def test_several_messages_in_a_call() -> None:
    call = shaken()
    for message in (ALARM, OTHER, ALARM):
        call.send(message.keys)
        call.run(1500.0)
    assert call.effects(Received) == [
        Received(ALARM, False),
        Received(OTHER, False),
        Received(ALARM, True),
    ]
    assert len(call.effects(PlayKissoff)) == 3
    call.run(6000.0)
    assert call.effects()[-1] == ReceiverHangsUp("silence")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda keys: keys[:-1], "15 digits"),
        (lambda keys: keys[1:], "15 digits"),
        (lambda keys: keys + "1", "17 digits"),
        (lambda keys: keys[:-1] + "9", "checksum"),
        (lambda keys: "D" + keys[1:], "key D"),
        (lambda keys: keys[:4] + "19" + keys[6:], "message type"),
        (lambda keys: keys[0], "1 digits"),
        (lambda keys: keys[:4] + "17" + "31", "Express"),
    ],
)
def test_a_bad_message_hears_nothing(spoil: Callable[[str], str], reason: str) -> None:
    call = shaken()
    call.send(spoil(ALARM.keys))
    call.run(1200.0)
    (rejected,) = call.effects()
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason
    call.send(ALARM.keys)
    call.run(300.0)
    assert call.effects()[1:] == [Received(ALARM, False), PlayKissoff()]


def test_a_silent_line_hears_three_handshakes_and_is_hung_up() -> None:
    call = Call()
    call.run(20_000.0)
    assert call.log == [
        (1250.0, PlayHandshake()),
        (3550.0, PlayHandshake()),
        (5850.0, PlayHandshake()),
        (8150.0, ReceiverHangsUp("silence")),
    ]
    assert call.receiver.deadline == inf


def test_random_keys_are_not_listened_to_for_ever() -> None:
    call = shaken()
    chance = np.random.default_rng(1)
    while call.receiver.state is not ReceiverState.OVER:
        call.send("".join(chance.choice(list("0123456789*#ABCD"), chance.integers(1, 30))))
        call.run(600.0)
        assert call.now < 600_000
    assert call.effects(PlayKissoff) == []
    assert call.effects()[-1] == ReceiverHangsUp("no good message")


def test_keys_without_an_end_are_cut_off() -> None:
    call = shaken()
    call.send("1" * 3000)
    assert call.effects()[-1] == ReceiverHangsUp("the call lasted too long")
    assert call.receiver.key("1", call.now) == []


def test_a_listen_in_keeps_the_call() -> None:
    call = shaken()
    listen = build_message("1234", "606")
    call.send(listen.keys)
    call.run(5000.0)
    assert call.effects() == [
        Received(listen, False),
        PlayKissoff(),
        KissedOff(listen),
        ListenIn(listen),
    ]
    call.run(600_000.0)
    assert len(call.log) == 4


def test_keys_during_handshake_wait_and_kissoff_are_ignored() -> None:
    call = Call()
    call.send("55")
    call.run(1700.0)
    call.send(ALARM.keys)
    call.run(150.0)
    assert call.receiver.state is ReceiverState.ACKNOWLEDGING
    call.send("77")
    call.run(1000.0)
    call.send(OTHER.keys)
    call.run(300.0)
    assert [
        effect.message for effect in call.effects(Received) if isinstance(effect, Received)
    ] == [
        ALARM,
        OTHER,
    ]


def test_times_of_the_tones() -> None:
    handshake = render(HANDSHAKE).samples
    assert len(handshake) == 2400
    assert np.flatnonzero(handshake[:1600])[[0, -1]] == pytest.approx([0, 799], abs=8)
    assert len(render(KISSOFF).samples) == 7200
