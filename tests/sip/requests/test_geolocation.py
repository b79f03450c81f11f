"""Where a caller is, inside an INVITE (RFC 6442, RFC 4119)."""

from __future__ import annotations

import email
from xml.etree import ElementTree as ET

import pytest

from softswitch.sip.message.body import sdp_of
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.requests.geolocation import with_location

CA = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"
GP = "{urn:ietf:params:xml:ns:pidf:geopriv10}"
OFFER = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\n"


@pytest.mark.parametrize(
    "location",
    [
        "Main Street 1, floor 2",
        "<b>&\"'",
        "--softswitch-location--\r\n\r\nv=0",
        "Größe \x00\x1b",
        "x" * 256,
    ],
)
def test_the_body_holds_the_description_and_the_place(location: str) -> None:
    content = with_location(OFFER, location, "+49301000", "carrier.example")
    headers = dict(content.headers)
    assert headers == {
        "Geolocation": "<cid:location@carrier.example>",
        "Geolocation-Routing": "no",
    }
    read = email.message_from_bytes(f"Content-Type: {content.kind}\r\n\r\n".encode() + content.body)
    sdp, pidf = read.get_payload()
    assert sdp.get_content_type() == "application/sdp"
    assert pidf.get_content_type() == "application/pidf+xml"
    assert pidf["Content-ID"] == "<location@carrier.example>"
    document = ET.fromstring(pidf.get_payload(decode=True))
    assert document.get("entity") == "sip:+49301000@carrier.example"
    printable = "".join(one if one.isprintable() else " " for one in location)
    assert document.findtext(f".//{CA}LOC") == printable
    assert document.findtext(f".//{GP}method") == "Manual"
    assert document.find(f".//{GP}usage-rules") is not None


def test_the_description_is_still_found() -> None:
    content = with_location(OFFER, "Room 1", "1000", "h")
    uri = parse_uri("sip:112@h")
    invite = Request("INVITE", uri, [("Content-Type", content.kind)], content.body)
    assert sdp_of(invite) == OFFER


def test_without_an_offer_there_is_only_the_place() -> None:
    content = with_location(None, "Room 1", "1000", "h")
    invite = Request(
        "INVITE", parse_uri("sip:112@h"), [("Content-Type", content.kind)], content.body
    )
    assert sdp_of(invite) is None
