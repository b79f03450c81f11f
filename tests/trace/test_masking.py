"""What nobody is to read in a trace."""

from __future__ import annotations

import pytest

from softswitch.trace.masking import masked, masked_url

REGISTER = (
    b"REGISTER sip:pbx SIP/2.0\r\n"
    b'Authorization: Digest username="1000", realm="pbx", nonce="n",\r\n'
    b' response="0123456789abcdef", cnonce="c"\r\n'
    b"Contact: <sip:1000:geheim@192.0.2.1>\r\n"
    b"Call-ID: a\r\n\r\n"
)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (b'Authorization: Digest username="u", response="abcdef"', b"abcdef"),
        (b'Authorization: Digest username="u", response="abcdef"', b"response"),
        (b'Proxy-Authorization: Digest response="abcdef"', b"abcdef"),
        (b"proxy-authorization : Bearer tokentoken", b"tokentoken"),
        (b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j|2^20|1:4", b"WVNfX19zZW1j"),
        (b"a=ice-pwd:asd88fgpdd777uzjYhagZg", b"asd88"),
        (b"a=key-mgmt:mikey AQAFgM0X", b"AQAFgM0X"),
        (b"k=clear:geheim", b"geheim"),
        (b"Call-Info: <https://app.example/x?token=geheim&a=b>", b"geheim"),
        (b"Call-Info: <https://user:geheim@app.example/x>", b"geheim"),
        (b"Contact: <sip:1000:geheim@192.0.2.1>", b"geheim"),
        (b"Call-Info: <https://user:geheim@app.example/x?token=GEHEIM>", b"geheim"),
        (b"Call-Info: <https://user:geheim@app.example/x?token=GEHEIM>", b"GEHEIM"),
        (b"AUTHORIZATION: Digest\r\n\tresponse=GEHEIM", b"GEHEIM"),
        (b"A=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 INLINE:GEHEIM", b"GEHEIM"),
        (b"Signal=7", b"7"),
        (b"d=7", b"7"),
        (b"Digits: 7", b"7"),
    ],
)
def test_a_secret_is_gone(line: bytes, secret: bytes) -> None:
    message = b"INFO sip:a@b SIP/2.0\r\nCall-ID: x\r\n" + line + b"\r\n\r\n"
    assert secret in message
    hidden = masked(message)
    assert secret not in hidden
    assert hidden.startswith(b"INFO sip:a@b SIP/2.0\r\nCall-ID: x\r\n")


def test_a_body_keeps_its_length() -> None:
    body = (
        b"v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j|2^20|1:4\r\nk=clear:x\r\n"
    )
    message = b"INVITE sip:a@b SIP/2.0\r\n\r\n" + body
    assert len(masked(message)) == len(message)


def test_the_user_and_the_rest_are_left() -> None:
    hidden = masked(REGISTER)
    assert b'Authorization: Digest username="1000", ***\r\nContact: ' in hidden
    assert b"geheim" not in hidden and b"cnonce" not in hidden
    assert hidden.endswith(b"Call-ID: a\r\n\r\n")


def test_a_key_that_is_the_whole_body_is_gone() -> None:
    head = b"INFO sip:a@b SIP/2.0\r\nContent-Type: application/dtmf\r\nContent-Length: 1\r\n\r\n"
    assert masked(head + b"7") == head + b"*"


def test_what_holds_no_secret_stays_as_it_is() -> None:
    message = (
        b"INVITE sip:1001@pbx;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        b'WWW-Authenticate: Digest realm="pbx", nonce="n"\r\n\r\n'
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\na=rtpmap:0 PCMU/8000\r\n"
    )
    assert masked(message) == message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://app.example/menu?token=x", "http://app.example/menu"),
        ("https://user:pw@app.example:8080/a/b#c", "https://app.example:8080/a/b"),
        ("http://app.example", "http://app.example"),
    ],
)
def test_a_url_is_shown_without_what_lets_in(url: str, shown: str) -> None:
    assert masked_url(url) == shown
