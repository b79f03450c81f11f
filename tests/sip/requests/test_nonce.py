"""Nonces: ours, of age, at their address, and used once a count."""

from __future__ import annotations

import pytest

from softswitch.sip.requests.nonce import Nonces, NonceVerdict

SECRET = b"s" * 32
HERE = "192.0.2.1"


@pytest.fixture
def nonces() -> Nonces:
    return Nonces(SECRET, 300.0)


def issue(nonces: Nonces, now: float = 1000.0, entropy: bytes = b"12345678") -> str:
    return nonces.issue(now, entropy, HERE)


def verdict(nonces: Nonces, nonce: str, now: float, source: str = HERE) -> NonceVerdict:
    return nonces.judge(nonce, now, source).verdict


def test_a_nonce_is_fresh_until_its_life_ends(nonces: Nonces) -> None:
    nonce = issue(nonces)
    assert verdict(nonces, nonce, 1000.0) is NonceVerdict.FRESH
    assert verdict(nonces, nonce, 1300.0) is NonceVerdict.FRESH
    assert verdict(nonces, nonce, 1300.1) is NonceVerdict.EXPIRED
    assert verdict(nonces, nonce, 900.0) is NonceVerdict.EXPIRED
    assert nonces.judge(nonce, 1000.0, HERE).issued_at == 1000.0


def test_another_address_cannot_use_it(nonces: Nonces) -> None:
    assert verdict(nonces, issue(nonces), 1000.0, "192.0.2.2") is NonceVerdict.MOVED


def test_two_nonces_of_one_moment_differ(nonces: Nonces) -> None:
    assert issue(nonces, entropy=b"aaaaaaaa") != issue(nonces, entropy=b"bbbbbbbb")


def test_a_restart_with_the_same_secret_believes_its_predecessor(nonces: Nonces) -> None:
    assert verdict(Nonces(SECRET), issue(nonces), 1001.0) is NonceVerdict.FRESH
    assert verdict(Nonces(b"other"), issue(nonces), 1001.0) is NonceVerdict.FORGED


def test_no_character_can_be_changed(nonces: Nonces) -> None:
    nonce = issue(nonces)
    for position, character in enumerate(nonce):
        for other in "AQgw0_":
            changed = nonce[:position] + other + nonce[position + 1 :]
            if other != character:
                assert verdict(nonces, changed, 1000.0) is NonceVerdict.FORGED


@pytest.mark.parametrize("text", ["", "x", "é" * 40, "=" * 40, "A" * 40, "A" * 4000, "/+" * 20])
def test_other_texts_are_forged(nonces: Nonces, text: str) -> None:
    assert verdict(nonces, text, 1000.0) is NonceVerdict.FORGED


def test_a_count_is_used_once_and_only_upwards(nonces: Nonces) -> None:
    nonce = issue(nonces)
    assert nonces.use(nonce, 1000.0, 1, 1000.0)
    assert not nonces.use(nonce, 1000.0, 1, 1000.0)
    assert nonces.use(nonce, 1000.0, 3, 1000.0)
    assert not nonces.use(nonce, 1000.0, 2, 1000.0)
    assert nonces.use(nonce, 1000.0, 4, 1000.0)
    assert not nonces.use(issue(nonces, entropy=b"another!"), 1000.0, 0, 1000.0)


def test_expired_rows_go(nonces: Nonces) -> None:
    for number in range(100):
        nonces.use(f"old{number}", 1000.0, 1, 1000.0)
    for number in range(100):
        nonces.use(f"new{number}", 2000.0, 1, 2000.0)
    assert len(nonces) == 100


def test_a_full_table_forgets_the_oldest_and_does_not_believe_it_again() -> None:
    nonces = Nonces(SECRET, capacity=10)
    for number in range(20):
        assert nonces.use(f"n{number}", 1000.0 + number, 1, 1020.0)
    assert len(nonces) == 10
    assert not nonces.use("n0", 1000.0, 1, 1020.0)  # it may have been used, so it is stale
    assert nonces.use("n20", 1020.0, 1, 1020.0)


def test_expired_rows_go_although_no_others_come(nonces: Nonces) -> None:
    for second in range(100):
        nonces.use(f"n{second}", 1000.0 + second, 1, 1100.0)
    nonces.forget(1300.0)
    assert len(nonces) == 100
    nonces.forget(1349.5)
    assert len(nonces) == 50
    nonces.forget(2000.0)
    assert len(nonces) == 0
