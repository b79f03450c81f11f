"""Every feature, and what may go wrong at it: the others are as they were.

The target is busy, gone, or out of order; somebody hangs up meanwhile; the media worker dies. Two
who have nothing to do with it talk on in every case, on another worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from softswitch.calls.endings.states import CallState
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import COMMAND
from softswitch.calls.supervision.beginning import RungSupervisor
from softswitch.calls.supervision.supervisor import SupervisionWay
from softswitch.calls.transfer.third_party import Invitation
from tests.calls.extensions import conference, extension
from tests.calls.flows.test_rfc5359 import MUSIC
from tests.calls.flows.wire import Flow
from tests.calls.scene import FakePort
from tests.calls.virtual_time import run
from tests.calls.walk.living_phone import LivingPhone

NUMBERS = ("1000", "1001", "1002", "1003", "1004", "1005")


class Exchange(Flow):
    """Four who use a feature, and two who talk meanwhile."""

    def __init__(self) -> None:
        lots = PARKING.settings(type="parking", range="700-702", return_after=10)
        super().__init__(
            0,
            *(Extension(number, PARKING, lots) for number in lots.numbers()),
            *(extension(each, pickup_groups=("t",), supervises=NUMBERS) for each in NUMBERS),
            extension("1009", GROUP, members=("1001", "1002"), strategy="all"),
            extension("1010", GROUP, members=("1002", "1001"), strategy="in-turn", ring_time=40),
            extension("710", PAGING, members=("1001", "1002"), callers=("1000",)),
            extension("720", QUEUE, agents=("1002",), ring_time=40, announce_position=False),
            conference("3000", max_members=2),
            terms=MUSIC,
            workers=2,
        )
        named = [self.phone(number) for number in NUMBERS]
        self.alice, self.bob, self.carol, self.dan, self.erin, self.frank = named

    def ports(self, *phones: LivingPhone) -> list[FakePort | None]:
        """Those of the last calls of phones."""
        return [self.port_of([*phone.up, *phone.calling][-1]) for phone in phones]

    def is_quiet(self, *phones: LivingPhone) -> bool:
        """Whether they have no call and none rings."""
        return not any(phone.calling or phone.ringing or phone.up for phone in phones)

    def begin_supervision(self) -> None:
        """Let a command ring Carol, who is to listen to Alice."""
        (call,) = self.calls_of(self.alice)
        own = self.scene.calls.new(("", ""), "1002")
        rung = RungSupervisor(self.scene.answering, call, "1000", SupervisionWay.LISTEN)
        self.scene.tasks.begin(own, rung.follow)

    def invite(self) -> None:
        """Let Alice call Carol as a third."""
        (call,) = self.calls_of(self.alice)
        scene = self.scene
        asked = Invitation(scene.answering, scene.transfers, call, call.caller, COMMAND)
        scene.tasks.begin(asked.begin("1002"), asked.follow)

    def calls_of(self, phone: LivingPhone) -> list[Any]:
        """The calls in which a phone talks."""
        ids = {leg.call_id for leg in phone.up}
        return [
            call
            for call in self.scene.calls
            if any(party.leg is not None and party.leg.call_id in ids for party in call.parties)
        ]


# -- what is done ----------------------------------------------------------------------------------


async def _nothing(_: Exchange) -> None:
    """Where nothing has to be done before."""


async def _forward(exchange: Exchange) -> None:
    await exchange.dial_code(exchange.bob, "*21*1002#")


async def _talk(exchange: Exchange) -> None:
    await exchange.talk(exchange.alice, exchange.bob)


async def _held(exchange: Exchange) -> None:
    await _talk(exchange)
    exchange.bob.offer(0, "sendonly")
    await exchange.until(lambda: "held" in exchange.steps_so_far())


async def _wait_for_bob(exchange: Exchange) -> None:
    """Alice has found Bob busy, and wants to be called back."""
    await exchange.talk(exchange.dan, exchange.bob)
    exchange.alice.dial("1001")
    await exchange.until(lambda: exchange.bob.ringing)
    exchange.bob.refuse(0, 486)
    await exchange.until(lambda: not exchange.alice.calling)
    await exchange.dial_code(exchange.alice, "*37")


async def _park(exchange: Exchange) -> None:
    await _talk(exchange)
    exchange.bob.transfer(0, "700")
    await exchange.until(lambda: not exchange.bob.up and len(exchange.scene.control.parking) == 1)


# -- how it is afterwards --------------------------------------------------------------------------


def _over(exchange: Exchange) -> bool:
    """Nobody has a call but the two."""
    return exchange.is_quiet(exchange.alice, exchange.bob, exchange.carol, exchange.dan)


def _as_before(exchange: Exchange) -> bool:
    """Alice and Bob talk, and nobody else is there."""
    calls = exchange.calls_of(exchange.alice)
    return (
        exchange.hear_each_other(exchange.alice, exchange.bob)
        and exchange.is_quiet(exchange.carol)
        and [call.take_place for call in calls] == [None]
        and not any(port.ears for port in exchange.ports(exchange.alice, exchange.bob) if port)
    )


def _held_before(exchange: Exchange) -> bool:
    """Bob holds Alice, who hears music."""
    (port,) = exchange.ports(exchange.alice)
    return (
        len(exchange.bob.up) == 1
        and exchange.is_quiet(exchange.carol)
        and port is not None
        and "hold.ogg" in port.playing[0]
    )


def _bob_rings(exchange: Exchange) -> bool:
    return bool(exchange.bob.ringing and exchange.alice.calling and not exchange.carol.ringing)


def _waits(exchange: Exchange) -> bool:
    """Alice waits on with music, and nobody rings."""
    if not exchange.alice.up:
        return False
    (port,) = exchange.ports(exchange.alice)
    return (
        exchange.is_quiet(exchange.bob, exchange.carol)
        and port is not None
        and any("hold.ogg" in each for each in port.playing)
    )


def _parked(exchange: Exchange) -> bool:
    """Alice is in her lot and hears music."""
    (parked,) = exchange.scene.control.parking
    port = parked.call.caller.audio.port
    return (
        exchange.is_quiet(exchange.bob)
        and isinstance(port, FakePort)
        and any("hold.ogg" in each for each in port.playing)
    )


def _bob_hears(exchange: Exchange) -> bool:
    """Bob's phone, which was paged as well, still rings or hears the page."""
    return bool(exchange.alice.up and (exchange.bob.ringing or exchange.bob.up))


def _carol_rings_on(exchange: Exchange) -> bool:
    return bool(exchange.bob.calling and exchange.carol.ringing and not exchange.alice.up)


def _rings_alone(exchange: Exchange) -> bool:
    """Alice waits for Carol, whom Bob has left it to."""
    return bool(exchange.alice.up and exchange.carol.ringing and not exchange.bob.up)


def _both_are_free(exchange: Exchange) -> bool:
    """Neither Alice nor Bob has a call, nor is rung."""
    return exchange.is_quiet(exchange.alice, exchange.bob)


After = Callable[[Exchange], bool]


class Feature(NamedTuple):
    """A feature: what comes before, what is pressed, whose phone is to ring, and what is left."""

    before: Callable[[Exchange], Awaitable[None]]
    press: Callable[[Exchange], None]
    failed: After
    "When the target is busy, gone or out of order."
    target: str = "carol"
    hangs_up: str = "alice"
    left: After = _over
    "When somebody has hung up meanwhile."
    lost: After = _over
    "When the worker has died."
    patience: float = 38.0
    "Seconds after which a target is given up that is gone."


FEATURES = {
    "forwarding": Feature(_forward, lambda e: e.alice.dial("1001"), _over),
    "group, all at once": Feature(_nothing, lambda e: e.alice.dial("1009"), _bob_rings),
    "group, in turn": Feature(_nothing, lambda e: e.alice.dial("1010"), _bob_rings),
    "queue": Feature(_nothing, lambda e: e.alice.dial("720"), _waits),
    "paging": Feature(_nothing, lambda e: e.alice.dial("710"), _bob_hears, patience=2),
    "blind transfer": Feature(_talk, lambda e: e.bob.transfer(0, "1002"), _as_before),
    "blind transfer, the transferor hangs up": Feature(
        _talk, lambda e: e.bob.transfer(0, "1002"), _as_before, hangs_up="bob", left=_rings_alone
    ),
    "attended transfer": Feature(
        _held, lambda e: e.bob.dial("1002"), _held_before, left=_carol_rings_on
    ),
    "three-way": Feature(_talk, lambda e: e.invite(), _as_before),
    "supervision": Feature(_talk, lambda e: e.begin_supervision(), _as_before),
    "callback": Feature(
        _wait_for_bob, lambda e: e.bob.hang_up(0), _both_are_free, target="alice", hangs_up="bob"
    ),
    "parking, given back": Feature(_park, lambda e: None, _parked, target="bob"),
}


# -- what goes wrong -------------------------------------------------------------------------------


async def _refuses(exchange: Exchange, feature: Feature, status: int) -> After:
    target = getattr(exchange, feature.target)
    feature.press(exchange)
    await exchange.until(lambda: target.ringing)
    target.refuse(0, status)
    return feature.failed


async def busy(exchange: Exchange, feature: Feature) -> After:
    return await _refuses(exchange, feature, 486)


async def out_of_order(exchange: Exchange, feature: Feature) -> After:
    return await _refuses(exchange, feature, 503)


async def gone(exchange: Exchange, feature: Feature) -> After:
    """Nothing that is sent to the target comes there any more."""
    target = getattr(exchange, feature.target).phone.host.name
    feature.press(exchange)
    exchange.scene.network.lose = lambda line: line.startswith(f"switch>{target} INVITE")
    await asyncio.sleep(feature.patience)
    return feature.failed


async def hangs_up(exchange: Exchange, feature: Feature) -> After:
    target = getattr(exchange, feature.target)
    feature.press(exchange)
    await exchange.until(lambda: target.ringing)
    getattr(exchange, feature.hangs_up).hang_up(0)
    return feature.left


async def worker_dies(exchange: Exchange, feature: Feature) -> After:
    target = getattr(exchange, feature.target)
    feature.press(exchange)
    await exchange.until(lambda: target.ringing)
    await asyncio.sleep(1)
    (bystander,) = exchange.ports(exchange.erin)
    assert bystander is not None
    workers = exchange.scene.workers
    workers.lose(1 - workers.workers.index(bystander.worker))
    return feature.lost


FAILURES = (busy, gone, out_of_order, hangs_up, worker_dies)


@pytest.mark.parametrize("fail", FAILURES, ids=[fail.__name__ for fail in FAILURES])
@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_the_others_are_as_they_were(
    feature: Feature, fail: Callable[[Exchange, Feature], Awaitable[After]]
) -> None:
    async def story() -> None:
        exchange = Exchange()
        apart = await exchange.talk(exchange.erin, exchange.frank)
        await feature.before(exchange)
        after = await fail(exchange, feature)
        await exchange.until(lambda: after(exchange))
        await asyncio.sleep(1)
        assert after(exchange)
        assert apart.state is CallState.IN_CALL
        assert exchange.hear_each_other(exchange.erin, exchange.frank)
        await exchange.end()

    run(story())


# -- what the switch serves itself -----------------------------------------------------------------


async def _ringing(exchange: Exchange) -> None:
    """Alice calls Bob, whose phone rings."""
    exchange.alice.dial("1001")
    await exchange.until(lambda: exchange.bob.ringing)


async def _conferring(exchange: Exchange) -> None:
    """Alice and Bob are in the conference, which takes no third."""
    for phone in (exchange.alice, exchange.bob):
        phone.dial("3000")
        await exchange.until(lambda phone=phone: phone.up)


def _rings_on(exchange: Exchange) -> bool:
    return bool(
        exchange.alice.calling and exchange.bob.ringing and exchange.is_quiet(exchange.carol)
    )


def _confer(exchange: Exchange) -> bool:
    if not (exchange.alice.up and exchange.bob.up and exchange.is_quiet(exchange.carol)):
        return False
    one, other = exchange.ports(exchange.alice, exchange.bob)
    return one is not None and other is not None and one.heard_in_room() == {other}


def _alice_is_alone(exchange: Exchange) -> bool:
    return bool(exchange.alice.up and exchange.is_quiet(exchange.bob, exchange.carol))


def _wait_in_lot(exchange: Exchange) -> bool:
    return _parked(exchange) and exchange.is_quiet(exchange.carol)


def no_port(exchange: Exchange, number: str) -> None:
    exchange.scene.workers.free = len(exchange.scene.workers.opened)
    exchange.carol.dial(number)


def is_silent(exchange: Exchange, number: str) -> None:
    """Carol's phone dies as soon as it has dialled: no ACK comes, and nothing reaches it."""
    host = exchange.carol.phone.host.name
    exchange.carol.dial(number)
    exchange.scene.network.lose = lambda line: line == f"{host}>switch ACK"


def gives_up(exchange: Exchange, number: str) -> None:
    """Too late for a CANCEL: what was asked for is there, and ends with the BYE."""
    exchange.carol.dial(number)
    exchange.carol.hang_up(0)


def other_gives_up(exchange: Exchange, number: str) -> None:
    exchange.carol.dial(number)
    exchange.alice.hang_up(0)


def worker_is_lost(exchange: Exchange, number: str) -> None:
    exchange.carol.dial(number)
    (bystander,) = exchange.ports(exchange.erin)
    assert bystander is not None
    workers = exchange.scene.workers
    workers.lose(1 - workers.workers.index(bystander.worker))


Fault = Callable[[Exchange, str], None]
SERVED: dict[str, tuple[Callable[[Exchange], Awaitable[None]], str, Fault, After]] = {
    "pickup, no port": (_ringing, "**1001", no_port, _rings_on),
    "pickup, the picker is silent": (_ringing, "**1001", is_silent, _over),
    "pickup, the picker hangs up": (_ringing, "**1001", gives_up, _over),
    "pickup, the caller hangs up": (_ringing, "**1001", other_gives_up, _over),
    "pickup, worker": (_ringing, "**1001", worker_is_lost, _over),
    "conference, full": (_conferring, "3000", lambda e, n: e.carol.dial(n), _confer),
    "conference, no port": (_conferring, "3000", no_port, _confer),
    "conference, a newcomer hangs up": (_conferring, "3000", gives_up, _confer),
    "conference, a member hangs up": (
        _conferring,
        "3000",
        lambda e, _: e.bob.hang_up(0),
        _alice_is_alone,
    ),
    "conference, worker": (_conferring, "3000", worker_is_lost, _both_are_free),
    "parking, no port for who retrieves": (_park, "701", no_port, _wait_in_lot),
    "parking, who retrieves hangs up": (_park, "701", gives_up, _over),
    "parking, who is parked hangs up": (_park, "701", other_gives_up, _over),
    "parking, worker": (_park, "701", worker_is_lost, _over),
}


@pytest.mark.parametrize(("before", "number", "fail", "after"), SERVED.values(), ids=list(SERVED))
def test_what_the_switch_serves_leaves_the_others_as_they_were(
    before: Callable[[Exchange], Awaitable[None]], number: str, fail: Fault, after: After
) -> None:
    async def story() -> None:
        exchange = Exchange()
        apart = await exchange.talk(exchange.erin, exchange.frank)
        await before(exchange)
        fail(exchange, number)
        await asyncio.sleep(1)
        await exchange.until(lambda: after(exchange))
        assert apart.state is CallState.IN_CALL
        assert exchange.hear_each_other(exchange.erin, exchange.frank)
        await exchange.end()

    run(story())
