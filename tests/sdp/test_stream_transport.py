"""How streams travel: profiles, ICE, RTCP on the RTP port, bundles; as written and as read."""

from __future__ import annotations

import pytest

from softswitch.sdp.codecs import PCMU, SdpCodec
from softswitch.sdp.crypto import CryptoLine
from softswitch.sdp.description import Attribute, Description, DescriptionError, parse_description
from softswitch.sdp.dtls import DtlsParameters, Setup
from softswitch.sdp.ice import IceParameters
from softswitch.sdp.keying import Acceptance, InsecureAnswer, Keying
from softswitch.sdp.negotiation import Audio, Direction, read_answer, read_offer
from softswitch.sdp.session import Session
from softswitch.sdp.stream_transport import PROFILES, StreamTransport, read_transport

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
PWD = "a/password+of/22letters"
ICE = ("a=ice-ufrag:9uB6", f"a=ice-pwd:{PWD}")
DTLS = (f"a=fingerprint:{FINGERPRINT}", "a=setup:actpass")
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
CRYPTO = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"
ALL = Acceptance(plain=True, sdes=True, dtls=True)

BROWSER = """v=0
o=- 4962303333179871722 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 5ae5e50b.local 37485 typ host generation 0 network-cost 999
a=ice-ufrag:9uB6
a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh00
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtcp-mux-only
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
m=video 0 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=bundle-only
a=rtpmap:96 VP8/90000
""".replace("{fingerprint}", FINGERPRINT[8:])


def party(*lines: str, above: tuple[str, ...] = ()) -> Description:
    head = ("v=0", "o=p 7 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0", *above)
    return parse_description("\r\n".join((*head, *lines)).encode())


def transport(*lines: str, profile: str = "RTP/AVP", formats: str = "0") -> StreamTransport:
    return read_transport(party(f"m=audio 4000 {profile} {formats}", *lines), 0)


def test_a_browser_offers() -> None:
    audio = read_offer(parse_description(BROWSER.encode()), ALL)
    assert audio.keying is Keying.DTLS
    assert audio.remote is None
    assert audio.rtcp is None
    assert audio.direction is Direction.SENDRECV, "no candidate is not hold"
    assert audio.transport == StreamTransport(
        profile="UDP/TLS/RTP/SAVPF",
        dtls=DtlsParameters((FINGERPRINT,), Setup.ACTPASS),
        ice=IceParameters("9uB6", "YH75Fviy6338Vbrhrlp8Yh00"),
        mux=True,
        mid="0",
        bundled=True,
    )


def test_a_browser_is_answered() -> None:
    audio = read_offer(parse_description(BROWSER.encode()), ALL)
    said = StreamTransport(
        dtls=DtlsParameters((FINGERPRINT,), Setup.PASSIVE),
        ice=IceParameters("ours", PWD, lite=True),
        mux=True,
    )
    opus, events = audio.codecs[0], next(c for c in audio.codecs if c.payload_type == 110)
    session = Session("55").answer(
        audio, address="192.0.2.1", port=4000, codecs=[opus, events], transport=said
    )
    assert session.description.to_bytes().decode().splitlines() == [
        "v=0",
        "o=- 55 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 111 110",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:110 telephone-event/48000",
        "a=ptime:20",
        "a=sendrecv",
        "a=mid:0",
        "a=rtcp-mux",
        f"a=fingerprint:{FINGERPRINT}",
        "a=setup:passive",
        "a=ice-ufrag:ours",
        f"a=ice-pwd:{PWD}",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
        "a=end-of-candidates",
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
        "a=mid:1",
    ]


@pytest.mark.parametrize(
    "said",
    [
        StreamTransport(),
        StreamTransport("RTP/SAVP", crypto=(CryptoLine(2, "AEAD_AES_128_GCM", bytes(28)),)),
        StreamTransport("RTP/AVPF", mux=True, mid="audio"),
        StreamTransport(
            "UDP/TLS/RTP/SAVPF",
            dtls=DtlsParameters((FINGERPRINT,), Setup.ACTPASS, "t" * 20),
            ice=IceParameters("ours", PWD, lite=True),
            mux=True,
            mid="0",
            bundled=True,
        ),
        StreamTransport("RTP/AVP", ice=IceParameters("ours", PWD, lite=True)),
    ],
)
def test_what_is_written_reads_as_it_was_meant(said: StreamTransport) -> None:
    session = Session("1").offer(address="192.0.2.1", port=4000, codecs=[PCMU], transport=said)
    assert session.transport == said
    assert read_transport(parse_description(session.description.to_bytes()), 0) == said
    again = session.offer_again(Direction.SENDRECV)
    assert again.description == session.description, "nothing has changed"


def test_without_rtcp_on_the_rtp_port_ice_has_two_candidates() -> None:
    said = StreamTransport(ice=IceParameters("ours", PWD, lite=True))
    text = Session("1").offer(address="::1", port=4000, codecs=[PCMU], transport=said)
    (media,) = text.description.media
    assert media.values("candidate") == [
        "1 1 udp 2130706431 ::1 4000 typ host",
        "1 2 udp 2130706430 ::1 4001 typ host",
    ]


def test_attributes_above_all_streams_hold_for_each() -> None:
    above = (*ICE, *DTLS, "a=ice-lite")
    found = read_transport(party("m=audio 4000 RTP/SAVPF 0", above=above), 0)
    assert found.ice == IceParameters("9uB6", PWD, lite=True)
    assert found.dtls == DtlsParameters((FINGERPRINT,), Setup.ACTPASS)
    own = read_transport(party("m=audio 4000 RTP/SAVPF 0", "a=setup:active", above=above), 0)
    assert own.dtls is not None
    assert own.dtls.setup is Setup.ACTIVE


BUNDLE_ONLY = (
    "m=video 4002 UDP/TLS/RTP/SAVPF 96",
    "c=IN IP4 192.0.2.77",
    "a=mid:v",
    "a=rtcp-mux",
    *ICE,
    *DTLS,
    "m=audio 0 UDP/TLS/RTP/SAVPF 0",
    "a=mid:a",
    "a=bundle-only",
)


def test_sound_that_only_its_bundle_carries_is_not_refused() -> None:
    """RFC 8843 section 6: port 0 with bundle-only; the answer takes it out of the bundle."""
    audio = read_offer(party(*BUNDLE_ONLY, above=("a=group:BUNDLE v a",)), ALL)
    assert (audio.index, audio.remote) == (1, ("192.0.2.77", 4002))
    assert audio.transport.ice is not None
    session = Session("1").answer(audio, address="192.0.2.1", port=4000, codecs=audio.codecs)
    said = session.description
    assert [media.port for media in said.media] == [0, 4000]
    assert said.attributes == (Attribute("group", "BUNDLE a"),)


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ((), BUNDLE_ONLY),
        (("a=group:BUNDLE v",), BUNDLE_ONLY),
        (("a=group:BUNDLE w a",), BUNDLE_ONLY),
        (("a=group:BUNDLE a v",), BUNDLE_ONLY),
        (("a=group:BUNDLE v a",), BUNDLE_ONLY[:-1]),
    ],
)
def test_sound_without_a_port_is_refused_where_no_bundle_has_one(
    above: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    with pytest.raises(DescriptionError, match="no audio stream"):
        read_offer(party(*lines, above=above), ALL)


def test_a_bundled_stream_may_leave_its_transport_to_the_first() -> None:
    """RFC 8843 section 7.1.3: only the tagged stream says it."""
    lines = (
        "m=video 4000 UDP/TLS/RTP/SAVPF 96",
        "a=mid:v",
        "a=rtcp-mux",
        *ICE,
        *DTLS,
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0",
        "a=mid:a",
    )
    bundled = read_transport(party(*lines, above=("a=group:BUNDLE v a",)), 1)
    assert bundled.ice is not None
    assert bundled.dtls is not None
    assert (bundled.mux, bundled.bundled, bundled.mid) == (True, True, "a")
    for above in ((), ("a=group:BUNDLE v",), ("a=group:LS v a",), ("a=group:BUNDLE",)):
        alone = read_transport(party(*lines, above=above), 1)
        assert (alone.ice, alone.dtls, alone.mux, alone.bundled) == (None, None, False, False)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (ICE, True),
        (("a=ice-ufrag:9uB", ICE[1]), False),
        (("a=ice-ufrag:9u-B", ICE[1]), False),
        ((ICE[0], "a=ice-pwd:tooshortforit"), False),
        ((ICE[0], f"a=ice-pwd:{'x' * 257}"), False),
        ((ICE[0],), False),
        ((ICE[1],), False),
    ],
)
def test_words_of_ice(lines: tuple[str, ...], found: bool) -> None:
    assert (transport(*lines).ice is not None) == found


@pytest.mark.parametrize(
    ("lines", "formats", "mux"),
    [
        (("a=rtcp-mux",), "0", True),
        (("a=rtcp-mux", "a=rtcp-mux-only"), "0 101", True),
        ((), "0", False),
        (("a=rtcp-mux",), "0 72", False),
        (("a=rtcp-mux",), "0 96", True),
    ],
)
def test_rtcp_on_the_rtp_port(lines: tuple[str, ...], formats: str, mux: bool) -> None:
    """A payload type of 64 to 95 would look like RTCP there."""
    assert transport(*lines, formats=formats).mux is mux


def test_an_offer_of_one_port_has_no_payload_type_that_looks_like_rtcp() -> None:
    odd = [SdpCodec("X-Voice", 8000, 1, 72), PCMU, SdpCodec("X-Other", 8000, 1, 96)]
    for mux, numbers in ((True, ("97", "0", "96")), (False, ("72", "0", "96"))):
        said = Session("1").offer(
            address="192.0.2.1", port=4000, codecs=odd, transport=StreamTransport(mux=mux)
        )
        assert said.description.media[0].formats == numbers
        assert said.transport.mux is mux
    many = [SdpCodec(f"X-{n}", 8000, 1, n) for n in range(64, 128)]
    said = Session("1").offer(
        address="192.0.2.1", port=4000, codecs=many, transport=StreamTransport(mux=True)
    )
    assert said.transport.mux


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.9", "5ae5e50b.local", "x.invalid"])
@pytest.mark.parametrize("port", [9, 4002])
def test_no_default_candidate_is_not_hold(address: str, port: int) -> None:
    lines = (f"m=audio {port} RTP/AVP 0", f"c=IN IP4 {address}")
    by_ice = read_offer(party(*lines, *ICE))
    assert by_ice.direction is Direction.SENDRECV
    assert by_ice.remote == ((address, port) if (address, port) == ("192.0.2.9", 4002) else None)
    if address.endswith(".local"):
        with pytest.raises(DescriptionError, match="known to nobody"):
            read_offer(party(*lines))
        return
    plain = read_offer(party(*lines))
    assert plain.direction.holds == (address != "192.0.2.9")


# -- keys: what an offer is taken for --------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_answered_as_it_was_offered(profile: str) -> None:
    lines = (f"m=audio 4000 {profile} 0", CRYPTO, *DTLS)
    audio = read_offer(party(*lines), ALL)
    answer = Session("1").answer(audio, address="192.0.2.1", port=4000, codecs=[PCMU])
    assert answer.description.media[0].profile == profile
    assert audio.keying is (Keying.DTLS if profile.startswith("UDP") else Keying.SDES)


SAVP, AVP, TLS = "RTP/SAVP", "RTP/AVP", "UDP/TLS/RTP/SAVP"


@pytest.mark.parametrize(
    ("profile", "lines", "acceptance", "keying"),
    [
        (AVP, (), Acceptance(), Keying.NONE),
        (AVP, (CRYPTO,), Acceptance(), Keying.NONE),
        (AVP, (CRYPTO,), ALL, Keying.SDES),
        (AVP, DTLS, ALL, Keying.DTLS),
        (AVP, (CRYPTO, *DTLS), ALL, Keying.SDES),
        (AVP, (CRYPTO, *DTLS), Acceptance(dtls=True), Keying.DTLS),
        (AVP, (CRYPTO,), Acceptance(dtls=True), Keying.NONE),
        (AVP, (), Acceptance(plain=False, sdes=True), None),
        (AVP, (CRYPTO[:-4],), Acceptance(plain=False, sdes=True), None),
        (SAVP, (CRYPTO,), ALL, Keying.SDES),
        (SAVP, (CRYPTO,), Acceptance(), None),
        (SAVP, (CRYPTO,), Acceptance(dtls=True), None),
        (SAVP, (), ALL, None),
        (SAVP, (CRYPTO + "|1:4",), ALL, None),
        (SAVP, (CRYPTO, CRYPTO), ALL, None),
        ("RTP/SAVPF", DTLS, ALL, Keying.DTLS),
        (TLS, DTLS, ALL, Keying.DTLS),
        (TLS, (CRYPTO, *DTLS), ALL, Keying.DTLS),
        (TLS, (CRYPTO,), ALL, None),
        (TLS, (DTLS[0], "a=setup:holdconn"), ALL, None),
        (TLS, ("a=setup:actpass",), ALL, None),
        (TLS, DTLS, Acceptance(sdes=True), None),
        ("RTP/SAVPX", (CRYPTO,), ALL, None),
    ],
)
def test_where_the_keys_of_an_offer_come_from(
    profile: str, lines: tuple[str, ...], acceptance: Acceptance, keying: Keying | None
) -> None:
    offer = party(f"m=audio 4000 {profile} 0", *lines)
    if keying is None:
        with pytest.raises(DescriptionError) as caught:
            read_offer(offer, acceptance)
        assert caught.value.status == 488
        assert KEY not in str(caught.value)
        return
    audio = read_offer(offer, acceptance)
    assert audio.keying is keying
    assert len(audio.transport.crypto) == (keying is Keying.SDES)


def test_the_secured_one_of_two_streams_is_chosen_where_it_may_be() -> None:
    plain, secret = ("m=audio 4000 RTP/AVP 0",), ("m=audio 4002 RTP/SAVP 0", CRYPTO)
    assert read_offer(party(*plain, *secret), ALL).index == 1
    assert read_offer(party(*secret, *plain), ALL).index == 0
    assert read_offer(party(*secret, *plain)).index == 1
    with pytest.raises(DescriptionError):
        read_offer(party(*plain), Acceptance(plain=False, sdes=True))


# -- keys: what an answer settles ------------------------------------------------------------------

OURS = CryptoLine(1, "AES_CM_128_HMAC_SHA1_80", b"o" * 30)
SECOND = CryptoLine(2, "AES_CM_128_HMAC_SHA1_32", b"s" * 30)


def answered(offered: StreamTransport, profile: str, *lines: str) -> Audio:
    session = Session("1").offer(address="192.0.2.1", port=9, codecs=[PCMU], transport=offered)
    answer = party(f"m=audio 4000 {profile} 0", *lines)
    return read_answer(answer, session.description, session.transport)


def line(tag: int = 1, suite: str = OURS.suite, key: str = KEY) -> str:
    return f"a=crypto:{tag} {suite} inline:{key}"


@pytest.mark.parametrize(
    ("profile", "lines", "keying"),
    [
        (SAVP, (line(),), Keying.SDES),
        (SAVP, (line(2, SECOND.suite),), Keying.SDES),
        (AVP, (line(),), Keying.SDES),
        (SAVP, (line(3),), None),
        (SAVP, (line(2),), None),
        (SAVP, (line(1, SECOND.suite),), None),
        (SAVP, (line(key=KEY[:-4]),), None),
        (SAVP, (line() + "|2^10",), None),
        (SAVP, (line(), line(2, SECOND.suite)), None),
        (SAVP, (line(key=OURS.attribute.value.split(":")[-1]),), None),  # type: ignore[union-attr]
        (SAVP, (), None),
        (AVP, (), None),
        (SAVP, DTLS, None),
    ],
)
def test_answers_to_keys_that_were_demanded(
    profile: str, lines: tuple[str, ...], keying: Keying | None
) -> None:
    for demanded in (True, False):
        offered = StreamTransport(SAVP if demanded else AVP, crypto=(OURS, SECOND))
        insecure = keying is None and (demanded or profile == SAVP)
        if insecure:
            with pytest.raises(InsecureAnswer) as caught:
                answered(offered, profile, *lines)
            assert caught.value.status == 488
        else:
            assert answered(offered, profile, *lines).keying is (keying or Keying.NONE)


@pytest.mark.parametrize(
    ("profile", "lines", "keying"),
    [
        (TLS, (DTLS[0], "a=setup:active"), Keying.DTLS),
        (TLS, (DTLS[0], "a=setup:passive"), Keying.DTLS),
        (TLS, (DTLS[0],), Keying.DTLS),
        (TLS, DTLS, None),
        (TLS, ("a=setup:active",), None),
        (TLS, (), None),
        (AVP, (), None),
        (TLS, (line(),), None),
    ],
)
def test_answers_to_a_handshake_that_was_demanded(
    profile: str, lines: tuple[str, ...], keying: Keying | None
) -> None:
    offered = StreamTransport(TLS, dtls=DtlsParameters((FINGERPRINT,), Setup.ACTPASS), mux=True)
    if keying is None:
        with pytest.raises(InsecureAnswer):
            answered(offered, profile, *lines)
    else:
        assert answered(offered, profile, *lines).keying is keying


def test_what_was_not_offered_is_not_in_the_answer() -> None:
    audio = answered(StreamTransport(), AVP, line(), *ICE, "a=rtcp-mux")
    assert audio.keying is Keying.NONE
    assert audio.transport == StreamTransport()


def test_an_answer_that_demands_what_was_not_offered_is_none() -> None:
    for lines in ((line(),), DTLS, ()):
        with pytest.raises(InsecureAnswer):
            answered(StreamTransport(), SAVP, *lines)
