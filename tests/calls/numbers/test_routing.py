"""From Request-URI to extension."""

from __future__ import annotations

import pytest

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import (
    COMMAND,
    INSIDE,
    Rights,
    Routing,
    Unroutable,
    flow_to,
)
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import parse_uri
from tests.calls.extensions import extension
from tests.calls.scene import FakeBinding

FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.7", 5060))
ROUTING = Routing(Directory([extension("1000"), extension("+4930")]), ["Example.org", "::1"])


@pytest.mark.parametrize(
    "uri",
    [
        "sip:1000@example.org",
        "sip:1000@EXAMPLE.ORG:5080;transport=tcp",
        "sips:1000@example.org",
        "sip:1000@192.0.2.1",
        "sip:1000@[::1]:5060",
        "sip:%31000@example.org",
        "tel:10-00",
        "tel:1000;phone-context=example.org",
        "sip:1000;phone-context=+49@example.org;user=phone",
        "sip:1000;npdi;rn=1999@example.org",
        "sip:10-00@example.org;user=phone",
    ],
)
def test_a_number_of_ours(uri: str) -> None:
    assert ROUTING.extension(ROUTING.dialled(parse_uri(uri), FLOW)).number == "1000"


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:1000@elsewhere.example", 404),
        ("sip:1000@192.0.2.7", 404),
        ("sip:1001@example.org", 404),
        ("sip:example.org", 484),
        ("sip:;isub=2@example.org", 484),
        ("sip:10-00@example.org", 404),
        ("mailto:1000@example.org", 416),
    ],
)
def test_what_leads_nowhere(uri: str, status: int) -> None:
    with pytest.raises(Unroutable) as error:
        ROUTING.extension(ROUTING.dialled(parse_uri(uri), FLOW))
    assert error.value.status == status


def test_an_extension_whose_number_has_a_separator_is_found_by_it() -> None:
    routing = Routing(Directory([extension("10.00"), extension("1001")]), ["h"])
    assert routing.dialled(parse_uri("sip:10.00;isub=1@h;user=phone")) == "10.00"
    assert routing.dialled(parse_uri("sip:10-01@h;user=phone")) == "1001"


def test_of_several_numbers_the_first_is_taken_that_leads_somewhere() -> None:
    routing = Routing(
        Directory([extension("1000")]), ["h"], Rules((Route(pattern="0*", trunk="t"),))
    )
    assert routing.leading(["4711", "1000"], INSIDE) == "1000"
    assert routing.leading(["", "030", "1000"], INSIDE) == "1000"  # no way out for a caller in
    assert routing.leading(["030", "1000"], COMMAND) == "030"
    assert routing.leading(["4711", "4712"], INSIDE) == "4711"
    assert routing.leading(["", ""], INSIDE) == ""


def test_an_endless_number_is_cut_in_the_sentence() -> None:
    with pytest.raises(Unroutable) as error:
        ROUTING.extension("9" * 5000)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize(
    ("transport", "contact", "path", "port"),
    [
        ("udp", "sip:1000@192.0.2.7:5060", (), 5060),
        ("udp", "sip:1000@192.0.2.7:7000", (), 7000),  # another port of the same machine
        ("udp", "sip:1000@192.0.2.7", (), 5060),
        ("udp", "sip:1000@192.168.0.9:7000", (), 5060),  # behind a NAT
        ("udp", "sip:1000@phone.example:7000", (), 5060),
        ("udp", "sip:1000@192.0.2.7:7000", ("<sip:edge.example;lr>",), 5060),
        ("tcp", "sip:1000@192.0.2.7:7000;transport=tcp", (), 5060),  # the connection
    ],
)
def test_the_way_to_a_phone(transport: str, contact: str, path: tuple[str, ...], port: int) -> None:
    flow = FLOW._replace(transport=transport)
    way = flow_to(FakeBinding(parse_uri(contact), flow, path=path))
    assert way == flow._replace(remote=("192.0.2.7", port))


ROUTED = Routing(
    Directory([extension("1000"), extension("1001"), extension("0800")]),
    ["example.org"],
    Rules(
        (
            Route(pattern="0900*", trunk="costly", extensions=frozenset({"1000"})),
            Route(pattern="0*", trunk="first", strip=1, prefix="+49"),
            Route(pattern="0*", trunk="second"),
            Route(pattern="7??", extension="1000"),
            Route(pattern="*97", extension="1000"),
            Route(pattern="49301*", extension="*", strip=5),
        )
    ),
)


@pytest.mark.parametrize(
    ("number", "leads"),
    [
        ("0800", "0800"),
        ("030123", [("first", "+4930123"), ("second", "030123")]),
        ("0900", [("costly", "0900"), ("first", "+49900"), ("second", "0900")]),
        ("701", "1000"),
        ("*97", "1000"),
        ("493011000", "1000"),
    ],
)
def test_what_a_number_leads_to(number: str, leads: object) -> None:
    found = ROUTED.destination(number, Rights("1000"))
    assert (found.number if isinstance(found, Extension) else [way[:2] for way in found]) == leads


@pytest.mark.parametrize(
    ("number", "rights", "status"),
    [
        ("030123", INSIDE, 403),
        ("0900123", INSIDE, 403),
        ("71", COMMAND, 404),
        ("7000", COMMAND, 404),
        ("x97", COMMAND, 404),
        ("493012000", COMMAND, 404),
        ("4930", COMMAND, 404),
        ("0" * 65, COMMAND, 404),
    ],
)
def test_where_it_does_not_lead(number: str, rights: Rights, status: int) -> None:
    with pytest.raises(Unroutable) as error:
        ROUTED.destination(number, rights)
    assert error.value.status == status


def test_a_route_for_some_is_passed_over_by_others() -> None:
    found = ROUTED.destination("0900", Rights("1001"))
    assert not isinstance(found, Extension)
    assert [way[:2] for way in found] == [("first", "+49900"), ("second", "0900")]
    assert ROUTED.destination("0900", COMMAND)[0][:2] == ("costly", "0900")  # type: ignore[index]
