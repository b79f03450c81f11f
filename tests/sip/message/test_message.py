"""Messages from octets and to octets (RFC 3261 sections 7, 8.2.6 and 18.3)."""

from __future__ import annotations

import pytest

from softswitch.sip import limits
from softswitch.sip.message.address import STAR
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import (
    MalformedMessage,
    Message,
    Request,
    Response,
    parse_message,
    response_to,
)
from softswitch.sip.message.reasons import REASONS
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.sip.message.via import parse_via

INVITE = b"""INVITE sip:bob@biloxi.example.com SIP/2.0\r
Via: SIP/2.0/UDP client.example.com:5060;branch=z9hG4bK74bf9;rport, SIP/2.0/TCP far;branch=x\r
v: SIP/2.0/TLS farther\r
Max-Forwards: 70\r
From: "Alice, A." <sip:alice@example.com>;tag=9fxced76sl\r
To: Bob <sip:bob@biloxi.example.com>\r
Call-ID: 3848276298220188511@example.com\r
CSeq: 2 INVITE\r
X-Unknown: one\r
Record-Route: <sip:p2;lr>, <sip:p1;lr>\r
Contact: <sip:alice@client.example.com;transport=udp>\r
Timestamp: 54\r
Content-Type: application/sdp\r
Content-Length: 4\r
\r
v=0\n"""


def invite(*changes: tuple[bytes, bytes]) -> bytes:
    data = INVITE
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    return data


def request(data: bytes = INVITE) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def refused(data: bytes) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(data)
    return caught.value


def test_request() -> None:
    message = request()
    assert (message.method, message.uri_text) == ("INVITE", "sip:bob@biloxi.example.com")
    assert message.uri == SipUri("biloxi.example.com", "bob")
    assert [via.host for via in message.vias] == ["client.example.com", "far", "farther"]
    assert message.via.branch == "z9hG4bK74bf9"
    assert (message.from_.tag, message.from_.display_name) == ("9fxced76sl", "Alice, A.")
    assert message.to.tag is None
    assert message.call_id == "3848276298220188511@example.com"
    assert message.cseq == (2, "INVITE")
    assert str(message.cseq) == "2 INVITE"
    assert message.max_forwards == 70
    assert message.expires is None
    assert message.contact is not None
    assert message.headers.read("Route") is None
    assert message.headers.values("Record-Route") == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert message.content_type == "application/sdp"
    assert message.tokens("supported") == []
    assert message.body == b"v=0\n"
    assert len(message.body) == 4


def test_written_as_it_came_but_for_compact_names() -> None:
    assert request().to_bytes() == invite((b"\r\nv: ", b"\r\nVia: "))


def test_response() -> None:
    message = parse_message(
        b"SIP/2.0 180 Ringing there\r\nVia: SIP/2.0/UDP a;branch=b\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (180, "Ringing there")
    with pytest.raises(MessageError, match=r"^From: missing"):
        _ = message.from_


def test_version_without_case() -> None:
    assert request(invite((b" SIP/2.0\r\nVia", b" sip/2.0\r\nVia"))).start_line.endswith("SIP/2.0")
    assert isinstance(parse_message(b"sip/2.0 200 OK\r\n\r\n"), Response)


def test_contacts_star_and_none() -> None:
    contact = b"Contact: <sip:alice@client.example.com;transport=udp>"
    star = request(invite((contact, b"m:*")))
    assert star.contacts is STAR
    assert star.contact is None
    none = request(invite((contact, b"X: y")))
    assert none.contacts == []
    assert none.contact is None


def test_line_ends_before_the_message_are_ignored() -> None:
    assert request(b"\r\n\r\n" + INVITE).method == "INVITE"


def test_folded_lines_become_one() -> None:
    message = request(invite((b"X-Unknown: one", b"X-Unknown :  one\r\n \t two\r\n\tthree ")))
    assert message.headers.get("X-Unknown") == "one two three"


def test_latin_1_is_read_and_written_back_as_it_came() -> None:
    data = invite((b"Bob <", b"J\xfcrgen <"))
    message = request(data)
    assert message.to.display_name == "Jürgen"
    assert b"To: J\xfcrgen <" in message.to_bytes()
    assert b"To: J\xfcrgen <" in response_to(message, 180, to_tag="x").to_bytes()
    message.headers.set("Subject", "漢字")
    assert "漢字".encode() in message.to_bytes()


START_LINES = [
    (b"INVITE  sip:a@b SIP/2.0", 400),
    (b"INVITE sip:a@b  SIP/2.0", 400),
    (b" INVITE sip:a@b SIP/2.0", 400),
    (b"INVITE sip:a@b SIP/2.0 ", 400),
    (b"INVITE sip:a@b", 400),
    (b"INVITE", 400),
    (b"", 400),
    (b"INVITE <sip:a@b> SIP/2.0", 400),
    (b"INVITE sip:a@b SIP/3.0", 505),
    (b"INVITE sip:a@b SIP/2.00", 505),
    (b"GET / HTTP/1.1", 400),
    (b"IN(VITE sip:a@b SIP/2.0", 400),
    ("INVITÉ sip:a@b SIP/2.0".encode(), 400),
    (b"INVITE sip:" + b"a" * limits.URI + b" SIP/2.0", 414),
    (b"SIP/2.0", 400),
    (b"SIP/2.0 99 x", 400),
    (b"SIP/2.0 700 x", 400),
    (b"SIP/2.0 20 x", 400),
    (b"SIP/2.0 0200 x", 400),
    (b"SIP/2.0 +20 x", 400),
    (b"SIP/7.0 200 OK", 505),
]


@pytest.mark.parametrize(("line", "status"), START_LINES)
def test_start_lines_that_are_refused(line: bytes, status: int) -> None:
    assert refused(line + b"\r\nVia: SIP/2.0/UDP a\r\n\r\n").status == status


HEADER_LINES = {
    "no colon": b"NoColon",
    "no name": b": value",
    "control character before the colon": b"To\x01: <sip:a@b>",
    "form feed before the colon": b"To\x0c: <sip:a@b>",
    "no-break space before the colon": "To\u00a0: <sip:a@b>".encode(),
    "blank inside the name": b"Content Length: 0",
    "NUL in a value": b"Subject: a\x00b",
    "DEL in a value": b"Subject: a\x7fb",
    "escaped control outside quotes": b"Subject: a\\\x01b",
    "control in quotes without escape": b'Subject: "a\x01b"',
    "bare CR": b"Subject: a\rVia: b",
    "bare LF": b"Subject: a\nVia: b",
    "CR LF reversed": b"Subject: a\n\rVia: b",
    "too long": b"Subject: " + b"x" * limits.HEADER,
    "too long by folding": b"Subject: " + b"\r\n xxxxxxx" * (limits.HEADER // 8),
}


@pytest.mark.parametrize("name", HEADER_LINES)
def test_header_lines_that_are_refused(name: str) -> None:
    error = refused(invite((b"X-Unknown: one", HEADER_LINES[name])))
    assert error.status == (513 if name.startswith("too long") else 400)
    assert error.request is not None
    assert error.request.via.branch == "z9hG4bK74bf9"
    assert error.request.call_id == "3848276298220188511@example.com"


def test_a_fold_cannot_follow_the_start_line() -> None:
    assert refused(b"OPTIONS sip:a@b SIP/2.0\r\n Via: SIP/2.0/UDP a\r\n\r\n").status == 400


def test_escaped_control_characters_may_stand_in_quoted_strings() -> None:
    message = request(invite((b"Alice, A.", b"Ali\\\x00ce")))
    assert message.from_.display_name == "Ali ce"
    assert request(message.to_bytes()).headers.get("From") == message.headers.get("From")


def test_limits() -> None:
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(limits.HEADERS))
    assert refused(invite((b"X-Unknown: one\r\n", many))).status == 513
    assert refused(INVITE + b"x" * limits.MESSAGE).status == 513
    body = b"x" * (limits.BODY + 1)
    large = invite((b"Content-Length: 4", b"Content-Length: %d" % len(body))) + body
    assert refused(large).status == 413
    at_most = b"Content-Length: %d" % limits.BODY
    fits = invite((b"Content-Length: 4", at_most), (b"v=0\n", body[:-1]))
    assert len(request(fits).body) == limits.BODY


LENGTHS = [
    (b"Content-Length: 4", b"v=0\n"),
    (b"l:4", b"v=0\n"),
    (b"Content-Length: 3", b"v=0"),
    (b"Content-Length: 0", b""),
    (b"CONTENT-LENGTH: 0004\r\nX: y", b"v=0\n"),
    (b"Content-Length: 3\r\nl: 3", b"v=0"),
    (b"X: y", b"v=0\n"),
]


@pytest.mark.parametrize(("line", "body"), LENGTHS)
def test_body_of_a_datagram(line: bytes, body: bytes) -> None:
    message = request(invite((b"Content-Length: 4", line)))
    assert message.body == body
    assert message.to_bytes().endswith(b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: +4",
        b"Content-Length: 4 4",
        b"Content-Length: 4, 4",
        b"Content-Length: 0x4",
        b"Content-Length:",
        b"Content-Length: 4294967300",
        b"Content-Length: 4\r\nl: 3",
        "Content-Length: ٤".encode(),
    ],
)
def test_lengths_that_are_refused(line: bytes) -> None:
    error = refused(invite((b"Content-Length: 4", line)))
    assert error.status == 400
    assert error.request is not None


def test_half_a_message() -> None:
    for end in range(1, INVITE.index(b"\r\n\r\n") + 4):
        assert refused(INVITE[:end]).status == 400


def test_nobody_is_answered_for_an_ack_a_response_or_without_via() -> None:
    broken = (b"Content-Length: 4", b"Content-Length: x")
    assert refused(invite(broken, (b"INVITE sip", b"ACK sip"))).request is None
    assert refused(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nl: x\r\n\r\n").request is None
    assert refused(b"OPTIONS sip:a SIP/2.0\r\nl: x\r\n\r\n").request is None
    assert refused(b"OPTIONS nonsense\r\nVia: nonsense\r\nl: x\r\n\r\n").request is None


def test_a_via_that_cannot_be_read_is_given_back_as_it_came() -> None:
    salvaged = refused(b"OPTIONS sip:a SIP/2.0\r\nVia: nonsense\r\nl: x\r\n\r\n").request
    assert salvaged is not None
    assert salvaged.headers.get("Via") == "nonsense"


def test_a_value_of_ours_cannot_begin_a_header() -> None:
    for value in ("a\r\nVia: b", "a\nb", "a\rb"):
        message = request()
        message.headers.set("Subject", value)
        with pytest.raises(ValueError, match="line end"):
            message.to_bytes()


def test_built_request() -> None:
    built = Request("BYE", parse_uri("sip:a@b"), [("v", "SIP/2.0/UDP c"), ("l", "7")], b"xy")
    assert built.to_bytes() == (
        b"BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nContent-Length: 2\r\n\r\nxy"
    )
    assert repr(built) == "<Request BYE sip:a@b>"
    assert str(Request("BYE", "sip:a@b").uri) == "sip:a@b"


def test_reason_phrases() -> None:
    assert Response(486).reason == "Busy Here"
    assert Response(499).reason == "Bad Request"
    assert Response(200, "Fine").start_line == "SIP/2.0 200 Fine"
    assert REASONS[100] == "Trying"
    assert repr(Response(404)) == "<Response 404 Not Found>"


def names(message: Message) -> list[str]:
    return [name for name, _ in message.headers.items()]


def test_response_copies_what_section_8_2_6_names() -> None:
    message = request()
    ringing = response_to(message, 180, to_tag="t1", headers=[("m", "<sip:b@c>")])
    assert names(ringing) == [
        "Via",
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Record-Route",
        "Contact",
    ]
    assert ringing.headers.get_all("Via") == message.headers.get_all("Via")
    assert ringing.to.tag == "t1"
    assert ringing.headers.get("From") == message.headers.get("From")
    assert ringing.reason == "Ringing"
    trying = response_to(message, 100, to_tag="t1")
    assert names(trying) == ["Via", "Via", "From", "To", "Call-ID", "CSeq", "Timestamp"]
    assert trying.to.tag is None
    refusal = response_to(message, 486, "Not now", to_tag="t1")
    assert names(refusal) == ["Via", "Via", "From", "To", "Call-ID", "CSeq"]
    answer = response_to(message, 200, to_tag=None, body=b"v=0", content_type="application/sdp")
    assert answer.to.tag is None
    assert answer.content_type == "application/sdp"
    assert answer.body == b"v=0"


def test_response_keeps_a_tag_that_is_there() -> None:
    message = request(invite((b"bob@biloxi.example.com>\r", b"bob@biloxi.example.com>;tag=old\r")))
    assert response_to(message, 200, to_tag="new").to.tag == "old"


def test_response_in_a_subscription_and_outside() -> None:
    record_route = {
        method: "Record-Route"
        in response_to(request(invite((b"INVITE sip", method + b" sip"))), 200, to_tag="x").headers
        for method in (b"SUBSCRIBE", b"REFER", b"OPTIONS", b"REGISTER", b"BYE")
    }
    assert record_route == {
        b"SUBSCRIBE": True,
        b"REFER": True,
        b"OPTIONS": False,
        b"REGISTER": False,
        b"BYE": False,
    }


def test_response_to_a_request_whose_to_is_broken() -> None:
    message = request(invite((b"To: Bob <", b'To: "Bob <')))
    assert response_to(message, 400, to_tag="x").headers.get("To") == message.headers.get("To")


def test_set_top_via() -> None:
    message = request()
    message.set_top_via(message.via.arrived_from("192.0.2.9", 4000))
    assert [str(via) for via in message.vias] == [
        "SIP/2.0/UDP client.example.com:5060;branch=z9hG4bK74bf9;rport=4000;received=192.0.2.9",
        "SIP/2.0/TCP far;branch=x",
        "SIP/2.0/TLS farther",
    ]
    assert message.headers.items()[0][0] == "Via"
    single = Request("BYE", "sip:a", [("X-A", "1"), ("Via", "SIP/2.0/UDP a")])
    single.set_top_via(parse_via("SIP/2.0/UDP b"))
    assert single.headers.items() == [("X-A", "1"), ("Via", "SIP/2.0/UDP b")]


def test_start_line_is_the_subclass_s() -> None:
    with pytest.raises(NotImplementedError):
        _ = Message([], b"", "utf-8").start_line
