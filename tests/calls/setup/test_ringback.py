"""Files that callers hear while it rings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.kinds.group import GROUP
from softswitch.sip.events import Acknowledged, Answered, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, trunk
from tests.calls.scene import Scene, expect, sdp
from tests.calls.virtual_time import run

MUSIC = Path("/music.ogg")
RINGS = extension("1005", ringback=MUSIC)
GROUP_RINGS = extension("700", GROUP, members=["1001"], ringback=MUSIC)


@pytest.mark.parametrize(("dialled", "rings"), [("1005", "1005"), ("700", "1001")])
def test_it_is_heard_from_the_ringing_to_the_answer(dialled: str, rings: str) -> None:
    async def story() -> None:
        scene = Scene(RINGS, GROUP_RINGS)
        alice, bob = scene.phone("1000"), scene.phone(rings)
        a = alice.dial(dialled)
        b = await bob.rings()
        b.progress(180)
        first, second = await expect(a, Ringing), await expect(a, Ringing)
        assert (first.status, first.sdp) == (180, None)
        assert second.status == 183
        b.progress(180)  # once more: the file goes on
        await asyncio.sleep(5)
        assert scene.workers.all[0].playing == [str(MUSIC)]
        bob.answer(b)
        answered = await expect(a, Answered)
        assert answered.sdp == second.sdp  # what was said early stays
        a.acknowledge()
        await expect(b, Acknowledged)
        assert scene.workers.all[0].playing == []
        assert scene.workers.all[0].hears is scene.workers.all[1]
        a.hangup()
        await scene.settle()

    run(story())


def test_early_media_of_the_phone_ends_it() -> None:
    async def story() -> None:
        scene = Scene(RINGS)
        alice, bob = scene.phone("1000"), scene.phone("1005")
        a = alice.dial("1005")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        await expect(a, Ringing)
        b.progress(183, sdp(bob.host.address[0], 5000))
        assert (await expect(a, Ringing)).sdp is not None
        assert scene.workers.all[0].playing == []
        assert scene.workers.all[0].hears is scene.workers.all[1]
        b.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()

    run(story())


def test_who_hears_the_tone_of_the_phone() -> None:
    async def story() -> None:
        stage = Stage(trunk(), extensions=[RINGS])
        bob = stage.scene.phone("1005")
        late = stage.alice.dial("1005", offer=None)
        b = await bob.rings()
        b.progress(180)
        assert (await expect(late, Ringing)).sdp is None
        late.hangup()
        out = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        c.progress(180)
        assert (await expect(out, Ringing)).sdp is None
        out.hangup()
        await stage.scene.settle()
        assert all(not port.played for port in stage.scene.workers.all)

    run(story())
