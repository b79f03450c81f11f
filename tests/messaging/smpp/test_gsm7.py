"""The GSM 7-bit alphabet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from smpplib import gsm

from softswitch.messaging.smpp import gsm7

GSM = "".join(gsm7.BASIC.replace("\x1b", "")) + "".join(gsm7.EXTENSION.values())


def test_the_alphabet_is_that_of_another_implementation() -> None:
    for character in GSM:
        if character not in "Ç§\f":  # which that one has wrong or not at all
            assert gsm.gsm_encode(character) == gsm7.encode(character), character


@given(st.text(GSM))
def test_the_alphabet_both_ways(text: str) -> None:
    octets = gsm7.encode(text)
    assert octets is not None
    assert gsm7.decode(octets) == text


@given(st.binary())
def test_any_septets_are_a_text(octets: bytes) -> None:
    assert isinstance(gsm7.decode(octets), str)
