"""Random input: a description is read or refused, and what we say of it reads as it was meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softswitch.sdp.codecs import G711, SPOKEN, SdpCodec, to_answer, to_offer, with_events
from softswitch.sdp.description import DescriptionError, parse_description
from softswitch.sdp.keying import Acceptance
from softswitch.sdp.negotiation import Direction, agree, read_answer, read_offer
from softswitch.sdp.session import Session

GOOD = b"""v=0\r
o=alice 2890844526 2890844527 IN IP4 192.0.2.101\r
s=-\r
c=IN IP4 192.0.2.101\r
t=0 0\r
a=sendonly\r
m=audio 49172 RTP/AVP 0 8 96 101\r
a=rtpmap:96 opus/48000/2\r
a=fmtp:96 useinbandfec=1\r
a=rtpmap:101 telephone-event/8000\r
a=rtcp:4000 IN IP4 192.0.2.9\r
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20\r
a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r
a=setup:actpass\r
a=ice-ufrag:9uB6\r
a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r
a=rtcp-mux\r
a=ptime:30\r
m=video 4002 RTP/AVP 31\r
"""

codecs = st.lists(
    st.builds(
        SdpCodec,
        st.text("abcXYZ019-", min_size=1, max_size=8),
        st.integers(1, 192_000),
        st.integers(1, 8),
        st.integers(0, 127),
        st.text("abc=;10 ", max_size=8).map(str.strip),
    ),
    min_size=1,
    max_size=5,
    unique_by=(lambda codec: codec.payload_type, lambda codec: codec.encoding),
).filter(lambda codecs: any(codec.is_voice for codec in codecs))


@given(st.binary(max_size=300))
def test_random_octets(data: bytes) -> None:
    negotiate(data)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9), st.binary(max_size=4)), max_size=5),
    st.integers(0, 500),
)
def test_damaged_descriptions(damage: list[tuple[int, int, bytes]], end: int) -> None:
    data = GOOD
    for at, length, new in damage:
        data = data[:at] + new + data[at + length :]
    negotiate(data[:end])


@given(st.permutations(GOOD.splitlines(keepends=True)), st.integers(0, 19))
def test_lines_in_any_order(lines: list[bytes], count: int) -> None:
    negotiate(b"v=0\r\n" + b"".join(lines[:count]))


def negotiate(data: bytes) -> None:
    """Do all that an offer and an answer lead to; only DescriptionError may come out."""
    try:
        description = parse_description(data)
        assert parse_description(description.to_bytes()).media == description.media
        offer = read_offer(description, Acceptance(sdes=True, dtls=True))
    except DescriptionError:
        return
    answer = Session("1").answer(offer, address="192.0.2.1", port=4000, codecs=offer.codecs)
    read = parse_description(answer.description.to_bytes())
    assert [m.kind for m in read.media] == [m.kind for m in description.media]
    assert [bool(m.port) for m in read.media].count(True) == 1
    assert len(agree(answer.description, offer)) == len(offer.codecs)
    ours = Session("1").offer(address="192.0.2.1", port=4000, codecs=with_events(SPOKEN))
    try:
        theirs = read_answer(description, ours.description)
    except DescriptionError:
        return
    assert agree(ours.description, theirs)


@given(codecs, st.sampled_from(list(Direction)), st.integers(10, 120))
def test_an_offer_is_read_as_it_was_made(
    codecs: list[SdpCodec], direction: Direction, ptime: int
) -> None:
    session = Session("1").offer(
        address="192.0.2.1", port=4000, codecs=codecs, ptime=ptime, direction=direction
    )
    audio = read_offer(parse_description(session.description.to_bytes()))
    assert list(audio.codecs) == codecs
    assert (audio.direction, audio.ptime) == (direction, ptime)


@given(codecs, st.data())
def test_any_choice_of_the_callee_is_one_of_the_caller_s(
    offered: list[SdpCodec], data: st.DataObject
) -> None:
    """Whatever the callee picks, the caller is answered with its own numbers for it."""
    to_callee = Session("1").offer(address="192.0.2.1", port=4000, codecs=to_offer(offered, G711))
    seen = read_offer(parse_description(to_callee.description.to_bytes()))
    voices = [codec for codec in seen.codecs if codec.is_voice]
    picked = data.draw(st.lists(st.sampled_from(voices), min_size=1, unique=True))
    answered = to_answer(offered, picked, G711)
    assert any(codec.is_voice for codec in answered)
    numbers = {codec.payload_type: codec.encoding for codec in offered}
    assert all(numbers[codec.payload_type] == codec.encoding for codec in answered)
