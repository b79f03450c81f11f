"""Relay on arrival: payload types mapped, laws converted, one continuous stream out."""

from __future__ import annotations

import numpy as np

from media.codecs.g711 import ULAW_TO_ALAW
from media.control.session import LegCodec
from media.legs import CONVERSION_SHIFT, Legs, NoRelay
from media.rtp.reception import follow
from media.rtp.relay import dead_end, rewrite, routes
from media.rtp.rtp import DatagramBatch
from tests.media.packets import content, filled, rtp

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
PCMA = LegCodec(name="PCMA", receive_pt=8, send_pt=8)


def codec(
    name: str, receive_pt: int, send_pt: int, clock: int = 8000, channels: int = 1
) -> LegCodec:
    return LegCodec(
        name=name, clock=clock, channels=channels, receive_pt=receive_pt, send_pt=send_pt
    )


# ---- routes ----


def test_any_common_format_is_passed_on_with_the_receivers_payload_type() -> None:
    heard = [codec("opus", 96, 111, 48000, 2), codec("telephone-event", 97, 98, 48000)]
    spoken = [codec("telephone-event", 100, 101, 48000), codec("OPUS", 102, 103, 48000, 2)]
    row = routes(heard, spoken)
    assert row[96] == 103
    assert row[97] == 101
    assert (np.delete(row, [96, 97]) == NoRelay.UNKNOWN).all()


def test_clock_and_channels_belong_to_the_format() -> None:
    row = routes([codec("telephone-event", 97, 97, 48000)], [codec("telephone-event", 97, 97)])
    assert row[97] == NoRelay.NO_FORMAT


def test_the_two_laws_are_converted_only_where_needed() -> None:
    row = routes([PCMU, PCMA], [PCMA])
    assert row[0] == 1 << CONVERSION_SHIFT | 8
    assert row[8] == 8
    row = routes([PCMU, PCMA], [PCMU])
    assert row[0] == 0
    assert row[8] == 2 << CONVERSION_SHIFT | 0


def test_a_format_that_the_receiver_lacks_has_no_route() -> None:
    row = routes([codec("G722", 9, 9), PCMU], [PCMU])
    assert row[9] == NoRelay.NO_FORMAT
    assert row[1] == NoRelay.UNKNOWN


def test_the_receivers_first_of_two_equal_formats_is_used() -> None:
    assert routes([PCMU], [codec("PCMU", 0, 0), codec("PCMU", 96, 96)])[0] == 0


def test_a_dead_end_knows_what_was_announced() -> None:
    row = dead_end([PCMU, PCMA], NoRelay.DEAF)
    assert row[[0, 8]].tolist() == [NoRelay.DEAF] * 2
    assert row[3] == NoRelay.UNKNOWN


# ---- rewriting ----


class Relay:
    """Legs 0 and 1 hear each other; leg 2 can take the place of leg 0."""

    def __init__(self) -> None:
        self.legs = Legs(3)
        self.batch = DatagramBatch(3)
        self.now = 50.0
        self.join(0, 1)
        legs = self.legs
        legs.ssrc_out[:] = (100, 101, 102)
        legs.last_sequence_out[:] = 65534
        legs.line_timestamp[:] = 2**32 - 200
        legs.line_at[:] = self.now

    def join(self, row: int, other: int) -> None:
        legs = self.legs
        legs.heard_by[row], legs.heard_by[other] = other, row
        legs.splice[row] = legs.splice[other] = True

    def send(self, row: int, datagram: bytes, route: int = 0) -> tuple[int, bool, int, int]:
        """Let a datagram come from a row; return payload type, marker, sequence, timestamp."""
        packets, bad = filled(self.batch, {row: datagram})
        assert not bad
        packets = follow(self.legs, packets, self.now)
        to = rewrite(self.legs, self.batch, packets, np.array([route], np.int16), self.now)
        self.now += 0.02
        payload_type, marker, sequence, timestamp, ssrc, self.payload = content(
            self.batch, 0, len(datagram)
        )
        assert ssrc == self.legs.ssrc_out[to[0]]
        return payload_type, marker, sequence, timestamp


def test_the_stream_out_is_our_own_and_wraps() -> None:
    relay = Relay()
    assert relay.send(0, rtp(7, 7 * 160)) == (0, True, 65535, 2**32 - 200)
    assert relay.send(0, rtp(8, 8 * 160)) == (0, False, 0, 2**32 - 40)
    assert relay.send(0, rtp(9, 9 * 160)) == (0, False, 1, 120)
    assert relay.legs.packets_out.tolist() == [0, 3, 0]
    assert relay.legs.octets_out.tolist() == [0, 480, 0]


def test_loss_and_order_stay_visible_to_the_receiver() -> None:
    relay = Relay()
    sequences = [relay.send(0, rtp(sequence))[2] for sequence in (10, 13, 12, 14)]
    assert sequences == [65535, 2, 1, 3]
    assert relay.legs.last_sequence_out[1] == 3


def test_the_payload_passes_unchanged_and_its_type_is_mapped() -> None:
    relay = Relay()
    assert relay.send(0, rtp(1, payload_type=96, payload=b"opus"), route=111)[0] == 111
    assert relay.payload == b"opus"


def test_the_laws_are_converted() -> None:
    relay = Relay()
    sound = bytes(range(160))
    route = 1 << CONVERSION_SHIFT | 8
    assert relay.send(0, rtp(1, payload=sound), route)[0] == 8
    assert relay.payload == bytes(ULAW_TO_ALAW[list(sound)])


def test_packets_of_one_event_keep_one_timestamp() -> None:
    """RFC 4733: digit 5 of 100 ms, then audio goes on where real time is."""
    relay = Relay()
    relay.send(0, rtp(99, 7840))
    begin = relay.send(0, rtp(100, 8000, payload_type=101, marker=True), route=98)
    assert begin == (98, True, 0, 2**32 - 40)
    for sequence in range(101, 107):
        event = relay.send(0, rtp(sequence, 8000, payload_type=101), route=98)
        assert event == (98, False, sequence - 100, 2**32 - 40)
    assert relay.send(0, rtp(107, 8000 + 7 * 160)) == (0, False, 7, 7 * 160 - 40)


def test_a_new_source_goes_on_where_the_old_one_ended() -> None:
    relay = Relay()
    relay.send(0, rtp(10))
    *_, sequence, timestamp = relay.send(0, rtp(11))
    relay.now += 0.98
    relay.join(2, 1)
    _, marker, new_sequence, new_timestamp = relay.send(2, rtp(40000, 5, ssrc=9))
    assert marker
    assert new_sequence == sequence + 1
    # one second has passed since the packet before
    assert (new_timestamp - timestamp) % 2**32 == 8000


def test_timestamps_never_go_back_when_the_source_was_ahead_of_time() -> None:
    relay = Relay()
    relay.send(0, rtp(10, 0))
    *_, timestamp = relay.send(0, rtp(11, 80000))
    relay.join(2, 1)
    *_, new_timestamp = relay.send(2, rtp(1, 0, ssrc=9))
    assert (new_timestamp - timestamp) % 2**32 == 160


def test_an_echo_comes_back_to_its_own_leg() -> None:
    relay = Relay()
    relay.join(2, 2)
    relay.send(2, rtp(1))
    assert relay.legs.packets_out.tolist() == [0, 0, 1]


def test_a_whole_batch_with_both_directions_and_both_laws() -> None:
    relay = Relay()
    legs = relay.legs
    packets, _ = filled(relay.batch, {0: rtp(1, payload=b"\xff" * 160), 1: rtp(5, ssrc=2)})
    packets = follow(legs, packets, 50.0)
    route = np.array([1 << CONVERSION_SHIFT | 8, 0], np.int16)
    assert rewrite(legs, relay.batch, packets, route, 50.0).tolist() == [1, 0]
    assert content(relay.batch, 0, 172)[5] == b"\xd5" * 160
    assert content(relay.batch, 1, 172)[4] == 100
