"""What the front of the core does with messages before anybody else sees them."""

from __future__ import annotations

import pytest

from softswitch.sip.effects import Effect, Flow, PassUp, Send
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest, NoResponse
from softswitch.sip.message.address import parse_address
from softswitch.sip.message.message import Request, Response, parse_message, response_to
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.requests.outside import CHALLENGES
from softswitch.sip.transaction.machine import TransactionError
from softswitch.sip.transaction.server import ServerTransaction
from tests.sip.network import Proxy, counts, two, world

PHONE = Flow("udp", ("10.0.0.1", 5060), ("192.0.2.7", 40_000))
COUNT = iter(range(10_000))


def endpoint(**settings: object) -> Endpoint:
    return Endpoint(
        tokens=lambda: f"t{next(COUNT)}",
        pick=lambda low, high: low,
        **settings,  # type: ignore[arg-type]
    )


def octets(
    method: str = "OPTIONS",
    *headers: str,
    via: str = "SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK1;rport",
    to: str = "<sip:b@example.com>",
    cseq: str | None = None,
    call_id: str = "1",
    max_forwards: str = "70",
) -> bytes:
    lines = [
        f"{method} sip:b@example.com SIP/2.0",
        f"Via: {via}",
        "From: <sip:a@example.com>;tag=a",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'1 {method}'}",
        f"Max-Forwards: {max_forwards}",
        "Contact: <sip:a@10.9.9.9>",
        *headers,
        "Content-Length: 0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def passed_up(effects: list[Effect]) -> NewRequest:
    (effect,) = effects
    assert isinstance(effect, PassUp)
    assert effect.receiver is None
    assert isinstance(effect.event, NewRequest)
    return effect.event


def answer(effects: list[Effect]) -> Response:
    (effect,) = effects
    assert isinstance(effect, Send)
    response = parse_message(effect.data)
    assert isinstance(response, Response)
    return response


def nothing_allocated(core: Endpoint) -> bool:
    return not any(counts(core).values())


# ------------------------------------------------------------------------- new requests


def test_a_new_request_is_passed_up_before_anything_is_allocated() -> None:
    core = endpoint()
    event = passed_up(core.receive(octets("INVITE"), PHONE))
    assert (event.request.method, event.flow) == ("INVITE", PHONE)
    assert nothing_allocated(core)


def test_the_via_tells_where_the_request_came_from() -> None:
    request = passed_up(endpoint().receive(octets(), PHONE)).request
    assert (request.via.received, request.via.rport) == ("192.0.2.7", 40_000)


def test_a_stateless_answer_has_the_same_tag_each_time_and_another_for_another_request() -> None:
    core = endpoint()
    tags = []
    for data in (octets(), octets(), octets(call_id="2")):
        event = passed_up(core.receive(data, PHONE))
        refusal = response_to(event.request, 401, to_tag=None)
        tags.append(answer(core.respond_statelessly(event.request, refusal, PHONE)).to.tag)
    assert tags[0] == tags[1] != tags[2]
    assert nothing_allocated(core)


@pytest.mark.parametrize("branch", ["z9hG4bK1", "z9hG4bK2"])
def test_the_ack_of_a_stateless_refusal_is_expected(branch: str) -> None:
    core = endpoint()
    event = passed_up(core.receive(octets("INVITE"), PHONE))
    refusal = response_to(event.request, 401, to_tag=None)
    to = str(answer(core.respond_statelessly(event.request, refusal, PHONE)).to)
    via = f"SIP/2.0/UDP 10.9.9.9:5060;branch={branch};rport"
    assert core.receive(octets("ACK", to=to, via=via), PHONE) == []
    assert (core.dropped, nothing_allocated(core)) == (0, True)
    core.receive(octets("ACK", to=to, via=via, call_id="2"), PHONE)
    assert (core.dropped, nothing_allocated(core)) == (1, True)


def test_the_ack_of_nothing_is_a_stray() -> None:
    core = endpoint()
    assert core.receive(octets("ACK", to="<sip:b@example.com>;tag=x"), PHONE) == []
    assert (core.dropped, nothing_allocated(core)) == (1, True)


def test_an_accepted_request_absorbs_repeats_until_it_is_answered() -> None:
    core = endpoint()
    event = passed_up(core.receive(octets(), PHONE))
    transaction, effects = core.accept(event.request, event.flow)
    assert effects == []
    assert core.receive(octets(), PHONE) == []
    response = response_to(event.request, 200, to_tag=None)
    first = core.respond(transaction, response)
    sent = [effect for effect in first if isinstance(effect, Send)]
    assert sent[0].flow == PHONE
    assert parse_message(sent[0].data).to.tag
    (again,) = core.receive(octets(), PHONE)
    assert isinstance(again, Send)
    assert again.data == sent[0].data


def test_without_rport_the_answer_goes_to_the_port_of_the_via() -> None:
    core = endpoint()
    via = "SIP/2.0/UDP 10.9.9.9:5099;branch=z9hG4bK1"
    event = passed_up(core.receive(octets(via=via), PHONE))
    (send,) = core.respond_statelessly(
        event.request, response_to(event.request, 200, to_tag=None), event.flow
    )
    assert isinstance(send, Send)
    assert send.flow.remote == ("192.0.2.7", 5099)


def test_over_tcp_the_answer_goes_back_on_the_connection() -> None:
    core = endpoint()
    flow = PHONE._replace(transport="tcp")
    event = passed_up(core.receive(octets(via="SIP/2.0/TCP 10.9.9.9:5099;branch=z9hG4bK1"), flow))
    (send,) = core.respond_statelessly(
        event.request, response_to(event.request, 200, to_tag=None), event.flow
    )
    assert isinstance(send, Send)
    assert send.flow == flow


def test_insane_requests_are_refused_with_what_is_wrong() -> None:
    core = endpoint()
    response = answer(core.receive(octets(cseq="1 INVITE"), PHONE))
    assert response.status == 400
    assert "CSeq" in response.reason
    assert (
        answer(core.receive(octets().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n"), PHONE)).status == 505
    )
    assert nothing_allocated(core)


def test_an_invite_without_contact_cannot_make_a_dialog() -> None:
    data = octets("INVITE").replace(b"Contact: <sip:a@10.9.9.9>\r\n", b"")
    response = answer(endpoint().receive(data, PHONE))
    assert response.status == 400


def test_an_invite_of_rfc_2543_needs_no_contact() -> None:
    old = octets("INVITE", via="SIP/2.0/UDP 10.9.9.9:5060").replace(
        b"Contact: <sip:a@10.9.9.9>\r\n", b""
    )
    passed_up(endpoint().receive(old, PHONE))
    useless = octets("INVITE", via="SIP/2.0/UDP 10.9.9.9:5060").replace(b"<sip:a@10.9.9.9>", b"*")
    assert answer(endpoint().receive(useless, PHONE)).status == 400


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("Via", "nonsense"),
        ("Via", "SIP/2.0/UDP"),
        ("Via", "SIP/2.0/UDP 10.9.9.9:port;branch=z9hG4bK1"),
        ("From", "<sip:a"),
        ("From", '"a <sip:a@b>'),
        ("From", ""),
        ("To", "sip:b@example.com>"),
        ("To", "<sip:>"),
        ("To", ""),
        ("Call-ID", ""),
        ("CSeq", "one OPTIONS"),
        ("CSeq", "99999999999 OPTIONS"),
    ],
)
@pytest.mark.parametrize("present", [True, False])
def test_a_request_with_an_unreadable_header_is_refused_where_it_came_from(
    name: str, broken: str, present: bool
) -> None:
    """Or without it, as long as there is a Via: the response must have one (section 8.2.6.2)."""
    core = endpoint()
    lines = octets().decode().split("\r\n")
    index = next(i for i, line in enumerate(lines) if line.startswith(f"{name}: "))
    lines[index] = f"{name}: {broken}"
    if not present:
        del lines[index]
    effects = core.receive("\r\n".join(lines).encode(), PHONE)
    if name == "Via" and not present:
        assert effects == []
        return
    (send,) = effects
    assert isinstance(send, Send)
    assert send.flow == PHONE
    assert send.data.startswith(b"SIP/2.0 400 ")
    if present:
        assert f"\r\n{name}: {broken}".rstrip().encode() in send.data
    assert nothing_allocated(core)
    ack = "\r\n".join(lines).replace("OPTIONS", "ACK").encode()
    assert core.receive(ack, PHONE) == []


def sips(method: str, uri: str, contact: str) -> bytes:
    data = octets(method).decode().replace(f"{method} sip:b@example.com", f"{method} {uri}")
    return data.replace("<sip:a@10.9.9.9>", contact).encode()


@pytest.mark.parametrize("transport", ["udp", "tcp", "ws"])
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS", "MESSAGE"])
@pytest.mark.parametrize(
    ("uri", "contact"),
    [("sips:b@example.com", "<sips:a@10.9.9.9>"), ("sip:b@example.com", "<sips:a@10.9.9.9>")],
)
def test_sips_promises_tls_and_is_refused_without(
    transport: str, method: str, uri: str, contact: str
) -> None:
    data = sips(method, uri, contact)
    response = answer(endpoint().receive(data, PHONE._replace(transport=transport)))
    assert response.status == 480
    assert response.headers.get("Warning") == '380 softswitch "SIPS Not Allowed"'
    for secure in ("tls", "wss"):
        passed_up(endpoint().receive(data, PHONE._replace(transport=secure)))


def test_a_sips_uri_with_a_sip_contact_contradicts_itself() -> None:
    data = sips("INVITE", "sips:b@example.com", "<sip:a@10.9.9.9>")
    assert answer(endpoint().receive(data, PHONE._replace(transport="tls"))).status == 400


@pytest.mark.parametrize(
    ("uri", "contact", "hop", "ours"),
    [
        ("sip:b@example.com", "<sip:a@10.9.9.9>", "", "<sip:b@10.0.0.1:5060;transport=tls>"),
        ("sips:b@example.com", "<sips:a@10.9.9.9>", "", "<sips:b@10.0.0.1:5060>"),
        ("sip:b@example.com", "<sips:a@10.9.9.9>", "", "<sips:b@10.0.0.1:5060>"),
        (
            *("sip:b@example.com", "<sips:a@10.9.9.9>", "<sip:edge.example.com;lr>"),
            "<sip:b@10.0.0.1:5060;transport=tls>",
        ),
        (
            *("sip:b@example.com", "<sip:a@10.9.9.9>", "<sips:edge.example.com;lr>"),
            "<sips:b@10.0.0.1:5060>",
        ),
    ],
)
def test_our_contact_has_the_scheme_that_the_invite_asks_for(
    uri: str, contact: str, hop: str, ours: str
) -> None:
    core, out = endpoint(), list[Effect]()
    data = sips("INVITE", uri, contact)
    if hop:
        data = data.replace(b"Max-Forwards", f"Record-Route: {hop}\r\nMax-Forwards".encode())
    new = passed_up(core.receive(data, PHONE._replace(transport="tls")))
    assert core.incoming(new, lambda event: None, out).contact == ours


@pytest.mark.parametrize(
    ("uri", "contact"),
    [
        ("sip:b@example.com", "<sip:a@10.0.0.1:5060;transport=tls>"),
        ("sips:b@example.com", "<sips:a@10.0.0.1:5060>"),
    ],
)
def test_our_invite_to_sips_has_a_contact_of_sips(uri: str, contact: str) -> None:
    out: list[Effect] = []
    invite = endpoint().invite(
        lambda event: None,
        out,
        target=parse_uri(uri),
        flow=PHONE._replace(transport="tls"),
        from_=parse_address("<sip:a@example.com>"),
        to=parse_address("<sip:b@example.com>"),
    )
    assert invite.contact == contact


@pytest.mark.parametrize("parameters", [";", ";;lr", ";transport=", ";=udp"])
def test_empty_parameters_of_the_request_uri_are_refused(parameters: str) -> None:
    data = octets().replace(
        b"OPTIONS sip:b@example.com", f"OPTIONS sip:b@example.com{parameters}".encode()
    )
    response = answer(endpoint().receive(data, PHONE))
    assert response.status == 400
    assert response.reason.startswith("Request-URI: ")


def test_noise_is_dropped_without_an_answer() -> None:
    core = endpoint()
    for data in (b"", b"\x00" * 40, b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n"):
        assert core.receive(data, PHONE) == []
    assert (core.dropped, nothing_allocated(core)) == (4, True)


def test_an_extension_that_is_required_and_unknown_is_named() -> None:
    core = endpoint(extensions=("path",))
    data = octets("INVITE", "Require: 100rel, path", "Proxy-Require: foo")
    response = answer(core.receive(data, PHONE))
    assert (response.status, response.headers.get("Unsupported")) == (420, "100rel, foo")
    passed_up(core.receive(octets("INVITE", "Require: path"), PHONE))


def test_an_unknown_dialog_is_refused_but_a_register_with_a_tag_is_not() -> None:
    core = endpoint()
    tagged = "<sip:b@example.com>;tag=gone"
    for method in ("BYE", "INVITE", "INFO", "SUBSCRIBE"):
        assert answer(core.receive(octets(method, to=tagged), PHONE)).status == 481
    assert nothing_allocated(core)
    passed_up(core.receive(octets("REGISTER", to=tagged), PHONE))


def test_max_forwards_counts_only_for_what_goes_on() -> None:
    core = endpoint()
    assert answer(core.receive(octets("INVITE", max_forwards="0"), PHONE)).status == 483
    assert answer(core.receive(octets("MESSAGE", max_forwards="0"), PHONE)).status == 483
    passed_up(core.receive(octets("OPTIONS", max_forwards="0"), PHONE))


def test_a_flood_of_transactions_is_put_off_but_not_the_end_of_a_call() -> None:
    core = endpoint(most_transactions=2)
    accepted(core, octets(via="SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKa;rport", call_id="a"))
    accepted(core, octets(via="SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKb;rport", call_id="b"))
    response = answer(core.receive(octets("INVITE", call_id="c"), PHONE))
    assert (response.status, response.headers.get("Retry-After")) == (503, "10")
    bye = octets("BYE", call_id="d", to="<sip:b@example.com>;tag=x")
    assert answer(core.receive(bye, PHONE)).status == 481


def test_answering_twice_is_our_own_mistake() -> None:
    core = endpoint()
    event = passed_up(core.receive(octets(), PHONE))
    transaction, _ = core.accept(event.request, event.flow)
    core.respond(transaction, response_to(event.request, 200, to_tag=None))
    with pytest.raises(TransactionError):
        core.respond(transaction, response_to(event.request, 200, to_tag=None))


# ------------------------------------------------------------------------- matching


def accepted(core: Endpoint, data: bytes) -> ServerTransaction:
    event = passed_up(core.receive(data, PHONE))
    return core.accept(event.request, event.flow)[0]


def test_a_repeat_has_branch_sent_by_and_method_in_common() -> None:
    core = endpoint()
    accepted(core, octets())
    assert core.receive(octets(call_id="other"), PHONE) == []
    for other in (
        octets("MESSAGE", call_id="2"),
        octets(via="SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK2;rport", call_id="3"),
        octets(via="SIP/2.0/UDP 10.9.9.9:5061;branch=z9hG4bK1;rport", call_id="4"),
        octets(via="SIP/2.0/UDP 10.9.9.8:5060;branch=z9hG4bK1;rport", call_id="5"),
    ):
        passed_up(core.receive(other, PHONE))


def test_without_the_magic_cookie_everything_else_is_compared() -> None:
    core = endpoint()
    for via in ("SIP/2.0/UDP 10.9.9.9:5060", "SIP/2.0/UDP 10.9.9.9:5060;branch=1"):
        accepted(core, octets("INVITE", via=via, call_id=via))
        (again,) = core.receive(octets("INVITE", via=via, call_id=via), PHONE)
        assert isinstance(again, Send)
        assert parse_message(again.data).status == 100  # type: ignore[union-attr]
        passed_up(core.receive(octets("INVITE", via=via, call_id=f"{via} 2"), PHONE))
        passed_up(core.receive(octets("INVITE", via=via, call_id=via, cseq="2 INVITE"), PHONE))


def test_the_ack_of_an_old_phone_reaches_its_transaction() -> None:
    core = endpoint()
    via = "SIP/2.0/UDP 10.9.9.9:5060"
    transaction = accepted(core, octets("INVITE", via=via))
    core.respond(transaction, response_to(transaction.request, 486, to_tag="b"))
    ack = octets("ACK", via=via, to="<sip:b@example.com>;tag=b")
    core.receive(ack, PHONE)
    assert transaction.state == "CONFIRMED"


def test_a_request_that_comes_by_two_paths_is_taken_once() -> None:
    core = endpoint()
    transaction = accepted(core, octets("INVITE"))
    copy = octets("INVITE", via="SIP/2.0/UDP 10.8.8.8:5060;branch=z9hG4bKother;rport")
    assert answer(core.receive(copy, PHONE)).status == 482
    core.respond(transaction, response_to(transaction.request, 486, to_tag="b"))
    core.receive(octets("ACK"), PHONE)
    core.fire(transaction, "I")
    assert nothing_allocated(core)
    passed_up(core.receive(copy, PHONE))


def test_our_own_invite_that_comes_back_unchanged_is_a_loop() -> None:
    clock, network = world()
    alice = network.host("alice", "10.0.0.1")
    proxy = Proxy(network, "proxy", "10.0.0.3", alice)
    a = alice.call(proxy)
    clock.run(1)
    assert a.names == ["Failed 482 Loop Detected"]
    assert alice.new == []
    clock.run()
    assert alice.alive == 0


def test_our_own_invite_that_comes_back_to_another_number_is_a_spiral() -> None:
    clock, network = world()
    alice = network.host("alice", "10.0.0.1")
    proxy = Proxy(network, "proxy", "10.0.0.3", alice, new_uri="sip:forwarded@10.0.0.1")
    alice.call(proxy)
    clock.run(0.1)
    assert [new.request.uri_text for new in alice.new] == ["sip:forwarded@10.0.0.1"]


# ------------------------------------------------------------------------- responses


def test_a_response_of_no_request_is_dropped() -> None:
    core = endpoint()
    response = response_to(request("OPTIONS"), 200, to_tag="b")
    assert core.receive(response.to_bytes(), PHONE) == []
    assert core.dropped == 1


def test_a_response_with_two_vias_is_not_ours() -> None:
    core = endpoint()
    response = response_to(request("OPTIONS"), 200, to_tag="b")
    response.headers.add("Via", "SIP/2.0/UDP 10.0.0.99;branch=z9hG4bK9")
    assert core.receive(response.to_bytes(), PHONE) == []
    assert core.dropped == 1


def test_a_200_of_a_dead_call_is_acknowledged_and_said_goodbye_once() -> None:
    core = endpoint()
    response = response_to(
        request("INVITE"), 200, to_tag="b", headers=[("Contact", "<sip:b@192.0.2.99>")]
    )
    effects = core.receive(response.to_bytes(), PHONE)
    messages = [parse_message(effect.data) for effect in effects if isinstance(effect, Send)]
    assert [str(message.cseq) for message in messages] == ["7 ACK", "8 BYE"]
    assert {effect.flow for effect in effects if isinstance(effect, Send)} == {PHONE}
    assert {message.to.tag for message in messages} == {"b"}
    assert nothing_allocated(core)


def test_a_200_that_never_was_ours_is_dropped() -> None:
    core = endpoint()
    invite = request("INVITE", via="SIP/2.0/UDP 10.0.0.99:5060;branch=z9hG4bK9")
    response = response_to(invite, 200, to_tag="b", headers=[("Contact", "<sip:b@192.0.2.99>")])
    assert core.receive(response.to_bytes(), PHONE) == []


def request(method: str, via: str = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK9") -> Request:
    return Request(
        method,
        "sip:b@example.com",
        [
            ("Via", via),
            ("From", "<sip:a@example.com>;tag=a"),
            ("To", "<sip:b@example.com>"),
            ("Call-ID", "7"),
            ("CSeq", f"7 {method}"),
            ("Max-Forwards", "70"),
        ],
    )


# ------------------------------------------------------------------------- our own requests


def test_a_request_that_finds_no_way_is_told() -> None:
    core, told = endpoint(), []
    options = request("OPTIONS")
    options.headers.remove("Via")
    effects = core.request(options, PHONE, told.append)
    send = effects[0]
    assert isinstance(send, Send)
    assert send.owner is not None
    (effect,) = core.transport_failed(send.owner)
    assert isinstance(effect, PassUp)
    assert (effect.event, effect.receiver) == (NoResponse("transport error"), told.append)
    assert nothing_allocated(core)


def test_via_and_contact_carry_the_advertised_address() -> None:
    core = endpoint(advertise=lambda flow: ("2001:db8::1", 5080))
    flow = Flow("tcp", ("10.0.0.1", 33_000), ("192.0.2.7", 5060))
    options = request("OPTIONS")
    options.headers.remove("Via")
    (send, *_) = core.request(options, flow, print)
    assert isinstance(send, Send)
    via = parse_message(send.data).via
    assert (via.transport, via.sent_by, via.has_cookie) == ("TCP", "[2001:db8::1]:5080", True)
    assert core.contact(flow, "100") == "<sip:100@[2001:db8::1]:5080;transport=tcp>"


def test_a_challenge_without_credentials_is_an_answer_like_any_other() -> None:
    w = two()
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    w.bob.take_call().reject(401)
    w.clock.run(1)
    assert a.names == ["Failed 401 Unauthorized"]


def test_wrong_credentials_are_not_tried_for_ever() -> None:
    w = two()
    a = w.alice.call(w.bob, credentials=lambda request, response: [("Authorization", "wrong")])
    for _ in range(5):
        w.clock.run(w.clock.now + 0.1)
        if w.bob.new:
            w.bob.take_call().reject(401)
    assert a.names == ["Failed 401 Unauthorized"]
    assert len(w.network.sent("INVITE +sdp")) == 1 + CHALLENGES


@pytest.mark.parametrize(
    ("transport", "via", "contact"),
    [
        ("udp", "SIP/2.0/UDP", "<sip:a@192.0.2.1:5060>"),
        ("tcp", "SIP/2.0/TCP", "<sip:a@192.0.2.1:5060;transport=tcp>"),
        ("ws", "SIP/2.0/WS", "<sip:a@192.0.2.1:5060;transport=ws>"),
        ("wss", "SIP/2.0/WSS", "<sip:a@192.0.2.1:5060;transport=ws>"),
    ],
)
def test_via_and_contact_name_the_transport_as_its_rfc_does(
    transport: str, via: str, contact: str
) -> None:
    """RFC 7118 section 5: Via tells WS from WSS, a URI does not."""
    core = endpoint()
    flow = Flow(transport, ("192.0.2.1", 5060), ("192.0.2.9", 50000))
    assert core.contact(flow, "a") == contact
    options = Request(
        "OPTIONS",
        parse_uri("sip:b@x.invalid"),
        [("Call-ID", "c"), ("CSeq", "1 OPTIONS"), ("From", "<sip:a@a>;tag=1"), ("To", "<sip:b@b>")],
    )
    sent = [
        each.data
        for each in core.request(options, flow, lambda event: None)
        if isinstance(each, Send)
    ]
    assert sent[0].split(b"\r\n")[1].startswith(f"Via: {via} 192.0.2.1:5060;branch=".encode())


def test_invites_on_a_connection_that_is_gone_fail_and_nothing_else_does() -> None:
    core = endpoint()
    flow, other = (
        Flow("ws", ("192.0.2.1", 8088), ("192.0.2.9", port)) for port in (50_001, 50_002)
    )
    told: list[object] = []

    def invite(by: Flow) -> bytes:
        out: list[Effect] = []
        core.invite(
            told.append,
            out,
            target=parse_uri("sip:b@x.invalid"),
            flow=by,
            from_=parse_address("<sip:a@pbx>"),
            to=parse_address("<sip:b@pbx>"),
        )
        (send,) = [each for each in out if isinstance(each, Send)]
        return send.data

    invite(flow)
    invite(other)
    ringing = parse_message(invite(flow))
    assert isinstance(ringing, Request)
    core.receive(response_to(ringing, 180, to_tag="b").to_bytes(), flow)
    bye = Request("BYE", "sip:b@x.invalid", [*ringing.headers.items()][1:])
    bye.headers.set("CSeq", "2 BYE")
    core.request(bye, flow, told.append)
    effects = core.connection_gone(flow)
    events = [each.event for each in effects if isinstance(each, PassUp)]
    assert [(type(each).__name__, each.status) for each in events] == [("Failed", 503)]
    assert core.connection_gone(flow) == []


def test_requests_in_a_dialog_over_tls_do_not_come_in_the_clear() -> None:
    """The answer would hold keys; a BYE has none."""
    w = two()
    for host in (w.alice, w.bob):
        host.transport = "tls"
    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    b = w.bob.take_call()
    b.accept()
    w.clock.run(0.06)
    a.acknowledge()
    w.clock.run(1)
    plain = a.usage.dialog.flow._replace(transport="udp")
    answers: list[str] = []
    for method in ("INVITE", "UPDATE", "INFO", "BYE"):
        w.network.take()
        request = a.usage.dialog.next_request(method, [("Contact", "<sip:alice@10.0.0.1>")], b"x")
        w.alice.ask(request, plain)
        w.clock.run(w.clock.now + 0.1)
        answers += [line for line in w.network.log if line.startswith("bob>alice")]
    assert answers == [
        "bob>alice 403 INVITE",
        "bob>alice 403 UPDATE",
        "bob>alice 403 INFO",
        "bob>alice 200 BYE",
    ]
