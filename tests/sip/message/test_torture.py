"""The messages of RFC 4475 and RFC 5118, each with the verdict that its RFC gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.sip.effects import Flow, Send
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import (
    MalformedMessage,
    Message,
    Request,
    Response,
    parse_message,
)
from softswitch.sip.message.sanity import check_request, check_response
from softswitch.sip.message.uri import OtherUri, SipUri

FOLDER = Path(__file__).parent / "torture"
DROP = -1
VALID = 0

VERDICTS = {
    # RFC 4475 section 3.1.1: valid messages
    "wsinv": VALID,
    "intmeth": VALID,
    "esc01": VALID,
    "escnull": VALID,
    "esc02": VALID,
    "lwsdisp": VALID,
    "longreq": VALID,
    "dblreq": VALID,
    "semiuri": VALID,
    "transports": VALID,
    "mpart01": VALID,
    "unreason": VALID,
    "noreason": VALID,
    # 3.1.2: invalid messages
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": DROP,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "baddate": VALID,  # "may choose to ignore": the date means nothing to a switch
    "regbadct": 400,
    "badaspec": VALID,  # "may be liberal": no other reading is possible
    "baddn": VALID,  # likewise
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": DROP,
    # 3.2: the branch is no name of a transaction, the message is well formed
    "badbranch": VALID,
    # 3.3: what the core or the user answers to well-formed messages is tested there
    "insuf": 400,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": VALID,
    "bext01": VALID,
    "invut": VALID,
    "regaut01": VALID,
    "multi01": 400,
    "mcl01": 400,
    "bcast": VALID,
    "zeromf": VALID,
    "cparam01": VALID,
    "cparam02": VALID,
    "regescrt": VALID,
    "sdp01": VALID,
    # 3.4
    "inv2543": VALID,
    # RFC 5118 section 4
    "ipv6-good": VALID,
    "ipv6-bad": 400,
    "port-ambiguous": VALID,
    "port-unambiguous": VALID,
    "via-received-param-with-delim": VALID,
    "via-received-param-no-delim": VALID,
    "ipv6-in-sdp": VALID,
    "mult-ip-in-header": VALID,
    "mult-ip-in-sdp": VALID,
    "ipv4-mapped-ipv6": VALID,
    "ipv6-bug-abnf-3-colons": VALID,
}


def octets(name: str) -> bytes:
    return (FOLDER / f"{name}.dat").read_bytes()


def request(name: str) -> Request:
    message = parse_message(octets(name))
    assert isinstance(message, Request)
    return message


def verdict(data: bytes) -> int:
    try:
        message = parse_message(data)
    except MalformedMessage as error:
        return DROP if error.request is None else error.status
    if isinstance(message, Response):
        return DROP if check_response(message) else VALID
    wrong = check_request(message)
    return wrong.status if wrong else VALID


def test_every_file_has_a_verdict() -> None:
    assert {path.stem for path in FOLDER.glob("*.dat")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert verdict(octets(name)) == VERDICTS[name]


def request_of(data: bytes) -> Request:
    """The request, or what could be read of it."""
    try:
        message = parse_message(data)
    except MalformedMessage as error:
        message = error.request
    assert isinstance(message, Request)
    return message


WITHOUT_VIA = ("badinv01",)
"Their Via cannot be read: it goes back as it came, to where it came from."


@pytest.mark.parametrize("name", [name for name, status in VERDICTS.items() if status >= 400])
def test_refused_requests_are_answered(name: str) -> None:
    core = Endpoint(tokens=lambda: "t", pick=lambda low, high: low)
    effects = core.receive(octets(name), Flow("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060)))
    (send,) = effects
    assert isinstance(send, Send)
    answer = parse_message(send.data)
    assert isinstance(answer, Response)
    assert answer.status == VERDICTS[name]
    if name in WITHOUT_VIA:
        assert answer.headers.get("Via") == request_of(octets(name)).headers.get("Via")
    else:
        assert answer.via.branch == request_of(octets(name)).via.branch


@pytest.mark.parametrize("name", [name for name, status in VERDICTS.items() if status == VALID])
def test_valid_messages_are_written_with_the_same_meaning(name: str) -> None:
    first = parse_message(octets(name))
    second = parse_message(first.to_bytes())
    assert meaning(second) == meaning(first)


def meaning(message: Message) -> object:
    return (
        message.start_line,
        [item for item in message.headers.items() if item[0] != "Content-Length"],
        message.body,
        message.vias,
        message.from_,
        message.to,
        message.cseq,
        message.contacts,
    )


def test_wsinv() -> None:
    message = request("wsinv")
    assert [str(via) for via in message.vias] == [
        "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
        "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
        "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
    ]
    assert message.to.tag == "1918181833n"
    assert message.from_.tag == "98asjd8"
    assert message.from_.display_name == 'J Rosenberg \\"'
    assert message.max_forwards == 68
    assert message.cseq == (9, "INVITE")
    assert message.headers.get("Subject") == ""
    assert message.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert message.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert [str(route) for route in message.headers.read("Route")] == [
        "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"
    ]
    contact = message.contact
    assert contact is not None
    assert contact.display_name == 'Quoted string ""'
    assert contact.q == 0.33
    assert dict(contact.parameters) == {
        "newparam": "newvalue",
        "secondparam": None,
        "q": "0.33",
    }
    assert len(message.body) == int(message.headers.get("Content-Length") or 0)


def test_intmeth() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.cseq == (139122385, message.method)
    assert message.via.branch == "z9hG4bK-.!%66*_+`'~"
    assert message.to.display_name == "BEL:  NUL:  DEL: "
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.from_.parameters["fromparam''~+*_!.-%"] == '"работающий"'
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    uri = message.uri
    assert isinstance(uri, SipUri)
    assert uri.host == "example.com"
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert uri.password_text == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"


def test_esc01() -> None:
    message = request("esc01")
    assert isinstance(message.uri, SipUri)
    assert message.uri.user == "sips:user@example.com"
    assert message.uri.host == "example.net"
    assert str(message.uri) == "sip:sips%3Auser%40example.com@example.net"
    assert isinstance(message.to.uri, SipUri)
    assert message.to.uri.user == "user"
    assert isinstance(message.from_.uri, SipUri)
    assert message.from_.uri.user == "I have spaces"


def test_escnull() -> None:
    contacts = request("escnull").contacts
    assert isinstance(contacts, list)
    first, second = (contact.uri for contact in contacts)
    assert not first.equivalent(second)


def test_esc02() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert isinstance(message.contacts, list)
    assert len(message.contacts) == 2  # C%6Fntact is a header of its own


def test_lwsdisp() -> None:
    assert request("lwsdisp").from_.display_name == "caller"


def test_longreq() -> None:
    message = request("longreq")
    assert [via.host for via in message.vias] == [f"sip{n}.example.com" for n in range(33, 0, -1)]
    assert message.vias[-1].received == "192.0.2.5"
    assert len(message.from_.tag or "") > 150


def test_dblreq_drops_the_second_message() -> None:
    message = request("dblreq")
    assert message.method == "REGISTER"
    assert message.body == b""


def test_semiuri() -> None:
    uri = request("semiuri").uri
    assert isinstance(uri, SipUri)
    assert uri.user == "user;par=u@example.net"
    assert not uri.parameters


def test_transports() -> None:
    transports = [via.transport for via in request("transports").vias]
    assert transports == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01() -> None:
    message = request("mpart01")
    assert message.content_type == "multipart/mixed"
    assert bytes(range(256)) in message.body


def test_reason_phrases() -> None:
    unreason = parse_message(octets("unreason"))
    assert isinstance(unreason, Response)
    assert unreason.reason.startswith("= 2**3 * 5**2 но")
    noreason = parse_message(octets("noreason"))
    assert isinstance(noreason, Response)
    assert (noreason.status, noreason.reason) == (100, "")


def test_liberally_read_names() -> None:
    message = request("baddn")
    assert message.from_.display_name == "Bell, Alexander"
    assert str(message.to) == '"Watson, Thomas" <sip:t.watson@example.org>'
    assert str(request("badaspec").to.uri) == "sip:t.watson@example.org"


def test_badbranch_has_no_cookie() -> None:
    assert not request("badbranch").via.has_cookie


def test_unksm2() -> None:
    message = request("unksm2")
    assert message.to.uri == OtherUri("isbn", "2983792873")


def test_contact_parameters() -> None:
    """RFC 4475 sections 3.3.12 to 3.3.14: header, URI parameter, header of the URI."""
    header, uri, escaped = (request(n).contact for n in ("cparam01", "cparam02", "regescrt"))
    for contact, given, own in ((header, True, False), (uri, False, True)):
        assert isinstance(contact, Address)
        assert isinstance(contact.uri, SipUri)
        assert ("unknownparam" in contact.parameters) is given
        assert ("unknownparam" in contact.uri.parameters) is own
    assert isinstance(escaped, Address)
    assert isinstance(escaped.uri, SipUri)
    assert escaped.uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_inv2543_without_tag_and_length() -> None:
    message = request("inv2543")
    assert message.from_.tag is None
    assert message.via.branch is None
    assert message.body.endswith(b"a=rtpmap:31 LPC\r\n")


def test_ipv6_references() -> None:
    ambiguous, clear = request("port-ambiguous").uri, request("port-unambiguous").uri
    assert isinstance(ambiguous, SipUri)
    assert isinstance(clear, SipUri)
    assert (ambiguous.host, ambiguous.port) == ("[2001:db8::10:5070]", None)
    assert (clear.host, clear.port, clear.address) == ("[2001:db8::10]", 5070, "2001:db8::10")
    for name in ("via-received-param-with-delim", "via-received-param-no-delim"):
        assert request(name).via.received == "2001:db8::9:255"
    vias = request("ipv4-mapped-ipv6").vias
    assert (vias[0].host, vias[0].port) == ("[::ffff:192.0.2.10]", 19823)
    colons = request("ipv6-bug-abnf-3-colons").uri
    assert isinstance(colons, SipUri)
    assert colons.host == "[2001:db8::192.0.2.1]"
