"""The table of headers, and the ordered list of header lines (RFC 3261 sections 7.3 and 20)."""

from __future__ import annotations

import pytest

from softswitch.sip import limits
from softswitch.sip.message.address import STAR
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import (
    HEADERS,
    SPELLINGS,
    TABLE,
    Headers,
    RAck,
    SessionExpires,
    canonical,
)

# RFC 3261 section 7.3.3 and the RFCs of the headers themselves
COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}


def test_compact_forms() -> None:
    assert {row.compact: row.name for row in TABLE if row.compact} == COMPACT


def test_no_name_stands_twice_in_the_table() -> None:
    names = [row.name.lower() for row in TABLE]
    assert len(set(names)) == len(names)
    assert set(SPELLINGS.values()) == set(HEADERS)


def test_a_comma_never_splits_credentials() -> None:
    for name in ("WWW-Authenticate", "Proxy-Authenticate", "Authorization", "Proxy-Authorization"):
        assert not HEADERS[name].is_list


@pytest.mark.parametrize("name", ["Call-ID", "CALL-ID", "call-id", "cAlL-iD", "i", "I"])
def test_canonical(name: str) -> None:
    assert canonical(name) == "Call-ID"


def test_unknown_names_stay_as_they_are() -> None:
    assert canonical("X-Foo") == "X-Foo"


def lines() -> Headers:
    return Headers(
        [
            ("v", "SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b"),
            ("X-One", "1"),
            ("Via", "SIP/2.0/TCP c"),
            ("x-two", "2"),
            ("X-ONE", "3"),
            ("Subject", "a, b"),
        ]
    )


def test_order_and_spelling_are_kept() -> None:
    assert [name for name, _ in lines()] == ["Via", "X-One", "Via", "x-two", "X-ONE", "Subject"]


def test_look_up_without_case() -> None:
    headers = lines()
    assert headers.get("x-one") == "1"
    assert headers.get_all("x-One") == ["1", "3"]
    assert headers.get("VIA") == headers.get("v") == headers.get("Via")
    assert headers.get("Contact") is None
    assert headers.get("X-Three") is None
    assert headers.get_all("Contact") == []
    assert "X-TWO" in headers
    assert "s" in headers
    assert "To" not in headers


def test_only_list_headers_are_split() -> None:
    headers = lines()
    assert headers.values("Via") == [
        "SIP/2.0/UDP a;branch=1",
        "SIP/2.0/UDP b",
        "SIP/2.0/TCP c",
    ]
    assert headers.values("Subject") == ["a, b"]
    assert headers.values("X-One") == ["1", "3"]


def test_changes() -> None:
    headers = lines()
    headers.set("subject", "new")
    headers.set("x-one", "4")
    headers.set("To", "<sip:a@b>")
    headers.add("m", "<sip:c@d>")
    headers.prepend("Route", "<sip:e;lr>")
    headers.remove("V")
    headers.remove("absent")
    assert headers.items() == [
        ("Route", "<sip:e;lr>"),
        ("x-one", "4"),
        ("x-two", "2"),
        ("Subject", "new"),
        ("To", "<sip:a@b>"),
        ("Contact", "<sip:c@d>"),
    ]


def test_typed_values_follow_changes() -> None:
    headers = lines()
    assert len(headers.read("Via")) == 3
    assert headers.read("Via") is headers.read("Via")
    headers.prepend("Via", "SIP/2.0/UDP d")
    assert len(headers.read("Via")) == 4
    headers.remove("Via")
    assert headers.read("Via") is None


def test_headers_made_of_others_are_independent() -> None:
    headers = lines()
    copy = Headers(headers)
    copy.set("Subject", "other")
    assert headers.get("Subject") == "a, b"
    assert copy != headers
    assert lines() == headers


def test_too_many_values() -> None:
    headers = Headers([("Supported", ",".join("x" * (limits.LIST + 1)))])
    with pytest.raises(MessageError, match=r"^Supported: more"):
        headers.read("Supported")


TYPED = [
    ("CSeq", "1 INVITE", (1, "INVITE")),
    ("CSeq", "0009 \t INVITE", (9, "INVITE")),
    ("Max-Forwards", "255", 255),
    ("Expires", "0", 0),
    ("Session-Expires", "1800;refresher=uac", SessionExpires(1800, "uac")),
    ("Session-Expires", "90 ; Refresher = UAS ;x", SessionExpires(90, "uas")),
    ("Session-Expires", "90;refresher=both", SessionExpires(90, None)),
    ("RAck", "776656 1 INVITE", RAck(776656, 1, "INVITE")),
    ("Retry-After", "18000 (busy);duration=3600", 18000),
    ("Content-Type", "Application/SDP ; charset=utf-8", ("application", "sdp")),
    ("Supported", "replaces, timer", ["replaces", "timer"]),
    ("Supported", "", None),
    ("Contact", "*", STAR),
    ("Subject", "", ""),
]


@pytest.mark.parametrize(("name", "text", "value"), TYPED)
def test_typed(name: str, text: str, value: object) -> None:
    assert Headers([(name, text)]).read(name) == value


MALFORMED = [
    ("CSeq", "INVITE"),
    ("CSeq", "1"),
    ("CSeq", "1 IN VITE"),
    ("CSeq", "4294967296 INVITE"),
    ("CSeq", "-1 INVITE"),
    ("Max-Forwards", "256"),
    ("Max-Forwards", "seventy"),
    ("Expires", "4294967296"),
    ("Expires", "1e3"),
    ("Min-SE", ""),
    ("Session-Expires", "soon"),
    ("RAck", "1 INVITE"),
    ("RAck", "1 one INVITE"),
    ("Content-Type", "sdp"),
    ("Content-Type", "application/"),
    ("Call-ID", ""),
    ("From", ""),
    ("To", '"open <sip:a@b>'),
    ("Contact", "*, <sip:a@b>"),
    ("Contact", '<sip:a@b>, "open'),
    ("Via", "SIP/2.0 a"),
    ("Refer-To", "<sip:a@b"),
]


@pytest.mark.parametrize(("name", "text"), MALFORMED)
def test_the_error_names_the_header(name: str, text: str) -> None:
    with pytest.raises(MessageError, match=f"^{name}: ") as caught:
        Headers([(name, text)]).read(name)
    assert caught.value.status == 400


def test_what_is_set_after_a_look_is_found() -> None:
    headers = Headers([("Via", "a"), ("To", "b"), ("Via", "c"), ("X-Own", "d")])
    assert headers.get("Via") == "a"
    headers.set("Via", "e")
    headers.set("x-own", "f")
    headers.set("From", "g")
    assert [headers.get(name) for name in ("Via", "To", "X-Own", "From")] == ["e", "b", "f", "g"]
    assert headers.get_all("Via") == ["e"]
