"""Legs that are protected, on real loopback sockets with a virtual clock: ICE, DTLS, muxed RTCP."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator

import pytest

from media.control.security import Dtls, Ice, Security, SrtpKeys
from media.control.session import Close, Expect, Join, MediaInsecure, MediaSecured, OrderRefused
from media.orders.security import CONSENT_LOST, WAITING
from media.rtp import rtcp
from media.rtp.leg_sockets import LegSockets
from media.rtp.reports import FLIGHT
from media.secure import stun
from media.secure.certificate import DtlsCertificate, fingerprint
from media.secure.handshake import LIMIT, TOO_LATE, WRONG_CERTIFICATE
from media.secure.ice import CONSENT
from tests.media.orders.scene import Phone, Scene
from tests.media.packets import rtp
from tests.media.secure.checks import OURS, check, nominate
from tests.media.secure.dtls_peer import DtlsPeer
from tests.media.srtp.peers import SecurePeer

RESTARTED = Ice("next", "another-password-of-ours", "that")
WITH_ICE = Security(ice=OURS, mux=True)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.close()


class Far(Phone):
    """A far end that checks, shakes hands and encrypts."""

    def __init__(self, scene: Scene, *, active: bool = True) -> None:
        super().__init__()
        scene.phones.append(self)
        self._scene = scene
        self.dtls = DtlsPeer(active=active)
        self.srtp: SecurePeer

    def security(self, ice: Ice | None = OURS, *, association: int = 0) -> Security:
        dtls = Dtls(not self.dtls.active, (self.dtls.fingerprint,), association)
        return Security(dtls=dtls, ice=ice, mux=True)

    def shake(self, port: int, arrived: list[bytes] | None = None) -> None:
        """Shake hands with a port until nothing comes back any more."""
        leaving = self.dtls.go_on() if arrived is None else arrived
        while leaving:
            for datagram in leaving:
                self.send(port, datagram)
            work(self._scene)
            arrived = [each for each in self.got() if each[0] in range(20, 64)]
            leaving = self.dtls.go_on(arrived) if arrived else []
        if self.dtls.done:
            ours, theirs = self.dtls.keys()
            self.srtp = SecurePeer(SrtpKeys("AEAD_AES_128_GCM", ours=theirs, theirs=ours))

    def say(self, port: int, packet: bytes) -> None:
        self.send(port, self.srtp.protect(packet))

    def heard(self) -> list[bytes]:
        """Return the RTP packets that have come, decrypted."""
        return [self.srtp.unprotect(each) for each in self.got()]


def work(scene: Scene, ticks: int = 3) -> None:
    """Let the worker look at its sockets, and do all that waits."""
    for _ in range(ticks):
        scene.work()
        while scene.secure.busy:
            scene.secure.work(scene.now)
        scene.secure.settle(scene.now)


def sockets_of(scene: Scene, leg: int) -> LegSockets:
    return scene.sockets.of_row[scene.legs.row(leg)]


def configure(
    scene: Scene, leg: int, security: Security | None, phone: Phone | None = None
) -> None:
    scene.configure(leg, phone, security=security)


def secured(scene: Scene, leg: int) -> MediaSecured:
    return MediaSecured(leg=leg, suite="AEAD_AES_128_GCM")


def call(scene: Scene) -> tuple[Far, int, Phone, int]:
    """Join a leg whose keys are agreed with a plain one; return far ends and ports."""
    far, phone = Far(scene), scene.phone()
    port, other = scene.open(1), scene.open(2)
    configure(scene, 1, far.security())
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    far.send(port, nominate())
    work(scene)
    far.got()
    far.shake(port)
    assert scene.events == [secured(scene, 1)]
    scene.events.clear()
    return far, port, phone, other


# ---- ICE ----


def test_a_check_before_the_answer_is_answered(scene: Scene) -> None:
    far, port = scene.phone(), scene.open(1)
    scene.board.answer(Expect(leg=1, security=Security(ice=Ice(OURS.ufrag, OURS.pwd), mux=True)))
    far.send(port, check())
    work(scene)
    (reply,) = far.got()
    message = stun.parse(reply)
    assert message.kind == stun.BINDING_RESPONSE
    address = stun.xor_address(far.address, message.transaction)
    assert message.value(stun.XOR_MAPPED_ADDRESS) == address


def test_media_goes_where_a_check_nominates(scene: Scene) -> None:
    first, phone, other = scene.phone(), scene.phone(), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    configure(scene, 1, WITH_ICE, phone=other)  # the address of the description means nothing
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    phone.send(plain, rtp(1, payload=b"nobody"))
    work(scene)
    assert (first.got(), other.got()) == ([], [])
    first.send(port, nominate())
    work(scene)
    first.got()
    assert sockets_of(scene, 1).connected_to == first.address
    phone.send(plain, rtp(2, payload=b"here"))
    work(scene)
    assert [each[12:] for each in first.got()] == [b"here"]


def test_media_may_come_from_whoever_proved_himself_and_from_nobody_else(scene: Scene) -> None:
    first, second, stranger = scene.phone(), scene.phone(), scene.phone()
    phone, port, _ = scene.phone(), scene.open(1), scene.open(2)
    configure(scene, 1, WITH_ICE)
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    first.send(port, nominate())
    second.send(port, check())
    work(scene)
    for sequence in range(1, 9):
        first.send(port, rtp(2 * sequence, payload=b"first"))
        second.send(port, rtp(2 * sequence + 1, payload=b"second"))
        stranger.send(port, rtp(sequence, ssrc=5, payload=b"stranger"))
        work(scene)
    heard = [each[12:] for each in phone.got()]
    assert heard.count(b"first") == heard.count(b"second") == 8
    assert b"stranger" not in heard
    assert scene.bad(1) == {"unknown_source": 8}


def test_media_follows_another_nomination(scene: Scene) -> None:
    first, second, phone = scene.phone(), scene.phone(), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    configure(scene, 1, WITH_ICE)
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    for far in (first, second, first):
        far.send(port, nominate())
        work(scene)
        far.got()
        phone.send(plain, rtp(1 + scene.legs.packets_out[scene.legs.row(1)], payload=b"x"))
        work(scene)
        assert [each[12:] for each in far.got()] == [b"x"]
    # checks go on over the connected socket
    first.send(port, check())
    work(scene)
    assert len(first.got()) == 1


def test_two_credentials_are_good_until_the_new_ones_nominate(scene: Scene) -> None:
    far, port = scene.phone(), scene.open(1)
    configure(scene, 1, WITH_ICE)
    far.send(port, nominate())
    configure(scene, 1, Security(ice=RESTARTED, mux=True))
    far.send(port, check())
    far.send(port, check(RESTARTED))
    work(scene)
    assert len(far.got()) == 3
    far.send(port, nominate(RESTARTED))
    far.send(port, check())
    work(scene)
    assert len(far.got()) == 1
    assert scene.bad(1) == {"check": 1}
    assert sockets_of(scene, 1).connected_to == far.address


def test_without_checks_consent_is_lost_and_nothing_is_sent(scene: Scene) -> None:
    far, port, phone, plain = call(scene)
    scene.now += CONSENT - 1
    work(scene)
    assert scene.events == []
    scene.now += 1
    work(scene)
    assert scene.events == [MediaInsecure(leg=1, reason=CONSENT_LOST)]
    phone.send(plain, rtp(1))
    work(scene)
    assert far.got() == []
    far.send(port, nominate())
    work(scene)
    assert len(far.got()) == 1
    phone.send(plain, rtp(2, payload=b"again"))
    work(scene)
    assert [each[12:] for each in far.heard()] == [b"again"]


@pytest.mark.parametrize(
    ("noise", "kind"),
    [
        (check(password="no-password-of-24-letter"), "check"),
        (bytes(100), "check"),
        (b"\x10" * 100, "version"),
        (b"\x50" * 100, "version"),
        (os.urandom(0), "too_short"),
        (b"\x80", "too_short"),
        (b"\x01" * 1700, "too_long"),
        (b"\x16" * 100, "version"),
    ],
    ids=["a forged check", "no STUN", "ZRTP", "TURN", "nothing", "an octet", "too long", "DTLS"],
)
def test_noise_is_counted_and_not_answered(scene: Scene, noise: bytes, kind: str) -> None:
    far, port = scene.phone(), scene.open(1)
    configure(scene, 1, WITH_ICE)
    far.send(port, nominate())
    work(scene)
    far.got()
    far.send(port, noise)
    work(scene)
    assert far.got() == []
    assert scene.bad(1) == {kind: 1}


def test_for_a_plain_leg_it_is_all_noise(scene: Scene) -> None:
    far, port = scene.phone(), scene.open(1)
    scene.configure(1, far)
    far.send(port, rtp(1))
    work(scene)
    for datagram in (check(), DtlsPeer(active=True).go_on()[0]):
        far.send(port, datagram)
    work(scene)
    assert far.got() == []
    assert scene.bad(1) == {"version": 2}


def test_what_is_no_rtp_is_taken_out_of_a_batch(scene: Scene) -> None:
    """Checks of some legs come in one batch with packets of others, in any order."""
    fars, ports = [scene.phone() for _ in range(6)], [scene.open(leg) for leg in range(1, 7)]
    for first, second in ((1, 2), (3, 4), (5, 6)):
        scene.board.answer(Join(leg=first, other=second))
    for leg, far in enumerate(fars, 1):
        configure(scene, leg, WITH_ICE if leg <= 4 else None, phone=far)
    for leg, (far, port) in enumerate(zip(fars, ports, strict=True), 1):
        far.send(port, nominate() if leg <= 4 else rtp(0, ssrc=leg))
        work(scene)
    for far in fars:
        far.got()
    for leg, (far, port) in enumerate(zip(fars, ports, strict=True), 1):
        far.send(port, check() if leg in (2, 4) else rtp(leg, ssrc=leg, payload=bytes([leg]) * 160))
    ready = scene.sockets.epoll.poll(0)
    assert scene.drain.take_datagrams(ready, scene.now) == 6
    got = [{each[12:13] if each[0] & 0x80 else b"reply" for each in far.got()} for far in fars]
    assert got == [set(), {b"\x01", b"reply"}, set(), {b"\x03", b"reply"}, {b"\x06"}, {b"\x05"}]
    assert all(scene.bad(leg) == {} for leg in range(1, 7))


# ---- DTLS ----


@pytest.mark.parametrize("active", [True, False], ids=["they begin", "we begin"])
def test_keys_are_agreed_and_protect_what_passes(scene: Scene, active: bool) -> None:
    far, phone = Far(scene, active=active), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    configure(scene, 1, far.security())
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    far.send(port, check())
    work(scene)
    begun = [each for each in far.got() if each[0] == 22]
    assert bool(begun) is not active
    far.shake(port, far.dtls.go_on(begun))
    assert scene.events == [secured(scene, 1)]
    far.send(port, nominate())
    work(scene)
    far.got()
    far.say(port, rtp(7, payload=b"secret"))
    phone.send(plain, rtp(8, payload=b"answer"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"secret"]
    assert [each[12:] for each in far.heard()] == [b"answer"]
    assert scene.bad(1) == {}


def test_nothing_passes_before_there_are_keys(scene: Scene) -> None:
    far, phone = Far(scene), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    configure(scene, 1, far.security())
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    far.send(port, nominate())
    work(scene)
    far.got()
    far.send(port, rtp(1, payload=b"clear"))
    phone.send(plain, rtp(2, payload=b"clear"))
    work(scene)
    assert (far.got(), phone.got()) == ([], [])
    assert scene.bad(1) == {"srtp_auth": 1}


def test_a_handshake_before_the_answer_counts_when_the_answer_comes(scene: Scene) -> None:
    far, port = Far(scene), scene.open(1)
    early = Security(dtls=Dtls(False, ()), ice=Ice(OURS.ufrag, OURS.pwd), mux=True)
    scene.board.answer(Expect(leg=1, security=early))
    far.send(port, nominate())
    work(scene)
    far.got()
    far.shake(port)
    assert far.dtls.done
    assert scene.events == []
    configure(scene, 1, far.security())
    assert scene.events == [secured(scene, 1)]


def test_no_handshake_with_strangers(scene: Scene) -> None:
    far, stranger, port = Far(scene), Far(scene), scene.open(1)
    configure(scene, 1, far.security())
    far.send(port, nominate())
    work(scene)
    far.got()
    stranger.shake(port)
    assert not stranger.dtls.done
    assert scene.bad(1) == {"unknown_source": 1}
    scene.events.clear()
    far.shake(port)
    assert scene.events == [secured(scene, 1)]


def test_a_wrong_certificate_lets_nothing_pass(scene: Scene) -> None:
    far, phone = Far(scene), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    wrong = Dtls(False, (DtlsCertificate().fingerprint,))
    configure(scene, 1, Security(dtls=wrong, ice=OURS, mux=True))
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    far.send(port, nominate())
    work(scene)
    far.got()
    far.shake(port)
    assert scene.events == [MediaInsecure(leg=1, reason=WRONG_CERTIFICATE)]
    far.say(port, rtp(1))
    phone.send(plain, rtp(2))
    work(scene)
    assert (far.got(), phone.got()) == ([], [])


def test_half_a_handshake_is_told_of_after_its_time(scene: Scene) -> None:
    far, port = Far(scene), scene.open(1)
    configure(scene, 1, far.security())
    far.send(port, nominate())
    work(scene)
    far.send(port, far.dtls.go_on()[0])
    work(scene)
    scene.now += LIMIT
    work(scene)
    assert MediaInsecure(leg=1, reason=TOO_LATE) in scene.events


def test_the_keys_stay_while_a_new_association_is_made(scene: Scene) -> None:
    far, port, phone, _ = call(scene)
    again = DtlsPeer(active=True)
    before, far.dtls = far.dtls, again
    configure(scene, 1, far.security(association=1))
    far.say(port, rtp(1, payload=b"old"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"old"]
    far.shake(port)
    assert scene.events == [secured(scene, 1)]
    assert far.dtls.keys() != before.keys()
    far.say(port, rtp(2, payload=b"new"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"new"]


def test_an_offer_that_changes_nothing_keeps_the_keys(scene: Scene) -> None:
    far, port, phone, _ = call(scene)
    for _ in range(2 * int(LIMIT)):
        scene.now += 1
        far.send(port, nominate())
        work(scene)
    far.got()
    configure(scene, 1, far.security())
    far.say(port, rtp(1, payload=b"on"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"on"]
    scene.secure.settle(scene.now)
    assert scene.events == []


def test_the_nominated_address_moves_under_the_same_keys(scene: Scene) -> None:
    far, port, phone, plain = call(scene)
    moved = scene.phone()
    moved.send(port, nominate())
    work(scene)
    moved.got()
    far.rtp, moved.rtp = moved.rtp, far.rtp
    far.say(port, rtp(1, payload=b"there"))
    phone.send(plain, rtp(2, payload=b"back"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"there"]
    assert [each[12:] for each in far.heard()] == [b"back"]


# ---- DTLS without ICE ----


def test_without_ice_the_address_of_the_description_shakes_hands(scene: Scene) -> None:
    far, phone = Far(scene), scene.phone()
    port, plain = scene.open(1), scene.open(2)
    configure(scene, 1, far.security(None), phone=far)
    scene.configure(2, phone)
    scene.board.answer(Join(leg=1, other=2))
    far.shake(port)
    assert scene.events == [secured(scene, 1)]
    assert sockets_of(scene, 1).connected_to == far.address
    far.say(port, rtp(1, payload=b"there"))
    phone.send(plain, rtp(2, payload=b"back"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"there"]
    assert [each[12:] for each in far.heard()] == [b"back"]


def test_without_ice_we_begin_at_the_address_of_the_description(scene: Scene) -> None:
    far, port = Far(scene, active=False), scene.open(1)
    configure(scene, 1, far.security(None), phone=far)
    work(scene)
    far.shake(port, far.dtls.go_on(far.got()))
    assert scene.events == [secured(scene, 1)]


def test_without_ice_a_phone_behind_a_nat_is_found_by_its_handshake(scene: Scene) -> None:
    far, private, stranger, port = Far(scene), scene.phone(), Far(scene), scene.open(1)
    configure(scene, 1, far.security(None), phone=private)
    far.send(port, hello := far.dtls.go_on()[0])
    work(scene)
    stranger.shake(port)
    assert not stranger.dtls.done
    far.shake(port, far.dtls.go_on([each for each in far.got() if each[0] in range(20, 64)]))
    assert secured(scene, 1) in scene.events
    assert sockets_of(scene, 1).connected_to == far.address
    assert hello[0] == 22


def test_without_ice_the_address_of_the_description_takes_over(scene: Scene) -> None:
    far, stranger, port = Far(scene), Far(scene), scene.open(1)
    configure(scene, 1, far.security(None), phone=far)
    stranger.send(port, stranger.dtls.go_on()[0])
    work(scene)
    flight = stranger.got()
    assert flight
    far.shake(port)
    assert scene.events == [secured(scene, 1)]
    stranger.shake(port, stranger.dtls.go_on(flight))
    assert not stranger.dtls.done
    assert scene.events.count(secured(scene, 1)) == 1
    assert sockets_of(scene, 1).connected_to == far.address


def test_without_ice_a_handshake_waits_for_the_answer(scene: Scene) -> None:
    """The phone need not repeat its ClientHello, which it would do after a second."""
    far, strangers, port = Far(scene), [Far(scene) for _ in range(6)], scene.open(1)
    scene.board.answer(Expect(leg=1, security=Security(dtls=Dtls(False, ()), mux=True)))
    for stranger in strangers:
        stranger.send(port, stranger.dtls.go_on()[0])
    for datagram in far.dtls.go_on():
        far.send(port, datagram)
    work(scene)
    assert not any(each.got() for each in (far, *strangers)), "nobody is known yet"
    configure(scene, 1, far.security(None), phone=far)
    work(scene)
    assert not any(stranger.got() for stranger in strangers)
    far.shake(port, far.dtls.go_on([each for each in far.got() if each[0] in range(20, 64)]))
    assert scene.events == [secured(scene, 1)]


def test_without_ice_nobody_else_shakes_hands_after_the_window(scene: Scene) -> None:
    far, other, port = Far(scene), scene.phone(), scene.open(1)
    configure(scene, 1, far.security(None), phone=other)
    scene.now += 10
    far.shake(port)
    assert not far.dtls.done
    assert scene.bad(1) == {"unknown_source": 1}


# ---- RTCP on the RTP port ----


def test_rtcp_comes_and_goes_by_the_rtp_port(scene: Scene) -> None:
    far, port, phone, plain = call(scene)
    phone.send(plain, rtp(1))
    work(scene)
    far.got()
    row = scene.legs.row(1)
    ssrc = int(scene.legs.ssrc_out[row])
    block = rtcp.ReportBlock(ssrc, 0, 3, 1, 160, 0, 0)
    report = rtcp.build_report(rtcp.RtcpReport(77, None, (block,)), "far")
    far.send(port, far.srtp.protect_rtcp(report))
    work(scene)
    statistics = scene.reports.statistics(row)
    assert (statistics.remote_lost, statistics.remote_jitter_ms) == (3, 20.0)
    scene.reports.send_report(row, scene.now)
    (datagram,) = far.got()
    compound = rtcp.parse(far.srtp.unprotect_rtcp(datagram))
    assert compound.reports[0].ssrc == ssrc
    with pytest.raises(BlockingIOError):
        far.rtcp.recv(2000)


def test_rtcp_of_strangers_is_dropped(scene: Scene) -> None:
    far, port, _, _ = call(scene)
    stranger = scene.phone()
    stranger.send(port, rtcp.build_report(rtcp.RtcpReport(77), "stranger"))
    work(scene)
    assert scene.bad(1) == {"unknown_source": 1}
    assert far.got() == []


def test_a_goodbye_leaves_by_the_rtp_port_under_the_keys(scene: Scene) -> None:
    far, _, phone, plain = call(scene)
    phone.send(plain, rtp(1))
    work(scene)
    far.got()
    scene.board.answer(Close(ticket=1, leg=1))
    (datagram,) = far.got()
    assert rtcp.parse(far.srtp.unprotect_rtcp(datagram)).goodbyes


class FarApart(Far):
    """A far end without rtcp-mux, which shakes hands by each port (RFC 5764 section 5.1)."""

    def __init__(self, scene: Scene, *, active: bool = True) -> None:
        super().__init__(scene, active=active)
        self.rtcp_dtls = DtlsPeer(active=active, certificate=self.dtls.certificate)
        self.rtcp_keys: SecurePeer

    def begin(self) -> int:
        """Be joined with a phone in the clear, and return the port that leads to us."""
        scene, phone = self._scene, self._scene.phone()
        port, plain = scene.open(1), scene.open(2)
        configure(scene, 1, Security(dtls=self.security(None).dtls), phone=self)
        scene.configure(2, phone)
        scene.board.answer(Join(leg=1, other=2))
        if self.dtls.active:
            self.shake(port)
        else:
            work(scene)
            self.shake(port, self.dtls.go_on([each for each in self.got() if each[0] < 64]))
        phone.send(plain, rtp(1))
        work(scene)
        assert len(self.heard()) == 1
        return port

    def got_by_rtcp(self) -> list[bytes]:
        datagrams = []
        try:
            while True:
                datagrams.append(self.rtcp.recv(2000))
        except BlockingIOError:
            return datagrams

    def shake_by_rtcp(self, port: int) -> None:
        dtls = self.rtcp_dtls
        leaving = dtls.go_on() if dtls.active else []
        for _ in range(6):
            for datagram in leaving:
                self.rtcp.sendto(datagram, ("127.0.0.1", port + 1))
            self._scene.now += 0.2
            work(self._scene)
            arrived = [each for each in self.got_by_rtcp() if each[0] < 64]
            leaving = dtls.go_on(arrived) if arrived else []
        assert dtls.done
        ours, theirs = dtls.keys()
        self.rtcp_keys = SecurePeer(SrtpKeys("AEAD_AES_128_GCM", ours=theirs, theirs=ours))


def no_report(scene: Scene, far: FarApart) -> bool:
    """Whether a report that is due does not leave."""
    scene.reports.send_report(scene.legs.row(1), scene.now)
    return far.got_by_rtcp() == [] and far.got() == []


def test_rtcp_of_another_port_has_no_keys_without_a_handshake_of_its_own(scene: Scene) -> None:
    far = FarApart(scene)
    port = far.begin()
    assert no_report(scene, far)
    report = rtcp.build_report(rtcp.RtcpReport(77), "far")
    for octets in (report, far.srtp.protect_rtcp(report)):
        far.rtcp.sendto(octets, ("127.0.0.1", port + 1))
        work(scene)
    assert scene.bad(1) == {"rtcp": 2}
    scene.board.answer(Close(ticket=1, leg=1))
    assert far.got_by_rtcp() == []


@pytest.mark.parametrize("active", [True, False])
def test_rtcp_of_another_port_has_a_handshake_of_its_own(scene: Scene, active: bool) -> None:
    far = FarApart(scene, active=active)
    port = far.begin()
    far.shake_by_rtcp(port)
    assert scene.events == [secured(scene, 1)], "nothing is told of the second"
    row = scene.legs.row(1)
    block = rtcp.ReportBlock(int(scene.legs.ssrc_out[row]), 0, 3, 1, 160, 0, 0)
    report = rtcp.build_report(rtcp.RtcpReport(77, None, (block,)), "far")
    far.rtcp.sendto(far.rtcp_keys.protect_rtcp(report), ("127.0.0.1", port + 1))
    work(scene)
    assert scene.reports.statistics(row).remote_lost == 3
    far.srtp.protect_rtcp(report)  # an index that has been there would not be looked at
    far.rtcp.sendto(far.srtp.protect_rtcp(report), ("127.0.0.1", port + 1))
    work(scene)
    assert scene.bad(1) == {"srtp_auth": 1}, "the keys of RTP are not those of RTCP"
    scene.reports.send_report(row, scene.now)
    (datagram,) = far.got_by_rtcp()
    assert rtcp.parse(far.rtcp_keys.unprotect_rtcp(datagram)).reports
    scene.board.answer(Close(ticket=1, leg=1))
    (datagram,) = far.got_by_rtcp()
    assert rtcp.parse(far.rtcp_keys.unprotect_rtcp(datagram)).goodbyes
    assert len(scene.core) == 0, "no key is left"


def test_a_wrong_certificate_by_the_rtcp_port_harms_no_sound(scene: Scene) -> None:
    far = FarApart(scene)
    far.rtcp_dtls = DtlsPeer(active=True)
    port = far.begin()
    far.shake_by_rtcp(port)
    assert no_report(scene, far)
    assert scene.events == [secured(scene, 1)]
    far.say(port, rtp(1))
    work(scene)
    assert scene.bad(1) == {}
    assert scene.reports.statistics(scene.legs.row(1)).packets_in == 1


def test_an_offer_with_muxing_ends_the_handshake_by_the_rtcp_port(scene: Scene) -> None:
    far = FarApart(scene)
    port = far.begin()
    far.shake_by_rtcp(port)
    configure(scene, 1, far.security(None), phone=far)
    work(scene)
    scene.reports.send_report(scene.legs.row(1), scene.now)
    (datagram,) = far.got()
    assert rtcp.parse(far.srtp.unprotect_rtcp(datagram)).reports
    assert far.got_by_rtcp() == []


def test_handshakes_by_the_rtcp_port_of_strangers_and_floods(scene: Scene) -> None:
    far = FarApart(scene)
    port = far.begin()
    stranger = scene.phone()
    for datagram in DtlsPeer(active=True).go_on():
        stranger.rtcp.sendto(datagram, ("127.0.0.1", port + 1))
    work(scene)
    assert far.got_by_rtcp() == []
    for _ in range(40):
        far.rtcp.sendto(b"\x16" + os.urandom(60), ("127.0.0.1", port + 1))
        scene.work(1)
    assert len(scene.sockets.rtcp_flights[scene.legs.row(1)]) == FLIGHT
    work(scene)
    far.shake_by_rtcp(port)
    scene.board.answer(Close(ticket=1, leg=1))
    assert not scene.secure.busy


# ---- what is left behind, what is too much ----


def test_a_leg_that_ends_leaves_nothing_behind(scene: Scene) -> None:
    far, _, _, _ = call(scene)
    leg_sockets = sockets_of(scene, 1)
    assert leg_sockets.handshake is not None
    association = leg_sockets.handshake._association
    assert association is not None
    left = weakref.ref(association._connection)
    del leg_sockets, association
    scene.board.answer(Close(ticket=1, leg=1))
    assert left() is None
    assert len(scene.core) == 0
    assert scene.sockets.sharing == 0
    assert not scene.secure.busy
    assert (scene.secure._in_progress, scene.secure._with_ice) == (set(), set())
    work(scene)
    assert far.got() is not None


def test_a_leg_that_ends_in_the_middle_of_its_handshake_leaves_nothing_behind(
    scene: Scene,
) -> None:
    far, port = Far(scene), scene.open(1)
    configure(scene, 1, far.security())
    far.send(port, nominate())
    work(scene)
    far.send(port, far.dtls.go_on()[0])
    scene.work()
    assert scene.secure.busy
    scene.board.answer(Close(ticket=1, leg=1))
    assert not scene.secure.busy
    work(scene)
    assert scene.secure._in_progress == set()


def test_a_flood_of_one_leg_delays_no_other(scene: Scene) -> None:
    first, second = Far(scene), Far(scene)
    for leg, far in ((1, first), (2, second)):
        port = scene.open(leg)
        configure(scene, leg, far.security())
        far.send(port, nominate())
        work(scene)
        far.got()
    flood = sockets_of(scene, 1).port
    for _ in range(3 * WAITING):
        first.send(flood, b"\x16" * 40)
        scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now)
    assert scene.bad(1) == {"handshake": 2 * WAITING}
    second.send(sockets_of(scene, 2).port, second.dtls.go_on()[0])
    scene.drain.take_datagrams(scene.sockets.epoll.poll(0), scene.now)
    scene.secure.work(scene.now)
    scene.secure.work(scene.now)
    assert any(each[0] == 22 for each in second.got())


def test_a_leg_goes_back_to_the_clear(scene: Scene) -> None:
    far, port, phone, plain = call(scene)
    configure(scene, 1, None, phone=far)
    far.send(port, rtp(1, payload=b"clear"))
    phone.send(plain, rtp(2, payload=b"too"))
    work(scene)
    assert [each[12:] for each in phone.got()] == [b"clear"]
    assert [each[12:] for each in far.got()] == [b"too"]
    assert scene.sockets.sharing == 0


def test_what_is_expected_of_an_unknown_leg_is_refused(scene: Scene) -> None:
    refused = scene.board.answer(Expect(leg=9, security=WITH_ICE))
    assert isinstance(refused, OrderRefused)
    assert refused.reason == "no leg 9"


def test_the_fingerprint_is_that_of_the_certificate_that_is_shown(scene: Scene) -> None:
    far, _, _, _ = call(scene)
    shown = far.dtls.connection.get_peer_certificate(as_cryptography=True)
    assert shown is not None
    assert scene.secure.fingerprint == fingerprint(shown, "sha-256")
