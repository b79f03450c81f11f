"""Legs: the calls above the core, on virtual time and a wire between two of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from softswitch.calls.leg.leg import QUEUE_LIMIT, Leg, LegEnded, ReinviteRefused
from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.dialog.invite_incoming import IncomingInvite
from softswitch.sip.dialog.invite_outgoing import OutgoingInvite
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    InfoReceived,
    NewRequest,
    Reoffered,
    RequestReceived,
    Ringing,
)
from softswitch.sip.message.message import Request, Response
from softswitch.sip.transaction.client import Client
from softswitch.sip.transaction.invite_client import InviteClient
from softswitch.sip.transaction.invite_server import InviteServer
from softswitch.sip.transaction.server import Server
from tests.calls.virtual_time import run
from tests.sip.network import Network, address


class Wire:
    """Alice's and Bob's switch, a leg from one to the other, and the time."""

    def __init__(self, **settings: Any) -> None:
        self.loop = asyncio.get_running_loop()
        self.network = Network(self.loop.call_later, self.loop.time)
        self.alice = self.network.host("alice", "10.0.0.1", **settings)
        self.bob = self.network.host("bob", "10.0.0.2", **settings)
        self.legs: list[Leg] = []
        self.raised: list[Any] = []
        self.loop.set_exception_handler(lambda _, context: self.raised.append(context))

    def dial(self, sdp: bytes | None = b"offer", **more: Any) -> Leg:
        leg = Leg.dial(
            self.alice,
            name="a",
            target=address("bob").uri,
            flow=self.alice.flow_to(self.bob),
            from_=address("alice"),
            to=address("bob"),
            sdp=sdp,
            **more,
        )
        self.legs.append(leg)
        return leg

    async def incoming(self, **more: Any) -> Leg:
        await asyncio.sleep(0.02)
        leg = Leg.incoming(self.bob, self.bob.new.pop(0), name="b", **more)
        self.legs.append(leg)
        return leg

    async def ringing(self, sdp: bytes | None = b"offer") -> tuple[Leg, Leg]:
        a, b = self.dial(sdp), await self.incoming()
        b.progress(180)
        assert isinstance(await a.event(), Ringing)
        return a, b

    async def talking(self) -> tuple[Leg, Leg]:
        a, b = await self.ringing()
        answer = asyncio.create_task(b.answer(b"answer"))
        assert isinstance(await a.event(), Answered)
        a.acknowledge()
        await answer
        return a, b

    async def gone(self) -> None:
        """Every leg is over and nothing is left of it when the last timer has fired."""
        await asyncio.sleep(200)
        assert self.raised == []
        assert all(leg.ended.done() for leg in self.legs)
        assert (self.alice.counts(), self.alice.alive) == (self.bob.counts(), 0)


def story(tell: Callable[[Wire], Awaitable[None]]) -> Callable[[], None]:
    """Make a test of a story on virtual time."""

    async def begin() -> None:
        await tell(Wire())

    def test() -> None:
        run(begin())

    test.__name__, test.__doc__ = tell.__name__, tell.__doc__
    return test


@story
async def test_a_call(wire: Wire) -> None:
    a, b = wire.dial(), await wire.incoming()
    assert (a.call_id, b.call_id) == (b.request.call_id, a.request.call_id)
    b.progress(183, b"early", [("P-Early-Media", "sendrecv")])
    ringing = await a.event()
    assert isinstance(ringing, Ringing)
    assert (ringing.status, ringing.sdp) == (183, b"early")
    assert ringing.headers.get("P-Early-Media") == "sendrecv"
    answer = asyncio.create_task(b.answer(b"answer"))
    answered = await a.event()
    assert isinstance(answered, Answered)
    assert answered.sdp == b"answer"
    a.acknowledge()
    assert await answer is None
    a.hangup('Q.850;cause=16;text="Normal"')
    assert a.ended.result() == Ended(False, 'Q.850;cause=16;text="Normal"')
    ending = await b.event()
    assert isinstance(ending, Ended)
    assert (ending.by_peer, ending.reason) == (True, "BYE")
    assert ending.headers is not None
    assert ending.headers.get("Reason") == 'Q.850;cause=16;text="Normal"'
    assert b.ended.result() is ending
    await wire.gone()


@story
async def test_where_a_legs_messages_travel(wire: Wire) -> None:
    a = wire.dial()
    assert a.flow == wire.alice.flow_to(wire.bob)
    b = await wire.incoming()
    assert b.flow == wire.bob.flow_to(wire.alice)
    b.hangup()
    await wire.gone()


@story
async def test_the_ack_may_bring_the_answer_to_a_late_offer(wire: Wire) -> None:
    a, b = await wire.ringing(sdp=None)
    answer = asyncio.create_task(b.answer(b"offer of b"))
    answered = await a.event()
    assert isinstance(answered, Answered)
    assert answered.sdp == b"offer of b"
    a.acknowledge(b"answer of a")
    assert await answer == b"answer of a"


@story
async def test_a_refusal_is_an_event_and_the_end(wire: Wire) -> None:
    a, b = await wire.ringing()
    b.reject(486, [("Retry-After", "5")], "Never Now")
    failed = await a.event()
    assert isinstance(failed, Failed)
    assert (failed.status, failed.reason) == (486, "Never Now")
    assert failed.headers.get("Retry-After") == "5"
    assert a.ended.result().reason == "486 Never Now"
    assert await a.event() == a.ended.result() == await a.event()
    assert b.ended.result() == Ended(False, "486")
    await wire.gone()


@story
async def test_answering_fails_when_the_caller_has_cancelled(wire: Wire) -> None:
    a, b = await wire.ringing()
    a.hangup('SIP;cause=200;text="Call completed elsewhere"')
    ending = await b.event()
    assert isinstance(ending, Ended)
    assert ending.reason == "CANCEL"
    with pytest.raises(LegEnded) as caught:
        await b.answer(b"answer")
    assert caught.value.ending is ending
    b.accept(b"answer")
    b.progress(180)
    b.reject(486)
    await wire.gone()
    assert wire.network.log[-3:] == [
        "bob>alice 200 CANCEL",
        "bob>alice 487 INVITE",
        "alice>bob ACK",
    ]


@story
async def test_answering_fails_when_no_ack_comes(wire: Wire) -> None:
    a, b = await wire.ringing()
    wire.network.lose = lambda line: "ACK" in line
    answer = asyncio.create_task(b.answer(b"answer"))
    await a.event()
    a.acknowledge()
    with pytest.raises(LegEnded, match="no ACK"):
        await answer
    assert b.ended.result() == Ended(False, "no ACK")
    await wire.gone()


@story
async def test_answering_fails_when_the_caller_hangs_up_meanwhile(wire: Wire) -> None:
    a, b = await wire.ringing()
    answer = asyncio.create_task(b.answer(b"answer"))
    await a.event()
    a.hangup()
    assert await answer is None
    ending = await b.event()
    assert isinstance(ending, Ended)
    assert (ending.by_peer, ending.reason) == (True, "BYE")
    await wire.gone()
    assert "alice>bob ACK" in wire.network.log


@story
async def test_an_answer_that_is_no_longer_waited_for_can_be_hung_up(wire: Wire) -> None:
    a, b = await wire.ringing()
    answer = asyncio.create_task(b.answer(b"answer"))
    await asyncio.sleep(0)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    b.hangup()
    assert isinstance(await a.event(), Answered)
    a.acknowledge()
    assert isinstance(await a.event(), Ended)
    await wire.gone()


@story
async def test_whoever_waits_for_an_event_hears_of_our_own_hangup(wire: Wire) -> None:
    a, _ = await wire.talking()
    waiting = asyncio.create_task(a.event())
    await asyncio.sleep(1)
    a.hangup()
    assert await waiting == Ended(False, "hangup")
    a.hangup()
    a.acknowledge()
    a.send_info("application/dtmf", b"1")
    await wire.gone()
    assert len(wire.network.sent("BYE")) == 2


@story
async def test_new_media_both_ways(wire: Wire) -> None:
    a, b = await wire.talking()
    for one, other in ((a, b), (b, a)):
        task = asyncio.create_task(one.reinvite(b"hold"))
        assert await other.event() == Reoffered(b"hold")
        assert other.answer_reoffer(b"held")
        assert await task == b"held"
        assert await other.event() == Acknowledged(None)
    b.hangup()
    await wire.gone()


@story
async def test_new_media_by_a_late_offer(wire: Wire) -> None:
    a, b = await wire.talking()
    task = asyncio.create_task(a.reinvite(None))
    assert await b.event() == Reoffered(None)
    b.answer_reoffer(b"offer of b")
    assert await task == b"offer of b"
    a.acknowledge(b"answer of a")
    assert await b.event() == Acknowledged(b"answer of a")
    b.hangup()
    await wire.gone()


@story
async def test_refused_media_leave_the_call_alone(wire: Wire) -> None:
    a, b = await wire.talking()
    task = asyncio.create_task(a.reinvite(b"video"))
    await b.event()
    b.refuse_reoffer(488)
    with pytest.raises(ReinviteRefused, match="488 Not Acceptable Here"):
        await task
    assert await a.info("application/dtmf-relay", b"Signal=1") == 200
    assert await b.event() == InfoReceived("application/dtmf-relay", b"Signal=1")
    a.hangup()
    await wire.gone()


@story
async def test_two_offers_at_once_both_succeed_in_the_end(wire: Wire) -> None:
    a, b = await wire.talking()

    async def answering(leg: Leg) -> None:
        assert isinstance(await leg.event(), Reoffered)
        leg.answer_reoffer(b"fine by " + leg.name.encode())

    results = await asyncio.gather(a.reinvite(b"a"), b.reinvite(b"b"), answering(a), answering(b))
    assert results[:2] == [b"fine by b", b"fine by a"]
    assert len(wire.network.sent("491")) == 2
    a.hangup()
    await wire.gone()


@story
async def test_only_one_offer_at_a_time(wire: Wire) -> None:
    a, b = await wire.talking()
    task = asyncio.create_task(a.reinvite(b"one"))
    await b.event()
    with pytest.raises(ReinviteRefused, match="491"):
        await a.reinvite(b"two")
    with pytest.raises(ReinviteRefused, match="491"):
        await b.reinvite(b"other")
    b.answer_reoffer(b"fine")
    assert await task == b"fine"


@story
async def test_there_is_no_offer_before_the_answer(wire: Wire) -> None:
    a, b = await wire.ringing()
    with pytest.raises(ReinviteRefused):
        await a.reinvite(b"early")
    with pytest.raises(ReinviteRefused):
        await b.reinvite(b"early")


@story
async def test_an_offer_ends_with_the_leg(wire: Wire) -> None:
    a, b = await wire.talking()
    task = asyncio.create_task(a.reinvite(b"hold"))
    await b.event()
    b.hangup()
    with pytest.raises((LegEnded, ReinviteRefused)):
        await task
    assert (await a.ended).reason == "BYE"
    with pytest.raises(LegEnded):
        await a.reinvite(b"again")
    assert b.answer_reoffer(b"too late") is False
    await wire.gone()


@story
async def test_an_offer_that_is_cancelled_is_withdrawn(wire: Wire) -> None:
    a, b = await wire.talking()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await a.reinvite(b"hold")
    await asyncio.sleep(0.1)
    assert wire.network.log[-4:] == [
        "alice>bob CANCEL",
        "bob>alice 200 CANCEL",
        "bob>alice 487 INVITE",
        "alice>bob ACK",
    ]
    assert b.answer_reoffer(b"too late") is False
    assert await b.event() == Reoffered(b"hold")
    task = asyncio.create_task(b.reinvite(b"other"))
    assert await a.event() == Reoffered(b"other")
    a.answer_reoffer(b"fine")
    assert await task == b"fine"
    a.hangup()
    await wire.gone()


@story
async def test_a_question_to_a_peer_that_is_gone_ends_the_leg(wire: Wire) -> None:
    a, _ = await wire.talking()
    wire.network.lose = lambda line: True
    with pytest.raises(LegEnded, match="timeout"):
        await a.info("application/dtmf", b"1")
    assert a.ended.result() == Ended(False, "timeout of INFO")
    with pytest.raises(LegEnded):
        await a.info("application/dtmf", b"1")
    wire.legs[1].hangup()
    await wire.gone()


@story
async def test_a_leg_takes_only_the_requests_it_asked_for(wire: Wire) -> None:
    a, b = await wire.talking()
    assert (await a.ask("REFER", [("Refer-To", "<sip:c@example.com>")])).status == 405
    b.take("REFER")
    task = asyncio.create_task(a.ask("REFER", [("Refer-To", "<sip:c@example.com>")]))
    event = await b.event()
    assert isinstance(event, RequestReceived)
    assert event.request.headers.read("Refer-To").uri_text == "sip:c@example.com"
    b.respond(event, 202)
    assert (await task).status == 202
    b.respond(event, 500)
    a.hangup()
    await wire.gone()


@story
async def test_events_go_straight_to_whoever_wants_them(wire: Wire) -> None:
    heard: list[tuple[str, Any]] = []

    def deliver(leg: Leg, event: Any) -> None:
        heard.append((leg.name, type(event).__name__))

    a = wire.dial(deliver=deliver)
    b = await wire.incoming(deliver=deliver)
    b.progress(180)
    b.accept(b"answer")
    await asyncio.sleep(0.05)
    a.acknowledge()
    await asyncio.sleep(0.05)
    a.send_info("application/dtmf", b"1")
    await asyncio.sleep(0.05)
    b.hangup()
    await asyncio.sleep(0.05)
    assert heard == [
        ("a", "Ringing"),
        ("a", "Answered"),
        ("b", "Acknowledged"),
        ("b", "InfoReceived"),
        ("b", "Ended"),
        ("a", "Ended"),
    ]
    await wire.gone()


@story
async def test_a_flood_of_info_fills_no_memory(wire: Wire) -> None:
    a, b = await wire.talking()
    for _ in range(QUEUE_LIMIT + 10):
        a.send_info("application/dtmf", b"1")
    await asyncio.sleep(1)
    assert b.dropped == 10
    a.hangup()
    await wire.gone()
    events = [await b.event() for _ in range(QUEUE_LIMIT + 1)]
    assert isinstance(events[-1], Ended)
    assert all(isinstance(event, InfoReceived) for event in events[:-1])


def test_a_call_leaves_no_work_for_the_garbage_collector() -> None:
    """Reference counts free everything: at 100 calls a second cycles would cost pauses."""
    kinds = {Leg, Dialog, IncomingInvite, OutgoingInvite, Request, Response, Answered, Ended}
    kinds |= {Client, InviteClient, InviteServer, Server}

    async def tell() -> None:
        wire = Wire()
        a, _ = await wire.talking()
        a.hangup()
        await wire.gone()
        wire.legs.clear()

    gc.collect()
    gc.disable()
    try:
        before = [kind for thing in gc.get_objects() if (kind := type(thing)) in kinds]
        run(tell())
        after = [kind for thing in gc.get_objects() if (kind := type(thing)) in kinds]
    finally:
        gc.enable()
    assert Counter(after) - Counter(before) == Counter()


# Every state from which either side may hang up; each leaves the two legs in it.


async def dialled(wire: Wire) -> None:
    wire.dial()


async def arrived(wire: Wire) -> None:
    wire.dial()
    await wire.incoming()


async def early(wire: Wire) -> None:
    await wire.ringing()


async def answered(wire: Wire) -> None:
    _, b = await wire.ringing()
    b.accept(b"answer")


async def answer_arrived(wire: Wire) -> None:
    a, b = await wire.ringing()
    b.accept(b"answer")
    await a.event()


async def acknowledged(wire: Wire) -> None:
    a, b = await wire.ringing()
    b.accept(b"answer")
    await a.event()
    a.acknowledge()


async def confirmed(wire: Wire) -> None:
    await wire.talking()


async def offering(wire: Wire) -> None:
    a, _ = await wire.talking()
    asyncio.create_task(quietly(a.reinvite(b"hold")))  # noqa: RUF006
    await asyncio.sleep(0)


async def offered(wire: Wire) -> None:
    a, b = await wire.talking()
    asyncio.create_task(quietly(a.reinvite(b"hold")))  # noqa: RUF006
    await b.event()


async def offer_answered(wire: Wire) -> None:
    await offered(wire)
    wire.legs[1].answer_reoffer(b"held")


async def glare(wire: Wire) -> None:
    a, b = await wire.talking()
    asyncio.create_task(quietly(a.reinvite(b"a")))  # noqa: RUF006
    asyncio.create_task(quietly(b.reinvite(b"b")))  # noqa: RUF006
    await asyncio.sleep(0.1)


async def asked(wire: Wire) -> None:
    a, b = await wire.talking()
    b.take("REFER")
    asyncio.create_task(quietly(a.ask("REFER")))  # noqa: RUF006
    await b.event()


async def quietly(step: Awaitable[Any]) -> None:
    with contextlib.suppress(LegEnded, ReinviteRefused):
        await step


STATES = [
    dialled,
    arrived,
    early,
    answered,
    answer_arrived,
    acknowledged,
    confirmed,
    offering,
    offered,
    offer_answered,
    glare,
    asked,
]


@pytest.mark.parametrize("dead_wire", [False, True], ids=["", "dead wire"])
@pytest.mark.parametrize("who", ["a", "b", "ab", "ba"])
@pytest.mark.parametrize("state", STATES)
def test_hanging_up_is_clean(
    state: Callable[[Wire], Awaitable[None]], who: str, dead_wire: bool
) -> None:
    async def tell() -> None:
        wire = Wire()
        await state(wire)
        if dead_wire:
            wire.network.lose = lambda line: True
        for name in who:
            for leg in wire.legs:
                if leg.name == name:
                    leg.hangup()
        await asyncio.sleep(100)
        if wire.bob.new:
            Leg.incoming(wire.bob, wire.bob.new[0], name="late").hangup()
        for leg in wire.legs:
            # A caller hears nothing from a dead wire while it rings, and nothing at all after it.
            leg.hangup()
        wire.network.lose = lambda line: False
        await wire.gone()

    run(tell())


@pytest.mark.parametrize("seed", range(40))
def test_any_mixture_of_steps_and_losses_ends_clean(seed: int) -> None:
    """Both sides do whatever their leg allows, at random, over a wire that loses a third."""
    chance = random.Random(seed)

    async def live(leg: Leg) -> None:
        steps: list[Callable[[], Any]] = [
            leg.acknowledge,
            lambda: leg.answer_reoffer(b"fine"),
            lambda: leg.refuse_reoffer(488),
            lambda: leg.send_info("application/dtmf", b"1"),
            lambda: quietly(leg.reinvite(chance.choice([b"hold", None]))),
        ]
        if leg.name == "b":
            steps += [
                lambda: leg.progress(180),
                lambda: leg.accept(b"answer"),
                lambda: quietly(leg.answer(b"answer")),
            ]
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(chance.choice([0, 0.01, 0.3, 5]))
            result = chance.choice(steps)()
            if asyncio.iscoroutine(result):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(chance.choice([0.02, 3, 100])):
                        await result
        leg.hangup()

    async def tell() -> None:
        wire = Wire()
        wire.network.lose = lambda line: chance.random() < 0.33
        wire.network.delay = lambda line: chance.choice([0.001, 0.02, 0.7])
        lives: list[asyncio.Task[None]] = []

        def take(new: NewRequest) -> None:
            leg = Leg.incoming(wire.bob, new, name="b")
            wire.legs.append(leg)
            lives.append(asyncio.create_task(live(leg)))

        wire.bob.open(take)
        await live(wire.dial())
        await asyncio.sleep(100)
        await asyncio.gather(*lives)
        await wire.gone()

    run(tell())
