"""RTCP packets: the worked examples, there and back, and what is malformed."""

from __future__ import annotations

import random

import pytest

from media.rtp import rtcp
from media.rtp.rtcp import ReportBlock, RtcpError, RtcpReport, SenderInfo, parse

BLOCK = ReportBlock(0x1234, 64, -5, 0x1FFFF, 160, 0xB7050000, 0x00054000)
SENDER = SenderInfo(0x0123456789ABCDEF, 0xFFFFFFFF, 100, 16000)


def test_round_trip_of_the_worked_example() -> None:
    assert rtcp.round_trip(0xB70A8000, 0xB7050000, 0x00054000) == 0.25


def test_round_trip_wraps_and_is_never_negative() -> None:
    assert rtcp.round_trip(0x00008000, 0xFFFF8000, 0x00008000) == 0.5
    assert rtcp.round_trip(1000, 2000, 0) == 0.0


def test_ntp_time_begins_in_1900() -> None:
    assert rtcp.ntp_time(0.0) >> 32 == 2208988800
    assert rtcp.ntp_time(0.5) & 0xFFFFFFFF == 1 << 31
    assert SENDER.middle == 0x456789AB


@pytest.mark.parametrize(
    ("expected", "received", "fraction"),
    [(100, 75, 64), (100, 100, 0), (100, 101, 0), (0, 0, 0), (10, 0, 255)],
)
def test_the_fraction_that_was_lost(expected: int, received: int, fraction: int) -> None:
    assert rtcp.fraction_lost(expected, received) == fraction


def test_a_sender_report_octet_by_octet() -> None:
    data = rtcp.build_report(RtcpReport(0xCAFE, SENDER, ()), "a@b")
    assert data.hex() == (
        "80c80006" "0000cafe" "0123456789abcdef" "ffffffff" "00000064" "00003e80"
        "81ca0003" "0000cafe" "01036140" "62000000"
    )  # fmt: skip


@pytest.mark.parametrize("sender", [None, SENDER])
@pytest.mark.parametrize("blocks", [(), (BLOCK,)])
@pytest.mark.parametrize("cname", ["", "a", "ab", "abc", "softswitch@127.0.0.1"])
def test_reports_there_and_back(
    sender: SenderInfo | None, blocks: tuple[ReportBlock, ...], cname: str
) -> None:
    report = RtcpReport(0xCAFE, sender, blocks)
    data = rtcp.build_report(report, cname) + rtcp.build_goodbye(0xCAFE)
    assert len(data) % 4 == 0
    compound = parse(data)
    assert compound.reports == (report,)
    assert compound.cnames == ((0xCAFE, cname),)
    assert compound.goodbyes == (0xCAFE,)


def test_the_loss_is_held_to_24_bits() -> None:
    block = ReportBlock(1, 0, 1 << 30, 0, 0, 0, 0)
    data = rtcp.build_report(RtcpReport(1, None, (block,)), "x")
    assert parse(data).reports[0].blocks[0].lost == (1 << 23) - 1


def test_other_packets_of_a_compound_are_passed_over() -> None:
    other = bytes.fromhex("81ce00020000000100000002")
    data = rtcp.build_report(RtcpReport(1), "x") + other
    assert len(parse(data).reports) == 1


@pytest.mark.parametrize("kind", [0, 1, 72, 191, 192, 199, 204, 207, 209, 223, 224, 255])
@pytest.mark.parametrize("place", ["first", "between", "last"])
def test_a_packet_of_an_unknown_type_costs_nothing_but_itself(kind: int, place: str) -> None:
    unknown = bytes((0x81, kind)) + bytes.fromhex("00020000000100000002")
    report, goodbye = rtcp.build_report(RtcpReport(1), "x"), rtcp.build_goodbye(1)
    order = {
        "first": (unknown, report, goodbye),
        "between": (report, unknown, goodbye),
        "last": (report, goodbye, unknown),
    }
    compound = parse(b"".join(order[place]))
    assert compound.reports == (RtcpReport(1),)
    assert (compound.cnames, compound.goodbyes) == (((1, "x"),), (1,))


def test_padding_of_the_last_packet_is_taken_off() -> None:
    goodbye = bytes.fromhex("a1cb00020000cafe00000004")
    assert parse(goodbye).goodbyes == (0xCAFE,)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "80c900",
        "00c90001" "00000001",
        "80000001" "00000001",
        "80c90002" "00000001",
        "81c90001" "00000001",
        "80c80001" "00000001",
        "82cb0001" "00000001",
        "81ca0001" "00000001" "80c9",
        "82ca0001" "00000001",
        "81ca0002" "00000001" "01096162",
        "a0c90001" "00000005",
        "a0c90001" "00000000",
        "a0c90001" "00000004" "80c90001" "00000001",
    ],
)  # fmt: skip
def test_malformed_packets(data: str) -> None:
    with pytest.raises(RtcpError):
        parse(bytes.fromhex(data))


def test_random_octets_are_read_or_refused() -> None:
    chance = random.Random(3)
    whole = rtcp.build_report(RtcpReport(1, SENDER, (BLOCK,)), "name@host") + rtcp.build_goodbye(1)
    for _ in range(5000):
        data = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            parse(bytes(data))
        except RtcpError:
            continue
