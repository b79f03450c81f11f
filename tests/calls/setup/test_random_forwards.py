"""Whatever extensions forward to one another, a call to one of them ends, and nothing is left."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.schedule import SCHEDULE
from softswitch.sip.events import Answered, Failed
from tests.calls.extensions import extension
from tests.calls.scene import Phone, Scene
from tests.calls.virtual_time import run

PHONES = ("2000", "2001", "2002")
NUMBERS = (*PHONES, "710", "700")
FORWARDS = ("forward_always", "forward_busy", "forward_no_answer", "forward_not_registered")
REACTIONS = ("away", "busy", "decline", "silence", "answer", "error")

features = st.fixed_dictionaries(
    {"reaction": st.sampled_from(REACTIONS)},
    optional={
        **{key: st.sampled_from(NUMBERS) for key in FORWARDS},
        "do_not_disturb": st.booleans(),
        "max_calls": st.integers(1, 2),
    },
)


async def react(phone: Phone, reaction: str) -> None:
    """Do the same with every call."""
    while True:
        leg = await phone.rings()
        leg.progress(180)
        status = {"busy": 486, "decline": 603, "error": 500}.get(reaction)
        if status is not None:
            leg.reject(status)
        elif reaction == "answer":
            phone.answer(leg)


@given(
    wishes=st.tuples(features, features, features),
    members=st.lists(st.sampled_from(PHONES), min_size=1, unique=True),
    overflow=st.sampled_from((None, *PHONES, "710")),
    night=st.sampled_from((*PHONES, "700")),
    dialled=st.sampled_from(NUMBERS),
)
def test_every_call_ends(
    wishes: tuple[dict[str, Any], ...],
    members: list[str],
    overflow: str | None,
    night: str,
    dialled: str,
) -> None:
    async def story() -> None:
        entries = [
            extension(number, ring_time=5, **{k: v for k, v in each.items() if k != "reaction"})
            for number, each in zip(PHONES, wishes, strict=True)
        ]
        group = extension("700", GROUP, members=tuple(members), ring_time=5, overflow=overflow)
        schedule = extension("710", SCHEDULE, calendar="none", open="2000", closed=night)
        scene = Scene(*entries, group, schedule)
        reacting = [
            asyncio.create_task(react(scene.phone(number), each["reaction"]))
            for number, each in zip(PHONES, wishes, strict=True)
            if each["reaction"] != "away"
        ]
        a = scene.phone("1000").dial(dialled)
        async with asyncio.timeout(600):
            while not isinstance(event := await a.event(), Answered | Failed):
                pass
        if isinstance(event, Answered):
            a.acknowledge()
            await asyncio.sleep(1)
            a.hangup()
        else:
            assert event.status in (404, 480, 482, 486, 500, 603), event
        for task in reacting:
            task.cancel()
        await asyncio.gather(*reacting, return_exceptions=True)
        await scene.settle()

    run(story())
