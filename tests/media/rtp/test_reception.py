"""What arrives from a source: RFC 3550 appendices A.1, A.3 and A.8."""

from __future__ import annotations

import numpy as np
import pytest

from media.legs import Bad, Legs
from media.rtp.reception import follow, lost
from media.rtp.rtp import DatagramBatch
from tests.media.packets import filled, rtp

ROW = 2
PCMU, PCMA, OPUS, EVENTS = 0, 8, 96, 101


class Line:
    """One leg under a virtual clock."""

    def __init__(self) -> None:
        self.legs = Legs(4)
        self.legs.sound_clock[ROW, [PCMU, PCMA, OPUS]] = 8000, 8000, 48000
        self.batch = DatagramBatch(4)
        self.now = 1000.0

    def hear(self, *sequences: int, ssrc: int = 0x1234, offset: int = 0) -> list[str]:
        """Let packets come 20 ms apart; return what became of each: newest, late or dropped."""
        outcomes = []
        for sequence in sequences:
            timestamp = sequence * 160 + offset
            outcomes.append(self.take(rtp(sequence, timestamp, ssrc=ssrc)))
            self.now += 0.02
        return outcomes

    def take(self, datagram: bytes) -> str:
        packets, _ = filled(self.batch, {ROW: datagram})
        packets = follow(self.legs, packets, self.now)
        if len(packets.rows) == 0:
            return "dropped"
        return "newest" if packets.newest[0] else "late"

    @property
    def lost(self) -> int:
        return lost(self.legs, ROW)


def test_the_first_packet_counts_and_begins_a_stream() -> None:
    line = Line()
    assert line.hear(500, 501, 502) == ["newest"] * 3
    assert line.legs.packets_in[ROW] == 3
    assert line.legs.octets_in[ROW] == 480
    assert line.legs.ssrc_in[ROW] == 0x1234
    assert line.lost == 0
    assert line.legs.splice[ROW]


def test_loss_is_expected_minus_received() -> None:
    line = Line()
    line.hear(10, 11, 15, 16)
    assert line.lost == 3
    line.hear(13)
    assert line.lost == 2


def test_late_and_repeated_packets_are_valid_but_not_newest() -> None:
    line = Line()
    assert line.hear(10, 12, 11, 12, 13) == ["newest", "newest", "late", "late", "newest"]
    assert line.lost == -1, "a repetition counts as received, as RFC 3550 A.3 says"


def test_packets_from_before_the_first_are_late() -> None:
    line = Line()
    assert line.hear(0, 65535, 1) == ["newest", "late", "newest"]


def test_sequence_numbers_wrap() -> None:
    line = Line()
    line.hear(65534, 65535, 0, 1)
    assert line.lost == 0
    assert int(line.legs.highest[ROW]) - int(line.legs.base[ROW]) == 3


@pytest.mark.parametrize("ssrc", [0x1234, 2])
def test_a_jump_or_a_new_source_needs_two_packets_in_sequence(ssrc: int) -> None:
    line = Line()
    line.hear(1, 2, 4)
    line.legs.splice[ROW] = False
    assert line.hear(30000, 30001, 30002, ssrc=ssrc) == ["dropped", "newest", "newest"]
    assert line.legs.bad[ROW, Bad.SOURCE] == 1
    assert line.legs.splice[ROW], "what is sent on must be spliced"
    assert line.lost == 1, "the loss of the earlier source is kept"


def test_single_strange_packets_do_not_disturb_a_stream() -> None:
    line = Line()
    line.hear(1)
    assert line.hear(700, 900, ssrc=7) == ["dropped", "dropped"]
    assert line.hear(2, 3) == ["newest", "newest"]
    assert line.legs.ssrc_in[ROW] == 0x1234


def test_jitter_of_the_worked_example() -> None:
    """Transit differences 0, 16, 0 from J = 0 give 0, 1, 0.9375."""
    line = Line()
    line.hear(1, 2)
    assert line.legs.jitter[ROW] == 0
    line.now += 16 / 8000
    line.hear(3)
    assert line.legs.jitter[ROW] == pytest.approx(1.0)
    line.hear(4)
    assert line.legs.jitter[ROW] == pytest.approx(0.9375)


def test_jitter_survives_the_wrap_of_the_timestamp() -> None:
    line = Line()
    line.hear(1, 2, 3, 4, offset=2**32 - 400)
    assert line.legs.jitter[ROW] == 0


def test_jitter_is_hardly_changed_by_looking_every_5_ms() -> None:
    """The network delays by 0 to 10 ms at random; the mean of the jitter is what counts."""
    chance = np.random.default_rng(6)
    means = []
    for grid in (0.0, 0.005):
        line = Line()
        measured = []
        for sequence, delay in enumerate(chance.uniform(0, 0.010, 3000).tolist()):
            line.now = 1000 + sequence * 0.02 + (np.ceil(delay / grid) * grid if grid else delay)
            line.take(rtp(sequence))
            measured.append(float(line.legs.jitter[ROW]) / 8)
        means.append(np.mean(measured[100:]))
    exact, seen = means
    assert exact == pytest.approx(10 / 3, abs=0.1)
    assert seen == pytest.approx(exact, abs=1.0)


def test_packets_of_one_telephone_event_are_no_jitter() -> None:
    """Of packets with one timestamp only the first is measured (RFC 4733 section 2.5.1.2)."""
    line = Line()
    line.hear(1, 2)
    for sequence in range(3, 8):
        line.take(rtp(sequence, 3 * 160))
        line.now += 0.02
    line.hear(8)
    assert line.legs.jitter[ROW] == 0


def test_keys_between_packets_of_sound_are_no_jitter() -> None:
    """Their timestamp is that of their beginning (RFC 4733 section 2.1)."""
    line = Line()
    line.hear(1, 2)
    for sequence in range(3, 13):
        sound = sequence % 2
        timestamp = sequence * 160 if sound else 3 * 160
        line.take(rtp(sequence, timestamp, payload_type=PCMU if sound else EVENTS))
        line.now += 0.02
    line.hear(13)
    assert line.legs.jitter[ROW] == 0
    assert line.legs.heard_pt[ROW] == PCMU


def test_each_format_is_measured_by_its_own_clock() -> None:
    """A phone that goes over to Opus counts on in 48 kHz (RFC 7160)."""
    line = Line()
    line.hear(*range(1, 50))
    assert (line.legs.heard_pt[ROW], line.legs.jitter[ROW]) == (PCMU, 0)
    line.legs.splice[ROW] = False
    for sequence in range(50, 100):
        line.take(rtp(sequence, sequence * 960, payload_type=OPUS))
        line.now += 0.02
    assert line.legs.jitter[ROW] == 0
    assert (line.legs.heard_pt[ROW], line.legs.heard_clock[ROW]) == (OPUS, 48000)
    assert line.legs.splice[ROW], "what is sent on has another clock, too"


def test_jitter_is_kept_in_the_units_of_the_clock() -> None:
    line = Line()
    line.hear(1, 2)
    line.now += 16 / 8000
    line.hear(3)
    before = float(line.legs.jitter[ROW])
    line.take(rtp(4, 4 * 960, payload_type=OPUS))
    assert line.legs.jitter[ROW] == pytest.approx(6 * before * 15 / 16)


def test_a_format_of_the_same_clock_goes_on() -> None:
    line = Line()
    line.hear(1, 2)
    line.legs.splice[ROW] = False
    line.now += 16 / 8000
    line.take(rtp(3, payload_type=PCMA))
    assert line.legs.jitter[ROW] == pytest.approx(1.0)
    assert line.legs.heard_pt[ROW] == PCMA
    assert not line.legs.splice[ROW]


def test_a_new_source_is_no_jitter() -> None:
    line = Line()
    line.hear(1, 2)
    line.hear(9000, 9001, 9002, ssrc=9, offset=123456)
    assert line.legs.jitter[ROW] == 0


def test_several_legs_in_one_batch_are_followed_apart() -> None:
    legs, batch = Legs(4), DatagramBatch(4)
    for sequence in (1, 2, 4):
        packets, _ = filled(batch, {0: rtp(sequence, ssrc=1), 3: rtp(sequence * 2, ssrc=2)})
        packets = follow(legs, packets, 1.0)
        assert packets.rows.tolist() == [0, 3]
    packets, _ = filled(batch, {0: rtp(5, ssrc=1), 3: rtp(40000, ssrc=2), 1: rtp(1)})
    packets = follow(legs, packets, 1.0)
    assert packets.rows.tolist() == [0, 1]
    assert [lost(legs, row) for row in (0, 1, 3)] == [1, 0, 4]
