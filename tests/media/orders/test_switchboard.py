"""Requests and packets meet: real loopback sockets, a virtual clock, no process and no waiting."""

from __future__ import annotations

import itertools
import random
import socket
import time
from collections.abc import Iterator

import pytest

from media.control.session import (
    Ask,
    Close,
    Configure,
    Counted,
    Echo,
    Join,
    Leave,
    LegCodec,
    Open,
    Opened,
    OrderRefused,
    UnexpectedAddress,
    WorkerHello,
)
from media.orders.negotiated import as_sent
from media.orders.ports import PortPool
from media.rtp import rtcp
from media.rtp.drain import UNCONNECTED_AT_ONCE
from media.rtp.latching import CANDIDATES, WINDOW, Latch, LatchVerdict
from tests.media.orders.scene import NATIVE, PCMU, Scene
from tests.media.packets import rtp
from tests.ports import free_ports

PCMA = LegCodec(name="PCMA", receive_pt=8, send_pt=8)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)
FAST_EVENTS = LegCodec(name="telephone-event", clock=48000, receive_pt=102, send_pt=102)
G729 = LegCodec(name="G729", receive_pt=18, send_pt=18)
OPUS = LegCodec(name="OPUS", clock=48000, channels=2, receive_pt=96, send_pt=96)


@pytest.fixture(params=NATIVE)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    made = Scene(native=request.param)
    yield made
    made.close()


# ---- relay ----


def test_two_phones_hear_each_other(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    for sequence in range(3):
        first.send(port, rtp(sequence, payload=b"one"))
        second.send(other_port, rtp(sequence, ssrc=9, payload=b"two"))
        scene.work()
    assert [datagram[12:] for datagram in second.got()] == [b"one"] * 3
    assert [datagram[12:] for datagram in first.got()] == [b"two"] * 3
    assert scene.bad(1) == scene.bad(2) == {}


def test_the_connected_path_carries_on_after_the_first_packet(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    first.send(port, rtp(1))
    scene.work()
    leg_sockets = scene.sockets.of_row[scene.legs.row(1)]
    assert leg_sockets.connected_to == first.address
    first.send(port, rtp(2))
    assert scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now) == 1
    assert len(second.got()) == 2


def test_ipv6(scene: Scene) -> None:
    phone = scene.phone("::1")
    port = scene.open(1, ipv6=True)
    scene.configure(1, phone)
    scene.board.answer(Echo(leg=1))
    phone.send(port, rtp(1, payload=b"six"))
    scene.work()
    phone.send(port, rtp(2, payload=b"six"))
    scene.work()
    assert [datagram[12:] for datagram in phone.got()] == [b"six"] * 2


def test_laws_are_converted_and_events_mapped_between_legs(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    scene.configure(1, first, PCMU, EVENTS)
    more = LegCodec(name="telephone-event", receive_pt=96, send_pt=97)
    scene.configure(2, second, PCMA, more)
    first.send(port, rtp(1, payload=b"\xff" * 160))
    scene.work()
    first.send(port, rtp(2, payload_type=101, payload=b"\x05\x0a\x00\xa0"))
    second.send(other_port, rtp(1, ssrc=2, payload_type=96, payload=b"\x06\x0a\x00\xa0"))
    scene.work()
    sound, event = second.got()
    assert (sound[1] & 0x7F, sound[12:]) == (8, b"\xd5" * 160)
    assert (event[1] & 0x7F, event[12:]) == (97, b"\x05\x0a\x00\xa0")
    assert [datagram[1] & 0x7F for datagram in first.got()] == [101]


def test_a_phone_may_send_by_the_numbers_of_its_own_description(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    opus = LegCodec(name="opus", clock=48000, channels=2, receive_pt=111, send_pt=96)
    events = LegCodec(name="telephone-event", receive_pt=101, send_pt=122)
    scene.configure(1, first, opus, events)
    scene.configure(2, second, OPUS, EVENTS)
    for sequence, (number, payload) in enumerate(
        [(96, b"own"), (111, b"ours"), (122, b"\x05\x0a\x00\xa0"), (101, b"\x06\x0a\x00\xa0")]
    ):
        first.send(port, rtp(sequence, payload_type=number, payload=payload))
        scene.work()
    assert [(datagram[1] & 0x7F, datagram[12:]) for datagram in second.got()] == [
        (96, b"own"),
        (96, b"ours"),
        (101, b"\x05\x0a\x00\xa0"),
        (101, b"\x06\x0a\x00\xa0"),
    ]
    row = scene.legs.row(1)
    assert scene.legs.is_event[row, [101, 122]].all()
    assert scene.legs.sound_clock[row, [96, 111]].tolist() == [48000, 48000]


def test_a_number_of_ours_never_means_what_it_stands_for_in_the_phones_description() -> None:
    ours = LegCodec(name="telephone-event", receive_pt=101, send_pt=102)
    swapped = LegCodec(name="opus", clock=48000, channels=2, receive_pt=102, send_pt=101)
    assert as_sent([PCMU, ours, swapped]) == (PCMU, ours, swapped)


def test_keys_have_the_clock_of_the_payload_type_that_brings_them(scene: Scene) -> None:
    first, *_ = scene.call()
    slow = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)
    fast = LegCodec(name="telephone-event", clock=48000, receive_pt=102, send_pt=122)
    scene.configure(1, first, PCMU, slow, fast)
    row = scene.legs.row(1)
    assert scene.legs.heard_event_clock[row, [101, 102, 122]].tolist() == [8000, 48000, 48000]
    assert (scene.legs.event_pt[row], scene.legs.event_clock[row]) == (101, 8000)


@pytest.mark.parametrize(
    ("one", "other", "relayed"),
    [
        ([OPUS, EVENTS], [OPUS, EVENTS], True),
        ([OPUS, FAST_EVENTS, EVENTS], [OPUS, EVENTS], False),
        ([OPUS, FAST_EVENTS], [OPUS, FAST_EVENTS, EVENTS], True),
        ([PCMU, FAST_EVENTS], [PCMU, EVENTS], False),
        ([PCMU, EVENTS], [PCMU, FAST_EVENTS, EVENTS], True),
        ([PCMU, EVENTS], [PCMU], False),
        ([PCMU], [PCMU], True),
        ([G729, EVENTS], [G729], True),
    ],
)
def test_keys_that_must_be_turned_take_a_call_off_the_relay(
    scene: Scene, one: list[LegCodec], other: list[LegCodec], relayed: bool
) -> None:
    first, _, second, _ = scene.call()
    scene.configure(1, first, *one)
    scene.configure(2, second, *other)
    assert [bool(scene.legs.sampled[scene.legs.row(leg)]) for leg in (1, 2)] == [not relayed] * 2


@pytest.mark.parametrize(
    ("direction", "receives", "is_heard"),
    [
        ("sendrecv", True, True),
        ("sendonly", True, False),
        ("recvonly", False, True),
        ("inactive", False, False),
    ],
)
def test_directions(scene: Scene, direction: str, receives: bool, is_heard: bool) -> None:
    first, port, second, other_port = scene.call()
    scene.configure(1, first, direction=direction)
    for sequence in (1, 2):
        first.send(port, rtp(sequence))
        second.send(other_port, rtp(sequence, ssrc=2))
        scene.work()
    assert bool(first.got()) is receives
    assert bool(second.got()) is is_heard
    assert scene.reports.statistics(scene.legs.row(1)).packets_in == 2, "heard or not, it lives"
    assert bool(scene.bad(1).get("direction")) is not is_heard


def test_old_hold_sends_nothing_and_comes_back(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    first.send(port, rtp(1))
    second.send(other_port, rtp(1, ssrc=2))
    scene.work()
    first.got(), second.got()
    scene.board.answer(Configure(leg=1, remote=("0.0.0.0", first.address[1]), codecs=(PCMU,)))
    second.send(other_port, rtp(2, ssrc=2))
    scene.work()
    assert first.got() == []
    scene.configure(1, first)
    second.send(other_port, rtp(3, ssrc=2))
    scene.work()
    assert len(first.got()) == 1


def test_leaving_a_room_ends_it_for_both(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    scene.board.answer(Leave(leg=2))
    first.send(port, rtp(1))
    second.send(other_port, rtp(1, ssrc=2))
    scene.work()
    assert first.got() == second.got() == []


def test_joining_another_leaves_the_first(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    third = scene.phone()
    scene.open(3)
    scene.configure(3, third)
    first.send(port, rtp(1))
    scene.work()
    scene.board.answer(Join(leg=3, other=1))
    first.send(port, rtp(2))
    scene.work()
    assert len(second.got()) == 1
    assert len(third.got()) == 1


def test_a_dead_far_end_is_counted_and_the_call_goes_on(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    second.send(other_port, rtp(1, ssrc=2))
    first.send(port, rtp(1))
    scene.work()
    second.close()
    for sequence in range(2, 12):
        first.send(port, rtp(sequence))
        scene.work()
    assert scene.receiver.refused + scene.transmitter.refused >= 1
    assert scene.reports.statistics(scene.legs.row(1)).packets_in == 11


# ---- unknown sources ----


def test_unknown_sources_before_during_and_after_learning_get_nothing(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    attacker = scene.phone()
    for sequence in range(3):
        attacker.send(port, rtp(sequence, ssrc=66))
    scene.work()
    for sequence in range(10):
        attacker.send(port, rtp(sequence + 50, ssrc=66, payload=b"evil"))
        attacker.send(other_port, rtp(sequence, ssrc=66, payload=b"evil"))
        first.send(port, rtp(sequence, payload=b"good"))
        second.send(other_port, rtp(sequence, ssrc=2, payload=b"good"))
        scene.work()
        scene.now += 0.02
    scene.now += WINDOW
    attacker.send(port, rtp(900, ssrc=66, payload=b"evil"))
    scene.work()
    assert attacker.got() == []
    assert [datagram[12:] for datagram in second.got()] == [b"good"] * 10
    assert [datagram[12:] for datagram in first.got()] == [b"good"] * 10
    host, number = attacker.address
    assert sorted(scene.events, key=lambda event: event.leg) == [
        UnexpectedAddress(leg=1, address=host, port=number, packets=1),
        UnexpectedAddress(leg=2, address=host, port=number, packets=1),
    ]
    assert scene.bad(1)["unknown_source"] == 14


def test_injected_packets_with_the_right_source_are_dropped(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    attacker = scene.phone()
    first.send(port, rtp(1, payload=b"good"))
    scene.work()
    for sequence in range(2, 8):
        attacker.send(port, rtp(sequence, payload_type=0, payload=b"evil"))
    scene.work()
    assert [datagram[12:] for datagram in second.got()] == [b"good"]


def test_a_phone_behind_a_nat_is_learned_and_then_sent_to(scene: Scene) -> None:
    first, second, nat = scene.phone(), scene.phone(), scene.phone()
    port, other_port = scene.open(1), scene.open(2)
    scene.configure(1, first)
    scene.configure(2, second)
    scene.board.answer(Join(leg=1, other=2))
    for sequence in range(6):
        nat.send(port, rtp(sequence))
        scene.work()
    assert len(second.got()) == 3, "three packets are the proof, the fourth is believed"
    second.send(other_port, rtp(1, ssrc=2))
    scene.work()
    assert len(nat.got()) == 1
    assert first.got() == []


def moved(scene: Scene, sequences: range, *, pause: float = 1.0, **other: int) -> list[bytes]:
    """What the other phone hears of one whose port changes after a while; and both are heard."""
    first, port, second, other_port = scene.call()
    for sequence in range(65_530, 65_534):
        first.send(port, rtp(sequence))
        scene.work()
    second.send(other_port, rtp(1, ssrc=9))
    scene.now += WINDOW
    scene.board.settle(scene.now)
    first.send(port, rtp(65_534))
    scene.work()
    second.got(), first.got()
    again = scene.phone()
    scene.now += pause
    for sequence in sequences:
        again.send(port, rtp(sequence, payload=b"again", **other))
        scene.work()
    second.send(other_port, rtp(2, ssrc=9, payload=b"back"))
    scene.work()
    heard = [datagram[12:] for datagram in second.got()]
    assert ([datagram[12:] for datagram in again.got()] == [b"back"]) is bool(heard)
    assert bool(first.got()) is not bool(heard)
    return heard


def test_a_stream_that_a_nat_moves_to_another_port_is_followed(scene: Scene) -> None:
    # three packets prove that a fourth is the next
    assert moved(scene, range(65_590, 65_596)) == [b"again"] * 3
    assert scene.bad(1) == {"unknown_source": 3}
    assert scene.reports.statistics(scene.legs.row(1)).lost == 58


@pytest.mark.parametrize(
    ("pause", "sequences", "other"),
    [
        (0.9, range(65_535, 65_545), {}),
        (1.0, range(65_535, 65_545), {"ssrc": 7}),
        (1.0, range(65_530, 65_535), {}),
        (1.0, range(30_000, 30_010), {}),
        (1.0, range(65_535, 65_545, 2), {}),
        (1.0, range(65_535, 65_545), {"payload_type": 8}),
    ],
    ids=["still heard", "another source", "what was heard", "far ahead", "gaps", "another format"],
)
def test_what_does_not_go_on_with_the_stream_is_not_followed(
    scene: Scene, pause: float, sequences: range, other: dict[str, int]
) -> None:
    assert moved(scene, sequences, pause=pause, **other) == []


def test_the_stream_of_another_host_is_not_followed() -> None:
    latch = Latch()
    latch.announce(("192.0.2.1", 4000), 0.0)
    assert not latch.may_have_moved(("192.0.2.1", 4002))
    latch.judge(("192.0.2.1", 4000), 1, 1, 0.0, flowing=False)
    assert latch.may_have_moved(("192.0.2.1", 4002))
    assert not latch.may_have_moved(("192.0.2.2", 4000))


def test_a_moved_stream_finds_its_place_among_those_who_tried_before() -> None:
    latch = Latch()
    latch.announce(("192.0.2.1", 4000), 0.0)
    for port in range(CANDIDATES):
        latch.judge(("192.0.2.9", 5000 + port), 1, 1, 0.0, flowing=False)
    verdicts = [latch.judge_moved(("192.0.2.1", 4002), 1, sequence) for sequence in range(4)]
    assert verdicts[-1] is LatchVerdict.BELIEVED


def test_after_the_window_the_kernel_keeps_unknown_sources_away(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    nat = scene.phone()
    scene.now += WINDOW
    scene.board.settle(scene.now)
    assert scene.sockets.of_row[scene.legs.row(1)].connected_to == first.address
    for sequence in range(6):
        nat.send(port, rtp(sequence))
    scene.work()
    assert scene.bad(1) == {"unknown_source": 6}
    assert len(scene.events) == 1


def test_packets_before_any_offer_are_dropped_without_a_fuss(scene: Scene) -> None:
    phone = scene.phone()
    port = scene.open(1)
    for sequence in range(5):
        phone.send(port, rtp(sequence))
    scene.work()
    assert scene.bad(1) == {"unknown_source": 5}
    assert scene.events == []
    scene.configure(1, phone)
    scene.board.answer(Echo(leg=1))
    phone.send(port, rtp(5))
    scene.work()
    assert len(phone.got()) == 1


def test_a_phone_that_moves_with_a_new_offer(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    first.send(port, rtp(1))
    scene.work()
    moved = scene.phone()
    scene.configure(1, moved)
    second.send(other_port, rtp(1, ssrc=2))
    scene.work()
    assert len(moved.got()) == 1, "sent there before it spoke"
    assert first.got() == []
    moved.send(port, rtp(1, ssrc=3))
    moved.send(port, rtp(2, ssrc=3))
    scene.work()
    first.send(port, rtp(2))
    scene.work()
    assert len(second.got()) == 2
    assert scene.bad(1)["unknown_source"] == 1


def test_noise_of_every_kind_is_counted(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    chance = random.Random(5)
    first.send(port, rtp(1))
    scene.work()
    stun = bytes.fromhex("000100002112a442") + bytes(12)
    for _ in range(500):
        size = chance.choice((0, 1, 12, 60, 172, 1700))
        noise = chance.choice((stun, chance.randbytes(size), b"\x80" + chance.randbytes(size)))
        first.send(port, noise)
        scene.phones[0].rtcp.sendto(noise, ("127.0.0.1", port + 1))
        scene.work(1)
    first.send(port, rtp(2))
    scene.work()
    assert second.got()[0][12:] == bytes(160)
    assert {"version", "too_short", "too_long", "payload_type", "rtcp"} <= set(scene.bad(1))
    assert scene.reports.statistics(scene.legs.row(1)).packets_in >= 2


# ---- RTCP ----


def test_reports_of_both_kinds_and_a_goodbye(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    for sequence in (1, 2, 4):
        first.send(port, rtp(sequence, ssrc=77))
        scene.work()
    row, other = scene.legs.row(1), scene.legs.row(2)
    scene.reports.send_report(row, scene.now)
    compound = rtcp.parse(first.rtcp.recv(2000))
    report = compound.reports[0]
    assert report.sender is None, "nothing was sent to the first phone"
    assert (report.blocks[0].ssrc, report.blocks[0].lost) == (77, 1)
    assert report.blocks[0].fraction_lost == 64
    assert compound.cnames == ((report.ssrc, "switch@test"),)
    assert scene.legs.report_due[row] > scene.now
    scene.reports.send_report(other, scene.now)
    second = rtcp.parse(scene.phones[1].rtcp.recv(2000)).reports[0]
    assert second.sender is not None
    assert second.sender.packets == 3
    assert second.blocks == ()
    scene.board.answer(Close(ticket=1, leg=2))
    assert rtcp.parse(scene.phones[1].rtcp.recv(2000)).goodbyes == (second.ssrc,)


def test_the_round_trip_is_measured(scene: Scene) -> None:
    first, port, second, other_port = scene.call()
    scene.now = time.time()
    second.send(other_port, rtp(1))
    scene.work()
    scene.reports.send_report(scene.legs.row(1), scene.now)
    ours = rtcp.parse(first.rtcp.recv(2000)).reports[0]
    assert ours.sender is not None
    scene.now += 0.25
    block = rtcp.ReportBlock(ours.ssrc, 0, 7, 1, 80, ours.sender.middle, 0)
    reply = rtcp.build_report(rtcp.RtcpReport(5, None, (block,)), "phone")
    first.rtcp.sendto(reply, ("127.0.0.1", port + 1))
    scene.work()
    statistics = scene.reports.statistics(scene.legs.row(1))
    assert statistics.round_trip_ms == pytest.approx(250, abs=1)
    assert (statistics.remote_lost, statistics.remote_jitter_ms) == (7, 10.0)


def test_a_phone_that_speaks_its_second_codec_is_measured_by_its_clock(scene: Scene) -> None:
    """Whom it is relayed to hears the same clock, and reports in it (RFC 7160)."""
    first, port, second, other = scene.call()
    for leg, phone in ((1, first), (2, second)):
        scene.configure(leg, phone, PCMU, OPUS)
    stamps = []
    for number in range(1, 101):
        opus = number > 50
        stamp, kind = (number * 960, 96) if opus else (number * 160, 0)
        first.send(port, rtp(number, stamp, payload_type=kind, payload=bytes(60)))
        scene.work()
        scene.now += 0.02
        stamps += [int.from_bytes(datagram[4:8], "big") for datagram in second.got()]
    steps = [(after - before) & 0xFFFFFFFF for before, after in itertools.pairwise(stamps)]
    assert steps == [160] * 49 + [960] * 50
    ssrc = int(scene.legs.ssrc_out[scene.legs.row(2)])
    block = rtcp.ReportBlock(ssrc, 0, 0, 100, 480, 0, 0)
    second.rtcp.sendto(
        rtcp.build_report(rtcp.RtcpReport(9, None, (block,)), "second"), ("127.0.0.1", other + 1)
    )
    scene.work()
    heard, told = (scene.board.answer(Ask(ticket=leg, leg=leg)) for leg in (1, 2))
    assert isinstance(heard, Counted)
    assert isinstance(told, Counted)
    assert (heard.statistics.codec, heard.statistics.jitter_ms) == ("OPUS", 0.0)
    assert (told.statistics.codec_out, told.statistics.remote_jitter_ms) == ("OPUS", 10.0)


def test_late_packets_are_counted_over_several_claims(scene: Scene) -> None:
    phone, port = scene.phone(), scene.open(1)
    scene.configure(1, phone)
    row = scene.legs.row(1)
    for number in (0, 20):
        scene.rooms.claim(row, "test")
        for each in (*range(number, number + 10), *range(number + 11, number + 20)):
            phone.send(port, rtp(each))
            scene.work()
            scene.now += 0.02
            scene.tick.run(scene.now)
        phone.send(port, rtp(number + 10))
        scene.work()
        tally = scene.rooms.played(row, scene.now).tally
        scene.rooms.release(row, "test")
        assert scene.rooms.played(row, scene.now).tally == tally
    assert (tally.packets, tally.late) == (40, 2)


@pytest.mark.parametrize(
    ("payload", "packets", "cause"),
    [(b"\xff" * 160, 1100, "silence"), (b"\xff" * 160, 500, None), (bytes(160), 500, "clipping")],
)
def test_what_the_tick_hears_is_diagnosed(
    scene: Scene, payload: bytes, packets: int, cause: str | None
) -> None:
    phone, port = scene.phone(), scene.open(1)
    scene.configure(1, phone)
    scene.rooms.claim(scene.legs.row(1), "test")
    for number in range(packets):
        phone.send(port, rtp(number, payload=payload))
        scene.work(1)
        scene.now += 0.02
        scene.tick.run(scene.now)
    counted = scene.board.answer(Close(ticket=1, leg=1))
    assert isinstance(counted, Counted)
    assert counted.statistics.cause == cause


def test_rtcp_of_unknown_sources_is_dropped(scene: Scene) -> None:
    _, port, _, _ = scene.call()
    attacker = scene.phone()
    attacker.rtcp.sendto(rtcp.build_goodbye(1), ("127.0.0.1", port + 1))
    scene.work()
    assert scene.bad(1) == {"unknown_source": 1}
    host, number = attacker.rtcp.getsockname()
    assert scene.events == [UnexpectedAddress(leg=1, address=host, port=number, packets=1)]


def test_a_source_that_goes_on_is_told_of_once_a_minute(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    attacker = scene.phone()
    host, number = attacker.address
    for second in range(130):
        first.send(port, rtp(second))
        attacker.send(port, rtp(second, ssrc=66))
        scene.work()
        if second == 30:
            scene.configure(1, first)  # a new offer begins no new minute
        scene.now += 1.0
    assert scene.events == [
        UnexpectedAddress(leg=1, address=host, port=number, packets=packets)
        for packets in (1, 60, 60)
    ]


def test_another_source_is_named_in_its_own_minute(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    first.send(port, rtp(0))
    scene.work()
    for attacker in (scene.phone(), scene.phone()):
        attacker.send(port, rtp(0, ssrc=66))
        scene.work()
        told = scene.events[-1]
        assert isinstance(told, UnexpectedAddress)
        assert (told.address, told.port) == attacker.address
        scene.now += 61.0


# ---- requests ----


def test_ports_are_freed_rest_and_can_be_used_again(scene: Scene) -> None:
    scene.pool = scene.board._pool = PortPool(*free_ports(4), quarantine=5.0)
    ports = {scene.open(1), scene.open(2)}
    refused = scene.board.answer(Open(ticket=3, leg=3))
    assert refused == OrderRefused(ticket=3, reason="no port free")
    counted = scene.board.answer(Close(ticket=4, leg=1))
    assert isinstance(counted, Counted)
    assert isinstance(scene.board.answer(Open(ticket=5, leg=5)), OrderRefused)
    scene.pool.wake(scene.now + 5)
    assert scene.open(6) in ports


def test_the_last_ports_are_for_emergency_calls(scene: Scene) -> None:
    scene.pool = scene.board._pool = PortPool(*free_ports(16))
    for leg in range(1, 7):
        scene.open(leg)
    refused = scene.board.answer(Open(ticket=7, leg=7))
    assert refused == OrderRefused(ticket=7, reason="no port free")
    for leg in (8, 9):
        assert isinstance(scene.board.answer(Open(ticket=leg, leg=leg, is_urgent=True)), Opened)
    assert isinstance(scene.board.answer(Open(ticket=10, leg=10, is_urgent=True)), OrderRefused)


def test_ports_of_other_programs_are_passed_over(scene: Scene) -> None:
    low, high = free_ports(4)
    scene.pool = scene.board._pool = PortPool(low, high)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", low + 1))
        assert scene.open(1) == low + 2


def test_both_ports_are_ours_alone_even_with_a_path(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    first.send(port, rtp(1))
    scene.work()
    for taken in (port, port + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", taken))


def test_opening_and_closing_leaves_no_descriptor_and_no_row(scene: Scene) -> None:
    before = len(scene.sockets.callbacks)
    for leg in range(200):
        scene.open(leg)
        scene.configure(leg, scene.phones[0] if scene.phones else scene.phone())
        scene.now += WINDOW
        scene.board.settle(scene.now)
        scene.board.answer(Close(ticket=leg, leg=leg))
    assert len(scene.sockets.callbacks) == before
    assert len(scene.legs) == 0
    assert not scene.sockets.of_row
    # pairs that other programs have are laid aside, too
    assert 200 <= scene.pool.resting < 220
    assert all(read is None for read in scene.sockets.reads)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Leave(leg=9), "no leg 9"),
        (Ask(ticket=3, leg=9), "no leg 9"),
        (Open(ticket=3, leg=1), "leg 1 is open already"),
        (Join(leg=1, other=1), "cannot join itself"),
        (Join(leg=1, other=9), "no leg 9"),
        (Configure(leg=1, remote=None, direction="both"), "direction cannot be 'both'"),
        (Configure(leg=1, remote=("phone", 1)), "'phone' is no numeric address"),
        (Configure(leg=1, remote=("::1", 4000)), "not of the family"),
        (
            Configure(leg=1, remote=None, codecs=(LegCodec(name="x", receive_pt=128, send_pt=0),)),
            "payload types of x",
        ),
        (
            Configure(
                leg=1, remote=None, codecs=(LegCodec(name="x", clock=0, receive_pt=1, send_pt=1),)
            ),
            "clock of x",
        ),
        (WorkerHello(version=99), "version 99"),
    ],
)
def test_wrong_requests_are_answered(scene: Scene, request_: Ask, reason: str) -> None:
    scene.open(1)
    reply = scene.board.answer(request_)
    assert isinstance(reply, OrderRefused)
    assert reason in reply.reason
    assert reply.ticket == getattr(request_, "ticket", 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "255.255.255.255", "224.0.0.5"])
def test_nothing_is_sent_to_addresses_that_are_no_phones(scene: Scene, host: str) -> None:
    _, _, second, other_port = scene.call()
    scene.board.answer(Close(ticket=1, leg=1))
    scene.open(3)
    scene.board.answer(Configure(leg=3, remote=(host, 4000), codecs=(PCMU,)))
    scene.board.answer(Join(leg=3, other=2))
    second.send(other_port, rtp(1))
    scene.work()
    assert scene.reports.statistics(scene.legs.row(3)).packets_out == 0
    assert scene.transmitter.refused == 0


@pytest.mark.parametrize("odd", [0, 1])
def test_a_leg_that_points_at_ports_of_ours_sends_nothing(scene: Scene, odd: int) -> None:
    port, other_port = scene.open(1), scene.open(2)
    for leg, target in ((1, other_port), (2, port)):
        remote = ("127.0.0.1", target + odd)
        scene.board.answer(Configure(leg=leg, remote=remote, codecs=(PCMU,)))
        scene.board.answer(Echo(leg=leg))
    row = scene.legs.row(1)
    assert not scene.legs.sends[row]
    assert scene.sockets.of_row[row].latch.target is None


def test_a_leg_inside_sends_to_a_port_of_ours_and_its_echo_goes_by_the_tick(scene: Scene) -> None:
    first, port = scene.phone(), scene.open(1)
    inside, far = scene.open(2), scene.open(3)
    scene.configure(1, first)
    for leg, target in ((2, far), (3, inside)):
        remote = ("127.0.0.1", target)
        scene.board.answer(Configure(leg=leg, remote=remote, codecs=(PCMU,), inside=True))
    scene.board.answer(Join(leg=1, other=2))
    first.send(port, rtp(1))
    scene.work()
    row = scene.legs.row(3)
    assert scene.reports.statistics(row).packets_in == 1
    scene.board.answer(Echo(leg=3))
    assert scene.legs.sampled[row], "two echoes must not throw packets to and fro at once"
    scene.board.answer(Leave(leg=3))
    assert not scene.legs.sampled[row]


# ---- who needs samples ----


def test_a_claim_takes_both_legs_off_the_relay_and_back(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    row, other = scene.legs.row(1), scene.legs.row(2)
    scene.rooms.claim(row, "play")
    scene.rooms.claim(row, "record")
    assert scene.legs.sampled[[row, other]].all()
    first.send(port, rtp(1, payload=b"\xff" * 160))
    scene.work()
    assert second.got() == [], "it waits in the jitter buffer"
    scene.now += 0.02
    scene.tick.run(scene.now)
    silence = second.got()
    assert [datagram[12:] for datagram in silence] == [b"\xff" * 160]
    scene.rooms.release(row, "play")
    assert scene.legs.sampled[row]
    scene.rooms.release(row, "record")
    assert not scene.legs.sampled[[row, other]].any()
    first.send(port, rtp(2, payload=b"straight on"))
    scene.work()
    (relayed,) = second.got()
    sequences = [int.from_bytes(datagram[2:4]) for datagram in (*silence, relayed)]
    assert sequences[1] == (sequences[0] + 1) & 0xFFFF
    assert relayed[12:] == b"straight on"


def test_who_waits_for_the_tick_is_drained_apart_from_who_is_relayed(scene: Scene) -> None:
    first, port, second, _ = scene.call()
    row = scene.legs.row(1)

    def watched_by_the_first_epoll(sequence: int) -> bool:
        """Send a packet; it is drained, by whatever epoll, before this returns."""
        first.send(port, rtp(sequence))
        seen = scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now) == 1
        scene.work()
        assert scene.legs.packets_in[row] == sequence
        return seen

    first.send(port, rtp(1))
    scene.work()
    assert watched_by_the_first_epoll(2)
    scene.rooms.claim(row, "play")
    assert [watched_by_the_first_epoll(sequence) for sequence in (3, 4)] == [True, False]
    assert scene.sockets.patients == 1
    second.got()
    scene.rooms.release(row, "play")
    assert [watched_by_the_first_epoll(sequence) for sequence in (5, 6)] == [False, True]
    assert len(second.got()) == 2
    assert scene.sockets.patients == 0


def test_a_patient_leg_that_moves_or_ends_is_forgotten(scene: Scene) -> None:
    first, port, _, _ = scene.call()
    row = scene.legs.row(1)
    scene.rooms.claim(row, "play")
    first.send(port, rtp(1))
    scene.work()
    assert scene.sockets.patients == 1
    moved = scene.phone()
    scene.configure(1, moved)
    assert scene.sockets.patients == 0
    moved.send(port, rtp(2))
    scene.work()
    assert scene.sockets.patients == 1
    scene.board.answer(Close(ticket=1, leg=1))
    assert (scene.sockets.patients, scene.sockets.patient.any()) == (0, False)


def test_a_claim_stays_with_its_leg_when_rooms_change(scene: Scene) -> None:
    scene.call()
    scene.open(3)
    scene.configure(3, scene.phone())
    rows = [scene.legs.row(leg) for leg in (1, 2, 3)]
    scene.rooms.claim(rows[0], "play")
    scene.board.answer(Leave(leg=1))
    assert scene.legs.sampled[rows].tolist() == [True, False, False]
    scene.board.answer(Join(leg=1, other=3))
    assert scene.legs.sampled[rows].tolist() == [True, False, True]
    scene.board.answer(Close(ticket=1, leg=1))
    assert scene.legs.sampled[rows].tolist() == [False, False, False]


def test_a_claimed_leg_that_is_renegotiated_speaks_its_new_format(scene: Scene) -> None:
    first, _, _, _ = scene.call()
    scene.rooms.claim(scene.legs.row(1), "play")
    scene.configure(1, first, PCMA)
    scene.now += 0.02
    scene.tick.run(scene.now)
    (packet,) = first.got()
    assert (packet[1] & 0x7F, packet[12:]) == (8, b"\xd5" * 160)


def test_many_legs_that_begin_at_once_do_not_keep_the_tick_waiting(scene: Scene) -> None:
    legs = range(1, UNCONNECTED_AT_ONCE + 9)
    for leg in legs:
        phone, port = scene.phone(), scene.open(leg)
        scene.configure(leg, phone)
        for sequence in range(8):
            phone.send(port, rtp(sequence))

    def received() -> list[int]:
        return sorted(scene.reports.statistics(scene.legs.row(leg)).packets_in for leg in legs)

    scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now)
    assert received() == [0] * 8 + [8] * UNCONNECTED_AT_ONCE
    scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now)
    assert received() == [8] * len(legs)
