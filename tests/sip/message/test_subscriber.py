"""The number that a URI names, whatever phones and carriers write around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sip.message.subscriber import number_of, written_number
from softswitch.sip.message.uri import parse_uri, sip_uri

NUMBERS = [
    ("sip:1001@h", "1001"),
    ("sip:1001@h;user=phone", "1001"),
    ("sip:1001;phone-context=h.example@h;user=phone", "1001"),
    ("sip:1001;phone-context=+49@h;user=phone", "1001"),
    ("sip:1001;phone-context=+49@h", "1001"),
    ("sip:1001%3Bphone-context=h@h", "1001"),
    ("sip:1001;npdi;rn=+49199@h;user=phone", "1001"),
    ("sip:1001;rn=+49199;npdi@h;user=phone", "1001"),
    ("sip:1001;cic=+1-6789@h", "1001"),
    ("sip:1001;isub=22@h", "1001"),
    ("sip:1001;ext=5;postd=pp22@h;user=phone", "1001"),
    ("sip:10-01@h;user=phone", "1001"),
    ("sip:10.01@h;user=PHONE", "1001"),
    ("sip:(10)01@h;user=phone", "1001"),
    ("sip:(10)%2001@h;user=phone", "1001"),
    ("sip:+49-30-1001@h;user=phone", "+49301001"),
    ("sip:+49.30.1001@h", "+49301001"),
    ("sip:+49%2030%201001@h", "+49301001"),
    ("sip:*72#@h;user=phone", "*72#"),
    ("sip:*72%23@h", "*72#"),
    ("tel:1001", "1001"),
    ("tel:10-01;phone-context=h.example", "1001"),
    ("tel:+49-30-1001;isub=1", "+49301001"),
    # names, in which every character counts
    ("sip:10-01@h", "10-01"),
    ("sip:anna.b@h", "anna.b"),
    ("sip:anna.b@h;user=phone", "anna.b"),
    ("sip:a-b@h;user=ip", "a-b"),
    ("sip:dad.@h;user=phone", "dad."),
    # nobody
    ("sip:h", ""),
    ("sip:;phone-context=h@h", ""),
    ("mailto:1001@h", ""),
]


@pytest.mark.parametrize(("uri", "number"), NUMBERS)
def test_the_number_of_a_uri(uri: str, number: str) -> None:
    assert number_of(parse_uri(uri)) == number


def test_what_was_written_keeps_its_separators() -> None:
    assert written_number(parse_uri("sip:10-01;isub=2@h;user=phone")) == "10-01"
    assert written_number(parse_uri("tel:10-01")) == "10-01"
    assert written_number(parse_uri("mailto:a@b")) == ""


@given(st.from_regex(r"[0-9A-Za-z_.+*#-]{1,64}", fullmatch=True))
def test_every_number_of_the_settings_is_read_back(number: str) -> None:
    assert written_number(parse_uri(str(sip_uri(number, "h")))) == number
