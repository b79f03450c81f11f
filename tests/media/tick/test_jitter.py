"""The jitter buffer: order, delay, loss, clocks that differ, over simulated networks."""

from __future__ import annotations

import numpy as np
import pytest

from media.tick.jitter import JitterBuffer
from media.tick.packets import ArrivedPackets, PullKind
from media.tick.slots import SLOTS

ROW = np.array([1])


class Line:
    """One row of a buffer under a virtual clock; packets carry their numbers."""

    def __init__(
        self, buffer: JitterBuffer | None = None, ptime: int = 20, clock: int = 8000
    ) -> None:
        self.buffer = buffer or JitterBuffer(3)
        self.buffer.open_row(1, clock, ptime)
        self.ptime, self.ticks = ptime, clock * ptime // 1000
        self.first_sequence, self.first_timestamp = 65_530, 2**32 - 500
        self.on_the_way: list[tuple[float, int, int]] = []
        self.kinds: list[PullKind] = []
        self.heard: list[int] = []
        self.now = 100.0

    def send(self, number: int, late: float = 0.0, extra_ticks: int = 0) -> None:
        """Send packet `number` at its time; it travels 5 ms and `late` seconds more."""
        at = 100.0 + number * self.ptime / 1000 + extra_ticks / self.ticks * self.ptime / 1000
        self.on_the_way.append((at + 0.005 + late, number, number * self.ticks + extra_ticks))

    def run(self, frames: int, quiet: bool | None = None) -> None:
        for _ in range(frames):
            self.now += self.ptime / 1000
            arrived = sorted(packet for packet in self.on_the_way if packet[0] <= self.now)
            self.on_the_way = [packet for packet in self.on_the_way if packet[0] > self.now]
            if arrived:
                self.buffer.insert(self.batch(arrived))
            pulled = self.buffer.pull(ROW, self.now, None if quiet is None else np.array([quiet]))
            kind = PullKind(int(pulled.kinds[0]))
            self.kinds.append(kind)
            if kind == PullKind.FRAME:
                assert pulled.lengths[0] == 160
                self.heard.append(int(pulled.payloads[0, :2].view(">u2")[0]))

    def batch(self, arrived: list[tuple[float, int, int]]) -> ArrivedPackets:
        times, numbers, ticks = (np.array(column) for column in zip(*arrived, strict=True))
        return ArrivedPackets(
            np.full(len(arrived), 1),
            ((numbers + self.first_sequence) % 65_536).astype(np.uint16),
            ((ticks + self.first_timestamp) % 2**32).astype(np.uint32),
            times.astype(np.float64),
            np.full(len(arrived), 8, np.uint8),
            np.repeat(numbers.astype(">u2")[:, None], 80, axis=1).view(np.uint8),
            np.full(len(arrived), 160),
        )

    def played(self) -> list[PullKind]:
        """What came since playing began."""
        first = next((i for i, kind in enumerate(self.kinds) if kind), len(self.kinds))
        return self.kinds[first:]


def test_a_steady_stream_is_played_in_order_after_the_first_delay() -> None:
    line = Line()
    for number in range(50):
        line.send(number)
    line.run(50)
    silence = line.kinds.index(PullKind.FRAME)
    assert 2 <= silence <= 4
    assert line.heard == list(range(50 - silence))
    assert set(line.kinds[silence:]) == {PullKind.FRAME}


def test_packets_out_of_order_are_put_in_order() -> None:
    line = Line()
    for number in range(40):
        line.send(number, late=0.030 if number % 5 == 0 else 0.0)
    line.run(40)
    assert line.heard == sorted(line.heard)
    assert line.heard[:20] == list(range(20))
    assert int(line.buffer.late[1]) == 0


def test_a_hole_is_flagged_where_it_is() -> None:
    line = Line()
    for number in range(40):
        if number not in (10, 20, 21):
            line.send(number)
    line.run(40)
    played = line.played()
    assert [i for i, kind in enumerate(played) if kind == PullKind.LOST] == [10, 20, 21]
    assert int(line.buffer.lost[1]) == 3
    assert line.heard == [n for n in range(len(played)) if n not in (10, 20, 21)]


def test_a_packet_after_its_turn_is_discarded_and_counted() -> None:
    line = Line()
    for number in range(60):
        line.send(number, late=0.150 if number == 20 else 0.0)
    line.run(60)
    assert 20 not in line.heard
    assert int(line.buffer.late[1]) == 1
    assert int(line.buffer.lost[1]) == 1


def test_keys_between_packets_of_sound_take_no_time() -> None:
    """Two packets every 20 ms while a key is down, as some phones send them."""
    line = Line()
    sequence = 0
    for place in range(120):
        line.now += 0.020
        line.buffer.insert(line.batch([(line.now - 0.015, sequence, place * line.ticks)]))
        sequence += 1
        if place % 30 >= 10:
            key = (line.first_sequence + sequence) % 65_536
            line.buffer.pass_over(ROW, np.array([key], np.uint16))
            sequence += 1
        line.kinds.append(PullKind(int(line.buffer.pull(ROW, line.now).kinds[0])))
    assert set(line.played()) == {PullKind.FRAME}
    assert len(line.played()) > 115
    assert int(line.buffer.lost[1]) == int(line.buffer.skipped[1]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_keys_on_a_bad_line_are_never_taken_for_sound(seed: int) -> None:
    """Whatever is lost, late or left out around them: a frame always is a packet of sound."""
    chance, line = np.random.default_rng(seed), Line()
    sent = 0
    for number in range(1500):
        if chance.random() < 0.15:
            key = (number + line.first_sequence) % 65_536
            line.buffer.pass_over(ROW, np.array([key], np.uint16))
        elif chance.random() < 0.95:
            stall = 0.3 if number % 100 < 5 else 0.0
            line.send(number, late=stall + abs(chance.normal(0, 0.02)))
            sent += 1
        line.run(1, quiet=bool(chance.random() < 0.5))
    assert len(line.heard) > 0.5 * sent
    assert line.heard == sorted(line.heard)


def test_duplicates_are_played_once() -> None:
    line = Line()
    for number in range(30):
        line.send(number)
        line.send(number, late=0.001)
        line.send(number, late=0.100)
    line.run(30)
    assert line.heard == list(range(len(line.heard)))
    assert int(line.buffer.duplicates[1]) > 40
    assert int(line.buffer.late[1]) == 0


def test_the_delay_grows_until_jitter_does_no_harm() -> None:
    line, generator = Line(), np.random.default_rng(4)
    for number in range(1500):
        line.send(number, late=float(generator.uniform(0, 0.110)))
    line.run(750)
    early = int(line.buffer.late[1] + line.buffer.stretched[1])
    line.run(750)
    assert 90 <= line.buffer.target_ms(ROW)[0] <= 130
    assert int(line.buffer.late[1] + line.buffer.stretched[1]) - early <= 15


def test_the_delay_shrinks_when_the_network_calms_down() -> None:
    line, generator = Line(), np.random.default_rng(4)
    for number in range(3000):
        line.send(number, late=float(generator.uniform(0, 0.150)) if number < 500 else 0.0)
    line.run(500)
    assert line.buffer.delay_ms(ROW, line.now)[0] > 100
    line.run(2500, quiet=True)
    assert line.buffer.delay_ms(ROW, line.now)[0] < 46, "20 ms, the rest of a tick, and 5 ms"
    assert int(line.buffer.skipped[1]) >= 3
    assert line.heard == sorted(line.heard)


def test_the_delay_never_leaves_its_bounds() -> None:
    line, generator = Line(), np.random.default_rng(4)
    for number in range(600):
        line.send(number, late=float(generator.exponential(0.2)))
    line.run(600)
    assert line.buffer.target_ms(ROW)[0] == 200
    calm = Line()
    for number in range(3000):
        calm.send(number)
    calm.run(3000)
    assert calm.buffer.target_ms(ROW)[0] == 20


def test_a_silent_sender_loses_nothing() -> None:
    line = Line()
    for number in range(10):
        line.send(number)
    for number in range(10, 30):
        line.send(number, extra_ticks=100 * 160)
    line.run(160)
    assert line.heard == list(range(30))
    assert int(line.buffer.lost[1]) == 0
    assert int(line.buffer.late[1]) == 0
    gap = line.played()[10:]
    assert 98 <= sum(kind in (PullKind.EMPTY, PullKind.PAUSE) for kind in gap[:-20]) <= 130


def test_a_stall_of_the_network_is_caught_up_with() -> None:
    line = Line()
    for number in range(400):
        line.send(number, late=(0.4 - 0.02 * (number - 100)) if 100 <= number < 120 else 0.0)
    line.run(400, quiet=False)
    assert line.heard[-1] > 400 - 15
    assert line.heard == sorted(set(line.heard), key=line.heard.index)
    assert line.buffer.delay_ms(ROW, line.now)[0] < 300


def test_a_longer_route_is_followed() -> None:
    line = Line()
    for number in range(600):
        line.send(number, late=0.4 if number >= 200 else 0.0)
    line.run(600, quiet=True)
    assert int(line.buffer.late[1]) < 5
    line.kinds.clear()
    for number in range(600, 700):
        line.send(number, late=0.4)
    line.run(80)
    assert set(line.kinds) == {PullKind.FRAME}


@pytest.mark.parametrize("parts_per_million", [-300, 300])
def test_clocks_that_differ_do_not_break_the_stream(parts_per_million: int) -> None:
    line = Line()
    for number in range(2500):
        line.send(number, late=number * 0.02 * parts_per_million / 1e6)
    line.run(2500, quiet=True)
    bad = sum(kind in (PullKind.LOST, PullKind.EMPTY) for kind in line.played())
    assert bad <= 4
    assert int(line.buffer.late[1]) == 0
    assert line.buffer.delay_ms(ROW, line.now)[0] < 80


def test_a_jump_of_the_stream_begins_anew() -> None:
    line = Line()
    for number in range(20):
        line.send(number)
    line.run(20)
    line.first_sequence, line.first_timestamp = 9000, 77
    for number in range(20, 60):
        line.send(number)
    line.run(40)
    assert line.heard[-1] > 50
    assert int(line.buffer.late[1]) == 0


def test_the_length_of_packets_is_learned() -> None:
    line = Line()
    line.ticks = 240
    for number in range(6):
        line.send(number)
    line.run(6)
    assert line.buffer.frame_ms(ROW)[0] == 30.0


def test_opus_counts_in_48_khz() -> None:
    line = Line(clock=48_000)
    for number in range(30):
        line.send(number)
    line.run(30)
    assert line.heard == list(range(len(line.heard)))
    assert len(line.heard) >= 26


def test_oversize_payloads_are_discarded() -> None:
    buffer = JitterBuffer(2)
    buffer.open_row(1)
    one = Line(buffer).batch([(100.0, 0, 0)])
    buffer.insert(one._replace(payloads=np.zeros((1, 1500), np.uint8), lengths=np.array([1500])))
    assert int(buffer.late[1]) == 1


def test_what_follows_a_hole_can_be_seen() -> None:
    line = Line()
    for number in range(20):
        if number != 5:
            line.send(number)
    line.run(20)
    at = line.kinds.index(PullKind.LOST)
    again = Line()
    for number in range(20):
        if number != 5:
            again.send(number)
    again.run(at + 1)
    following = again.buffer.following(ROW)
    assert following.kinds[0] == PullKind.FRAME
    assert following.payloads[0, :2].tolist() == [0, 6]


def test_rows_are_independent_and_reopening_forgets() -> None:
    buffer = JitterBuffer(3)
    line = Line(buffer)
    for number in range(20):
        line.send(number)
    line.run(20)
    both = buffer.pull(np.array([0, 2]), line.now)
    assert both.kinds.tolist() == [PullKind.NOTHING, PullKind.NOTHING]
    buffer.open_row(1)
    assert buffer.pull(ROW, line.now).kinds[0] == PullKind.NOTHING
    assert int(buffer.received[1]) == 0


@pytest.mark.parametrize("phase", [0.0, 0.003, 0.0049, 0.011])
def test_arrivals_that_are_seen_every_5_ms_do_not_lengthen_the_delay(phase: float) -> None:
    """The network delays by 1 ms at random; the clocks drift apart by 1 ms in 10 seconds."""
    chance = np.random.default_rng(4)
    line = Line()
    for number in range(1500):
        came = phase + number * 2e-6 + abs(float(chance.normal(0, 0.001)))
        line.send(number, late=np.ceil(came / 0.005) * 0.005)
    line.run(1400)
    assert line.buffer.target_ms(ROW)[0] == pytest.approx(20.0)
    assert line.buffer.delay_ms(ROW, line.now)[0] < 46, "20 ms, the rest of a tick, and 5 ms"
    assert line.heard[-1] > 1390
    assert (line.buffer.late[1], line.buffer.lost[1], line.buffer.stretched[1]) == (0, 0, 0)


def test_random_packets_never_raise() -> None:
    buffer, generator = JitterBuffer(8), np.random.default_rng(9)
    for row in range(8):
        buffer.open_row(row)
    for tick in range(300):
        count = int(generator.integers(0, 40))
        buffer.insert(
            ArrivedPackets(
                generator.integers(0, 8, count),
                generator.integers(0, 65_536, count, dtype=np.uint16),
                generator.integers(0, 2**32, count, dtype=np.uint32),
                np.full(count, tick * 0.02),
                generator.integers(0, 128, count, dtype=np.uint8),
                np.zeros((count, 200), np.uint8),
                generator.integers(0, 200, count),
            )
        )
        pulled = buffer.pull(np.arange(8), tick * 0.02)
        assert pulled.payloads.shape[0] == 8
    assert SLOTS & (SLOTS - 1) == 0
