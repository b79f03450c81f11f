"""RFC 3665 section 3 through the switch: the sessions of its flows, on wires that lose and reorder.

Between the phones of the flows are proxies. The switch is a back-to-back user agent in their place,
so in sections 3.2 to 3.6 the flow of a section is what the phones see of it.
"""

from __future__ import annotations

import asyncio

from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.trunk import Trunk
from softswitch.sip.effects import Flow as Way
from tests.calls.flows.subscribers import ChallengingProxy, Gateway, GuardedFlow
from tests.calls.flows.wire import Flow, on_every_wire
from tests.calls.numbers.test_trunks import trunk
from tests.calls.walk.living_phone import LivingPhone


@on_every_wire
async def test_3_1_a_session_is_established_and_ended(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    await flow.talk(alice, bob)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    bob.hang_up(0)
    await flow.until(lambda: not alice.up and not bob.up)
    await flow.end()
    (record,) = flow.records()
    assert (record["outcome"], record["state"]) == ("answered", "CalleeHungUp")


@on_every_wire
async def test_3_2_a_session_through_two_proxies(seed: int) -> None:
    """Alice calls by her proxy, the switch asks for her password, and Bob is behind another one.

    Both proxies stay on the way, and Bob hangs up.
    """
    flow = GuardedFlow(seed)
    first, second = flow.proxy(1, flow.scene.host), flow.proxy(2, flow.scene.host)
    alice = flow.subscriber("1000", first_hop=first)
    bob = flow.subscriber("1001", first_hop=second)
    assert (await bob.register(bob.contact)).status == 200
    flow.scene.network.take()
    await flow.talk(alice, bob)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    assert [routes(alice), routes(bob)] == [(first.route,), (second.route,)]
    bob.hang_up(0)
    await flow.until(lambda: not alice.up and not bob.up)
    passed = {line.removesuffix(" ✗") for line in flow.scene.network.log}
    assert {
        "proxy1>p1000-1 401 INVITE",
        "switch>proxy2 INVITE +sdp",
        "proxy2>p1001-2 ACK",
        "p1001-2>proxy2 BYE",
        "switch>proxy1 BYE",
        "proxy1>p1000-1 BYE",
    } <= passed
    await flow.end()
    (record,) = flow.records()
    assert (record["outcome"], record["state"]) == ("answered", "CalleeHungUp")


def routes(phone: LivingPhone) -> tuple[str, ...]:
    """The proxies that stay on the way from a phone in its only call."""
    (leg,) = phone.up
    assert leg.usage.dialog is not None
    return leg.usage.dialog.routes


@on_every_wire
async def test_3_3_a_session_with_several_that_ask_for_passwords(seed: int) -> None:
    """Alice's proxy asks for her password, then the switch; a carrier's asks the switch for its."""
    carrier = trunk(realm="proxy")
    flow = GuardedFlow(seed, trunks=[carrier], routes=[Route(pattern="0*", trunk="carrier")])
    network = flow.scene.network
    first = ChallengingProxy(network, "proxy1", "10.0.1.1", flow.scene.host)
    alice = flow.subscriber("1000", first_hop=first, proxy="elsewhere")
    bob = far_end(flow, carrier)
    second = ChallengingProxy(network, "proxy2", "10.0.1.2", bob.phone.host)
    carrier.flows = (Way("udp", flow.scene.host.address, second.address),)
    alice.dial("030123")
    await flow.until(lambda: bob.ringing)
    bob.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    (leg,) = alice.up
    for name in ("Authorization", "Proxy-Authorization"):
        assert name in leg.usage.request.headers
    assert "Proxy-Authorization" in bob.up[0].request.headers
    bob.hang_up(0)
    await flow.until(lambda: not alice.up and not bob.up)
    await flow.end()
    (record,) = flow.records()
    assert record["outcome"] == "answered"


def far_end(flow: Flow, line: Trunk) -> LivingPhone:
    """The phone that a trunk leads to."""
    phone = LivingPhone(flow.scene, line.name, registered=False)
    flow.phones.append(phone)
    line.flows = (Way("udp", flow.scene.host.address, phone.phone.host.address),)
    return phone


@on_every_wire
async def test_3_4_a_session_although_the_first_proxy_has_failed(seed: int) -> None:
    """The first trunk of a number answers nothing: Alice's call takes the second, and ends well."""
    lines = [trunk(), trunk("spare")]
    routes = [Route(pattern="0*", trunk=line.terms.name) for line in lines]
    flow = Flow(seed, trunks=lines, routes=routes)
    alice = flow.phone("1000")
    dead, bob = (far_end(flow, line) for line in lines)
    dead.phone.host.is_off = True
    alice.dial("030123")
    await flow.until(lambda: bob.ringing)
    bob.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    assert any("switch>pcarrier" in line for line in flow.scene.network.log)
    bob.hang_up(0)
    await flow.until(lambda: not alice.up and not bob.up)
    await flow.end()
    (record,) = flow.records()
    assert record["outcome"] == "answered"


@on_every_wire
async def test_3_5_a_session_through_an_application_layer_gateway(seed: int) -> None:
    """Alice's signalling and sound pass a gateway: the switch sends her sound there, not to her."""
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    gateway = Gateway(flow.scene.network, "gateway", "10.0.1.1", flow.scene.host)
    alice.phone.first_hop = gateway
    await flow.talk(alice, bob)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    (leg,) = alice.up
    port = flow.port_of(leg)
    assert port is not None
    assert port.last["remote"][0] == gateway.address[0]
    assert routes(alice) == (gateway.route,)
    alice.offer(0, "sendonly")
    await flow.until(lambda: "held" in flow.steps_so_far())
    assert port.last["remote"][0] == gateway.address[0]
    bob.hang_up(0)
    await flow.until(lambda: not alice.up and not bob.up)
    await flow.end()
    (record,) = flow.records()
    assert (record["outcome"], record["state"]) == ("answered", "CalleeHungUp")


@on_every_wire
async def test_3_6_a_session_by_a_redirection_with_the_description_in_the_ack(seed: int) -> None:
    """Alice offers nothing, Bob's phone sends the call on to Carol's, and Alice's ACK answers."""
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    alice.dial("1001", offers=False)
    await flow.until(lambda: bob.ringing)
    bob.refuse(0, 302, to="1002")
    await flow.until(lambda: carol.ringing)
    carol.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    (leg,) = alice.up
    port = flow.port_of(leg)
    assert port is not None
    assert port.last["remote"] == (alice.media_host, 5000)
    lines = {line.removesuffix(" ✗") for line in flow.scene.network.log}
    assert {
        "p1000-1>switch INVITE",
        "p1001-2>switch 302 INVITE",
        "switch>p1000-1 200 INVITE +sdp",
        "p1000-1>switch ACK +sdp",
    } <= lines
    assert not any("302" in line for line in lines if line.startswith("switch>p1000"))
    carol.hang_up(0)
    await flow.until(lambda: not alice.up and not carol.up)
    await flow.end()
    (record,) = flow.records()
    assert (record["outcome"], record["state"]) == ("answered", "CalleeHungUp")


@on_every_wire
async def test_3_7_the_address_of_a_phone_changes(seed: int) -> None:
    """Bob's phone goes on elsewhere: the switch sends his sound there from then on."""
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    await flow.talk(alice, bob)
    bob.media_host = "10.0.9.9"
    bob.offer(0, "sendrecv")
    (leg,) = bob.up
    port = flow.port_of(leg)
    assert port is not None
    await flow.until(lambda: port.last["remote"] == ("10.0.9.9", 5000))
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    await flow.end()
    assert "held" not in flow.steps()


@on_every_wire
async def test_3_8_nobody_answers(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    alice.hang_up(0)
    await flow.until(lambda: not bob.ringing and not alice.calling)
    await flow.end()
    (record,) = flow.records()
    assert record["outcome"] == "cancelled"


@on_every_wire
async def test_3_9_the_callee_is_busy(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    bob.refuse(0, 486)
    await flow.until(lambda: not alice.calling)
    await flow.end()
    (record,) = flow.records()
    assert (record["outcome"], record["caller_code"]) == ("busy", 486)


@on_every_wire
async def test_3_10_no_phone_responds(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    flow.scene.network.lose = lambda line: "switch>p1001" in line
    alice.dial("1001")
    await asyncio.sleep(1)
    await flow.until(lambda: not alice.calling)
    assert not bob.ringing
    await flow.end()
    (record,) = flow.records()
    assert record["outcome"] == "failed"


@on_every_wire
async def test_3_11_the_callee_is_unavailable(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    bob.refuse(0, 480)
    await flow.until(lambda: not alice.calling)
    await flow.end()
    (record,) = flow.records()
    assert record["caller_code"] == 480
