"""Payload formats: read, matched, numbered, offered for another party (RFC 3551)."""

from __future__ import annotations

import pytest

from softswitch.sdp.codecs import (
    EVENTS,
    G711,
    G722,
    PCMA,
    PCMU,
    STATIC_TYPES,
    UNDERSTOOD,
    SdpCodec,
    codec_attributes,
    pair,
    read_codecs,
    renumber,
    to_answer,
    to_offer,
)
from softswitch.sdp.description import Attribute, Media

OPUS = SdpCodec("opus", 48000, 2, 96)
G729 = STATIC_TYPES[18]
SECRET = SdpCodec("X-Secret", 16000, 1, 97, "key=value; other")


def stream(formats: str, *attributes: str) -> Media:
    pairs = (attribute.partition(":") for attribute in attributes)
    return Media(
        "audio",
        4000,
        "RTP/AVP",
        tuple(formats.split()),
        "192.0.2.1",
        tuple(Attribute(name, value) for name, _, value in pairs),
    )


READ = [
    ("static types need no rtpmap", stream("0 8 18"), [PCMU, PCMA, G729]),
    ("the order is the party's", stream("8 0"), [PCMA, PCMU]),
    ("with rtpmap", stream("0", "rtpmap:0 PCMU/8000"), [PCMU]),
    ("channels", stream("96", "rtpmap:96 opus/48000/2"), [OPUS]),
    (
        "unknown names pass",
        stream("97", "rtpmap:97 X-Secret/16000", "fmtp:97 key=value; other"),
        [SECRET],
    ),
    (
        "fmtp of a static type",
        stream("18", "fmtp:18 annexb=no"),
        [SdpCodec("G729", 8000, 1, 18, "annexb=no")],
    ),
    ("dynamic type without rtpmap", stream("96 0"), [PCMU]),
    ("reserved type", stream("1 2 19 72 0"), [PCMU]),
    ("type beyond 127", stream("128 4294967296 0"), [PCMU]),
    ("no number", stream("x * 0"), [PCMU]),
    ("malformed rtpmap", stream("96 97 98 0", "rtpmap:96", "rtpmap:97 x", "rtpmap:98 x/y"), [PCMU]),
    ("clock of 0", stream("96 0", "rtpmap:96 x/0"), [PCMU]),
    ("NUL behind fmtp", stream("0", "fmtp\0:0 x", "fmtp:0 a\0b"), [PCMU]),
    ("the first rtpmap counts", stream("0", "rtpmap:0 PCMU/8000", "rtpmap:0 x/1"), [PCMU]),
    ("repeated type", stream("0 0 8"), [PCMU, PCMA]),
    ("repeated codec", stream("0 96", "rtpmap:96 pcmu/8000"), [PCMU]),
    (
        "the same codec with other parameters",
        stream("98 99", "rtpmap:98 AMR/8000", "rtpmap:99 AMR/8000", "fmtp:99 octet-align=1"),
        [SdpCodec("AMR", 8000, 1, 98), SdpCodec("AMR", 8000, 1, 99, "octet-align=1")],
    ),
    ("nothing left", stream("96"), []),
    ("G722 at the rate of its samples", stream("9", "rtpmap:9 G722/16000"), [G722]),
    ("Opus without its channels", stream("96", "rtpmap:96 opus/48000"), [OPUS]),
    ("Opus with one channel", stream("96", "rtpmap:96 opus/48000/1"), [OPUS]),
]


@pytest.mark.parametrize(("name", "media", "codecs"), READ, ids=[row[0] for row in READ])
def test_read(name: str, media: Media, codecs: list[SdpCodec]) -> None:
    assert list(read_codecs(media)) == codecs


def test_a_type_of_an_answer_without_rtpmap_is_that_of_the_offer() -> None:
    offer = [PCMU, OPUS, EVENTS]
    assert list(read_codecs(stream("0 96 101 97", "fmtp:96 x"), offer)) == [
        PCMU,
        SdpCodec("opus", 48000, 2, 96, "x"),
        SdpCodec("telephone-event", 8000, 1, 101),
    ]
    assert read_codecs(stream("101", "rtpmap:101 x/8000"), offer)[0].name == "x"


def test_static_types_of_rfc_3551() -> None:
    assert {n: (c.name, c.clock, c.channels) for n, c in STATIC_TYPES.items() if n >= 8} == {
        8: ("PCMA", 8000, 1),
        9: ("G722", 8000, 1),
        10: ("L16", 44100, 2),
        11: ("L16", 44100, 1),
        12: ("QCELP", 8000, 1),
        13: ("CN", 8000, 1),
        14: ("MPA", 90000, 1),
        15: ("G728", 8000, 1),
        16: ("DVI4", 11025, 1),
        17: ("DVI4", 22050, 1),
        18: ("G729", 8000, 1),
    }


def test_attributes() -> None:
    attributes = codec_attributes([PCMU, OPUS, EVENTS])
    assert [(a.name, a.value) for a in attributes] == [
        ("rtpmap", "0 PCMU/8000"),
        ("rtpmap", "96 opus/48000/2"),
        ("rtpmap", "101 telephone-event/8000"),
        ("fmtp", "101 0-16"),
    ]


def amr(payload_type: int, fmtp: str = "") -> SdpCodec:
    return SdpCodec("AMR", 8000, 1, payload_type, fmtp)


PAIRS = [
    ([PCMU, PCMA], [PCMA, PCMU], [(0, 0), (8, 8)]),
    ([PCMA], [PCMU], []),
    ([SdpCodec("pcmu", 8000, 1, 0)], [PCMU], [(0, 0)]),
    ([SdpCodec("opus", 48000, 2, 111)], [OPUS], [(111, 96)]),
    ([SdpCodec("opus", 48000, 1, 96)], [OPUS], []),
    ([amr(96), amr(97, "x")], [amr(97, "x")], [(97, 97)]),
    ([amr(96), amr(97, "x")], [amr(100, "x"), amr(101)], [(96, 101), (97, 100)]),
    ([amr(96, "a"), amr(97, "b")], [amr(100, "c"), amr(101, "d")], [(96, 100), (97, 101)]),
]


@pytest.mark.parametrize(("ones", "others", "expected"), PAIRS)
def test_pair(
    ones: list[SdpCodec], others: list[SdpCodec], expected: list[tuple[int, int]]
) -> None:
    pairs = [(one.payload_type, other.payload_type) for one, other in pair(ones, others)]
    assert pairs == expected


NUMBERS = [
    # codecs, numbers given out before, numbers now
    ([PCMU, OPUS, EVENTS], {}, [0, 96, 101]),
    ([OPUS], {111: OPUS.encoding}, [111]),
    ([OPUS], {111: OPUS.encoding, 96: OPUS.encoding}, [96]),
    ([OPUS], {96: SECRET.encoding}, [97]),
    ([OPUS, SECRET], {96: SECRET.encoding}, [97, 96]),
    ([amr(96), amr(97, "x")], {96: amr(96).encoding}, [96, 97]),
    ([SdpCodec("PCMU", 8000, 1, 99)], {99: OPUS.encoding}, [0]),
    ([OPUS], dict.fromkeys(range(96, 128), SECRET.encoding), []),
]


@pytest.mark.parametrize(("codecs", "taken", "numbers"), NUMBERS)
def test_numbers_never_change_their_meaning(
    codecs: list[SdpCodec], taken: dict[int, tuple[str, int, int]], numbers: list[int]
) -> None:
    assert [codec.payload_type for codec in renumber(codecs, taken)] == numbers


EVENTS_48 = SdpCodec("telephone-event", 48000, 1, 120, "0-16")
OURS_AT_48 = SdpCodec("telephone-event", 48000, 1, 101, "0-16")
WIDE = (PCMU, OPUS)

OFFERS = [
    # what A offered, what can be transcoded, what is offered to B
    ([PCMU, EVENTS], (), [PCMU, EVENTS]),
    ([PCMU, EVENTS], G711, [PCMU, PCMA, EVENTS]),
    ([PCMA], G711, [PCMA, PCMU]),
    ([PCMA, PCMU], G711, [PCMA, PCMU]),
    ([G729, EVENTS], G711, [G729, EVENTS]),
    ([SECRET, PCMU, EVENTS, OPUS], G711, [SECRET, PCMU, EVENTS, OPUS, PCMA]),
    ([OPUS, EVENTS_48], WIDE, [OPUS, PCMU, EVENTS_48, EVENTS]),
    ([PCMU, EVENTS], WIDE, [PCMU, OPUS, EVENTS, OURS_AT_48]),
    ([OPUS, EVENTS_48, EVENTS], WIDE, [OPUS, PCMU, EVENTS_48, EVENTS]),
    ([PCMU], WIDE, [PCMU, OPUS]),
    ([G729, EVENTS_48], WIDE, [G729, EVENTS_48]),
]


@pytest.mark.parametrize(("offered", "transcodable", "expected"), OFFERS)
def test_to_offer(
    offered: list[SdpCodec], transcodable: tuple[SdpCodec, ...], expected: list[SdpCodec]
) -> None:
    assert to_offer(offered, transcodable) == expected


def test_a_codec_that_is_only_understood_is_turned_into_others_but_never_offered() -> None:
    plain = SdpCodec("L16", 16_000, 1, 110)
    assert to_offer([plain, EVENTS], G711, UNDERSTOOD) == [plain, *G711, EVENTS]
    assert to_offer([PCMU], G711, UNDERSTOOD) == [PCMU, PCMA]
    assert to_answer([plain, EVENTS], [PCMA, EVENTS], (*G711, *UNDERSTOOD)) == [plain, EVENTS]


ANSWERS = [
    # what A offered, what B accepted, what can be transcoded, what is answered to A
    ([PCMU, PCMA, EVENTS], [PCMA, EVENTS], (), [PCMA, EVENTS]),
    ([PCMU, PCMA, EVENTS], [EVENTS, PCMA, PCMU], (), [EVENTS, PCMA, PCMU]),
    ([PCMU, EVENTS], [PCMU], (), [PCMU]),
    ([PCMU], [PCMA], (), []),
    ([PCMU], [PCMA], G711, [PCMU]),
    ([PCMU, EVENTS], [PCMA, EVENTS], G711, [PCMU, EVENTS]),
    ([PCMU], [PCMA, PCMU], G711, [PCMU]),
    ([PCMU, G729], [G729], G711, [G729]),
    ([PCMU, EVENTS], [EVENTS], G711, [EVENTS]),
    ([G729], [PCMA], G711, []),
    ([OPUS, EVENTS_48], [PCMU, EVENTS], WIDE, [OPUS, EVENTS_48]),
    ([OPUS, EVENTS_48], [PCMU], WIDE, [OPUS, EVENTS_48]),
    ([OPUS, EVENTS], [PCMU, EVENTS], WIDE, [OPUS, EVENTS]),
    ([PCMU, EVENTS], [OPUS, EVENTS_48], WIDE, [PCMU, EVENTS]),
    ([PCMU, EVENTS_48], [PCMU, EVENTS], WIDE, [PCMU, EVENTS_48]),
    ([OPUS, PCMU, EVENTS, EVENTS_48], [OPUS, EVENTS], WIDE, [OPUS, EVENTS, EVENTS_48]),
    ([OPUS, EVENTS_48], [G729, EVENTS], WIDE, []),
    (
        [SECRET],
        [SdpCodec("x-secret", 16000, 1, 120, "b")],
        (),
        [SdpCodec("X-Secret", 16000, 1, 97, "b")],
    ),
]


@pytest.mark.parametrize(("offered", "accepted", "transcodable", "expected"), ANSWERS)
def test_to_answer(
    offered: list[SdpCodec],
    accepted: list[SdpCodec],
    transcodable: tuple[SdpCodec, ...],
    expected: list[SdpCodec],
) -> None:
    assert to_answer(offered, accepted, transcodable) == expected
