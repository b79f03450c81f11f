"""Protected legs on real loopback sockets: relayed, in the tick, and against every bad packet."""

from __future__ import annotations

from collections.abc import Iterator

import pylibsrtp
import pytest

from media.control.security import Security, SrtpKeys
from media.control.session import (
    Ask,
    Close,
    Configure,
    Counted,
    Expect,
    Join,
    LegCodec,
    OrderRefused,
)
from media.rtp import rtcp
from media.rtp.latching import WINDOW
from media.srtp.suites import SUITES
from tests.media.orders.scene import NATIVE, PCMU, Scene
from tests.media.packets import rtp
from tests.media.srtp.peers import CM_32, CM_80, GCM, SecurePeer, keys, master

PCMA = LegCodec(name="PCMA", receive_pt=8, send_pt=8)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)
TONE = b"\x10\x90" * 80


@pytest.fixture(params=NATIVE)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    made = Scene(native=request.param)
    yield made
    made.close()


class SecurePhone:
    """A phone with keys; without any it speaks in the clear."""

    def __init__(self, scene: Scene, leg: int, keys: SrtpKeys | None, *codecs: LegCodec) -> None:
        self.scene, self.leg, self.keys = scene, leg, keys
        self.phone = scene.phone()
        self.port = scene.open(leg)
        self.peer = None if keys is None else SecurePeer(keys)
        self.codecs = codecs
        self.configure(keys)

    def configure(self, keys: SrtpKeys | None) -> None:
        security = None if keys is None else Security(srtp=keys)
        self.scene.configure(self.leg, self.phone, *self.codecs, security=security)

    def rekey(self, keys: SrtpKeys) -> None:
        self.peer = SecurePeer(keys)
        self.configure(keys)

    def send(self, packet: bytes) -> None:
        self.phone.send(self.port, packet if self.peer is None else self.peer.protect(packet))

    def send_raw(self, octets: bytes) -> None:
        self.phone.send(self.port, octets)

    def got(self) -> list[bytes]:
        """Return what arrived, in the clear; raises when it is not protected as agreed."""
        datagrams = self.phone.got()
        return datagrams if self.peer is None else [*map(self.peer.unprotect, datagrams)]

    def send_rtcp(self, packet: bytes) -> None:
        octets = packet if self.peer is None else self.peer.protect_rtcp(packet)
        self.phone.rtcp.sendto(octets, ("127.0.0.1", self.port + 1))

    def got_rtcp(self) -> bytes:
        octets = self.phone.rtcp.recv(2000)
        return octets if self.peer is None else self.peer.unprotect_rtcp(octets)


def pair(
    scene: Scene, first: SrtpKeys | None, second: SrtpKeys | None, *codecs: LegCodec
) -> tuple[SecurePhone, SecurePhone]:
    ends = SecurePhone(scene, 1, first, *codecs), SecurePhone(scene, 2, second, *codecs)
    scene.board.answer(Join(leg=1, other=2))
    return ends


PAIRINGS = [
    (None, CM_80),
    (CM_80, CM_80),
    (CM_80, GCM),
    (CM_32, CM_80),
    (GCM, GCM),
    ("AEAD_AES_256_GCM", None),
]


def of(suite: str | None, seed: int) -> SrtpKeys | None:
    return None if suite is None else keys(suite, seed, seed + 100)


# ---- relay ----


@pytest.mark.parametrize(("one", "two"), PAIRINGS)
def test_two_legs_hear_each_other(scene: Scene, one: str | None, two: str | None) -> None:
    first, second = pair(scene, of(one, 1), of(two, 2))
    for sequence in range(70000, 70020):
        first.send(rtp(sequence, payload=b"one" * 40))
        second.send(rtp(sequence, ssrc=9, payload=b"two" * 50))
        scene.work()
    assert [packet[12:] for packet in second.got()] == [b"one" * 40] * 20
    assert [packet[12:] for packet in first.got()] == [b"two" * 50] * 20
    assert scene.bad(1) == scene.bad(2) == {}
    counted = scene.reports.statistics(scene.legs.row(1))
    assert (counted.packets_in, counted.octets_in) == (20, 20 * 120)
    assert (counted.packets_out, counted.octets_out) == (20, 20 * 150)


def test_what_passes_between_legs_is_encrypted(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    second.send(rtp(1, payload=b"a secret" * 20))
    scene.work()
    (protected,) = first.phone.got()
    assert len(protected) == 182 and b"a secret" not in protected


def test_keys_pressed_pass_as_events(scene: Scene) -> None:
    first, second = pair(scene, of(CM_80, 1), of(GCM, 2), PCMU, EVENTS)
    first.send(rtp(1))
    for sequence in range(2, 6):
        event = bytes([5, 0x80 if sequence > 3 else 0, 0, sequence])
        first.send(rtp(sequence, 320, payload_type=101, payload=event))
        scene.work()
    assert [packet[12:] for packet in second.got()][1:] == [
        bytes([5, 0x80 if sequence > 3 else 0, 0, sequence]) for sequence in range(2, 6)
    ]


def test_a_packet_that_came_twice_leaves_once(scene: Scene) -> None:
    first, second = pair(scene, None, keys())
    for sequence in (1, 2, 2, 3, 1, 4):
        first.send(rtp(sequence, payload=bytes([sequence]) * 160))
        scene.work()
    assert [packet[12] for packet in second.got()] == [1, 2, 3, 4]
    assert scene.transmitter.withheld == 2
    counted = scene.reports.statistics(scene.legs.row(2))
    assert (counted.packets_out, counted.octets_out) == (4, 640)


def test_a_packet_that_comes_late_still_leaves(scene: Scene) -> None:
    first, second = pair(scene, of(CM_80, 1), of(CM_80, 2))
    packets = {sequence: rtp(sequence) for sequence in range(1, 6)}
    protected = {sequence: first.peer.protect(each) for sequence, each in packets.items()}  # type: ignore[union-attr]
    for sequence in (1, 3, 2, 5, 4):
        first.send_raw(protected[sequence])
        scene.work()
    assert len(second.got()) == 5
    assert scene.bad(1) == {}


def test_packets_too_long_to_be_protected_do_not_leave(scene: Scene) -> None:
    first, second = pair(scene, None, keys(GCM))
    first.send(rtp(1))
    first.send(rtp(2, payload=bytes(1580)))
    first.send(rtp(3, payload=bytes(1572)))
    first.send(rtp(4))
    scene.work(5)
    assert [len(datagram) for datagram in second.phone.got()] == [188, 1600, 188]


def test_our_sequence_numbers_begin_in_the_lower_half(scene: Scene) -> None:
    for leg in range(20):
        scene.open(leg)
    assert max(scene.legs.last_sequence_out) < 0x8000


# ---- packets that must not pass ----


def test_forged_and_plain_packets_on_a_connected_leg(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    first.send(rtp(1))
    scene.work()
    stranger = SecurePeer(keys(theirs=55))
    assert first.peer is not None
    again = first.peer.protect(rtp(2))
    forged = [rtp(3), stranger.protect(rtp(3)), b"", b"\x80", bytes(1700)]
    for octets in (*forged, again, again, again[:-1]):
        first.send_raw(octets)
        scene.work()
    first.send(rtp(3))
    scene.work()
    assert len(second.got()) == 3
    # libsrtp looks at the index before the tag
    assert scene.bad(1) == {"srtp_auth": 5, "srtp_replay": 2}
    assert scene.reports.statistics(scene.legs.row(1)).packets_in == 3


def test_bad_packets_do_not_harm_the_others_of_their_batch(scene: Scene) -> None:
    first, second = pair(scene, of(CM_80, 1), of(GCM, 2))
    third = SecurePhone(scene, 3, None)
    fourth = SecurePhone(scene, 4, keys(CM_32))
    scene.board.answer(Join(leg=3, other=4))
    everybody = (first, second, third, fourth)
    for sequence in range(2):
        for each in everybody:
            each.send(rtp(sequence))
        scene.work()
    second.send_raw(rtp(5))
    for each in (first, third, fourth):
        each.send(rtp(2, payload=b"good" * 40))
    assert scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now) == 4
    assert [len(each.got()) for each in everybody] == [2, 3, 3, 3]
    assert scene.bad(2) == {"srtp_auth": 1}


def test_nobody_is_believed_without_the_key(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    attacker = scene.phone()
    stranger = SecurePeer(keys(theirs=55))
    for sequence in range(8):
        attacker.send(first.port, rtp(sequence))
        attacker.send(first.port, stranger.protect(rtp(sequence)))
        scene.work()
    latch = scene.sockets.of_row[scene.legs.row(1)].latch
    assert latch.believed is None and latch.target == first.phone.address
    assert scene.bad(1) == {"srtp_auth": 16}
    first.send(rtp(1))
    second.send(rtp(1))
    scene.work()
    assert len(first.got()) == len(second.got()) == 1


def test_a_phone_behind_a_nat_is_learned_by_protected_packets(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    assert first.peer is not None
    elsewhere = scene.phone()
    for sequence in range(6):
        elsewhere.send(first.port, first.peer.protect(rtp(sequence)))
        scene.work()
    assert scene.sockets.of_row[scene.legs.row(1)].latch.believed == elsewhere.address
    assert len(second.got()) == 3
    second.send(rtp(1))
    scene.work()
    (heard,) = elsewhere.got()
    assert first.peer.unprotect(heard)[12:] == bytes(160)


def test_a_copied_packet_from_elsewhere_changes_nothing(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    assert first.peer is not None
    attacker = scene.phone()
    copies = [first.peer.protect(rtp(sequence)) for sequence in range(6)]
    for copy in copies:
        first.send_raw(copy)
        scene.work()
    for copy in copies:
        attacker.send(first.port, copy)
        scene.work()
    scene.now += WINDOW + 1
    for copy in copies:
        attacker.send(first.port, copy)
        scene.work()
    assert scene.sockets.of_row[scene.legs.row(1)].latch.believed == first.phone.address
    assert len(second.got()) == 6


def test_nothing_passes_before_the_keys_are_there(scene: Scene) -> None:
    first = SecurePhone(scene, 1, None)
    second = SecurePhone(scene, 2, None)
    scene.board.answer(Join(leg=1, other=2))
    first.configure(SrtpKeys("", b"", b""))
    for sequence in range(3):
        first.send(rtp(sequence))
        second.send(rtp(sequence))
        scene.work()
    scene.reports.send_report(scene.legs.row(1), scene.now)
    assert first.phone.got() == second.phone.got() == []
    with pytest.raises(BlockingIOError):
        first.phone.rtcp.recv(2000)
    assert scene.bad(1) == {"srtp_auth": 3}
    assert scene.reports.statistics(scene.legs.row(1)).packets_out == 0
    first.rekey(keys())
    first.send(rtp(3))
    second.send(rtp(3))
    scene.work()
    assert len(first.got()) == len(second.got()) == 1


def test_a_leg_that_expects_keys_takes_nothing_in_the_clear(scene: Scene) -> None:
    phone, port = scene.phone(), scene.open(1)
    assert scene.board.answer(Expect(leg=1, security=Security(srtp=SrtpKeys("", b"", b"")))) is None
    assert scene.protection.is_secure(scene.legs.row(1))
    phone.send(port, rtp(1))
    scene.work()
    assert scene.reports.statistics(scene.legs.row(1)).packets_in == 0


def test_only_one_direction_has_its_key(scene: Scene) -> None:
    first, second = pair(scene, None, None)
    first.configure(SrtpKeys(CM_80, master(CM_80, 1), b""))
    second.send(rtp(1))
    scene.work()
    assert len(first.phone.got()) == 1
    first.send_raw(rtp(1))
    scene.work()
    assert second.got() == []


def test_a_leg_that_hears_nothing_for_want_of_the_right_key_is_told_of(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    stranger = SecurePeer(keys(theirs=55))
    for sequence in range(7):
        first.send_raw(stranger.protect(rtp(sequence)))
        second.send(rtp(sequence))
        scene.work()
    scene.now += 5
    counted = scene.board.answer(Ask(ticket=1, leg=1))
    assert isinstance(counted, Counted)
    assert counted.statistics.cause == "nothing came"
    assert counted.statistics.diagnosis == (
        "one-way audio: 7 packets came, but none could be decrypted"
    )


# ---- keys over the life of a leg ----


def roll_over(scene: Scene, first: SecurePhone, second: SecurePhone) -> int:
    """Let the sequence numbers of both directions wrap; return the last."""
    numbers = range(100, 0x10000 + 0x8000, 2900)
    for sequence in numbers:
        first.send(rtp(sequence))
        second.send(rtp(sequence))
        scene.work()
    assert len(first.got()) == len(second.got()) == len(numbers)
    return numbers[-1]


def test_the_same_keys_again_go_on_where_they_were(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    last = roll_over(scene, first, second)
    contexts = len(scene.core)
    first.configure(first.keys)
    first.send(rtp(last + 1))
    second.send(rtp(last + 1))
    scene.work()
    assert len(second.got()) == len(first.got()) == 1
    assert len(scene.core) == contexts


def test_a_key_that_was_laid_aside_does_not_begin_anew(scene: Scene) -> None:
    first, second = pair(scene, keys(GCM), None)
    second.send(rtp(1))
    scene.work()
    row = scene.legs.row(1)
    first.configure(None)
    first.configure(first.keys)
    scene.legs.last_sequence_out[row] -= 1
    scene.legs.sequence_shift[row] -= 1
    second.send(rtp(2, payload=b"other content"))
    scene.work()
    assert len(first.got()) == 1 and scene.transmitter.withheld == 1


def test_new_keys_begin_anew_and_the_old_ones_are_freed(scene: Scene) -> None:
    first, second = pair(scene, keys(), None)
    last = roll_over(scene, first, second)
    assert first.peer is not None
    late = first.peer.protect(rtp(last + 1))
    contexts = len(scene.core)
    first.rekey(keys(GCM, 33, 44))
    assert len(scene.core) == contexts
    first.send_raw(late)
    scene.work()
    assert scene.bad(1) == {"srtp_auth": 1}
    # the far end's rollover counter is 0 again, and so is ours
    first.send(rtp(last + 1))
    second.send(rtp(last + 1))
    scene.work()
    assert len(first.got()) == len(second.got()) == 1


def test_ended_legs_leave_no_context(scene: Scene) -> None:
    first, _ = pair(scene, of(CM_80, 1), of(GCM, 2))
    assert len(scene.core) == 4
    first.send(rtp(1))
    scene.work()
    scene.board.answer(Close(ticket=1, leg=1))
    scene.board.answer(Close(ticket=2, leg=2))
    assert len(scene.core) == 0
    assert not scene.legs.srtp_in.any() and not scene.legs.srtp_out.any()
    scene.open(3)
    assert not scene.protection.is_secure(scene.legs.row(3))


@pytest.mark.parametrize(
    "keys",
    [
        SrtpKeys(CM_80, b"secret", bytes(30)),
        SrtpKeys(GCM, bytes(28), b"secret"),
        SrtpKeys("NULL_HMAC_SHA1_80", b"secret", b"secret"),
    ],
)
def test_keys_that_do_not_fit_are_refused_without_being_shown(scene: Scene, keys: SrtpKeys) -> None:
    scene.open(1)
    refused = scene.board.answer(Configure(leg=1, remote=None, security=Security(srtp=keys)))
    assert isinstance(refused, OrderRefused)
    assert "secret" not in refused.reason and "736563726574" not in refused.reason
    assert len(scene.core) == 0


def test_what_cannot_be_done_is_refused(scene: Scene) -> None:
    assert isinstance(scene.board.answer(Expect(leg=9, security=Security())), OrderRefused)


# ---- RTCP ----


@pytest.mark.parametrize("suite", SUITES)
def test_reports_are_protected_both_ways(scene: Scene, suite: str) -> None:
    first, second = pair(scene, of(suite, 1), None)
    for sequence in range(3):
        first.send(rtp(sequence))
        second.send(rtp(sequence))
        scene.work()
    row = scene.legs.row(1)
    scene.reports.send_report(row, scene.now)
    report = rtcp.parse(first.got_rtcp()).reports[0]
    assert report.sender is not None and report.sender.packets == 3
    scene.now += 0.1
    block = rtcp.ReportBlock(report.ssrc, 0, 7, 1, 80, report.sender.middle, 0)
    first.send_rtcp(rtcp.build_report(rtcp.RtcpReport(5, None, (block,)), "phone"))
    scene.reports.at_rtcp(scene.sockets.of_row[row], scene.now)
    counted = scene.reports.statistics(row)
    assert counted.remote_lost == 7 and counted.round_trip_ms == pytest.approx(100, abs=1)
    scene.board.answer(Close(ticket=1, leg=1))
    assert rtcp.parse(first.got_rtcp()).goodbyes == (report.ssrc,)


def test_reports_that_must_not_pass(scene: Scene) -> None:
    first, _ = pair(scene, keys(), None)
    first.send(rtp(1))
    scene.work()
    row = scene.legs.row(1)
    leg_sockets = scene.sockets.of_row[row]
    ssrc = int(scene.legs.ssrc_out[row])
    forged = rtcp.build_report(
        rtcp.RtcpReport(5, None, (rtcp.ReportBlock(ssrc, 0, 99, 1, 80, 0, 0),)), "phone"
    )
    assert first.peer is not None
    real = first.peer.protect_rtcp(rtcp.build_report(rtcp.RtcpReport(5, None, ()), "phone"))
    for octets in (forged, SecurePeer(keys(theirs=9)).protect_rtcp(forged), real, real, real[:20]):
        first.phone.rtcp.sendto(octets, ("127.0.0.1", first.port + 1))
        scene.reports.at_rtcp(leg_sockets, scene.now)
    assert scene.bad(1) == {"srtp_auth": 3, "srtp_replay": 1}
    assert scene.reports.statistics(row).remote_lost == 0


# ---- the tick ----


@pytest.mark.parametrize(("one", "two"), PAIRINGS)
def test_legs_whose_samples_are_needed(scene: Scene, one: str | None, two: str | None) -> None:
    first, second = pair(scene, of(one, 1), of(two, 2))
    for row in (scene.legs.row(1), scene.legs.row(2)):
        scene.rooms.claim(row, "test")
    for sequence in range(20):
        first.send(rtp(sequence, payload=TONE))
        second.send(rtp(sequence, ssrc=7, payload=TONE))
        scene.work()
        scene.now += 0.02
        scene.tick.run(scene.now)
    for end in (first, second):
        heard = end.got()
        assert len(heard) == 20
        assert sum(packet[12:] == TONE for packet in heard) > 12
    assert scene.bad(1) == scene.bad(2) == {}


def test_a_conversion_between_protected_legs(scene: Scene) -> None:
    first = SecurePhone(scene, 1, of(CM_80, 1), PCMU)
    second = SecurePhone(scene, 2, of(GCM, 2), LegCodec(name="G722", receive_pt=9, send_pt=9))
    scene.board.answer(Join(leg=1, other=2))
    for sequence in range(20):
        first.send(rtp(sequence, payload=TONE))
        scene.work()
        scene.now += 0.02
        scene.tick.run(scene.now)
    heard = second.got()
    assert len(heard) == 20 and {packet[1] & 0x7F for packet in heard} == {9}


def test_a_leg_goes_from_relay_to_tick_and_back_in_one_stream(scene: Scene) -> None:
    first, second = pair(scene, of(CM_80, 1), of(GCM, 2))
    heard: list[bytes] = []
    for sequence in range(60):
        if sequence == 20:
            scene.rooms.claim(scene.legs.row(2), "test")
        if sequence == 40:
            scene.rooms.release(scene.legs.row(2), "test")
        first.send(rtp(sequence, payload=TONE))
        scene.work()
        scene.now += 0.02
        scene.tick.run(scene.now)
        heard += second.got()
    numbers = [int.from_bytes(packet[2:4], "big") for packet in heard]
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]
    assert len(numbers) >= 58


def test_a_peer_that_cannot_check_a_packet_would_be_heard_of() -> None:
    """The peers of these tests do check: a packet of another key is refused by them."""
    with pytest.raises(pylibsrtp.Error):
        SecurePeer(keys(ours=1)).unprotect(SecurePeer(keys(theirs=2)).protect(rtp(1)))
