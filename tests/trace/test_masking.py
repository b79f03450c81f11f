"""What nobody is to read in a trace."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from softswitch.calls.leg.keys import key_of_info
from softswitch.trace.masking import masked, masked_text, masked_url, masked_values

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


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("header", [b"Content-Type: ", b"c:", b"content-type :\r\n "])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
        ("application/dtmf-relay", b" Signal = 5"),
        ("application/dtmf", b"5"),
        ("audio/telephone-event", b"\x05\x00\x00\xa0"),
        ("audio/telephone-event", b"050000a0"),
        ("application/vnd.nortelnetworks.digits", b"5"),
        ("application/vnd.nortelnetworks.digits", b"p=Digit-Collection\r\ny=Digits\r\nd=5\r\n"),
        ("application/dtmf-relay", b"e=5"),
    ],
)
def test_a_key_is_gone_in_whatever_form(
    content_type: str, body: bytes, header: bytes, end: bytes
) -> None:
    head = end.join((b"INFO sip:a@b SIP/2.0", header + content_type.encode(), end))
    assert key_of_info(content_type, body) == "5"
    hidden = masked(head + body)
    assert hidden.startswith(head) and len(hidden) == len(head + body)
    assert set(hidden[len(head) :]) <= set(b"*\r\n")


@pytest.mark.parametrize("again", [b"sip:a:", b"a://", b"a://a?", b"inline:", b"pin=", b"\nc:"])
def test_no_message_takes_long(again: bytes) -> None:
    message = b"INFO sip:a@b SIP/2.0\r\n\r\n@" + again * (32_000 // len(again))
    assert seconds(lambda: masked(message)) < 0.5


@pytest.mark.parametrize("again", ["a-", "pin", "pin ", 'id="pin"', 'id="', "http://", "Zm9vYmFy"])
def test_no_text_takes_long(again: str) -> None:
    text = again * (100_000 // len(again))
    assert seconds(lambda: masked_text(text)) < 0.5
    assert seconds(lambda: masked_values({"ID": text, "Value": text})) < 0.5


def seconds(work: Callable[[], object]) -> float:
    """CPU time of it: quadratic expressions took seconds here."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=geheim&x=1", "password=***&x=1"),
        ('{"api_token": "geheim"}', '{"api_token": "***"}'),
        ("userPin: 1234", "userPin: ***"),
        ('<Var ID="pin" Value="1234"/>', '<Var ID="pin" Value="***"/>'),
        ("see https://u:pw@app.example/x?y=z.", "see https://app.example/x"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_a_text_is_shown_without_what_lets_in(text: str, shown: str) -> None:
    assert masked_text(text) == shown


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
