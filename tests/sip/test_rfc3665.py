"""The flows of RFC 3665 section 3, between endpoints joined by octets on a virtual clock.

Section 2 (registration) is the registrar's; here only its exchange of request and challenge is.
"""

from __future__ import annotations

from softswitch.sip.events import Answered, Failed, Reoffered, Responded
from softswitch.sip.message.message import Request, response_to
from tests.sip.network import Proxy, two, world


def test_2_1_a_request_is_challenged_and_sent_again_with_credentials() -> None:
    clock, network = world()
    bob, server = network.host("bob", "10.0.0.1"), network.host("server", "10.0.0.2")
    answers: list[Responded] = []

    def credentials(request: Request, challenge: object) -> list[tuple[str, str]]:
        return [("Authorization", f"Digest for {request.cseq.number}")]

    def serve() -> None:
        new = server.new.pop(0)
        if "Authorization" not in new.request.headers:
            response = response_to(new.request, 401, to_tag=None)
            server.perform(server.endpoint.respond_statelessly(new.request, response, new.flow))
        else:
            transaction, effects = server.endpoint.accept(new.request, new.flow)
            server.perform(effects)
            response = response_to(new.request, 200, to_tag=None)
            server.perform(server.endpoint.respond(transaction, response))

    register = Request(
        "REGISTER",
        "sip:example.com",
        [
            ("Max-Forwards", "70"),
            ("From", "<sip:bob@example.com>;tag=1"),
            ("To", "<sip:bob@example.com>"),
            ("Call-ID", "9"),
            ("CSeq", "1 REGISTER"),
        ],
    )
    flow = bob.flow_to(server)
    bob.perform(bob.endpoint.request(register, flow, answers.append, credentials))
    clock.run(0.015)
    assert server.alive == 0
    serve()
    clock.run(0.035)
    request = server.new[0].request
    assert (request.headers.get("Authorization"), str(request.cseq)) == (
        "Digest for 1",
        "2 REGISTER",
    )
    assert (request.call_id, request.from_.tag) == ("9", "1")
    serve()
    clock.run()
    assert [answer.response.status for answer in answers] == [200]
    assert network.log == [
        "bob>server REGISTER",
        "server>bob 401 REGISTER",
        "bob>server REGISTER",
        "server>bob 200 REGISTER",
    ]
    assert (bob.alive, server.alive) == (0, 0)


def test_3_1_successful_session_establishment() -> None:
    clock, network, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    b = bob.take_call()
    b.progress(180)
    clock.run(0.04)
    b.accept(b"answer")
    clock.run(0.06)
    assert a.names == ["Ringing 180", "Answered answer"]
    a.acknowledge()
    clock.run(0.08)
    assert b.names == ["Acknowledged"]
    b.hangup()
    clock.run()
    assert a.names == ["Ended BYE"]
    assert network.log == [
        "alice>bob INVITE +sdp",
        "bob>alice 100 INVITE",
        "bob>alice 180 INVITE",
        "bob>alice 200 INVITE +sdp",
        "alice>bob ACK",
        "bob>alice BYE",
        "alice>bob 200 BYE",
    ]
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_2_session_establishment_through_two_proxies() -> None:
    clock, network, alice, bob = two()
    second = Proxy(network, "p2", "10.0.0.4", bob)
    first = Proxy(network, "p1", "10.0.0.3", second)
    a = alice.call(first)
    clock.run(0.05)
    b = bob.take_call()
    b.accept()
    clock.run(0.1)
    a.acknowledge()
    clock.run(0.2)
    network.take()
    b.hangup()
    clock.run()
    assert network.log == [
        "bob>p2 BYE",
        "p2>p1 BYE",
        "p1>alice BYE",
        "alice>p1 200 BYE",
        "p1>p2 200 BYE",
        "p2>bob 200 BYE",
    ]
    assert a.usage.dialog.routes == (first.route, second.route)
    assert b.usage.dialog.routes == (second.route, first.route)
    assert (a.names, b.names) == (["Answered answer", "Ended BYE"], ["Acknowledged"])
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_3_the_invite_is_challenged_and_the_ack_repeats_the_credentials() -> None:
    clock, network, alice, bob = two()
    a = alice.call(
        bob, credentials=lambda request, response: [("Proxy-Authorization", "Digest secret")]
    )
    clock.run(0.015)
    new = bob.new.pop(0)
    response = response_to(new.request, 407, to_tag=None)
    bob.perform(bob.endpoint.respond_statelessly(new.request, response, new.flow))
    clock.run(0.04)
    b = bob.take_call()
    assert b.usage.transaction.request.headers.get("Proxy-Authorization") == "Digest secret"
    assert str(b.usage.transaction.request.cseq) == "2 INVITE"
    b.accept()
    clock.run(0.1)
    a.acknowledge()
    clock.run(0.2)
    assert b"Proxy-Authorization: Digest secret" in alice.sends[-1]
    assert network.log == [
        "alice>bob INVITE +sdp",
        "bob>alice 407 INVITE",
        "alice>bob ACK",
        "alice>bob INVITE +sdp",
        "bob>alice 100 INVITE",
        "bob>alice 200 INVITE +sdp",
        "alice>bob ACK",
    ]
    assert (a.names, b.names) == (["Answered answer"], ["Acknowledged"])


def test_3_4_a_dead_next_hop_is_told_so_that_another_one_can_be_tried() -> None:
    clock, network, alice, bob = two()
    dead = network.host("dead", "10.0.0.9")
    network.lose = lambda line: "dead" in line
    a = alice.call(dead)
    clock.run(32)
    assert a.names == ["Failed 408 timeout"]
    assert network.sent("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    alice.call(bob)
    clock.run(33)
    assert bob.take_call()


def test_3_6_a_redirection_is_told_with_its_contacts() -> None:
    clock, network, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    bob.take_call().reject(302, [("Contact", "<sip:carol@10.0.0.3>")])
    clock.run()
    (failed,) = a.told()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.reason) == (302, "Moved Temporarily")
    assert failed.headers.read("Contact")[0].uri_text == "sip:carol@10.0.0.3"
    assert network.log[-1] == "alice>bob ACK"
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_7_a_re_invite_changes_address_and_media() -> None:
    clock, network, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    b = bob.take_call()
    b.accept()
    clock.run(0.04)
    a.acknowledge()
    clock.run(0.06)
    a.told(), b.told(), network.take()
    b.usage.contact = "<sip:bob@10.0.0.77:5060>"
    b.offer(b"moved")
    clock.run(0.075)
    assert a.told() == [Reoffered(b"moved")]
    assert a.usage.dialog.target == "sip:bob@10.0.0.77:5060"
    assert a.answer_reoffer(b"fine")
    clock.run(0.1)
    assert b.names == ["Reinvited 200 fine"]
    assert network.take() == [
        "bob>alice INVITE +sdp",
        "alice>bob 100 INVITE",
        "alice>bob 200 INVITE +sdp",
        "bob>alice ACK",
    ]
    assert a.names == ["Acknowledged"]
    a.hangup()
    clock.run()
    assert network.take() == ["alice>bob BYE", "bob>alice 200 BYE"]
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_8_no_answer_and_the_caller_cancels() -> None:
    clock, network, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    b = bob.take_call()
    b.progress(180)
    clock.run(20)
    a.hangup(("Reason", 'SIP;cause=200;text="Call completed elsewhere"'))
    clock.run(21)
    assert network.log[-4:] == [
        "alice>bob CANCEL",
        "bob>alice 200 CANCEL",
        "bob>alice 487 INVITE",
        "alice>bob ACK",
    ]
    (ended,) = b.told()
    assert (ended.by_peer, ended.reason) == (True, "CANCEL")
    assert "completed elsewhere" in ended.headers.get("Reason")
    assert a.names == ["Ringing 180"]
    clock.run()
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_9_busy() -> None:
    clock, network, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    bob.take_call().reject(486)
    clock.run()
    assert a.names == ["Failed 486 Busy Here"]
    assert network.log[-2:] == ["bob>alice 486 INVITE", "alice>bob ACK"]
    assert (alice.alive, bob.alive) == (0, 0)


def test_3_10_no_response() -> None:
    clock, network, alice, bob = two()
    network.lose = lambda line: "bob>" in line
    a = alice.call(bob)
    clock.run(31.9)
    assert a.names == []
    clock.run(32)
    assert a.names == ["Failed 408 timeout"]


def test_3_11_temporarily_unavailable() -> None:
    clock, _, alice, bob = two()
    a = alice.call(bob)
    clock.run(0.02)
    b = bob.take_call()
    b.progress(180)
    clock.run(0.04)
    b.reject(480, [("Retry-After", "60")])
    clock.run()
    ringing, failed = a.told()
    assert (ringing.status, failed.status) == (180, 480)
    assert failed.headers.get("Retry-After") == "60"
    assert not isinstance(failed, Answered)
    assert (alice.alive, bob.alive) == (0, 0)
