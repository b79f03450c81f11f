"""What a party's description asks for (RFC 3264 sections 5, 6 and 8.4, RFC 3605)."""

from __future__ import annotations

import itertools

import pytest

from softswitch.sdp.codecs import PCMA, PCMU
from softswitch.sdp.description import DescriptionError, parse_description
from softswitch.sdp.negotiation import (
    Audio,
    Direction,
    agree,
    read_answer,
    read_offer,
)

M = "m=audio 4000 RTP/AVP 0"


def offer(*lines: str, address: str = "192.0.2.1") -> Audio:
    return read_offer(parse_description(text(*lines, address=address)))


def text(*lines: str, address: str = "192.0.2.1") -> bytes:
    family = "IP6" if ":" in address else "IP4"
    head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", f"c=IN {family} {address}", "t=0 0"]
    return "\r\n".join([*head, *lines]).encode()


ADDRESSES = [
    ("192.0.2.1", ("192.0.2.1", 4000)),
    ("127.0.0.1", ("127.0.0.1", 4000)),
    ("2001:DB8:0::1", ("2001:db8::1", 4000)),
    ("0.0.0.0", None),
    ("::", None),
    ("anything.invalid", None),
    ("Phone.example.com", ("phone.example.com", 4000)),
    ("gw-1.3com.example.", ("gw-1.3com.example.", 4000)),
    ("localhost", ("localhost", 4000)),
]


@pytest.mark.parametrize(("address", "remote"), ADDRESSES)
def test_addresses(address: str, remote: tuple[str, int] | None) -> None:
    assert offer(M, address=address).remote == remote


# address, port, code of the Warning
IMPOSSIBLE = [
    ("255.255.255.255", 4000, 330),
    ("224.0.0.1", 4000, 330),
    ("239.1.2.3/127", 4000, 301),
    ("240.0.0.1", 4000, 330),
    ("0.1.2.3", 4000, 330),
    ("ff02::1", 4000, 330),
    ("::ffff:224.0.0.1", 4000, 330),
    ("::ffff:255.255.255.255", 4000, 330),
    ("phone_1.example.com", 4000, 301),
    ("-phone.example.com", 4000, 301),
    ("phone..example.com", 4000, 301),
    (f"{'a' * 64}.example.com", 4000, 301),
    ("1.2.3.4.5", 4000, 301),
    ("0x7f.1", 4000, 301),
    ("192.0.2.300", 4000, 301),
    ("192.0.2.01", 4000, 301),
    ("192.0.2.1", 65536, 307),
    ("192.0.2.1", 70000, 307),
    ("192.0.2.1", 4294967296, 307),
]


@pytest.mark.parametrize(("address", "port", "warning"), IMPOSSIBLE)
def test_impossible_places(address: str, port: int, warning: int) -> None:
    with pytest.raises(DescriptionError) as caught:
        offer(f"m=audio {port} RTP/AVP 0", address=address)
    assert (caught.value.status, caught.value.warning) == (488, warning)


UNUSABLE = [
    ("no stream", [], 304),
    ("no audio", ["m=video 4000 RTP/AVP 31"], 304),
    ("audio switched off", ["m=audio 0 RTP/AVP 0"], 304),
    ("SRTP", ["m=audio 4000 RTP/SAVP 0"], 302),
    ("SRTP with feedback", ["m=audio 4000 RTP/SAVPF 0"], 302),
    ("no RTP", ["m=audio 4000 TCP/X 0"], 302),
    ("no readable codec", ["m=audio 4000 RTP/AVP 96"], 305),
    ("only events", ["m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"], 305),
    ("only noise", ["m=audio 4000 RTP/AVP 13"], 305),
]


@pytest.mark.parametrize(("name", "lines", "warning"), UNUSABLE)
def test_unusable_offers(name: str, lines: list[str], warning: int) -> None:
    with pytest.raises(DescriptionError) as caught:
        offer(*lines)
    assert (caught.value.status, caught.value.warning) == (488, warning)


def test_no_connection_at_all() -> None:
    with pytest.raises(DescriptionError) as caught:
        read_offer(parse_description(b"v=0\no=- 1 1 IN IP4 192.0.2.1\n" + M.encode()))
    assert caught.value.status == 488


def test_the_first_usable_stream_is_chosen() -> None:
    audio = offer(
        "m=video 5000 RTP/AVP 31",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4002 RTP/AVP 8",
        "m=audio 4004 RTP/AVP 0",
    )
    assert (audio.index, audio.remote, audio.codecs) == (3, ("192.0.2.1", 4002), (PCMA,))
    assert len(audio.streams) == 5


PTIMES = [
    ("10", 10),
    ("30", 30),
    ("120", 120),
    ("9", 20),
    ("121", 20),
    ("0", 20),
    ("-20", 20),
    ("4294967316", 20),
    ("x", 20),
    ("", 20),
]


@pytest.mark.parametrize(("value", "ptime"), PTIMES)
def test_ptime(value: str, ptime: int) -> None:
    assert offer(M, f"a=ptime:{value}").ptime == ptime


def test_ptime_is_20_without_one() -> None:
    assert offer(M).ptime == 20


RTCP = [
    ("a=rtcp:53020", ("192.0.2.1", 53020)),
    ("a=rtcp:53020 IN IP4 192.0.2.9", ("192.0.2.9", 53020)),
    ("a=rtcp:53020 IN IP6 2001:db8::9", ("2001:db8::9", 53020)),
    ("a=rtcp:0", None),
    ("a=rtcp:70000", None),
    ("a=rtcp:x", None),
    ("a=rtcp", None),
    ("a=rtcp:5000 IN IP4 224.0.0.1", None),
    ("a=rtcp-mux", None),
]


@pytest.mark.parametrize(("line", "rtcp"), RTCP)
def test_rtcp(line: str, rtcp: tuple[str, int] | None) -> None:
    assert offer(M, line).rtcp == rtcp


DIRECTIONS = [
    # above the first m=, below it, address, the direction that counts
    ("", "", "192.0.2.1", "sendrecv"),
    ("sendonly", "", "192.0.2.1", "sendonly"),
    ("sendonly", "sendrecv", "192.0.2.1", "sendrecv"),
    ("", "recvonly", "192.0.2.1", "recvonly"),
    ("", "inactive", "192.0.2.1", "inactive"),
    ("", "", "0.0.0.0", "sendonly"),
    ("", "sendonly", "0.0.0.0", "sendonly"),
    ("", "recvonly", "0.0.0.0", "inactive"),
    ("", "inactive", "0.0.0.0", "inactive"),
]


@pytest.mark.parametrize(("session", "media", "address", "expected"), DIRECTIONS)
def test_direction(session: str, media: str, address: str, expected: str) -> None:
    lines = [*([f"a={session}"] if session else []), M, *([f"a={media}"] if media else [])]
    audio = offer(*lines, address=address)
    assert audio.direction == expected
    assert audio.direction.holds is (expected in ("sendonly", "inactive"))


SR, SO, RO, IN = Direction.SENDRECV, Direction.SENDONLY, Direction.RECVONLY, Direction.INACTIVE
# RFC 3264 section 6.1: what is offered, what is wanted, what is answered
ANSWERED = {
    (SR, SR): SR,
    (SR, SO): SO,
    (SR, RO): RO,
    (SR, IN): IN,
    (SO, SR): RO,
    (SO, SO): IN,
    (SO, RO): RO,
    (SO, IN): IN,
    (RO, SR): SO,
    (RO, SO): SO,
    (RO, RO): IN,
    (RO, IN): IN,
    (IN, SR): IN,
    (IN, SO): IN,
    (IN, RO): IN,
    (IN, IN): IN,
}


@pytest.mark.parametrize(("offered", "wanted"), list(itertools.product(Direction, Direction)))
def test_answered_direction(offered: Direction, wanted: Direction) -> None:
    assert offered.answered(wanted) is ANSWERED[offered, wanted]


OFFER = parse_description(
    text(
        "m=video 0 RTP/AVP 31",
        "m=audio 4000 RTP/AVP 0 8 96 101",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
    )
)
VIDEO = "m=video 0 RTP/AVP 31"


def answer(*lines: str) -> Audio:
    return read_answer(parse_description(text(*lines)), OFFER)


def test_answer() -> None:
    audio = answer(VIDEO, "m=audio 5000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000")
    assert audio.remote == ("192.0.2.1", 5000)
    assert [codec.name for codec in audio.codecs] == ["PCMA", "telephone-event"]


def test_codecs_that_were_not_offered_are_left_out() -> None:
    assert answer(VIDEO, "m=audio 5000 RTP/AVP 18 8").codecs == (PCMA,)


REFUSING = {
    "stream refused": [VIDEO, "m=audio 0 RTP/AVP 0"],
    "fewer streams": ["m=audio 4000 RTP/AVP 0"],
    "other order": [M, VIDEO],
    "nothing of the offer": [VIDEO, "m=audio 4000 RTP/AVP 18"],
    "other profile": [VIDEO, "m=audio 4000 RTP/SAVP 0"],
}


@pytest.mark.parametrize("name", REFUSING)
def test_answers_that_do_not_fit(name: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        answer(*REFUSING[name])
    assert caught.value.status == 488


def test_streams_behind_ours_do_no_harm() -> None:
    assert answer(VIDEO, M, "m=video 7000 RTP/AVP 31").codecs == (PCMU,)


def test_feedback_by_rtcp_is_taken_and_answers_with_it_too() -> None:
    assert offer("m=audio 4000 RTP/AVPF 0", "a=rtcp-fb:* nack").codecs == (PCMU,)
    assert answer(VIDEO, "m=audio 5000 RTP/AVPF 8").codecs == (PCMA,)


def test_an_answer_may_leave_the_names_to_the_offer() -> None:
    names = [codec.name for codec in answer(VIDEO, "m=audio 5000 RTP/AVP 96 101").codecs]
    assert names == ["opus", "telephone-event"]


def test_agreed_codecs_have_a_number_for_each_way() -> None:
    theirs = answer(
        VIDEO,
        "m=audio 5000 RTP/AVP 111 97",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 useinbandfec=1",
        "a=rtpmap:97 telephone-event/8000",
    )
    agreed = agree(OFFER, theirs)
    assert [(c.name, c.clock, c.channels, c.receive_pt, c.send_pt, c.fmtp) for c in agreed] == [
        ("opus", 48000, 2, 96, 111, "useinbandfec=1"),
        ("telephone-event", 8000, 1, 101, 97, ""),
    ]
