"""Requests of phones, with and without credentials, for the tests of the gate."""

from __future__ import annotations

from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request, Response, parse_message
from softswitch.sip.requests.digest import answer

HERE = ("127.0.0.1", 5060)


def flow(host: str = "192.0.2.7", port: int = 40000) -> Flow:
    return Flow("udp", HERE, (host, port))


def request(
    method: str = "REGISTER",
    uri: str = "sip:pbx.example",
    *,
    from_: str = "<sip:1000@pbx.example>;tag=f",
    to: str = "<sip:1000@pbx.example>",
    headers: tuple[tuple[str, str], ...] = (),
) -> Request:
    lines = [
        f"{method} {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bKx;rport",
        "Max-Forwards: 70",
        f"From: {from_}",
        f"To: {to}",
        "Call-ID: one@192.0.2.7",
        f"CSeq: 1 {method}",
        *(f"{name}: {value}" for name, value in headers),
        "Content-Length: 0",
    ]
    message = parse_message(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


def answered(
    asked: Request,
    challenge: Response,
    *,
    username: str = "1000",
    password: str = "pass1000",
    uri: str | None = None,
    count: int = 1,
    cnonce: str = "c0ffee",
) -> Request:
    """The request again, with credentials for the challenge."""
    header = answer(
        challenge.headers.items(),
        asked.method,
        asked.uri_text if uri is None else uri,
        username,
        password,
        realm_expected="pbx.example",
        cnonce=cnonce,
        nonce_count=count,
    )
    assert header is not None
    again = Request(asked.method, asked.uri_text, list(asked.headers))
    again.headers.add(*header)
    parsed = parse_message(again.to_bytes())
    assert isinstance(parsed, Request)
    return parsed
