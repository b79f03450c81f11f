"""Our offers and answers of one leg over its whole life (RFC 3264 sections 5 to 8)."""

from __future__ import annotations

import pytest

from softswitch.sdp.codecs import (
    EVENTS,
    G711,
    PCMA,
    PCMU,
    SPOKEN,
    SdpCodec,
    to_answer,
    to_offer,
    with_events,
)
from softswitch.sdp.description import (
    Attribute,
    Description,
    DescriptionError,
    parse_description,
)
from softswitch.sdp.negotiation import (
    Audio,
    Direction,
    NoCommonCodec,
    agree,
    read_answer,
    read_offer,
)
from softswitch.sdp.session import Session

OPUS = SdpCodec("opus", 48000, 2, 96)
SECRET = SdpCodec("X-Secret", 16000, 1, 96)


def party(*lines: str) -> Description:
    head = ("v=0", "o=p 7 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0")
    return parse_description("\r\n".join((*head, *lines)).encode())


def offered(*lines: str) -> Audio:
    return read_offer(party(*lines))


def versions(*sessions: Session) -> list[int]:
    return [session.description.origin.version for session in sessions]


def our_answer(
    session: Session, offer: Audio, direction: Direction = Direction.SENDRECV
) -> Session:
    return session.answer(
        offer, address="10.0.0.1", port=4000, codecs=[offer.codecs[0]], direction=direction
    )


def test_first_offer() -> None:
    session = Session("55").offer(
        address="10.0.0.1", port=4000, codecs=with_events(SPOKEN), ptime=30
    )
    assert session.description.to_bytes().decode().splitlines() == [
        "v=0",
        "o=- 55 1 IN IP4 10.0.0.1",
        "s=-",
        "c=IN IP4 10.0.0.1",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0 8 9 111 101 102",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 useinbandfec=1",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtpmap:102 telephone-event/48000",
        "a=fmtp:102 0-16",
        "a=ptime:30",
        "a=sendrecv",
    ]


def test_version_grows_only_with_a_change() -> None:
    first = Session("1").offer(address="10.0.0.1", port=4000, codecs=[PCMU])
    same = first.offer(address="10.0.0.1", port=4000, codecs=[PCMU])
    held = same.offer_again(Direction.SENDONLY)
    held_still = held.offer_again(Direction.SENDONLY)
    resumed = held_still.offer_again(Direction.SENDRECV)
    moved = resumed.offer(address="10.0.0.2", port=4000, codecs=[PCMU])
    assert versions(first, same, held, held_still, resumed, moved) == [1, 1, 2, 2, 3, 4]
    origins = {s.description.origin.session_id for s in (first, held, resumed, moved)}
    assert origins == {"1"}
    assert resumed.description.media == first.description.media
    assert moved.description.address == "10.0.0.2"
    assert moved.description.origin.address == "10.0.0.1"


def test_a_refused_offer_does_not_give_its_version_to_another() -> None:
    agreed = Session("1").offer(address="10.0.0.1", port=4000, codecs=[PCMU])
    refused = agreed.offer(address="10.0.0.1", port=4000, codecs=[PCMA])
    back = refused.reverted_to(agreed)
    assert back.description == agreed.description
    assert versions(back, back.offer_again(Direction.SENDRECV)) == [1, 1]
    assert versions(back.offer_again(Direction.INACTIVE)) == [3]


def test_the_profile_is_the_one_that_the_phone_began_with() -> None:
    first = our_answer(Session("1"), offered("m=audio 5000 RTP/AVPF 0"))
    again = first.offer_again(Direction.SENDONLY)
    assert [s.description.media[0].profile for s in (first, again)] == ["RTP/AVPF"] * 2
    assert Session("1").offer(address="10.0.0.1", port=4000, codecs=[PCMU]).description.media[
        0
    ].profile == ("RTP/AVP")


def test_nothing_said_yet() -> None:
    with pytest.raises(DescriptionError):
        _ = Session("1").description


@pytest.mark.parametrize(
    ("direction", "answer"),
    [
        ("sendrecv", "sendrecv"),
        ("sendonly", "recvonly"),
        ("recvonly", "sendonly"),
        ("inactive", "inactive"),
    ],
)
def test_answer_to_a_direction(direction: str, answer: str) -> None:
    session = our_answer(Session("1"), offered("m=audio 4000 RTP/AVP 0", f"a={direction}"))
    assert Attribute(answer) in session.description.media[0].attributes


def test_answer_to_the_old_hold() -> None:
    offer = read_offer(
        parse_description(b"v=0\no=- 1 1 IN IP4 0.0.0.0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0")
    )
    session = our_answer(Session("1"), offer)
    assert Attribute("recvonly") in session.description.media[0].attributes
    assert session.description.address == "10.0.0.1"


def test_hold_and_resume_by_the_party() -> None:
    talking = our_answer(Session("1"), offered("m=audio 4000 RTP/AVP 0"))
    held = our_answer(talking, offered("m=audio 4000 RTP/AVP 0", "a=sendonly"))
    both = our_answer(
        held, offered("m=audio 4000 RTP/AVP 0", "a=sendonly"), direction=Direction.SENDONLY
    )
    resumed = our_answer(both, offered("m=audio 4000 RTP/AVP 0"))
    directions = [
        s.description.media[0].attributes[-1].name for s in (talking, held, both, resumed)
    ]
    assert directions == ["sendrecv", "recvonly", "inactive", "sendrecv"]
    assert versions(talking, held, both, resumed) == [1, 2, 3, 4]


def test_refused_streams_keep_their_places() -> None:
    offer = offered(
        "m=video 5000 RTP/AVP 31 34",
        "a=rtpmap:31 H261/90000",
        "m=audio 4000 RTP/AVP 0",
        "m=application 6000 UDP/BFCP *",
        "m=audio 4002 RTP/AVP 8",
    )
    session = our_answer(Session("1"), offer)
    assert [(m.kind, m.port, m.profile, m.formats) for m in session.description.media] == [
        ("video", 0, "RTP/AVP", ("31", "34")),
        ("audio", 4000, "RTP/AVP", ("0",)),
        ("application", 0, "UDP/BFCP", ("*",)),
        ("audio", 0, "RTP/AVP", ("8",)),
    ]
    ours = session.offer_again(Direction.SENDONLY)
    assert [m.port for m in ours.description.media] == [0, 4000, 0, 0]
    assert ours.description.media[0] == session.description.media[0]


def test_an_answer_without_voice_is_refused() -> None:
    offer = offered("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")
    with pytest.raises(NoCommonCodec):
        Session("1").answer(offer, address="10.0.0.1", port=4000, codecs=[EVENTS])


def test_numbers_keep_their_meaning_on_a_leg() -> None:
    session = Session("1").offer(address="10.0.0.1", port=4000, codecs=[OPUS])
    later = session.offer(address="10.0.0.1", port=4000, codecs=[SECRET, OPUS])
    assert later.description.media[0].formats == ("97", "96")
    last = later.offer(address="10.0.0.1", port=4000, codecs=[SdpCodec("opus", 48000, 2, 120)])
    assert last.description.media[0].formats == ("96",)


def test_a_call_through_the_switch_with_other_numbers_on_each_leg() -> None:
    """A offers, B answers with numbers of its own, A is answered with A's."""
    from_a = offered(
        "m=audio 4000 RTP/AVP 96 0 101",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=ptime:40",
    )
    to_b = Session("2").offer(
        address="10.0.0.1",
        port=5000,
        codecs=to_offer(from_a.codecs, G711),
        ptime=from_a.ptime,
        direction=from_a.direction,
    )
    assert to_b.description.media[0].formats == ("96", "0", "8", "101")
    from_b = read_answer(
        party(
            "m=audio 6000 RTP/AVP 120 100",
            "a=rtpmap:120 opus/48000/2",
            "a=rtpmap:100 telephone-event/8000",
            "a=ptime:30",
        ),
        to_b.description,
    )
    to_a = Session("1").answer(
        from_a,
        address="10.0.0.1",
        port=5002,
        codecs=to_answer(from_a.codecs, from_b.codecs, G711),
        ptime=from_b.ptime,
        direction=from_b.direction,
    )
    assert to_a.description.media[0].formats == ("96", "101")
    assert to_a.description.media[0].values("ptime") == ["30"]
    assert [(c.receive_pt, c.send_pt) for c in agree(to_b.description, from_b)] == [
        (96, 120),
        (101, 100),
    ]
    assert [(c.receive_pt, c.send_pt) for c in agree(to_a.description, from_a)] == [
        (96, 96),
        (101, 101),
    ]


def test_a_call_between_the_two_halves_of_g711() -> None:
    from_a = offered("m=audio 4000 RTP/AVP 0")
    to_b = Session("2").offer(
        address="2001:db8::1", port=5000, codecs=to_offer(from_a.codecs, G711)
    )
    from_b = read_answer(party("m=audio 6000 RTP/AVP 8"), to_b.description)
    codecs = to_answer(from_a.codecs, from_b.codecs, G711)
    assert codecs == [PCMU]
    assert [c.name for c in agree(to_b.description, from_b)] == ["PCMA"]
    assert b"c=IN IP6 2001:db8::1" in to_b.description.to_bytes()


def test_late_offer() -> None:
    """We offer in the 200, the party answers in its ACK."""
    ours = Session("1").offer(address="10.0.0.1", port=4000, codecs=with_events(SPOKEN))
    theirs = read_answer(party("m=audio 6000 RTP/AVP 8"), ours.description)
    assert [(c.name, c.receive_pt) for c in agree(ours.description, theirs)] == [("PCMA", 8)]
