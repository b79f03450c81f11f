"""CallChanged: every change of every call, in order; the answer acts on the call it is about."""

from __future__ import annotations

import asyncio

from softswitch.guard.fetcher import FetchError
from softswitch.ozml.applications.call_changed import MOST_WAITING, CallChanged
from softswitch.sip.events import Acknowledged, Answered, Ended, Ringing
from tests.calls.scene import connected, expect
from tests.ozml.scene import ERRORS, ScriptScene, script_scene, story

URL = "http://app.example/changed"


def told(scene: ScriptScene) -> CallChanged:
    """Let the application hear of all calls."""
    changed = CallChanged(
        URL,
        scene.applications,
        scene.plan.directory,
        scene.scripts.run_about,
        scene.background.start,
    )
    scene.calls.listeners.append(changed.entered)
    return changed


def states(scene: ScriptScene) -> list[str]:
    return [fields["CallState"] for url, fields in scene.web.told if url == URL]


@story
async def test_a_slow_application_hears_of_every_change_and_keeps_no_call_waiting() -> None:
    async with script_scene() as scene:
        told(scene)
        scene.web.seconds = 20.0
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        a.hangup()
        await expect(b, Ended)
        await asyncio.sleep(1)
        assert states(scene) == ["Ringing"]
        await asyncio.sleep(100)
        assert states(scene) == ["Ringing", "Answered", "InCall", "Completed"]


@story
async def test_the_answer_acts_on_the_call_and_does_not_end_it() -> None:
    async with script_scene() as scene:
        told(scene)
        scene.web.answers[URL] = "<Response><SendDTMF Party='callee' Keys='12'/></Response>"
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        await asyncio.sleep(1)
        caller, callee = scene.workers.all
        assert (caller.played, callee.played) == ([], ["keys 12 auto"] * 2)
        assert len(scene.calls) == 1
        a.hangup()
        await expect(b, Ended)
        await asyncio.sleep(1)
        errors = [f["Code"] for url, f in scene.web.told if url == ERRORS]
        assert errors == ["303", "601"], "before the answer, and after the end"


@story
async def test_an_answer_may_end_the_call() -> None:
    async with script_scene() as scene:
        told(scene)
        anna, bob = scene.phone("1000"), scene.phone("1001")
        a = anna.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        scene.web.answers[URL] = "<Response><Hangup/></Response>"
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        await expect(a, Ended)
        await asyncio.sleep(1)
        assert scene.states[-1] == "Completed"


@story
async def test_an_application_that_is_down_or_talks_nonsense_changes_nothing() -> None:
    for answer in (FetchError("down"), "<Response><Nonsense/></Response>"):
        async with script_scene() as scene:
            told(scene)
            scene.web.answers[URL] = answer
            a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            assert scene.states[-1] == "InCall"
            a.hangup()
            await expect(b, Ended)
            await asyncio.sleep(1)
            assert states(scene) == ["Ringing", "Answered", "InCall", "Completed"]


@story
async def test_too_many_changes_are_dropped_but_never_the_last() -> None:
    async with script_scene() as scene:
        changed = told(scene)
        scene.web.seconds = 1.0
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        for _ in range(MOST_WAITING + 10):
            changed.entered(call, call.state)
        a.hangup()
        await expect(b, Ended)
        await asyncio.sleep(2 * MOST_WAITING)
        assert states(scene)[-1] == "Completed"
        assert MOST_WAITING <= len(states(scene)) <= MOST_WAITING + 3
