"""RFC 3665 section 3 through the switch: the sessions of its flows, on wires that lose and reorder.

Sections 3.2 to 3.6 differ in the proxies between the phones; here the switch stands there.
"""

from __future__ import annotations

import asyncio

from tests.calls.flows.wire import Flow, on_every_wire


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
