"""RFC 3665 section 2: the registrations of its flows, on wires that lose and reorder.

The gate and the registrar are the real ones. A phone answers the first challenge, and proves itself
at once from then on.
"""

from __future__ import annotations

from softswitch.sip.message.message import Response
from tests.calls.flows.subscribers import GuardedFlow, Subscriber
from tests.calls.flows.wire import on_every_wire

SECOND = "<sip:1001@10.0.9.9>"
"Where Bob can be reached as well."


def contacts(response: Response) -> list[str]:
    """The URIs of the contact list in a 200."""
    assert response.status == 200
    found = response.contacts
    assert isinstance(found, list)
    assert all(contact.expires and 3500 < contact.expires <= 3600 for contact in found)
    return [f"<{contact.uri}>" for contact in found]


def challenges(flow: GuardedFlow) -> int:
    """How often the switch has challenged a REGISTER since the log began."""
    return sum("switch>" in line and "401 REGISTER" in line for line in flow.scene.network.log)


async def registered(flow: GuardedFlow) -> Subscriber:
    """Bob's phone, with one contact and the log empty."""
    bob = flow.subscriber("1001")
    assert contacts(await bob.register(bob.contact)) == [bob.contact]
    flow.scene.network.take()
    return bob


@on_every_wire
async def test_2_1_successful_new_registration(seed: int) -> None:
    """Bob's phone is challenged, answers, and can be called."""
    flow = GuardedFlow(seed)
    alice, bob = flow.subscriber("1000"), flow.subscriber("1001")
    assert flow.location.contacts("1001") == []
    answer = await bob.register(bob.contact)
    assert contacts(answer) == [bob.contact]
    assert (answer.cseq.number, answer.cseq.method) == (2, "REGISTER")
    assert challenges(flow) >= 1
    await flow.talk(alice, bob)
    await flow.until(lambda: flow.hear_each_other(alice, bob))
    await flow.end()


@on_every_wire
async def test_2_2_update_of_contact_list(seed: int) -> None:
    """A further contact joins the list without a challenge.

    One that no call can go to does not, and leaves the list as it was.
    """
    flow = GuardedFlow(seed)
    bob = await registered(flow)
    both = [bob.contact, SECOND]
    assert contacts(await bob.register(SECOND)) == both
    assert (await bob.register("<mailto:bob@example.com>")).status == 400
    assert contacts(await bob.register()) == both
    assert challenges(flow) == 0
    assert {f"<{binding.uri}>" for binding in flow.location.contacts("1001")} == set(both)
    await flow.end()


@on_every_wire
async def test_2_3_request_for_current_contact_list(seed: int) -> None:
    """A REGISTER without contacts is told those that there are, and changes none."""
    flow = GuardedFlow(seed)
    bob = await registered(flow)
    before = list(flow.location)
    assert contacts(await bob.register()) == [bob.contact]
    assert challenges(flow) == 0
    assert list(flow.location) == before
    await flow.end()


@on_every_wire
async def test_2_4_cancellation_of_registration(seed: int) -> None:
    """All contacts go at once, and Bob cannot be called any more."""
    flow = GuardedFlow(seed)
    alice, bob = flow.subscriber("1000"), await registered(flow)
    await bob.register(SECOND)
    assert contacts(await bob.register("*", expires=0)) == []
    assert challenges(flow) == 0
    assert len(flow.location) == 0
    alice.dial("1001")
    await flow.until(lambda: not alice.calling)
    assert not bob.ringing
    await flow.end()
    (record,) = flow.records()
    assert record["caller_code"] == 480


@on_every_wire
async def test_2_5_unsuccessful_registration(seed: int) -> None:
    """A wrong password is challenged again, and binds nothing."""
    flow = GuardedFlow(seed)
    bob = flow.subscriber("1001", password="wrong")
    refused = await bob.register(bob.contact)
    assert (refused.status, refused.cseq.number) == (401, 2)
    assert "stale=true" not in (refused.headers.get("WWW-Authenticate") or "").lower()
    assert len(flow.location) == 0
    assert challenges(flow) >= 2
    await flow.end()
