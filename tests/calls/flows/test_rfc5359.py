"""The services of RFC 5359 section 2, one test a section, on wires that lose and reorder.

The switch is a back-to-back user agent between the phones, so the messages are not those of the
flows. What the people at the phones see and hear is.
"""

from __future__ import annotations

from urllib.parse import quote

from softswitch.calls.call.terms import CallTerms
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.route import Route
from tests.calls.extensions import conference, extension
from tests.calls.flows.wire import Flow, on_every_wire
from tests.calls.walk.living_phone import LivingPhone

MUSIC = CallTerms(domain="example.com", hold_music="hold.ogg")


@on_every_wire
async def test_2_1_call_hold(seed: int) -> None:
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    await flow.talk(alice, bob)
    bob.offer(0, "sendonly")
    await flow.until(lambda: "held" in flow.steps_so_far())
    bob.offer(0, "sendrecv")
    await flow.until(lambda: "resumed" in flow.steps_so_far())
    await flow.end()
    assert [step for step in flow.steps() if step in ("held", "resumed")] == ["held", "resumed"]


@on_every_wire
async def test_2_2_consultation_hold(seed: int) -> None:
    """Bob holds Alice, asks Carol, hangs up with her, and goes on with Alice."""
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(alice, bob)
    bob.offer(0, "sendonly")
    await flow.until(lambda: "held" in flow.steps_so_far())
    await flow.talk_more(bob, carol)
    await flow.until(lambda: flow.hear_each_other(bob, carol))
    carol.hang_up(0)
    await flow.until(lambda: len(bob.up) == 1 and not carol.up)
    bob.offer(0, "sendrecv")
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    await flow.end()


@on_every_wire
async def test_2_3_music_on_hold(seed: int) -> None:
    flow = Flow(seed, terms=MUSIC)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    await flow.talk(alice, bob)
    bob.offer(0, "sendonly")
    (held,) = alice.up
    await flow.until(lambda: (port := flow.port_of(held)) is not None and port.playing)
    port = flow.port_of(held)
    assert port is not None
    assert "hold.ogg" in port.playing[0]
    bob.offer(0, "sendrecv")
    await flow.until(lambda: not port.playing)
    await flow.end()


@on_every_wire
async def test_2_4_unattended_transfer(seed: int) -> None:
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(alice, bob)
    bob.transfer(0, "1002")
    await flow.until(lambda: carol.ringing)
    carol.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, carol) and not bob.up)
    await flow.end()
    assert "transferred" in flow.steps()


@on_every_wire
async def test_2_5_attended_transfer(seed: int) -> None:
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    first = await flow.talk(alice, bob)
    bob.offer(0, "sendonly")
    await flow.until(lambda: "held" in flow.steps_so_far())
    second = await flow.talk_more(bob, carol)
    bob.join_calls()
    await flow.until(lambda: flow.hear_each_other(alice, carol) and not bob.up)
    await flow.end()
    chains = {record["call_id"]: record["chain"] for record in flow.records()}
    assert chains == {first.id: "", second.id: first.id}


@on_every_wire
async def test_2_6_transfer_instant_messaging(seed: int) -> None:
    """Bob sends Carol a message with a link to Alice; she follows it, and has the call."""
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    call = await flow.talk(alice, bob)
    named = bob.named(bob.up[0])
    assert named is not None
    link = f"<A HREF='sip:1000@example.com?Replaces={quote(named)}&Require=replaces'>Alice</A>?"
    bob.tell("1002", f"<HTML>Do you want to take this call from {link}</HTML>")
    await flow.until(lambda: carol.read and bob.told == [200])
    carol.dial("1000", ("Require", "replaces"), ("Replaces", named))
    await flow.until(lambda: flow.hear_each_other(alice, carol) and not bob.up)
    assert list(flow.scene.calls) == [call]
    await flow.end()
    assert "taken over" in flow.steps()


@on_every_wire
async def test_2_7_call_forwarding_unconditional(seed: int) -> None:
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.dial_code(bob, "*21*1002#")
    alice.dial("1001")
    await flow.until(lambda: carol.ringing)
    assert not bob.ringing
    carol.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    await flow.end()


@on_every_wire
async def test_2_8_call_forwarding_busy(seed: int) -> None:
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.dial_code(bob, "*67*1002#")
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    bob.refuse(0, 486)
    await flow.until(lambda: carol.ringing)
    carol.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    await flow.end()


@on_every_wire
async def test_2_9_call_forwarding_no_answer(seed: int) -> None:
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.dial_code(bob, "*61*1002**10#")
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    await flow.until(lambda: carol.ringing and not bob.ringing)
    carol.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    await flow.end()


@on_every_wire
async def test_2_10_three_way_conference_third_party_is_added(seed: int) -> None:
    """Bob talks to Alice and lets both into a room, where Carol is."""
    flow = Flow(seed, conference("3000"))
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(alice, bob)
    bob.transfer(0, "3000")
    await flow.until(lambda: not bob.up)
    for phone in (bob, carol):
        phone.dial("3000")
        await flow.until(lambda phone=phone: phone.up)
    await flow.until(lambda: all_hear_all(flow, alice, bob, carol))
    await flow.end()


def all_hear_all(flow: Flow, *phones: object) -> bool:
    ports = {flow.port_of(phone.up[-1]) for phone in phones if phone.up}  # type: ignore[attr-defined]
    return len(ports) == len(phones) and all(
        port is not None and ports - {port} <= port.heard_in_room() for port in ports
    )


@on_every_wire
async def test_2_11_three_way_conference_third_party_joins(seed: int) -> None:
    """Carol, who may barge in on Bob, joins him and Alice; Bob leaves the two others talking."""
    flow = Flow(seed, extension("1002", supervises=("1001",)))
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(alice, bob)
    named = bob.named(bob.up[0])
    assert named is not None
    carol.dial("1001", ("Require", "join"), ("Join", named))
    await flow.until(lambda: carol.up and three_talk(flow, alice, bob, carol))
    bob.hang_up(0)
    await flow.until(lambda: not bob.up and flow.hear_each_other(alice, carol))
    await flow.end()
    assert "joined by" in flow.steps()


def three_talk(flow: Flow, one: LivingPhone, other: LivingPhone, third: LivingPhone) -> bool:
    """Whether two hear each other, and a third is overheard and overhears."""
    ports = [flow.port_of(phone.up[-1]) for phone in (one, other, third) if phone.up]
    if len(ports) < 3 or None in ports or not flow.hear_each_other(one, other):
        return False
    two, added = set(ports[:2]), ports[2]
    return added is not None and added.hearers == two and all(added in each.ears for each in two)  # type: ignore[union-attr]


@on_every_wire
async def test_2_12_find_me(seed: int) -> None:
    """The places of one person are rung one after the other."""
    places = ("1001", "1002")
    person = extension("1009", GROUP, members=places, strategy="in-turn", ring_time=10)
    flow = Flow(seed, person)
    alice, desk, home = (flow.phone(number) for number in ("1000", "1001", "1002"))
    alice.dial("1009")
    await flow.until(lambda: desk.ringing)
    assert not home.ringing
    await flow.until(lambda: home.ringing and not desk.ringing)
    home.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, home))
    await flow.end()


@on_every_wire
async def test_2_13_incoming_call_screening(seed: int) -> None:
    """Who is not to be disturbed is not rung; others are."""
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.dial_code(bob, "*78")
    alice.dial("1001")
    await flow.until(lambda: not alice.calling)
    assert not bob.ringing
    await flow.talk(alice, carol)
    await flow.end()
    assert "rejected" in [record["outcome"] for record in flow.records()]


@on_every_wire
async def test_2_14_outgoing_call_screening(seed: int) -> None:
    """A route that only one extension may take is none for another."""
    route = Route(pattern="77", extension="1002", extensions=frozenset(("1001",)))
    flow = Flow(seed, routes=[route])
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    alice.dial("77")
    await flow.until(lambda: not alice.calling)
    assert not carol.ringing
    bob.dial("77")
    await flow.until(lambda: carol.ringing)
    await flow.end()
    assert flow.records()[0]["caller_code"] in (403, 404)


@on_every_wire
async def test_2_15_call_park(seed: int) -> None:
    """Bob parks Alice, who hears music; Carol sees the lamp of the lot, and takes it."""
    lots = PARKING.settings(type="parking", range="700-702", return_after=50)
    flow = Flow(seed, *(Extension(number, PARKING, lots) for number in lots.numbers()), terms=MUSIC)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(alice, bob)
    bob.transfer(0, "700")
    await flow.until(lambda: not bob.up and len(flow.scene.control.parking) == 1)
    (parked,) = flow.scene.control.parking
    assert parked.lot == "701"
    await flow.until(lambda: any("hold.ogg" in port.played[-1:] for port in flow.open_ports()))
    carol.dial("701")
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    assert len(flow.scene.control.parking) == 0
    await flow.end()
    assert {"parked", "retrieved"} <= set(flow.steps())


@on_every_wire
async def test_2_16_call_pickup(seed: int) -> None:
    """Bob's phone rings; Carol takes the call at hers, and his rings no more."""
    team = [extension(number, pickup_groups=("team",)) for number in ("1001", "1002")]
    flow = Flow(seed, *team)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    carol.dial("**1001")
    await flow.until(lambda: flow.hear_each_other(alice, carol))
    await flow.until(lambda: not bob.ringing)
    await flow.end()


@on_every_wire
async def test_2_17_automatic_redial(seed: int) -> None:
    """Bob is busy; as soon as he is not, Alice is rung, and then he is."""
    flow = Flow(seed)
    alice, bob, carol = (flow.phone(number) for number in ("1000", "1001", "1002"))
    await flow.talk(carol, bob)
    alice.dial("1001")
    await flow.until(lambda: bob.ringing)
    bob.refuse(0, 486)
    await flow.until(lambda: not alice.calling)
    await flow.dial_code(alice, "*37")
    bob.hang_up(0)
    await flow.until(lambda: alice.ringing)
    alice.pick_up(0)
    await flow.until(lambda: bob.ringing)
    bob.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    await flow.end()


@on_every_wire
async def test_2_18_click_to_dial(seed: int) -> None:
    """An application connects two phones: first the one who clicked is rung, then the other."""
    flow = Flow(seed)
    alice, bob = flow.phone("1000"), flow.phone("1001")
    call = flow.scene.calls.new(("1000", ""), "1001")
    flow.scene.tasks.begin(call, flow.begin_both)
    await flow.until(lambda: alice.ringing)
    alice.pick_up(0)
    await flow.until(lambda: bob.ringing)
    bob.pick_up(0)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    await flow.end()
    (record,) = flow.records()
    assert record["outcome"] == "answered"
