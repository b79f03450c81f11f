"""What a new message is checked for before anybody acts on it (RFC 3261 sections 8.1.1, 16.3)."""

from __future__ import annotations

import pytest

from softswitch.sip.message.message import Request, Response, parse_message
from softswitch.sip.message.sanity import check_request, check_response

GOOD = {
    "start": "INVITE sip:bob@b.example SIP/2.0",
    "Via": "SIP/2.0/UDP a;branch=z9hG4bK1",
    "From": "<sip:a@a.example>;tag=1",
    "To": "<sip:bob@b.example>",
    "Call-ID": "1@a",
    "CSeq": "1 INVITE",
    "Max-Forwards": "70",
    "Contact": "<sip:a@192.0.2.1>",
}


def octets(**changes: str | None) -> bytes:
    parts = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in parts.items() if value is not None]
    lines[0] = str(parts["start"])
    return "\r\n".join([*lines, "", ""]).encode()


def request(**changes: str | None) -> Request:
    message = parse_message(octets(**changes))
    assert isinstance(message, Request)
    return message


def test_sane() -> None:
    assert check_request(request()) is None
    assert check_request(request(From="<sip:a@a.example>", Max_Forwards=None, Contact=None)) is None
    assert check_request(request(Expires="soon")) is None  # an hour (section 10.2.1.1)
    assert check_request(request(start="INVITE tel:+1-201-555-0123 SIP/2.0")) is None


# changes, status, what the sentence begins with
WRONG: list[tuple[dict[str, str | None], int, str]] = [
    *(({name: None}, 400, f"{name.replace('_', '-')}: missing") for name in ("Via", "From", "To")),
    ({"Call_ID": None}, 400, "Call-ID: missing"),
    ({"CSeq": None}, 400, "CSeq: missing"),
    ({"CSeq": "1 invite"}, 400, "CSeq: "),
    ({"CSeq": "1 BYE"}, 400, "CSeq: "),
    ({"Max_Forwards": "256"}, 400, "Max-Forwards: "),
    ({"Content_Type": "sdp"}, 400, "Content-Type: "),
    ({"Route": "<sip:a"}, 400, "Route: "),
    ({"Record_Route": "<sip:a"}, 400, "Record-Route: "),
    ({"Contact": "*, <sip:a@b>"}, 400, "Contact: "),
    ({"Contact": "<sip:a@b@c>"}, 400, "Contact: "),
    ({"From": "<nonsense>"}, 400, "From: "),
    ({"To": "<sip:b ob@b>"}, 400, "To: "),
    ({"start": "INVITE sip:bob@b:99999 SIP/2.0"}, 400, "Request-URI: "),
    ({"start": "INVITE sip:bob@b?Route=x SIP/2.0"}, 400, "Request-URI: "),
    ({"start": "INVITE http://b SIP/2.0"}, 416, "Request-URI: "),
    ({"f": "<sip:x@y>;tag=2"}, 400, "From: given twice"),
    ({"cseq": "2 INVITE"}, 400, "CSeq: given twice"),
    ({"max-forwards": "70"}, 400, "Max-Forwards: given twice"),
    ({"i": "2"}, 400, "Call-ID: given twice"),
]


@pytest.mark.parametrize(("changes", "status", "sentence"), WRONG)
def test_wrong(changes: dict[str, str | None], status: int, sentence: str) -> None:
    message = request(**changes)
    error = check_request(message)
    assert error is not None
    assert error.status == status
    assert str(error).startswith(sentence)


def test_several_lines_of_what_may_stand_often() -> None:
    assert (
        check_request(request(v="SIP/2.0/UDP b", m="<sip:b@c>", **{"X-A": "1", "x-a": "2"})) is None
    )


# status, changes, whether the response is dropped
RESPONSES: list[tuple[int, dict[str, str | None], bool]] = [
    (200, {}, False),
    (200, {"CSeq": "99999999999 INVITE"}, True),
    (200, {"Via": None}, True),
    (200, {"To": "nonsense here"}, True),
    (200, {"f": "<sip:x@y>"}, True),
    (200, {"Contact": '"open', "Record-Route": "<sip:a"}, False),
    (486, {"Date": "never", "date": "ever"}, False),
]


@pytest.mark.parametrize(("status", "changes", "dropped"), RESPONSES)
def test_responses(status: int, changes: dict[str, str | None], dropped: bool) -> None:
    message = parse_message(octets(start=f"SIP/2.0 {status} x", **changes))
    assert isinstance(message, Response)
    assert (check_response(message) is not None) is dropped
