"""The stock of random octets."""

from __future__ import annotations

from softswitch.app.entropy import STOCK, Entropy


def test_tokens_are_lower_case_and_never_the_same() -> None:
    entropy = Entropy()
    tokens = [entropy.token() for _ in range(2 * STOCK)]
    assert len(set(tokens)) == len(tokens)
    assert all(len(token) == 16 and set(token) <= set("0123456789abcdef") for token in tokens)


def test_octets_come_in_the_number_asked_for_across_the_end_of_the_stock() -> None:
    entropy = Entropy()
    assert {len(entropy.octets(1000)) for _ in range(20)} == {1000}
    assert len(entropy.octets(STOCK)) == STOCK
