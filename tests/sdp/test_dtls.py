"""`a=fingerprint`, `a=setup` and `a=tls-id` (RFC 8122, RFC 4145, RFC 8842)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sdp.dtls import HASHES, DtlsParameters, Setup, read_dtls

SHA_256 = "sha-256 " + ":".join(["AB"] * 32)
SHA_1 = "sha-1 " + ":".join(["0C"] * 20)
TLS_ID = "abc3de65cddef001be82"


def read(*, in_answer: bool = False, **values: list[str]) -> DtlsParameters | None:
    """What lines such as `fingerprint=[…]` say; `tls_id` stands for `a=tls-id`."""
    named = {name.replace("_", "-"): lines for name, lines in values.items()}
    return read_dtls(lambda name: named.get(name, []), in_answer=in_answer)


@pytest.mark.parametrize(
    ("fingerprints", "kept"),
    [
        ([SHA_256], [SHA_256]),
        ([SHA_256.lower()], [SHA_256]),
        (["SHA-256" + SHA_256[7:]], [SHA_256]),
        ([SHA_1], [SHA_1]),
        ([SHA_1, SHA_256], [SHA_256]),
        ([SHA_256, SHA_256.replace("AB", "CD")], [SHA_256, SHA_256.replace("AB", "CD")]),
        (["md5 " + ":".join(["0C"] * 16), SHA_256], [SHA_256]),
    ],
)
def test_the_fingerprints_of_the_strongest_hash_count(
    fingerprints: list[str], kept: list[str]
) -> None:
    found = read(fingerprint=fingerprints, setup=["actpass"])
    assert found is not None
    assert list(found.fingerprints) == kept


@pytest.mark.parametrize("name", HASHES)
def test_every_hash_has_its_length(name: str) -> None:
    for octets, good in (
        (HASHES[name], True),
        (HASHES[name] - 1, False),
        (HASHES[name] + 1, False),
    ):
        found = read(fingerprint=[f"{name} {':'.join(['5A'] * octets)}"], setup=["active"])
        assert (found is not None) == good


@pytest.mark.parametrize(
    "fingerprint",
    [
        "",
        "sha-256",
        "md5 " + ":".join(["0C"] * 16),
        "md2 " + ":".join(["0C"] * 16),
        SHA_256[:-1],
        SHA_256[:-3],
        SHA_256.replace(":", ""),
        SHA_256.replace("AB", "GH"),
        SHA_256 + " more",
        "sha-3 " + SHA_256[8:],
    ],
)
def test_nothing_rests_on_a_fingerprint_that_is_none(fingerprint: str) -> None:
    assert read(fingerprint=[fingerprint], setup=["actpass"]) is None


@pytest.mark.parametrize(
    ("said", "offer", "answer"),
    [
        (["active"], Setup.ACTIVE, Setup.ACTIVE),
        (["passive"], Setup.PASSIVE, Setup.PASSIVE),
        (["ACTIVE"], Setup.ACTIVE, Setup.ACTIVE),
        (["actpass"], Setup.ACTPASS, None),
        (["holdconn"], None, None),
        (["both"], None, None),
        ([], Setup.ACTIVE, Setup.PASSIVE),
    ],
)
def test_roles(said: list[str], offer: Setup | None, answer: Setup | None) -> None:
    """An answer has to choose; what is not said has a default."""
    for in_answer, role in ((False, offer), (True, answer)):
        found = read(fingerprint=[SHA_256], setup=said, in_answer=in_answer)
        assert (found and found.setup) == role


@pytest.mark.parametrize(
    ("value", "kept"),
    [(TLS_ID, TLS_ID), (TLS_ID[:-1], ""), ("x" * 255, "x" * 255), ("x" * 256, ""), ("a b" * 9, "")],
)
def test_tls_ids(value: str, kept: str) -> None:
    found = read(fingerprint=[SHA_256], setup=["active"], tls_id=[value])
    assert found is not None
    assert found.tls_id == kept


@given(st.sampled_from(list(Setup)), st.sampled_from(["", TLS_ID]))
def test_what_is_written_reads_as_it_was_meant(setup: Setup, tls_id: str) -> None:
    said = DtlsParameters((SHA_256, SHA_256.replace("AB", "00")), setup, tls_id)
    lines = said.attributes()
    assert (
        read_dtls(lambda name: [a.value or "" for a in lines if a.name == name], in_answer=False)
        == said
    )


@given(st.lists(st.text(max_size=99), max_size=3), st.lists(st.text(max_size=12), max_size=2))
def test_random_values_are_read_or_passed_over(fingerprints: list[str], setups: list[str]) -> None:
    read(fingerprint=fingerprints, setup=setups)
