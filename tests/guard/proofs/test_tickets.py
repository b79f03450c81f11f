"""Tickets: good for one thing and for a while, and nothing else is good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.guard.proofs.tickets import Tickets, Worth

NOW = [1_000_000.0]
TICKETS = Tickets(b"key", 60.0, lambda: NOW[0])


@pytest.fixture(autouse=True)
def _midday() -> None:
    NOW[0] = 1_000_000.0


def test_a_ticket_is_good_for_what_it_was_made_for_until_it_expires() -> None:
    ticket = TICKETS.make("a/b.wav")
    assert TICKETS.judge("a/b.wav", ticket) is Worth.GOOD
    assert TICKETS.judge("a/c.wav", ticket) is Worth.WORTHLESS
    NOW[0] += 59
    assert TICKETS.judge("a/b.wav", ticket) is Worth.GOOD
    NOW[0] += 1
    assert TICKETS.judge("a/b.wav", ticket) is Worth.EXPIRED


def test_a_ticket_cannot_be_made_to_last_longer_or_with_another_key() -> None:
    until, _, signature = TICKETS.make("a").partition("-")
    assert TICKETS.judge("a", f"{int(until) + 1}-{signature}") is Worth.WORTHLESS
    assert TICKETS.judge("a", f"0{until}-{signature}") is not Worth.EXPIRED
    other = Tickets(b"other", 60.0, lambda: NOW[0]).make("a")
    assert TICKETS.judge("a", other) is Worth.WORTHLESS


@given(st.text(max_size=100))
def test_a_guess_is_worthless(guess: str) -> None:
    assert TICKETS.judge("a", guess) is Worth.WORTHLESS


def test_any_name_of_a_file_can_have_a_ticket() -> None:
    for name in ("ü.wav", "\udcff.wav", "a b.wav"):
        assert TICKETS.judge(name, TICKETS.make(name)) is Worth.GOOD
