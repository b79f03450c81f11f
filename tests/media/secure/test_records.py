"""DTLS records: cut out of datagrams, and packed into some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.secure import records


def record(kind: int = records.HANDSHAKE, epoch: int = 0, body: bytes = b"body") -> bytes:
    head = bytes((kind, 0xFE, 0xFD)) + epoch.to_bytes(2, "big") + bytes(6)
    return head + len(body).to_bytes(2, "big") + body


def test_a_datagram_is_cut_into_its_records() -> None:
    first, second = record(), record(23, 1, b"x" * 50)
    found = list(records.split(first + second))
    assert [(each.kind, each.epoch, each.octets) for each in found] == [
        (22, 0, first),
        (23, 1, second),
    ]


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x16",
        record()[:-1],
        record(19),
        record(24),
        b"\x16\x03\x03" + record()[3:],
        record(body=b"x" * (records.MAX_FRAGMENT + 1)),
        record(body=b""),
    ],
    ids=[
        *("nothing", "an octet", "cut", "ZRTP", "a heartbeat", "TLS", "too long", "empty"),
    ],
)
def test_what_is_no_record_ends_the_datagram(junk: bytes) -> None:
    good = record()
    assert [each.octets for each in records.split(good + junk)] == [good]


@given(st.binary(max_size=100))
def test_noise_is_cut_without_harm(noise: bytes) -> None:
    for each in records.split(noise):
        assert each.octets in noise


@pytest.mark.parametrize(
    ("octets", "alert"),
    [
        (record(records.ALERT, body=b"\x02\x28"), 40),
        (record(records.ALERT, body=b"\x01\x00"), None),
        (record(records.ALERT, 1, b"\x02\x28"), None),
        (record(records.ALERT, body=b"\x02\x28\x00"), None),
        (record(body=b"\x02\x28"), None),
    ],
    ids=["fatal", "a warning", "encrypted", "longer", "another type"],
)
def test_a_fatal_alert_in_the_clear_is_seen(octets: bytes, alert: int | None) -> None:
    (found,) = records.split(octets)
    assert found.fatal_alert == alert


def test_a_flight_leaves_in_datagrams_that_pass_everywhere() -> None:
    sizes = [500, 500, 100, 173, 1100, 20]
    flight = [record(body=b"x" * (size - records.HEADER)) for size in sizes]
    packed = records.pack(b"".join(flight))
    assert [len(datagram) for datagram in packed] == [1100, 173, 1120]
    assert b"".join(packed) == b"".join(flight)


def test_a_record_that_is_longer_leaves_by_itself() -> None:
    flight = [record(), record(body=b"x" * 2000), record()]
    assert records.pack(b"".join(flight)) == flight
