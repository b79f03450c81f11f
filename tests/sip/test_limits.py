"""Every limit of `limits.py`: what it allows is taken, and one more is refused by name."""

from __future__ import annotations

import pytest

from softswitch.sip import limits
from softswitch.sip.effects import Effect, Flow, PassUp, Send
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.headers import TABLE
from softswitch.sip.message.message import Response, parse_message
from softswitch.sip.registrar.registrar import PATHS, Registrar

PHONE = Flow("udp", ("10.0.0.1", 5060), ("192.0.2.7", 5060))
LISTS = [
    header.name for header in TABLE if header.is_list and header.name not in ("Via", "Contact")
]
ADDRESSES = ("Contact", "Path", "Route", "Record-Route", "Service-Route")


def request(
    *headers: str,
    uri: str = "sip:b@example.com",
    from_: str = "<sip:a@example.com>",
    to: str = "<sip:b@example.com>",
    contact: str = "<sip:a@192.0.2.7>",
    body: bytes = b"",
) -> bytes:
    """An OPTIONS with seven headers, and these."""
    lines = [
        f"OPTIONS {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1",
        f"From: {from_};tag=1",
        f"To: {to}",
        "Call-ID: 1",
        "CSeq: 1 OPTIONS",
        f"Contact: {contact}",
        *headers,
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def taken(data: bytes) -> list[Effect]:
    core = Endpoint(
        tokens=lambda: "t", pick=lambda low, high: low, extensions=[f"e{n}" for n in range(300)]
    )
    effects = core.receive(data, PHONE)
    assert not core.layer.servers
    return effects


def answer(data: bytes) -> tuple[int, str]:
    """Status and phrase of the refusal."""
    (send,) = taken(data)
    assert isinstance(send, Send)
    response = parse_message(send.data)
    assert isinstance(response, Response)
    return response.status, response.reason


def values(name: str, count: int) -> str:
    value = "<sip:a@example.com>" if name in ADDRESSES else "e{}"
    return ",".join(value.format(n) for n in range(count))


def uri(size: int) -> str:
    return "sip:" + "a" * (size - 4)


def parameters(count: int) -> str:
    return "".join(f";p{n}" for n in range(count))


LARGE = limits.MESSAGE - limits.BODY
# what is at the limit, what is above it, status and phrase
ROWS: dict[str, tuple[bytes, bytes, int, str]] = {
    "message": (
        request(*(f"X-Much: {'x' * 8000}" for _ in range(3)), body=b"x" * limits.BODY),
        request(
            *(f"X-Much: {'x' * 8000}" for _ in range(4)), body=b"x" * (limits.MESSAGE - 32_000)
        ),
        513,
        "a message of ",
    ),
    "headers": (
        request(*(f"X-{n}: 1" for n in range(limits.HEADERS - 7))),
        request(*(f"X-{n}: 1" for n in range(limits.HEADERS - 6))),
        513,
        "more than 128 headers",
    ),
    "header": (
        request("X-: " + "x" * (limits.HEADER - 4)),
        request("X-: " + "x" * (limits.HEADER - 3)),
        513,
        "a header of more than 8192 characters",
    ),
    "body": (
        request(body=b"x" * limits.BODY),
        request(body=b"x" * (limits.BODY + 1)),
        413,
        "a body of 32769 octets",
    ),
    "Request-URI": (
        request(uri=uri(limits.URI)),
        request(uri=uri(limits.URI + 1)),
        414,
        "a Request-URI of 1025 characters",
    ),
    "URI of From": (
        request(from_=f"<{uri(limits.URI)}>"),
        request(from_=f"<{uri(limits.URI + 1)}>"),
        400,
        "From: a URI of 1025 characters",
    ),
    "URI of To": (
        request(to=f"<{uri(limits.URI)}>"),
        request(to=f"<{uri(limits.URI + 1)}>"),
        400,
        "To: a URI of 1025 characters",
    ),
    "URI of Contact": (
        request(contact=f"<{uri(limits.URI)}>"),
        request(contact=f"<{uri(limits.URI + 1)}>"),
        400,
        "Contact: a URI of 1025 characters",
    ),
    "parameters of From": (
        request(from_=f"<sip:a@b>{parameters(limits.PARAMETERS - 1)}"),
        request(from_=f"<sip:a@b>{parameters(limits.PARAMETERS)}"),
        400,
        "From: more than 64 parameters",
    ),
    "parameters of To": (
        request(to=f"<sip:a@b>{parameters(limits.PARAMETERS)}"),
        request(to=f"<sip:a@b>{parameters(limits.PARAMETERS + 1)}"),
        400,
        "To: more than 64 parameters",
    ),
    "parameters of Route": (
        request(f"Route: <sip:a@b>{parameters(limits.PARAMETERS)}"),
        request(f"Route: <sip:a@b>{parameters(limits.PARAMETERS + 1)}"),
        400,
        "Route: more than 64 parameters",
    ),
    "parameters of the Request-URI": (
        request(uri=f"sip:a@b{parameters(limits.PARAMETERS)}"),
        request(uri=f"sip:a@b{parameters(limits.PARAMETERS + 1)}"),
        400,
        "Request-URI: more than 64 parameters",
    ),
    "contacts": (
        request(contact=values("Contact", limits.LIST)),
        request(contact=values("Contact", limits.LIST + 1)),
        400,
        "Contact: more than 256 values",
    ),
    **{
        name: (
            request(f"{name}: {values(name, limits.LIST)}"),
            request(f"{name}: {values(name, limits.LIST)}", f"{name}: {values(name, 1)}"),
            400,
            f"{name}: more than 256 values",
        )
        for name in LISTS
    },
}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_limit_allows_is_taken(row: str) -> None:
    (effect,) = taken(ROWS[row][0])
    assert isinstance(effect, PassUp)


@pytest.mark.parametrize("row", ROWS)
def test_one_more_is_refused_and_named(row: str) -> None:
    _, above, status, phrase = ROWS[row]
    answered, reason = answer(above)
    assert answered == status
    assert reason.startswith(phrase)


def test_a_response_with_a_list_that_is_too_long_is_a_response_all_the_same() -> None:
    data = request(f"Allow: {values('Allow', limits.LIST + 1)}")
    response = parse_message(data.replace(b"OPTIONS sip:b@example.com SIP/2.0", b"SIP/2.0 200 OK"))
    assert isinstance(response, Response)


def test_commas_in_other_headers_are_no_list() -> None:
    (effect,) = taken(request("Subject: " + "," * 1000))
    assert isinstance(effect, PassUp)


@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        (",".join(["<sip:p>"] * (PATHS + 1)), "Path: more than 8 values"),
        (f"<sip:p{parameters(limits.PARAMETERS + 1)}>", "more than 64 parameters"),
        (f"<sip:p>{parameters(limits.PARAMETERS + 1)}", "Path: more than 64 parameters"),
        (f"<{uri(limits.URI + 1)}>", "a URI of 1025 characters"),
    ],
)
def test_a_path_that_is_too_long_is_refused_by_the_registrar(path: str, phrase: str) -> None:
    register = parse_message(request(f"Path: {path}").replace(b"OPTIONS", b"REGISTER"))
    answer = Registrar().update(register, PHONE, "1000", [], now=0.0, ids=lambda: 1)  # type: ignore[arg-type]
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason) == (400, phrase)
