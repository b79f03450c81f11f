"""Agents log in and out and pause by codes: what is kept, said, and refused."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.agents import Agents
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.extension import Extension
from softswitch.store.database.changes import Change
from softswitch.store.errors import DatabaseAway
from tests.calls.codes.test_forwarding import dials
from tests.calls.extensions import extension
from tests.calls.scene import Scene
from tests.calls.virtual_time import run


def support() -> Extension:
    return extension(
        "750",
        QUEUE,
        name="Support",
        agents=("1001",),
        logins=("1000-1000",),
        pause_reasons=("lunch", "meeting"),
    )


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        (
            "1000",
            [
                ("*45*750#", "You are logged in to the queue Support."),
                ("*45*750", "You are logged in to the queue Support."),
                ("*46*2#", "You are paused. meeting"),
                ("*46#", "You are paused."),
                ("#46#", "Queues call you again."),
                ("#45*750#", "You are logged out of the queue Support."),
            ],
        ),
        (
            "1001",
            [
                ("*45*750#", "You always belong to the queue Support."),
                ("#45*750#", "You always belong to that queue, and can pause."),
                ("*46*1#", "You are paused. lunch"),
                ("*46*3#", "There is no such reason."),
                ("*46*0#", "There is no such reason."),
            ],
        ),
        (
            "1002",
            [
                ("*45*750#", "You may not log in to that queue."),
                ("*45*751#", "There is no such queue."),
                ("*45*1000#", "There is no such queue."),
                ("*46*1#", "There is no such reason."),
                ("*46*99999999999999999999#", "There is no such reason."),
            ],
        ),
    ],
)
def test_what_is_said(number: str, codes: list[tuple[str, str]]) -> None:
    async def story() -> None:
        scene = Scene(support())
        phone = scene.phone(number)
        for code, sentence in codes:
            assert await dials(scene, phone, code) == sentence
        await scene.settle()

    run(story())


def test_what_is_kept() -> None:
    async def story() -> None:
        scene = Scene(support())
        phone, agents = scene.phone("1000"), scene.plan.agents
        await dials(scene, phone, "*45*750#")
        await dials(scene, phone, "*46*2#")
        assert list(agents.logged_in("750")) == ["1000"]
        pause = agents.pause_of("1000")
        assert pause is not None
        assert pause.reason == "meeting"
        await dials(scene, phone, "#46#")
        await dials(scene, phone, "#45*750#")
        assert not agents.logged_in("750")
        assert agents.pause_of("1000") is None
        await scene.settle()

    run(story())


def test_what_the_disk_refuses_is_not_done_and_said_so() -> None:
    async def story() -> None:
        scene = Scene(support())
        phone = scene.phone("1000")
        await asyncio.sleep(0)
        scene.choices.error = scene.journal.error = DatabaseAway("away")
        for code in ("*45*750#", "*46#"):
            assert "could not be stored" in await dials(scene, phone, code)
        assert not scene.plan.agents.logged_in("750")
        assert scene.plan.agents.pause_of("1000") is None
        await scene.settle()

    run(story())


async def test_the_last_of_two_codes_at_once_counts() -> None:
    gate, written = asyncio.Event(), list[str]()

    async def write(*changes: Change) -> None:
        first = not written
        written.extend(change.kind.name for change in changes)
        if first:
            await gate.wait()

    agents = Agents(lambda *changes: asyncio.ensure_future(write(*changes)))
    login = asyncio.ensure_future(agents.log_in("700", "1001"))
    await asyncio.sleep(0)
    logout = asyncio.ensure_future(agents.log_out("700", "1001"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(login, logout)
    assert written == ["log agent in", "log agent out"]
    assert not agents.logged_in("700")
