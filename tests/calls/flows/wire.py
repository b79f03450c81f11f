"""A switch and phones on a wire that loses and reorders, for the flows of the service examples."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.endings.states import CallState
from softswitch.calls.leg.leg import Leg
from tests.calls.scene import FakePort, Scene
from tests.calls.virtual_time import run
from tests.calls.walk.living_phone import LivingPhone

LOSS, LATE = 0.1, 0.2
"Of the messages: how many are lost, and how many come half a second late, behind others."
SEEDS = range(4)
"Wires that a flow goes over; the first loses nothing."
PATIENCE = 60.0
"Seconds in which what a flow waits for must happen, whatever the wire does."


class Flow:
    """One exchange of a flow: phones by number, and what the switch did."""

    def __init__(self, seed: int, *extensions: Any, **settings: Any) -> None:
        self.scene = Scene(*extensions, **settings)
        self._chance = random.Random(seed)
        if seed:
            network = self.scene.network
            network.lose = lambda _: self._chance.random() < LOSS
            network.delay = lambda _: 0.5 if self._chance.random() < LATE else 0.01
        self.phones: list[LivingPhone] = []

    def phone(self, number: str) -> LivingPhone:
        """A phone of that extension."""
        phone = LivingPhone(self.scene, number)
        self.phones.append(phone)
        return phone

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it holds."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, self.scene.network.log[-20:]
            await asyncio.sleep(0.05)

    async def talk(self, caller: LivingPhone, callee: LivingPhone) -> Call:
        """Let one phone call another until both talk; the call."""
        known = set(self.scene.calls)
        caller.dial(callee.number)
        await self.until(lambda: callee.ringing)
        callee.pick_up(0)
        await self.until(lambda: caller.up and callee.up)
        (call,) = set(self.scene.calls) - known
        await self.until(lambda: call.state is CallState.IN_CALL)
        return call

    async def talk_more(self, caller: LivingPhone, callee: LivingPhone) -> Call:
        """The same for a phone that has a call already."""
        had, known = len(caller.up), set(self.scene.calls)
        caller.dial(callee.number)
        await self.until(lambda: callee.ringing)
        callee.pick_up(0)
        await self.until(lambda: len(caller.up) > had and callee.up)
        (call,) = set(self.scene.calls) - known
        await self.until(lambda: call.state is CallState.IN_CALL)
        return call

    async def dial_code(self, phone: LivingPhone, code: str) -> None:
        """Let a phone dial a code, and hear the answer to its end."""
        phone.dial(code)
        await self.until(lambda: not phone.calling)
        await self.until(lambda: not phone.up)

    async def begin_both(self, call: Call) -> None:
        """Ring the caller, then the callee, and let them talk, as an application wants it."""
        answering = self.scene.answering
        await answering.begin_both(call, None)
        await answering.conversation.converse(call)

    def hear_each_other(self, one: LivingPhone, other: LivingPhone) -> bool:
        """Whether the last calls of the two are one conversation, in which both are heard."""
        if not (one.up and other.up):
            return False
        first, second = (self.port_of(phone.up[-1]) for phone in (one, other))
        if first is None or second is None:
            return False
        return first.hears is second and second.hears is first

    def port_of(self, leg: Leg) -> FakePort | None:
        """The port that a phone's leg talks to."""
        for call in self.scene.calls:
            for party in call.parties:
                if party.leg is not None and party.leg.call_id == leg.call_id:
                    assert party.audio.port is None or isinstance(party.audio.port, FakePort)
                    return party.audio.port
        return None

    def open_ports(self) -> list[FakePort]:
        """All ports that are open."""
        return list(self.scene.workers.opened)

    def steps_so_far(self) -> list[str]:
        """What is noted of the calls that are up."""
        return [step["what"] for call in self.scene.calls for step in call.steps.written()]

    def steps(self) -> list[str]:
        """What the records tell, in the order of time."""
        steps = [step for each in self.scene.journal.records().values() for step in each["steps"]]
        return [step["what"] for step in sorted(steps, key=lambda step: float(step["at"]))]

    def records(self) -> list[dict[str, Any]]:
        """The records of all calls, oldest first."""
        return sorted(
            self.scene.journal.records().values(), key=lambda record: float(record["start_time"])
        )

    async def end(self) -> None:
        """Hang up whatever is left, and see that nothing is."""
        self.scene.network.lose = lambda _: False
        for phone in self.phones:
            phone.let_go()
        await asyncio.sleep(100)
        for phone in self.phones:
            assert not (phone.calling or phone.ringing or phone.up), phone.number
            await phone.close()
        await self.scene.settle()


Story = Callable[[int], Coroutine[Any, Any, None]]


def on_every_wire(story: Story) -> Callable[[int], None]:
    """A test of the story on each wire."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test(seed: int) -> None:
        run(story(seed))

    test.__name__ = story.__name__
    test.__doc__ = story.__doc__
    return test
