"""Dialogs: whom requests name and where they go."""

from __future__ import annotations

import pytest

from softswitch.sip.dialog.dialog import Dialog, DialogParty, dialog_of_request, dialog_of_response
from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, response_to

FLOW = Flow("udp", ("10.0.0.1", 5060), ("192.0.2.7", 40_000))


def invite(*headers: tuple[str, str], rport: bool = True) -> Request:
    via = "SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK1" + (";rport=40000" if rport else "")
    return Request(
        "INVITE",
        "sip:b@example.com",
        [
            ("Via", via),
            ("From", '"A" <sip:a@example.com>;tag=a'),
            ("To", "<sip:b@example.com>"),
            ("Call-ID", "1"),
            ("CSeq", "5 INVITE"),
            *headers,
        ],
    )


CONTACT = ("Contact", "<sip:a@10.9.9.9:5062>")


def test_the_called_side_keeps_the_route_in_order_and_names_the_contact() -> None:
    request = invite(CONTACT, ("Record-Route", "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>"))
    dialog = dialog_of_request(request, FLOW, "b")
    bye = dialog.next_request("BYE")
    assert bye.uri_text == "sip:a@10.9.9.9:5062"
    assert bye.headers.get_all("Route") == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]
    assert (str(bye.cseq), bye.from_.tag, bye.to.tag) == ("1 BYE", "b", "a")
    assert bye.headers.get("To") == '"A" <sip:a@example.com>;tag=a'
    assert dialog.remote_cseq == 5


def test_the_calling_side_turns_the_route_round() -> None:
    request = invite(CONTACT, ("Record-Route", "<sip:p2.example.com;lr>, <sip:p1.example.com;lr>"))
    response = response_to(request, 200, to_tag="b", headers=[("Contact", "<sip:b@10.8.8.8>")])
    dialog = dialog_of_response(
        request, response, FLOW, DialogParty("a", "<sip:a@example.com>;tag=a")
    )
    bye = dialog.next_request("BYE")
    assert bye.headers.get_all("Route") == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]
    assert (bye.uri_text, str(bye.cseq), bye.to.tag) == ("sip:b@10.8.8.8", "6 BYE", "b")
    assert dialog.id == ("1", "a", "b")


def test_a_strict_router_gets_itself_in_the_request_uri() -> None:
    request = invite(CONTACT, ("Record-Route", "<sip:p1.example.com>, <sip:p2.example.com;lr>"))
    bye = dialog_of_request(request, FLOW, "b").next_request("BYE")
    assert bye.uri_text == "sip:p1.example.com"
    assert bye.headers.get_all("Route") == ["<sip:p2.example.com;lr>", "<sip:a@10.9.9.9:5062>"]


def test_a_response_without_contact_leaves_the_request_uri_as_target() -> None:
    request = invite(CONTACT)
    dialog = dialog_of_response(
        request, response_to(request, 200, to_tag="b"), FLOW, DialogParty("a", "")
    )
    assert dialog.target == "sip:b@example.com"


def test_an_invite_without_contact_is_answered_by_the_name_and_the_flow_of_its_sender() -> None:
    dialog = dialog_of_request(invite(), FLOW, "b")
    assert (dialog.target, dialog.flow) == ("sip:a@example.com", FLOW)
    moved = FLOW._replace(remote=("192.0.2.7", 40_001))
    dialog.follow(moved)
    assert dialog.flow == moved
    dialog.refresh_target(invite(("Contact", "<sip:a@192.0.2.7:5062>")))
    assert dialog.target == "sip:a@192.0.2.7:5062"
    assert dialog.flow.remote == ("192.0.2.7", 5062)


def test_an_invite_whose_contact_is_of_no_use_makes_no_dialog() -> None:
    with pytest.raises(MessageError, match="Contact: of no use"):
        dialog_of_request(invite(("Contact", "*")), FLOW, "b")


def test_an_unreadable_route_is_passed_on_as_it_is() -> None:
    request = invite(CONTACT, ("Record-Route", "sip:p1 example.com"))
    bye = dialog_of_request(request, FLOW, "b").next_request("BYE")
    assert bye.headers.get_all("Route") == ["sip:p1 example.com"]
    assert bye.uri_text == "sip:a@10.9.9.9:5062"


# Where requests in the dialog go: invite, transport, remote address of the dialog's flow.
WAYS = {
    "a phone behind NAT is reached where it sends from": (
        invite(CONTACT),
        "udp",
        ("192.0.2.7", 40_000),
    ),
    "one that did not ask for rport, at its contact": (
        invite(CONTACT, rport=False),
        "udp",
        ("10.9.9.9", 5062),
    ),
    "unless that is a name": (
        invite(("Contact", "<sip:a@phone.example.com>"), rport=False),
        "udp",
        ("192.0.2.7", 40_000),
    ),
    "or no unicast address": (
        invite(("Contact", "<sip:a@239.1.1.1>"), rport=False),
        "udp",
        ("192.0.2.7", 40_000),
    ),
    "the first hop of a route set in numbers goes first": (
        invite(CONTACT, ("Record-Route", "<sip:10.7.7.7;lr>, <sip:10.6.6.6:5099;lr>")),
        "udp",
        ("10.7.7.7", 5060),
    ),
    "another port of the same address names itself": (
        invite(("Contact", "<sip:a@192.0.2.7:5070>")),
        "udp",
        ("192.0.2.7", 5070),
    ),
    "IPv6": (
        invite(("Contact", "<sip:a@[2001:db8::7]:5070>"), rport=False),
        "udp",
        ("2001:db8::7", 5070),
    ),
    "a connection stays": (
        invite(CONTACT, ("Record-Route", "<sip:10.7.7.7;lr>"), rport=False),
        "tcp",
        ("192.0.2.7", 40_000),
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_which_way_requests_go(name: str) -> None:
    request, transport, remote = WAYS[name]
    dialog = dialog_of_request(request, FLOW._replace(transport=transport), "b")
    assert dialog.flow == Flow(transport, FLOW.local, remote)


def test_the_peers_new_connection_is_followed_unless_a_route_leads_elsewhere() -> None:
    new = FLOW._replace(remote=("192.0.2.7", 41_000))
    dialog = dialog_of_request(invite(CONTACT), FLOW, "b")
    dialog.follow(new)
    assert dialog.flow == new
    routed = dialog_of_request(invite(CONTACT, ("Record-Route", "<sip:10.7.7.7;lr>")), FLOW, "b")
    routed.follow(new)
    assert routed.flow.remote == ("10.7.7.7", 5060)


def test_numbers_may_grow_by_any_step_but_not_fall() -> None:
    dialog = Dialog(
        "1", DialogParty("b", ""), DialogParty("a", ""), target="", flow=FLOW, remote_cseq=5
    )

    def taken(number: int) -> bool:
        return dialog.in_order(Request("INFO", "sip:b@example.com", [("CSeq", f"{number} INFO")]))

    assert [taken(number) for number in (5, 9, 8, 2**32 - 1, 10)] == [
        True,
        True,
        False,
        True,
        False,
    ]
