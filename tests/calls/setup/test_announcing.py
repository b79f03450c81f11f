"""Announcements that a caller hears before its call is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.leg.leg import Leg
from softswitch.calls.setup.announcing import Announcement, Announcements, AnnouncementTerms
from softswitch.sip.events import Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, trunk
from tests.calls.scene import Phone, Scene, expect, sdp
from tests.calls.virtual_time import run

SAID = {
    "wrong_number": Announcement(text="The number is not in service."),
    "busy": Announcement(path="/busy.ogg"),
    "no_answer": Announcement(text="Nobody answers."),
    "rejected": Announcement(text="You may not."),
    "unavailable": Announcement(text="Not connected."),
    "no_way": Announcement(text="All lines are busy."),
}


def announce(scene: Scene, said: Mapping[str, Announcement] = SAID, **more: Any) -> None:
    """Let the callers of a scene hear these."""
    setup = scene.switch.incoming._course.__self__  # type: ignore[attr-defined]
    announcements = Announcements(scene.workers, AnnouncementTerms(said, "en", **more))
    object.__setattr__(setup, "announcements", announcements)


async def hears(scene: Scene, a: Leg) -> tuple[list[str], Failed]:
    """What the caller hears before the response, and the response."""
    early = await expect(a, Ringing)
    while early.sdp is None:
        early = await expect(a, Ringing)
    assert early.status == 183
    failed = await expect(a, Failed)
    return scene.workers.all[0].played, failed


@pytest.mark.parametrize(
    ("number", "heard", "status", "cause"),
    [
        ("4711", "speak The number is not in service. en None", 404, 1),
        ("1002", "speak Not connected. en None", 480, 20),
    ],
)
def test_it_is_heard_before_the_right_response(
    number: str, heard: str, status: int, cause: int
) -> None:
    async def story() -> None:
        scene = Scene()
        announce(scene)
        a = scene.phone("1000").dial(number)
        played, failed = await hears(scene, a)
        assert played == [heard]
        assert failed.status == status
        assert f"Q.850;cause={cause};" in (failed.headers.get("Reason") or "")
        await scene.settle()

    run(story())


async def refuses(scene: Scene, phone: Phone, status: int) -> tuple[list[str], Failed]:
    a = scene.phone("1000").dial(phone.number)
    b = await phone.rings()
    b.progress(180)
    b.reject(status)
    return await hears(scene, a)


def test_a_busy_callee_is_heard_from_a_file() -> None:
    async def story() -> None:
        scene = Scene()
        announce(scene)
        played, failed = await refuses(scene, scene.phone("1001"), 486)
        assert (played, failed.status) == (["/busy.ogg"], 486)
        await scene.settle()
        assert scene.record["outcome"] == "busy"

    run(story())


def test_after_early_media_of_the_callee_the_description_stays() -> None:
    async def story() -> None:
        scene = Scene()
        announce(scene)
        bob = scene.phone("1001")
        a = scene.phone("1000").dial("1001")
        b = await bob.rings()
        b.progress(183, sdp(bob.host.address[0], 5000, codecs="8 101"))
        first = await expect(a, Ringing)
        b.reject(603)
        second = await expect(a, Ringing)
        assert second.sdp == first.sdp
        assert (await expect(a, Failed)).status == 603
        assert scene.workers.all[0].played == ["speak You may not. en None"]
        await scene.settle()

    run(story())


def test_a_caller_who_hangs_up_ends_it() -> None:
    async def story() -> None:
        scene = Scene()
        announce(scene)
        a = scene.phone("1000").dial("4711")
        await expect(a, Ringing)
        await asyncio.sleep(0.2)
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "wrong number"

    run(story())


def test_where_it_cannot_be_played_there_is_a_tone() -> None:
    async def story() -> None:
        scene = Scene()
        announce(scene, {"busy": Announcement(path="/gone.ogg")})
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        scene.workers.all[0].unplayable.add("/gone.ogg")
        b.reject(486)
        assert (await expect(a, Ringing)).status == 183
        assert (await expect(a, Failed)).status == 486
        assert scene.workers.all[0].played == ["/gone.ogg", "congestion"]
        await scene.settle()

    run(story())


def test_who_hears_none() -> None:
    async def story() -> None:
        stage = Stage(trunk(), routes=(), extensions=[extension("601", ECHO)])
        scene = stage.scene
        announce(scene, {"wrong_number": SAID["wrong_number"]})
        late = stage.alice.dial("4711", offer=None)  # makes no offer
        assert (await expect(late, Failed)).status == 404
        busy = stage.alice.dial("1002")  # nothing is said for this ending
        assert (await expect(busy, Failed)).status == 480
        echo = stage.alice.dial("601")
        await expect(echo, Answered)
        echo.acknowledge()
        echo.hangup()
        await scene.settle()
        assert all(not port.played for port in scene.workers.all)
        assert isinstance(await echo.event(), Ended)

    run(story())
