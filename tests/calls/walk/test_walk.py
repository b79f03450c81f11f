"""A random walk over everything that phones and commands do to calls, on a wire that is not kind.

Whatever was pressed, in the end no call is stuck, no party is lost, no port or transaction is left,
and every call has one record that has been completed. The switch is ended in the middle, politely
or as by a power cut, and begun anew: what was chosen is as it was, and lamps show what is.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold, resume
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Side
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import CallState
from softswitch.calls.features.callback_requests import (
    OF_CALLBACKS,
    CallbackRequest,
    CallbackRequests,
)
from softswitch.calls.features.recent import OF_RECENT
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import COMMAND
from softswitch.calls.transfer.third_party import Invitation
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.store.calls import INTERRUPTED
from softswitch.store.exchange.choices import ChoiceRow
from tests.calls.disk import Disk
from tests.calls.extensions import conference, extension
from tests.calls.scene import FakePort, Scene
from tests.calls.virtual_time import run
from tests.calls.walk.lamp_key import LampKey
from tests.calls.walk.living_phone import LivingPhone

NUMBERS = ("1000", "1001", "1002", "1003")
CODES = (
    *("*21*1002#", "#21#", "*67*1003#", "#67#", "*61*1001**5#", "#61#", "*62*600#", "*78", "*79"),
    *("*71", "*70", "*8", "**1001", "**1000", "*37#", "#37#", "*69", "*75*1*1002#", "*01"),
    *("*2221000", "*2231001", "*2241002", "*2241003"),
)
"""They forward, disturb nobody, bound calls, pick up, call back, dial what is stored, and supervise
others."""
DIALLED = (
    *(*NUMBERS * 3, "600", "3000", "1009", "1010", "4711"),
    *("700", "701", "702", "710", "720", "720", "*801002", *CODES),
)
"Phones, an echo, a conference, groups, nobody, lots, a paging group, a queue, and codes."
LOSS, LATE = 0.05, 0.15
"Of the messages on the wire: how many are lost, and how many come behind later ones."
QUIET = 80.0
"Seconds after which nothing rings, repeats or waits any more."
FORGOTTEN = 610.0
"Seconds after which a subscription is over whose watcher has never heard that there is one."


class Step(NamedTuple):
    """Something that somebody does, and how much time passes after it."""

    action: str
    who: int
    choice: int
    wait: float


class Walk:
    """A scene and its phones."""

    def __init__(self, seed: int) -> None:
        group = partial(extension, kind=GROUP, ring_time=10)
        team = {"pickup_groups": ("team",), "intercom": True, "supervises": NUMBERS}
        lots = PARKING.settings(type="parking", range="700-702", return_after=30)
        self.scene = Scene(
            *(Extension(number, PARKING, lots) for number in lots.numbers()),
            extension("710", PAGING, members=("1001", "1003"), callers=NUMBERS),
            extension(
                "720", QUEUE, agents=NUMBERS, ring_time=8, wrap_up=2, max_wait=50, overflow="600"
            ),
            *(extension(number, **team) for number in NUMBERS),
            conference("3000"),
            group("1009", members=("1001", "1002"), strategy="all"),
            group("1010", members=("1002", "1003", "1000"), strategy="in-turn"),
            workers=2,
        )
        self.disk = Disk()
        self.phones = [LivingPhone(self.scene, number) for number in NUMBERS]
        self.lamps = [LampKey(self.phones[at - 1], each) for at, each in enumerate(NUMBERS)]
        self.lives = 1
        self._chance = random.Random(seed)
        self._orders: set[asyncio.Task[None]] = set()
        self.calls: list[Call] = []
        self.scene.calls.listeners.append(self._note)
        network = self.scene.network
        network.lose = lambda _: self._chance.random() < LOSS
        network.delay = lambda _: 0.5 if self._chance.random() < LATE else 0.01

    def _note(self, call: Call, _: CallState) -> None:
        if call not in self.calls:
            self.calls.append(call)

    # -- steps -------------------------------------------------------------------------------------

    async def take(self, steps: Sequence[Step]) -> None:
        """Go through all of them."""
        for step in steps:
            doing = ACTIONS[step.action](
                self, self.phones[step.who % len(self.phones)], step.choice
            )
            if doing is not None:
                await doing
            await asyncio.sleep(step.wait)

    async def restart(self, choice: int) -> None:
        """End the switch, and begin it anew: what was chosen and who logged in is as before."""
        await self.scene.end(politely=choice % 2 == 0)
        for phone in self.phones:
            phone.lose()  # also politely: a BYE may have been lost
        self.disk.take(self.scene.journal, self.scene.choices)
        before, callbacks, recent = self.chosen(), self.promised(), self.disk.choices(OF_RECENT)
        if choice % 2:  # what was not on disk was not acknowledged
            requests = CallbackRequests(self.scene.choices.write, self.scene.now)
            requests.restore(self.disk.choices(OF_CALLBACKS))
            callbacks = requests.waiting()
        await asyncio.sleep((0.01, 1, 40)[choice % 3])
        self.scene.begin_anew(self.disk, look=False)
        assert self.chosen() == before
        now = self.scene.now()
        assert self.promised() == [each for each in callbacks if each.until > now]
        self.check_recent(recent)
        self.scene.calling_back.look()
        self.scene.control.queues.look_soon()
        self.lives += 1
        self.scene.calls.listeners.append(self._note)

    def chosen(self) -> list[object]:
        """What every extension has chosen, and where it is logged in."""
        plan = self.scene.plan
        of_phones = [
            (plan.features.chosen(number), plan.agents.pause_of(number)) for number in NUMBERS
        ]
        return [*of_phones, dict(plan.agents.logged_in("720"))]

    def name_call(self, phone: LivingPhone, choice: int, header: str) -> None:
        """Let a phone join the call of another, or take it over, by the dialog that it names."""
        others = [each for each in self.phones if each is not phone and each.up]
        if others:
            other = others[choice % len(others)]
            named = other.named(other.up[choice % len(other.up)])
            if named is not None:
                phone.dial(other.number, (header, named))

    def promised(self) -> list[CallbackRequest]:
        """Who waits for whom."""
        return self.scene.answering.ringer.wishes.callbacks.waiting()

    def check_recent(self, rows: Sequence[ChoiceRow]) -> None:
        """Who has called is known as it is on disk."""
        recent = self.scene.answering.ringer.wishes.recent
        assert set(recent.kept()) == {row.name for row in rows}
        for row in rows:
            caller = recent.last_caller(row.name)
            assert ("" if caller is None else caller.number) == row.value.get("number", "")
            assert recent.last_busy(row.name) == row.value.get("busy", "")

    def order(self, choice: int, work: Callable[[Call], Coroutine[Any, Any, Any]]) -> None:
        """Let a command do something to a call that is up."""
        calls = list(self.scene.calls)
        if calls:
            task = asyncio.ensure_future(_obeyed(work(calls[choice % len(calls)])))
            self._orders.add(task)
            task.add_done_callback(self._orders.discard)

    # -- what must hold ----------------------------------------------------------------------------

    async def become_quiet(self) -> None:
        """Stop losing messages, let nobody do anything, and compare what everybody believes."""
        self.scene.network.lose = lambda _: False
        self.scene.network.delay = lambda _: 0.01
        await self.answer_nobody()
        await asyncio.sleep(QUIET)
        await self.answer_nobody()  # a lot or a queue may just have rung somebody again
        self.check_legs()
        for call in self.scene.calls:
            self.check_state(call)
        await self.check_lamps()

    async def answer_nobody(self) -> None:
        """Refuse what rings, until nothing does."""
        while ringing := [phone for phone in self.phones if phone.ringing]:
            for phone in ringing:
                phone.refuse(0, 486)
            await asyncio.sleep(1)

    def check_legs(self) -> None:
        """Each phone's call is known here, and each leg here is a phone's call."""
        ours = {
            party.leg.call_id
            for call in self.scene.calls
            for party in call.parties
            if party.leg is not None and not party.leg.is_inside
        }
        theirs = {leg.call_id for phone in self.phones for leg in phone.up}
        assert ours == theirs, (list(self.scene.calls), [phone.up for phone in self.phones])
        assert not any(phone.calling for phone in self.phones), [p.calling for p in self.phones]

    async def check_lamps(self) -> None:
        """Each lamp shows the calls of its phone, as soon as the news is there."""
        for _ in range(3):
            wrong = [
                (lamp.watched, lamp.shown(), phone.up, phone.ringing)
                for lamp, phone in zip(self.lamps, self.phones, strict=True)
                if lamp.shown() != ["confirmed"] * len(phone.up) + ["early"] * len(phone.ringing)
            ]
            if not wrong:
                return
            await asyncio.sleep(0.7)  # a queue may just have rung somebody
        raise AssertionError(wrong)

    def check_state(self, call: Call) -> None:
        """A call that has lasted so long is a conversation, or on hold."""
        assert call.state in (CallState.IN_CALL, CallState.HOLD), call
        one, other = (party.audio for party in call.parties)
        if call.caller.leg is None or call.callee.leg is None:
            return
        assert isinstance(one.port, FakePort)
        assert isinstance(other.port, FakePort)
        assert one.port.worker is other.port.worker
        if call.state is CallState.IN_CALL and not (one.on_hold or other.on_hold):
            assert one.port.hears is other.port, call
            assert other.port.hears is one.port, call

    async def end(self) -> None:
        """Hang up, and see that nothing is left and everything was written."""
        for phone in self.phones:
            phone.let_go()
        await asyncio.sleep(QUIET)
        await asyncio.gather(*self._orders)
        for lamp in self.lamps:
            await lamp.close()
        await asyncio.sleep(FORGOTTEN)
        for phone in self.phones:
            assert not (phone.calling or phone.ringing or phone.up)
            await phone.close()
        await self.scene.settle()
        assert len(self.scene.lamps) == 0
        self.disk.take(self.scene.journal, self.scene.choices)
        records = self.disk.calls()
        self.disk.close()
        known = {call.id for call in self.calls}
        assert records.keys() <= known
        assert self.lives > 1 or records.keys() == known
        for record in records.values():
            assert record["end_time"] is not None
            assert record["outcome"] == INTERRUPTED or Outcome(record["outcome"])
            assert record["chain"] in ("", *records)


async def _obeyed(work: Coroutine[Any, Any, Any]) -> None:
    with suppress(CannotNow, CallGone, NotReached):
        await work


async def _transfer(scene: Scene, target: str, call: Call) -> None:
    async def move() -> None:
        await scene.transfers.blind_transfer(call, transferor_of(call, Side.CALLEE), target)

    await call.ask(move)


async def _join(walk: Walk, choice: int, call: Call) -> None:
    """Join it and another call, whichever party leaves each."""
    others = [each for each in walk.scene.calls if each is not call]
    if others:
        other = others[choice // 4 % len(others)]
        leaving, its_leaving = call.parties[choice % 2], other.parties[choice // 2 % 2]
        await walk.scene.transfers.attended_transfer(call, leaving, other, its_leaving)


async def _invite(scene: Scene, number: str, call: Call) -> None:
    invitation = Invitation(scene.answering, scene.transfers, call, call.caller, COMMAND)
    scene.tasks.begin(invitation.begin(number), invitation.follow)


def _number(choice: int) -> str:
    return DIALLED[choice % len(DIALLED)]


async def _forward(number: str, call: Call) -> None:
    call.forward(number)


async def _hang_up(call: Call) -> None:
    await call.hang_up()


ACTIONS: dict[str, Callable[[Walk, LivingPhone, int], Awaitable[None] | None]] = {
    "dial": lambda walk, phone, choice: phone.dial(_number(choice)),
    "pick up": lambda walk, phone, choice: phone.pick_up(choice),
    "refuse": lambda walk, phone, choice: phone.refuse(choice, (486, 480, 603, 500)[choice % 4]),
    "redirect": lambda walk, phone, choice: phone.refuse(choice, 302, NUMBERS[choice % 4]),
    "hang up": lambda walk, phone, choice: phone.hang_up(choice),
    "hold": lambda walk, phone, choice: phone.offer(choice, "sendonly"),
    "go on": lambda walk, phone, choice: phone.offer(choice, "sendrecv"),
    "stubborn": lambda walk, phone, choice: setattr(phone, "is_stubborn", choice % 3 == 0),
    "transfer": lambda walk, phone, choice: phone.transfer(choice, _number(choice)),
    "join calls": lambda walk, phone, choice: phone.join_calls(),
    "join a call": lambda walk, phone, choice: walk.name_call(phone, choice, "Join"),
    "take a call over": lambda walk, phone, choice: walk.name_call(phone, choice, "Replaces"),
    "hold by command": lambda walk, phone, choice: walk.order(choice, hold),
    "resume by command": lambda walk, phone, choice: walk.order(choice, resume),
    "transfer by command": lambda walk, phone, choice: walk.order(
        choice, partial(_transfer, walk.scene, _number(choice))
    ),
    "join by command": lambda walk, phone, choice: walk.order(choice, partial(_join, walk, choice)),
    "forward by command": lambda walk, phone, choice: walk.order(
        choice, partial(_forward, _number(choice))
    ),
    "invite by command": lambda walk, phone, choice: walk.order(
        choice, partial(_invite, walk.scene, _number(choice))
    ),
    "restart": lambda walk, phone, choice: walk.restart(choice),
    "a worker dies": lambda walk, phone, choice: walk.scene.workers.lose(choice),
    "hang up by command": lambda walk, phone, choice: walk.order(choice, _hang_up),
}
"What may be done, by name."

OFTEN = ("dial", "dial", "dial", "pick up", "pick up", "pick up", "pick up")
"Without these there would be little to do."
SELDOM = ("restart", "a worker dies")
"Most of what goes wrong takes a while until it shows."

STEPS = st.builds(
    Step,
    st.sampled_from([*ACTIONS, *OFTEN]),
    st.integers(0, len(NUMBERS) - 1),
    st.integers(0, 2**16),
    st.sampled_from((0.0, 0.02, 0.5, 3.0, 12.0)),
)


def walk(steps: Sequence[Step], seed: int) -> None:
    """Go through the steps, come to rest, hang up."""

    async def story() -> None:
        walked = Walk(seed)
        await walked.take(steps)
        await walked.become_quiet()
        await walked.end()

    with capture_logs() as said:
        run(story())
    assert [line for line in said if line["log_level"] == "error"] == []


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=5, max_size=40), seed=st.integers(0, 2**16))
def test_whatever_is_pressed_nothing_is_stuck_or_lost(steps: list[Step], seed: int) -> None:
    walk(steps, seed)


def random_steps(chance: random.Random, count: int) -> list[Step]:
    """So many steps, as often of each kind as in the strategy."""
    names = [*[each for each in ACTIONS if each not in SELDOM] * 5, *OFTEN * 5, *SELDOM]
    waits = (0.0, 0.02, 0.5, 3.0, 12.0)
    return [
        Step(
            chance.choice(names),
            chance.randrange(len(NUMBERS)),
            chance.randrange(2**16),
            chance.choice(waits),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(10))
def test_a_long_walk(seed: int) -> None:
    """Ten times a thousand steps of one life; `WALK_SEED` chooses others."""
    chance = random.Random(int(os.environ.get("WALK_SEED", "0")) * 1000 + seed)
    walk(random_steps(chance, 1000), seed)
