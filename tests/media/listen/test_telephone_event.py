"""Telephone events, received: whatever is lost, repeated or late, a press is one press."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.listen.heard import KeyPressed, KeyReleased
from media.listen.telephone_event import EventReport, TelephoneEventReceiver, read_reports

Heard = list[KeyPressed | KeyReleased]

WORKED_EXAMPLE = ["050A00A0", "050A0140", "050A01E0", "050A0280", *["058A0320"] * 3]
"Key 5, 100 ms, packets of 20 ms, timestamp 8000: the reference's section 22."


def payload(event: int, duration: int, end: bool = False) -> bytes:
    return EventReport(event, end, 10, duration).to_bytes()


def press_packets(event: int, timestamp: int, units: int = 800) -> list[tuple[int, bytes]]:
    """All packets of a press: timestamp and payload."""
    updates = [payload(event, units * part // 5) for part in range(1, 5)]
    return [(timestamp, data) for data in (*updates, *[payload(event, units, True)] * 3)]


class Line:
    """One claimed row whose time is told by each packet."""

    def __init__(self, clock: int = 8000) -> None:
        self.receiver = TelephoneEventReceiver(4)
        self.receiver.claim(2)
        self.clock = clock
        self.now = 1000.0

    def hear(self, packets: list[tuple[int, bytes]], ssrc: int = 7, step: float = 20.0) -> Heard:
        heard: Heard = []
        for timestamp, data in packets:
            self.now += step
            heard += self.receiver.expire(self.now)
            heard += self.receiver.receive(2, ssrc, timestamp, data, self.now, clock=self.clock)
        return heard

    def wait(self, milliseconds: float) -> Heard:
        self.now += milliseconds
        return self.receiver.expire(self.now)


def keys(heard: Heard) -> str:
    return "".join(event.key for event in heard if isinstance(event, KeyPressed))


def lengths(heard: Heard) -> list[float]:
    return [event.duration_ms for event in heard if isinstance(event, KeyReleased)]


def test_the_worked_example() -> None:
    heard = Line().hear([(8000, bytes.fromhex(data)) for data in WORKED_EXAMPLE])
    assert heard == [KeyPressed(2, "5", 1000.0), KeyReleased(2, "5", 1000.0, 100.0)]


def test_every_event_that_is_a_key() -> None:
    line = Line()
    heard = [keys(line.hear(press_packets(event, event * 2000))) for event in range(16)]
    assert "".join(heard) == "0123456789*#ABCD"


def test_other_events_are_ignored() -> None:
    assert Line().hear(press_packets(16, 0) + press_packets(36, 4000)) == []


def test_a_payload_holds_whole_reports() -> None:
    assert read_reports(bytes.fromhex("058A0320")) == [EventReport(5, True, 10, 800)]
    assert read_reports(bytes.fromhex("05FF0320"))[0].volume == 63
    for bad in (b"", b"\x05", b"\x05\x0a\x00", b"\x05\x0a\x00\xa0\x01"):
        with pytest.raises(ValueError, match="octets"):
            read_reports(bad)


def test_end_lost_and_nothing_more_comes() -> None:
    line = Line()
    heard = line.hear(press_packets(1, 0)[:4])
    assert keys(heard) == "1"
    assert line.wait(149.0) == []
    assert lengths(line.wait(2.0)) == [80.0]
    assert line.wait(1000.0) == []


def test_end_lost_and_the_next_key_comes() -> None:
    heard = Line().hear(press_packets(1, 0)[:4] + press_packets(1, 1600))
    assert keys(heard) == "11"
    assert lengths(heard) == [80.0, 100.0]


def test_only_an_end_packet_comes() -> None:
    heard = Line().hear(press_packets(9, 0)[-1:])
    assert heard == [KeyPressed(2, "9", 920.0), KeyReleased(2, "9", 920.0, 100.0)]


def test_packets_of_a_key_that_is_over_are_ignored() -> None:
    line = Line()
    first, second = press_packets(1, 0), press_packets(2, 1600)
    assert keys(line.hear(first + second)) == "12"
    assert line.hear(first + second) == []


def test_updates_after_a_long_loss_are_no_second_press() -> None:
    line = Line()
    packets = press_packets(1, 0, 8000)
    assert keys(line.hear(packets[:2])) == "1"
    assert lengths(line.wait(500.0)) == [400.0]
    assert line.hear(packets[2:]) == []


def test_a_first_packet_of_no_duration_is_no_press_yet() -> None:
    line = Line()
    assert line.hear([(0, payload(3, 0))]) == []
    assert keys(line.hear(press_packets(3, 0))) == "3"
    assert line.hear([(4000, payload(4, 0)), (4000, payload(4, 0, True))]) == []


def test_updates_out_of_order_do_not_shorten_a_key() -> None:
    packets = press_packets(3, 0)
    heard = Line().hear([packets[2], packets[1], packets[0]])
    assert keys(heard) == "3"
    line = Line()
    line.hear([packets[2], packets[0]])
    assert lengths(line.wait(200.0)) == [60.0]


def test_a_long_key_comes_in_segments() -> None:
    line = Line()
    heard = line.hear([(100, payload(6, 0x8000)), (100, payload(6, 0xFFFF))], step=100.0)
    heard += line.hear([(100 + 0xFFFF, payload(6, 160)), (100 + 0xFFFF, payload(6, 320, True))])
    assert keys(heard) == "6"
    assert lengths(heard) == pytest.approx([(0xFFFF + 320) / 8])
    assert line.hear([(100, payload(6, 0xFFFF)), (100 + 0xFFFF, payload(6, 320, True))]) == []


def test_a_long_key_whose_last_update_of_a_segment_was_lost() -> None:
    heard = Line().hear([(0, payload(6, 0xFF00)), (0xFFFF, payload(6, 320, True))])
    assert keys(heard) == "6"
    assert lengths(heard) == pytest.approx([(0xFFFF + 320) / 8])


@pytest.mark.parametrize("grows", [True, False])
def test_a_gateway_that_counts_the_timestamp_on_within_a_key(grows: bool) -> None:
    """Against section 2.1; each duration is that since the key went down, or 20 ms."""
    packets = [
        (8000 + 160 * number, payload(5, 160 * (number + 1) if grows else 160))
        for number in range(5)
    ]
    end = [(8640, payload(5, 800 if grows else 160, True))] * 3
    line = Line()
    heard = line.hear([*packets, *end])
    assert (keys(heard), lengths(heard)) == ("5", [100.0])
    assert keys(line.hear(press_packets(5, 10_000))) == "5"


def test_the_same_key_again_when_all_its_ends_were_lost() -> None:
    assert keys(Line().hear([*press_packets(5, 8000, 320)[:4], *press_packets(5, 8640)])) == "55"


def test_two_keys_in_one_packet() -> None:
    data = payload(1, 400, True) + payload(2, 240)
    line = Line()
    heard = line.hear([(0, data), (0, data)])
    assert keys(heard) == "12"
    heard = line.hear([(400, payload(2, 800, True))])
    assert lengths(heard) == [100.0]


def test_timestamps_that_wrap() -> None:
    heard = Line().hear(press_packets(1, 0xFFFFFF00) + press_packets(2, 0x500))
    assert keys(heard) == "12"


def test_a_late_packet_is_ignored_but_a_new_count_is_not() -> None:
    line = Line()
    assert keys(line.hear(press_packets(1, 1_000_000))) == "1"
    assert line.hear([(1_000_000 - 800, payload(2, 160))]) == []
    assert keys(line.hear(press_packets(3, 5000))) == "3"


def test_a_new_source_begins_anew() -> None:
    line = Line()
    line.hear(press_packets(1, 50_000)[:3])
    heard = line.hear(press_packets(1, 49_000), ssrc=8)
    assert lengths(heard) == [60.0, 100.0]
    assert keys(heard) == "1"


def test_times_follow_the_clock() -> None:
    assert lengths(Line(48000).hear(press_packets(1, 0, 4800))) == [100.0]


@pytest.mark.parametrize("ends", [1, 2, 3, 5])
@pytest.mark.parametrize("step", [160, 240, 480])
def test_a_timestamp_that_moves_along_with_the_end_packets(ends: int, step: int) -> None:
    line = Line()
    heard: Heard = []
    timestamp = 0
    for key in (5, 5, 7):
        for part in range(1, 6 + ends):
            end = part > 5
            heard += line.hear([(timestamp, payload(key, min(part, 6) * 160, end))])
            timestamp += step
        heard += line.wait(200.0)
        timestamp += 1600
    assert keys(heard) == "557"
    assert len(lengths(heard)) == 3


def test_the_same_key_pressed_as_fast_as_it_may_be_is_two_presses() -> None:
    packets = [(0, payload(5, 320, True)), (640, payload(5, 320, True))]
    assert keys(Line().hear(packets, step=80.0)) == "55"


def test_one_line_has_keys_of_two_clocks() -> None:
    line = Line()
    heard = line.hear(press_packets(1, 0))
    line.clock = 48000
    heard += line.hear(press_packets(2, 96_000, 4800))
    assert (keys(heard), lengths(heard)) == ("12", [100.0, 100.0])


def test_held_and_claimed_anew() -> None:
    line = Line()
    rows = np.arange(4)
    line.hear(press_packets(1, 0)[:2])
    assert line.receiver.held(rows).tolist() == [False, False, True, False]
    line.receiver.free(2)
    assert not line.receiver.held(rows).any()
    line.receiver.claim(2)
    assert line.wait(1000.0) == []
    assert keys(line.hear(press_packets(1, 0))) == "1"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 15),
            st.lists(st.integers(0, 6), min_size=1, max_size=12),
            st.integers(160, 6000),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 0xFFFFFFFF),
)
def test_one_press_whatever_is_lost_doubled_or_shuffled(
    presses: list[tuple[int, list[int], int]], timestamp: int
) -> None:
    """Of each press some of its seven packets come, in any order and number."""
    line = Line()
    heard: Heard = []
    for event, arriving, units in presses:
        packets = press_packets(event, timestamp, units)
        heard += line.hear([packets[place] for place in arriving])
        timestamp = timestamp + units + 480 & 0xFFFFFFFF
    heard += line.wait(1000.0)
    wanted = "".join("0123456789*#ABCD"[event] for event, _, _ in presses)
    assert keys(heard) == wanted
    assert [type(event) for event in heard] == [KeyPressed, KeyReleased] * len(presses)


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(min_size=4, max_size=4))))
def test_any_octets_leave_presses_and_releases_in_turn(packets: list[tuple[int, bytes]]) -> None:
    line = Line()
    heard = [*line.hear(packets), *line.wait(1000.0)]
    assert [type(event) for event in heard] == [KeyPressed, KeyReleased] * (len(heard) // 2)
