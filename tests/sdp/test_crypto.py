"""`a=crypto` lines that can be used, and those that cannot (RFC 4568 sections 4, 6 and 9.1)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sdp.crypto import FEWEST_PACKETS, MOST_PACKETS, SUITES, CryptoLine, read_crypto
from softswitch.sdp.description import Attribute, Media

CM_80, CM_32, GCM = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"
KEY_30, KEY_28 = bytes(range(30)), bytes(range(28))
TEXT_30 = base64.b64encode(KEY_30).decode()
TEXT_28 = base64.b64encode(KEY_28).decode()


def lines(*values: str) -> tuple[CryptoLine, ...]:
    attributes = tuple(Attribute("crypto", value) for value in values)
    return read_crypto(Media("audio", 4000, "RTP/SAVP", ("0",), None, attributes))


@pytest.mark.parametrize(
    ("value", "tag", "suite", "key"),
    [
        (f"1 {CM_80} inline:{TEXT_30}", 1, CM_80, KEY_30),
        (f"1 {CM_32} inline:{TEXT_30}", 1, CM_32, KEY_30),
        (f"999999999 {GCM} inline:{TEXT_28}", 999_999_999, GCM, KEY_28),
        (f"0 {GCM} inline:{TEXT_28.rstrip('=')}", 0, GCM, KEY_28),
        (f"7 {CM_80.lower()} INLINE:{TEXT_30}", 7, CM_80, KEY_30),
        (f"1  {CM_80}  inline:{TEXT_30}", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30}|2^20", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30}|2^31", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30}|2^48", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30}|{FEWEST_PACKETS}", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30}|{MOST_PACKETS}", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30} KDR=0", 1, CM_80, KEY_30),
        (f"1 {CM_80} inline:{TEXT_30} WSH=128 -NEW_THING=4", 1, CM_80, KEY_30),
    ],
)
def test_usable_lines(value: str, tag: int, suite: str, key: bytes) -> None:
    assert lines(value) == (CryptoLine(tag, suite, key),)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"1 {CM_80}",
        f"x {CM_80} inline:{TEXT_30}",
        f"01 {CM_80} inline:{TEXT_30}",
        f"-1 {CM_80} inline:{TEXT_30}",
        f"1234567890 {CM_80} inline:{TEXT_30}",
        f"\uff11 {CM_80} inline:{TEXT_30}",
        f"1 F8_128_HMAC_SHA1_80 inline:{TEXT_30}",
        f"1 AES_CM_128_NULL_AUTH inline:{TEXT_30}",
        f"1 {CM_80} uri:{TEXT_30}",
        f"1 {CM_80} inline:",
        f"1 {CM_80} inline: {TEXT_30}",
        f"1 {CM_80} inline:{TEXT_28}",
        f"1 {CM_80} inline:{TEXT_30[:-4]}",
        f"1 {CM_80} inline:{TEXT_30}AAAA",
        f"1 {CM_80} inline:{TEXT_30[:-1]}",
        f"1 {CM_80} inline:{TEXT_30[:-1]}!",
        f"1 {CM_80} inline:{TEXT_30}===",
        f"1 {GCM} inline:{TEXT_30}",
        f"1 {CM_80} inline:{TEXT_30}|1:4",
        f"1 {CM_80} inline:{TEXT_30}|2^31|1:1",
        f"1 {CM_80} inline:{TEXT_30}|2^31|1:4;inline:{TEXT_30}|2^31|2:4",
        f"1 {CM_80} inline:{TEXT_30};inline:{TEXT_30}",
        f"1 {CM_80} inline:{TEXT_30}|2^19",
        f"1 {CM_80} inline:{TEXT_30}|2^49",
        f"1 {CM_80} inline:{TEXT_30}|{FEWEST_PACKETS - 1}",
        f"1 {CM_80} inline:{TEXT_30}|{MOST_PACKETS + 1}",
        f"1 {CM_80} inline:{TEXT_30}|0",
        f"1 {CM_80} inline:{TEXT_30}|",
        f"1 {CM_80} inline:{TEXT_30}|2^x",
        f"1 {CM_80} inline:{TEXT_30} KDR=1",
        f"1 {CM_80} inline:{TEXT_30} UNENCRYPTED_SRTP",
        f"1 {CM_80} inline:{TEXT_30} UNENCRYPTED_SRTCP",
        f"1 {CM_80} inline:{TEXT_30} UNAUTHENTICATED_SRTP",
        f"1 {CM_80} inline:{TEXT_30} FEC_ORDER=FEC_SRTP",
        f"1 {CM_80} inline:{TEXT_30} FEC_KEY=inline:{TEXT_30}",
        f"1 {CM_80} inline:{TEXT_30} NEW_THING=4",
    ],
)
def test_unusable_lines_are_passed_over(value: str) -> None:
    good = f"5 {GCM} inline:{TEXT_28}"
    assert lines(value, good) == (CryptoLine(5, GCM, KEY_28),)


def test_lines_with_one_tag_are_none_of_them_usable() -> None:
    twice = f"1 {CM_80} inline:{TEXT_30}", f"1 {GCM} inline:{TEXT_28}"
    assert lines(*twice) == ()
    assert lines(*twice, f"2 {CM_32} inline:{TEXT_30}") == (CryptoLine(2, CM_32, KEY_30),)
    unknown = f"1 NEW_SUITE inline:{TEXT_30}"
    assert lines(unknown, f"1 {GCM} inline:{TEXT_28}") == ()


def test_order_is_preference() -> None:
    found = lines(f"2 {CM_32} inline:{TEXT_30}", f"1 {GCM} inline:{TEXT_28}")
    assert [line.tag for line in found] == [2, 1]


def test_a_key_is_shown_nowhere() -> None:
    line = CryptoLine(1, CM_80, b"secret" * 5)
    for text in (repr(line), str(line), repr((line,)), repr(line.attribute), f"{line.attribute}"):
        assert "secret" not in text
        assert base64.b64encode(b"secret" * 5).decode() not in text
    stream = Media("audio", 4000, "RTP/SAVP", ("0",), None, (line.attribute,))
    assert "c2VjcmV0" not in repr(stream)


@pytest.mark.parametrize(("suite", "octets"), SUITES.items())
@given(data=st.data())
def test_what_is_written_reads_as_it_was_meant(
    suite: str, octets: int, data: st.DataObject
) -> None:
    key = data.draw(st.binary(min_size=octets, max_size=octets))
    tag = data.draw(st.integers(0, 999_999_999))
    line = CryptoLine(tag, suite, key)
    assert lines(line.attribute.value or "") == (line,)


@given(st.text(max_size=120))
def test_random_lines_are_read_or_passed_over(value: str) -> None:
    for line in lines(value, f"1 {CM_80} inline:{value}"):
        assert len(line.key) == SUITES[line.suite]
