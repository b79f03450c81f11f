"""The rules of RFC 3261 section 10.3, one test a rule."""

from __future__ import annotations

from itertools import count

import pytest

from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request, Response, parse_message
from softswitch.sip.registrar.registrar import Binding, Registrar, RegistrarLimits, Update

NOW = 1_289_690_940.0  # Sat, 13 Nov 2010 23:29:00 GMT, the example of section 20.17
UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.7", 5060))
TCP = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.7", 40001))
PHONE = "<sip:1000@192.0.2.7:5060>"
OTHER = "<sip:1000@192.0.2.8:5060>"


def register(
    *contacts: str, cseq: int = 1, call_id: str = "a", uri: str = "sip:pbx.example", **headers: str
) -> Request:
    """A REGISTER; header names with `_` for `-`."""
    lines = [
        f"REGISTER {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKx",
        "From: <sip:1000@pbx.example>;tag=f",
        "To: <sip:1000@pbx.example>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *(f"Contact: {contact}" for contact in contacts),
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    message = parse_message(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


class Desk:
    """A registrar and the bindings of one extension, driven as the switch drives it."""

    def __init__(self, limits: RegistrarLimits | None = None, **options: object) -> None:
        self.registrar = Registrar(limits, **options)  # type: ignore[arg-type]
        self.bindings: tuple[Binding, ...] = ()
        self.ids = count(1)
        self.now = NOW

    def take(self, request: Request, flow: Flow = UDP) -> Response:
        update = self.registrar.update(
            request,
            flow,
            "1000",
            [binding for binding in self.bindings if binding.expires_at > self.now],
            now=self.now,
            ids=lambda: next(self.ids),
        )
        if isinstance(update, Response):
            return update
        self.bindings = update.applied(self.bindings)
        return self.registrar.accepted(request, flow, self.bindings, self.now)

    @property
    def uris(self) -> list[str]:
        return [str(binding.uri) for binding in self.bindings]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def contacts(response: Response) -> list[str]:
    assert response.status == 200
    return response.headers.get_all("Contact")


def test_the_answer_lists_the_binding_with_its_expiry_and_the_date(desk: Desk) -> None:
    response = desk.take(register(PHONE))
    assert contacts(response) == ["<sip:1000@192.0.2.7:5060>;expires=3600"]
    assert response.headers.get("Date") == "Sat, 13 Nov 2010 23:29:00 GMT"


def test_a_binding_remembers_what_routing_needs(desk: Desk) -> None:
    desk.take(register(f"{PHONE};q=0.5", User_Agent="Phone/1.0"), TCP)
    [binding] = desk.bindings
    assert binding.extension == "1000"
    assert binding.flow == TCP
    assert binding.q == 0.5
    assert (binding.call_id, binding.cseq) == ("a", 1)
    assert binding.expires_at == NOW + 3600
    assert binding.user_agent == "Phone/1.0"


@pytest.mark.parametrize(
    ("contact", "headers", "seconds"),
    [
        (PHONE, {}, 3600),
        (PHONE, {"Expires": "600"}, 600),
        (f"{PHONE};expires=120", {"Expires": "600"}, 120),
        (f"{PHONE};expires=garbage", {}, 3600),
        (PHONE, {"Expires": "garbage"}, 3600),
        (f"{PHONE};expires=86400", {}, 7200),
        (f"{PHONE};expires=4294967295", {}, 7200),
        (f"{PHONE};expires=99999999999999", {}, 3600),
        (f"{PHONE};expires=60", {}, 60),
    ],
)
def test_expiry(desk: Desk, contact: str, headers: dict[str, str], seconds: int) -> None:
    response = desk.take(register(contact, **headers))
    assert contacts(response) == [f"{PHONE};expires={seconds}"]


def test_expiry_counts_down_and_rounds_up(desk: Desk) -> None:
    desk.take(register(PHONE))
    desk.now += 99.5
    assert contacts(desk.take(register(cseq=2))) == [f"{PHONE};expires=3501"]


def test_too_brief_is_refused_with_the_shortest_that_is_taken(desk: Desk) -> None:
    for request in (register(f"{PHONE};expires=59"), register(PHONE, Expires="1")):
        response = desk.take(request)
        assert response.status == 423
        assert response.headers.get("Min-Expires") == "60"
    assert desk.bindings == ()


def test_an_hour_is_never_too_brief() -> None:
    desk = Desk(RegistrarLimits(min_expires=7200, default_expires=7200))
    assert desk.take(register(f"{PHONE};expires=3600")).status == 200
    assert desk.take(register(f"{PHONE};expires=3599", cseq=2)).status == 423


def test_a_question_changes_nothing(desk: Desk) -> None:
    assert contacts(desk.take(register())) == []
    desk.take(register(PHONE, OTHER))
    before = desk.bindings
    assert len(contacts(desk.take(register(cseq=2)))) == 2
    assert desk.bindings == before


def test_expires_0_removes_that_binding_only(desk: Desk) -> None:
    desk.take(register(PHONE, OTHER))
    response = desk.take(register(f"{PHONE};expires=0", cseq=2))
    assert contacts(response) == [f"{OTHER};expires=3600"]


def test_removing_what_is_not_there_is_no_error(desk: Desk) -> None:
    assert contacts(desk.take(register(PHONE, Expires="0"))) == []


def test_star_removes_all(desk: Desk) -> None:
    desk.take(register(PHONE, OTHER))
    assert contacts(desk.take(register("*", cseq=2, Expires="0"))) == []
    assert desk.bindings == ()


@pytest.mark.parametrize(
    "request_",
    [
        register("*", cseq=2),
        register("*", cseq=2, Expires="60"),
        register("*", PHONE, cseq=2, Expires="0"),
        register("*", "*", cseq=2, Expires="0"),
    ],
)
def test_star_goes_with_expires_0_and_nothing_else(desk: Desk, request_: Request) -> None:
    desk.take(register(PHONE))
    assert desk.take(request_).status == 400
    assert desk.uris == ["sip:1000@192.0.2.7:5060"]


def test_a_refresh_keeps_the_id(desk: Desk) -> None:
    desk.take(register(PHONE))
    desk.now += 1000
    desk.take(register(PHONE, cseq=2))
    [binding] = desk.bindings
    assert (binding.id, binding.cseq, binding.expires_at) == (1, 2, NOW + 4600)


@pytest.mark.parametrize("cseq", [4, 5])
def test_a_late_copy_of_the_same_call_changes_nothing(desk: Desk, cseq: int) -> None:
    desk.take(register(PHONE, cseq=5))
    before = desk.bindings
    for late in (
        register(PHONE, OTHER, cseq=cseq),
        register(f"{PHONE};expires=0", cseq=cseq),
        register("*", cseq=cseq, Expires="0"),
    ):
        assert desk.take(late).status == 500
        assert desk.bindings == before


def test_another_call_id_may_begin_again(desk: Desk) -> None:
    desk.take(register(PHONE, cseq=5))
    assert desk.take(register(PHONE, cseq=1, call_id="b")).status == 200
    assert [binding.call_id for binding in desk.bindings] == ["b"]


def test_the_order_is_judged_for_each_binding_of_its_own(desk: Desk) -> None:
    desk.take(register(PHONE, cseq=5))
    assert len(contacts(desk.take(register(OTHER, cseq=1)))) == 2


def test_all_contacts_are_taken_or_none(desk: Desk) -> None:
    assert desk.take(register(PHONE, f"{OTHER};expires=5")).status == 423
    assert desk.take(register(PHONE, "<mailto:a@example.org>")).status == 400
    assert desk.bindings == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("<sip:%31000@PHONE.example>", "<sip:1000@phone.EXAMPLE;newparam=5>", True),
        ("<sip:1000@phone.example>", "<sip:1000@phone.example:5060>", False),
        ("<sip:1000@phone.example>", "<sip:1000@phone.example;transport=tcp>", False),
        ("<sip:1000@phone.example>", "<sip:A000@phone.example>", False),
    ],
)
def test_contacts_are_compared_as_uris(desk: Desk, one: str, other: str, same: bool) -> None:
    desk.take(register(one))
    assert len(contacts(desk.take(register(other, cseq=2)))) == (1 if same else 2)


def test_a_sips_contact_takes_the_place_of_the_sip_contact_and_the_other_way_round(
    desk: Desk,
) -> None:
    one, other = "<sip:1000@phone.example>", "<sips:1000@phone.example>"
    desk.take(register(one))
    desk.take(register(other, cseq=2, uri="sips:pbx.example"))
    assert desk.uris == ["sips:1000@phone.example"]
    desk.take(register(one, cseq=3))
    assert desk.uris == ["sip:1000@phone.example"]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sip:pbx.example", ()),
        ("sips:pbx.example", ("<sip:edge.example.org;lr>",)),
        ("sips:pbx.example", ("<sips:edge.example.org;lr>", "<sip:far.example.org;lr>")),
    ],
)
def test_a_sips_contact_needs_sips_on_every_hop(
    desk: Desk, uri: str, path: tuple[str, ...]
) -> None:
    paths = {"Path": ", ".join(path)} if path else {}
    request = register("<sips:1000@phone.example>", uri=uri, **paths)
    assert desk.take(request).status == 400
    assert desk.bindings == ()


def bound(response: Response) -> list[str]:
    """The URIs of the contacts."""
    return [contact.partition(";")[0] for contact in contacts(response)]


def test_the_same_contact_twice_in_one_request_is_one_binding(desk: Desk) -> None:
    response = desk.take(register(f"{PHONE};expires=100", f"{PHONE};expires=200"))
    assert contacts(response) == [f"{PHONE};expires=200"]


def test_a_contact_added_and_removed_in_one_request_leaves_nothing(desk: Desk) -> None:
    request = register(PHONE, f"{PHONE};expires=0")
    assert contacts(desk.take(request)) == []
    update = desk.registrar.update(request, UDP, "1000", (), now=NOW, ids=lambda: 1)
    assert update == Update()  # nothing for the disk


def test_the_number_of_contacts_is_limited() -> None:
    desk = Desk(RegistrarLimits(contacts=2))
    three = (PHONE, OTHER, "<sip:1000@192.0.2.9>")
    assert desk.take(register(*three)).status == 403
    assert desk.take(register(*three[:2])).status == 200


def test_at_the_limit_the_oldest_gives_way() -> None:
    desk = Desk(RegistrarLimits(contacts=2))
    desk.take(register(PHONE))
    desk.now += 1
    desk.take(register(OTHER, call_id="b"))
    desk.now += 1
    desk.take(register(PHONE, cseq=2))  # a refresh needs no room, and makes it the younger one
    desk.now += 1
    third = "<sip:1000@192.0.2.9>"
    assert bound(desk.take(register(third, call_id="c"))) == [PHONE, third]
    desk.now += 1
    two = ("<sip:1000@192.0.2.10>", "<sip:1000@192.0.2.11>")
    assert bound(desk.take(register(*two, call_id="d"))) == list(two)


HERE, THERE = (f'<sip:1000@192.0.2.{n}:5060>;+sip.instance="<urn:uuid:0>"' for n in (7, 8))


def test_a_device_that_comes_from_another_address_is_no_longer_at_the_first() -> None:
    desk = Desk(RegistrarLimits(contacts=2))
    for n in range(12):
        here = f'<sip:1000@192.0.2.7:{5060 + n}>;+sip.instance="<urn:uuid:0>"'
        response = desk.take(register(here, call_id=f"c{n}"))
        assert bound(response) == [f"<sip:1000@192.0.2.7:{5060 + n}>"]


def test_several_contacts_of_one_device_in_one_request_stay(desk: Desk) -> None:
    assert len(contacts(desk.take(register(HERE, THERE)))) == 2


def test_a_device_that_leaves_its_old_address_stays_at_the_new_one(desk: Desk) -> None:
    desk.take(register(HERE))
    desk.take(register(THERE, cseq=2))
    response = desk.take(register(f"{HERE};expires=0", cseq=3))
    assert bound(response) == ["<sip:1000@192.0.2.8:5060>"]


def test_flows_of_a_device_are_not_replaced_by_its_instance(desk: Desk) -> None:
    desk.take(register(FLOW_1))
    assert len(contacts(desk.take(register(THERE, cseq=2)))) == 2


def test_expired_bindings_are_not_listed(desk: Desk) -> None:
    desk.take(register(f"{PHONE};expires=60", OTHER))
    desk.now += 60
    assert contacts(desk.take(register(cseq=2))) == [f"{OTHER};expires=3540"]


def test_preference_is_kept_and_listed(desk: Desk) -> None:
    response = desk.take(register(f"{PHONE};q=0.7", f"{OTHER};q=1"))
    assert contacts(response) == [f"{PHONE};expires=3600;q=0.7", f"{OTHER};expires=3600"]


def test_an_extension_that_we_lack_is_named(desk: Desk) -> None:
    response = desk.take(register(PHONE, Require="path, gruu, frobnicate"))
    assert response.status == 420
    assert response.headers.get("Unsupported") == "gruu, frobnicate"
    assert desk.bindings == ()


def test_another_domain_is_not_found() -> None:
    desk = Desk(domains={"pbx.example"})
    assert desk.take(register(PHONE)).status == 200
    assert desk.take(register(PHONE, uri="sip:other.example")).status == 404


def test_path_is_kept_and_echoed_to_those_who_know_it(desk: Desk) -> None:
    path = "<sip:edge1.example;lr>,<sip:edge2.example;lr>"
    response = desk.take(register(PHONE, Path=path, Supported="path"))
    assert response.headers.values("Path") == ["<sip:edge1.example;lr>", "<sip:edge2.example;lr>"]
    assert desk.bindings[0].path == ("<sip:edge1.example;lr>", "<sip:edge2.example;lr>")
    silent = desk.take(register(PHONE, cseq=2, Path=path))
    assert silent.headers.get("Path") is None
    assert desk.bindings[0].path


@pytest.mark.parametrize("path", ["<mailto:a@b>", "<sip:>", ",".join(["<sip:e.example;lr>"] * 9)])
def test_a_path_that_cannot_be_a_route_is_refused(desk: Desk, path: str) -> None:
    assert desk.take(register(PHONE, Path=path)).status == 400


FLOW_1 = '<sip:1000@192.0.2.7:5060>;reg-id=1;+sip.instance="<urn:uuid:0>"'
FLOW_1_MOVED = '<sip:1000@198.51.100.9:9999>;reg-id=1;+sip.instance="<urn:uuid:0>"'
FLOW_2 = '<sip:1000@192.0.2.7:5060>;reg-id=2;+sip.instance="<urn:uuid:0>"'
OTHER_DEVICE = '<sip:1000@192.0.2.7:5060>;reg-id=1;+sip.instance="<urn:uuid:1>"'


def test_the_same_flow_of_a_device_replaces_its_old_address(desk: Desk) -> None:
    desk.take(register(FLOW_1))
    response = desk.take(register(FLOW_1_MOVED, call_id="b"))
    assert contacts(response) == [
        '<sip:1000@198.51.100.9:9999>;expires=3600;+sip.instance="<urn:uuid:0>";reg-id=1'
    ]
    assert [binding.id for binding in desk.bindings] == [1]


def test_other_flows_and_devices_stand_beside_it(desk: Desk) -> None:
    desk.take(register(FLOW_1))
    desk.take(register(FLOW_2, cseq=2))
    desk.take(register(OTHER_DEVICE, call_id="b"))
    assert len(desk.bindings) == 3


def test_reg_id_means_nothing_without_an_instance(desk: Desk) -> None:
    desk.take(register(f"{PHONE};reg-id=1"))
    desk.take(register(f"{OTHER};reg-id=1", cseq=2))
    assert [binding.reg_id for binding in desk.bindings] == [0, 0]


def test_outbound_is_promised_where_its_keep_alive_is_answered(desk: Desk) -> None:
    by_tcp = desk.take(register(FLOW_1, Supported="path, outbound"), TCP)
    assert by_tcp.headers.get("Require") == "outbound"
    assert by_tcp.headers.get("Flow-Timer") == "120"
    by_udp = desk.take(register(FLOW_1, cseq=2, Supported="path, outbound"), UDP)
    assert by_udp.headers.get("Require") == "outbound"
    assert by_udp.headers.get("Flow-Timer") == "30"
    plain = desk.take(register(PHONE, cseq=3, Supported="path, outbound"), TCP)
    assert plain.headers.get("Require") is None


def test_one_register_makes_one_flow(desk: Desk) -> None:
    assert desk.take(register(FLOW_1, FLOW_2)).status == 400
    assert desk.take(register(FLOW_1, OTHER)).status == 400
    assert desk.uris == []


@pytest.mark.parametrize(
    ("path", "supported", "status"),
    [
        ("<sip:edge.example;lr>", "path, outbound", 439),
        ("<sip:edge.example;lr;ob>", "path, outbound", 200),
        # The proxy next to the phone is the one that counts, and the last in the list.
        ("<sip:core.example;lr;ob>, <sip:edge.example;lr>", "path, outbound", 439),
        ("<sip:core.example;lr>, <sip:edge.example;lr;ob>", "path, outbound", 200),
        ("", "path, outbound", 439),
        ("", "path", 200),
    ],
)
def test_a_proxy_that_is_not_prepared_for_flows(
    desk: Desk, path: str, supported: str, status: int
) -> None:
    headers = {"Supported": supported, "Via": "SIP/2.0/UDP edge.example;branch=z9hG4bKe"}
    answer = desk.take(register(FLOW_1, **headers, **({"Path": path} if path else {})))
    assert answer.status == status
    promised = answer.headers.get("Require") == "outbound"
    assert promised == (status == 200 and "outbound" in supported)


@pytest.mark.parametrize(
    "host", ["224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1", "[ff02::1]", "[::1]", "[::]"]
)
def test_contacts_that_would_send_calls_astray_are_refused(desk: Desk, host: str) -> None:
    assert desk.take(register(f"<sip:1000@{host}:5060>")).status == 400


def test_this_machine_may_register_itself(desk: Desk) -> None:
    local = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5070))
    assert desk.take(register("<sip:1000@127.0.0.1:5070>"), local).status == 200
    assert desk.take(register("<sip:1000@127.0.0.2:5070>", cseq=2), local).status == 200


def test_unreadable_contacts_are_refused(desk: Desk) -> None:
    for contact in ("<sip:>", "<sip:a@[bad>", "<http://x>", "tel:1000"):
        assert desk.take(register(contact)).status == 400


def test_an_empty_update_is_false() -> None:
    assert not Update()
    assert Update(dropped=(1,))
