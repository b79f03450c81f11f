"""Telephone events, sent: the packets of RFC 4733, and that our own receiver understands them."""

from __future__ import annotations

import numpy as np
import pytest

from media.listen.heard import KeyPressed, KeyReleased
from media.listen.telephone_event import TelephoneEventReceiver
from media.play.telephone_event_source import EventPacket, KeysSent, TelephoneEventSource


def run(
    source: TelephoneEventSource, ticks: int, step: int = 160
) -> list[tuple[int, bool, int, str]]:
    """Tick, marker, timestamp (the row's audio begins at 8000) and payload of each packet."""
    packets = []
    for tick in range(ticks):
        for packet in source.take_packets()[0]:
            timestamp = 8000 + tick * step - packet.age
            packets.append((tick, packet.marker, timestamp, packet.payload.hex().upper()))
    return packets


def test_the_worked_example() -> None:
    source = TelephoneEventSource(1)
    source.start(0, "5")
    assert run(source, 20) == [
        (0, True, 8000, "050A00A0"),
        (1, False, 8000, "050A0140"),
        (2, False, 8000, "050A01E0"),
        (3, False, 8000, "050A0280"),
        (4, False, 8000, "058A0320"),
        (5, False, 8000, "058A0320"),
        (6, False, 8000, "058A0320"),
    ]


def test_audio_goes_on_in_the_pause() -> None:
    source = TelephoneEventSource(3)
    source.start(1, "12", pause_ms=100.0)
    busy = []
    for _ in range(22):
        busy.append(source.sending.tolist())
        source.take_packets()
    assert {(row[0], row[2]) for row in busy} == {(False, False)}
    pattern = "".join("e" if row[1] else "a" for row in busy)
    assert pattern == "eeeeeeeaaa" * 2 + "aa"


def test_the_end_is_told_after_the_last_pause() -> None:
    source = TelephoneEventSource(1)
    source.start(0, "12")
    sent = [(tick, *source.take_packets()[1]) for tick in range(30)]
    assert [entry for entry in sent if len(entry) > 1] == [(19, KeysSent(0, "12"))]


def test_the_same_key_again_has_a_new_timestamp_and_a_marker() -> None:
    source = TelephoneEventSource(1)
    source.start(0, "77", tone_ms=60.0, pause_ms=60.0)
    packets = run(source, 20)
    assert [(tick, timestamp) for tick, marker, timestamp, _ in packets if marker] == [
        (0, 8000),
        (6, 8960),
    ]


def test_a_held_key_is_split_at_the_longest_duration() -> None:
    source = TelephoneEventSource(1)
    source.start(0, "9", tone_ms=None)
    packets = run(source, 420)
    source.let_go(0)
    packets += [(0, p.marker, p.age, p.payload.hex().upper()) for p in source.take_packets()[0]]
    assert [packet[:3] for packet in packets[:409]] == [
        (tick, tick == 0, 8000) for tick in range(409)
    ]
    # 65,600 units have passed after tick 409: a full packet, and the next segment's first.
    assert packets[409:411] == [
        (409, False, 8000, "090AFFFF"),
        (409, False, 8000 + 0xFFFF, "090A0041"),
    ]
    assert not any(packet[1] for packet in packets[1:])
    assert packets[-1][3] == f"098A{420 * 160 - 0xFFFF:04X}"


@pytest.mark.parametrize("clock", [8000, 16000, 48000])
@pytest.mark.parametrize("tone_ms", [20.0, 65.0, 100.0, 9000.0])
def test_our_receiver_hears_what_we_send(clock: int, tone_ms: float) -> None:
    source = TelephoneEventSource(1)
    receiver = TelephoneEventReceiver(1)
    receiver.claim(0)
    source.start(0, "19*", tone_ms=tone_ms, pause_ms=40.0, clock=clock)
    heard: list[KeyPressed | KeyReleased] = []
    for tick in range(2000):
        for packet in source.take_packets()[0]:
            timestamp = 123 + tick * clock // 50 - packet.age
            heard += receiver.receive(0, 1, timestamp, packet.payload, tick * 20.0, clock=clock)
        heard += receiver.expire(tick * 20.0)
    assert [event.key for event in heard] == list("1199**")
    for event in heard[1::2]:
        assert isinstance(event, KeyReleased)
        assert event.duration_ms == pytest.approx(tone_ms)


def test_what_cannot_be_sent_is_refused() -> None:
    source = TelephoneEventSource(1)
    for keys in ("", "12x", "1 2"):
        with pytest.raises(ValueError, match="not keys"):
            source.start(0, keys)
    with pytest.raises(ValueError, match="one key"):
        source.start(0, "12", tone_ms=None)
    assert not source.sending.any()


@pytest.mark.parametrize(
    ("pressed_ms", "sent_units"), [(0.0, 480), (60.0, 480), (100.0, 800), (101.0, 808), (9e9, 2080)]
)
def test_a_key_is_as_long_as_it_was_pressed(pressed_ms: float, sent_units: int) -> None:
    source = TelephoneEventSource(1)
    source.start(0, "9", tone_ms=None)
    run(source, 3)
    source.let_go(0, pressed_ms)
    ends = [data for _, _, _, data in run(source, 20) if data.startswith("098A")]
    assert ends == [f"098A{sent_units:04X}"] * 3


def test_freed_rows_send_nothing() -> None:
    source = TelephoneEventSource(2)
    source.start(0, "1")
    source.start(1, "a")
    assert [packet.row for packet in source.take_packets()[0]] == [0, 1]
    source.free(0)
    source.let_go(0)
    assert source.take_packets() == (
        [EventPacket(1, 160, False, bytes.fromhex("0C0A0140"))],
        [],
    )
    assert np.flatnonzero(source.sending).tolist() == [1]
