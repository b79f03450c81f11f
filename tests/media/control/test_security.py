"""The messages about security: what they show of their secrets."""

from __future__ import annotations

import pytest

from media.control.frames import ControlError, decode_request, encode
from media.control.security import Ice, Security, SrtpKeys
from media.control.session import Configure, Expect

KEYS = SrtpKeys("AES_CM_128_HMAC_SHA1_80", b"ours" * 7 + b"ab", b"theirs" * 5)
SECURITY = Security(srtp=KEYS, ice=Ice("ufrg", "a password of 22 octets", "theirs"))


def test_no_repr_shows_a_secret() -> None:
    shown = repr(Configure(leg=1, remote=None, security=SECURITY))
    assert "AES_CM_128_HMAC_SHA1_80" in shown
    for secret in ("oursours", "theirstheirs", "password"):
        assert secret not in shown


def test_no_error_of_a_message_that_cannot_be_read_shows_a_secret() -> None:
    octets = encode(Expect(leg=1, security=SECURITY))[4:]
    with pytest.raises(ControlError) as error:
        decode_request(octets.replace(b"\xa3mux\xc2", b"\xa3mux\xa1n"))
    assert "mux" in str(error.value)
    for secret in ("oursours", "theirstheirs", "password"):
        assert secret not in str(error.value)
