"""The certificate of a worker, and which fingerprints fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from media.secure.certificate import HASHES, DtlsCertificate, fingerprint, fits

MADE = DtlsCertificate()
OTHER = DtlsCertificate()


def test_it_is_on_p_256_and_was_valid_yesterday() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    certificate = DtlsCertificate(now).certificate
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert certificate.not_valid_before_utc == now - timedelta(days=1)
    assert certificate.not_valid_after_utc == now + timedelta(days=30)


def test_the_fingerprint_reads_as_descriptions_have_it() -> None:
    function, _, octets = MADE.fingerprint.partition(" ")
    assert function == "sha-256"
    assert len(octets.split(":")) == 32
    assert octets == octets.upper()


@pytest.mark.parametrize("function", HASHES)
def test_a_certificate_fits_its_fingerprint_in_any_case(function: str) -> None:
    told = fingerprint(MADE.certificate, function)
    assert fits(MADE.certificate, (told,))
    assert fits(MADE.certificate, (told.lower(),))
    assert fits(MADE.certificate, (told.upper(),))
    assert fits(MADE.certificate, (told.replace(" ", "  ") + " ",))
    assert not fits(OTHER.certificate, (told,))


def test_one_of_several_is_enough_when_they_are_equally_strong() -> None:
    assert fits(MADE.certificate, (OTHER.fingerprint, MADE.fingerprint))


def test_only_the_strongest_function_counts() -> None:
    stronger = fingerprint(OTHER.certificate, "sha-512")
    assert not fits(MADE.certificate, (MADE.fingerprint, stronger))
    assert fits(MADE.certificate, (MADE.fingerprint, "md5 00:11", "sha-3 22:33"))


@pytest.mark.parametrize("told", [(), ("",), ("sha-256",), ("sha-256 ",), ("md5 AA:BB",)])
def test_what_says_nothing_fits_nothing(told: tuple[str, ...]) -> None:
    assert not fits(MADE.certificate, told)
