"""Phones of callers and agents of queues on virtual time, and what a scene says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.queues.agent_state import AgentStatus
from softswitch.sip.events import Acknowledged, Answered, Ended, NewRequest
from tests.calls.extensions import extension
from tests.calls.scene import TERMS, FakePort, Phone, Scene, expect

MUSIC = replace(TERMS, hold_music="/hold.wav")
QUIET = {"announce_position": False, "announce_wait": False}


def queue(number: str = "700", agents: Sequence[Any] = ("1001", "1002"), **more: Any) -> Extension:
    return extension(number, QUEUE, agents=agents, **{**QUIET, **more})


def agents(*numbers: str) -> list[Extension]:
    return [extension(number, name=f"Agent {number}") for number in numbers]


class Desk(Phone):
    """A phone that takes every call up to the 100 at once, whenever the test looks."""

    def __init__(self, scene: Scene, number: str) -> None:
        phone = scene.phone(number)
        super().__init__(scene, number, phone.host)
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()
        self.host.open(self._take)

    def _take(self, new: NewRequest) -> None:
        self.legs.put_nowait(Leg.incoming(self.host, new, name=self.number))

    async def rings(self) -> Leg:
        """The next call that has not been given up meanwhile, within a minute."""
        async with asyncio.timeout(70):
            while (leg := await self.legs.get()).ended.done():
                pass
            return leg

    @property
    def is_quiet(self) -> bool:
        return self.legs.empty()


async def comes(phone: Phone, number: str = "700") -> Leg:
    """Call the queue, which answers."""
    leg = phone.dial(number)
    await expect(leg, Answered)
    leg.acknowledge()
    await asyncio.sleep(0.1)
    return leg


async def takes(phone: Phone, seconds: float = 1.0) -> Leg:
    """Ring for a while and answer."""
    leg = await phone.rings()
    leg.progress(180)
    await asyncio.sleep(seconds)
    phone.answer(leg)
    await expect(leg, Acknowledged)
    await asyncio.sleep(0.1)
    return leg


async def refuses(phone: Phone, status: int = 486) -> None:
    (await phone.rings()).reject(status)


def port_of(scene: Scene, leg: Leg) -> FakePort:
    """The port of the caller with this leg."""
    (port,) = (
        party.audio.port
        for call in scene.calls
        for party in call.parties
        if party.leg is not None and party.leg.call_id == leg.call_id
    )
    assert isinstance(port, FakePort)
    return port


async def is_promised(scene: Scene, caller: Phone) -> None:
    """Call the queue, and press its key for a callback, which is 5."""
    leg = await comes(caller)
    port_of(scene, leg).keys("5")
    await expect(leg, Ended)


def steps(scene: Scene) -> list[str]:
    """What the record of the only call tells."""
    return [step["what"] for step in scene.record["steps"]]


def status(scene: Scene, agent: str) -> AgentStatus:
    return scene.control.queues.status(agent)
