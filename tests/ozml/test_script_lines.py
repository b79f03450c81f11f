"""What the log says of scripts: a line when one starts, and one when it ends and why."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from softswitch.guard.fetcher import NoConnection
from softswitch.sip.events import Acknowledged, Answered, Ended, Ringing
from tests.calls.scene import expect
from tests.ozml.scene import script_scene, story
from tests.ozml.test_services import INCOMING, picked_up, through

Lines = list[MutableMapping[str, Any]]
LAST = "the last command is done"


def told(lines: Lines) -> list[tuple[str, ...]]:
    """Event, extension, script and reason of the lines about scripts."""
    found = [line for line in lines if line["event"].startswith("script")]
    assert all(line["call"] for line in found)
    assert all(line["milliseconds"] >= 0 for line in found if line["event"] == "script ended")
    names = ("event", "extension", "script", "reason")
    return [tuple(line[name] for name in names if name in line) for line in found]


@pytest.mark.parametrize(
    ("script", "reason", "is_answered"),
    [
        ("<Response><Beep/></Response>", LAST, True),
        ("<Response><Exit/><Beep/></Response>", "Exit", False),
        ("<Response><Reject/></Response>", "Reject", False),
        ("<Response><Beep/><GoTo>http://app.example/next</GoTo></Response>", "Exit", True),
    ],
)
def test_a_script_that_ends_by_itself(script: str, reason: str, is_answered: bool) -> None:
    @story
    async def told_of() -> None:
        async with script_scene() as scene:
            scene.web.answers[INCOMING] = script
            scene.web.answers["http://app.example/next"] = "<Response><Exit/></Response>"
            with capture_logs() as lines:
                leg = scene.phone("1000").dial("9000")
                if is_answered:
                    await expect(leg, Ringing)
                    await expect(leg, Answered)
                    leg.acknowledge()
                await leg.ended
                await asyncio.sleep(1)
        assert told(lines) == [
            ("script started", "9000", INCOMING),
            ("script ended", "9000", INCOMING, reason),
        ]
        asked = [line["notification"] for line in lines if line["event"] == "application asked"]
        assert asked == ["IncomingCall", *(["GoTo"] if "GoTo" in script else [])]

    told_of()


@story
async def test_a_caller_who_hangs_up() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = "<Response><Beep/><Delay>100</Delay></Response>"
        with capture_logs() as lines:
            leg = await through(scene, scene.phone("1000"), "9000")
            await asyncio.sleep(3)
            leg.hangup()
            await asyncio.sleep(1)
    ended = ("script ended", "9000", INCOMING, "the call was ended by caller")
    assert told(lines)[1:] == [ended]


@pytest.mark.parametrize(("status", "result"), [(200, "answered"), (486, "busy")])
def test_a_script_transfers(status: int, result: str) -> None:
    @story
    async def told_of() -> None:
        async with script_scene() as scene:
            scene.web.answers[INCOMING] = (
                "<Response><Beep/><BlindTransfer>1001</BlindTransfer></Response>"
            )
            ben = scene.phone("1001")
            with capture_logs() as lines:
                leg = await through(scene, scene.phone("1000"), "9000")
                b = await ben.rings()
                if status == 200:
                    ben.answer(b)
                    await expect(b, Acknowledged)
                    await asyncio.sleep(1)
                    leg.hangup()
                else:
                    b.reject(status)
                await leg.ended
                await asyncio.sleep(1)
        assert [row[-1] for row in told(lines)] == [
            INCOMING,
            "the call was transferred" if status == 200 else LAST,
        ]
        (line,) = [line for line in lines if line["event"].startswith("transfer")]
        assert (line["by"], line["whom"], line["to"]) == ("9000", "1000", "1001")
        assert (line["kind"], line["way"], line["result"]) == ("blind", "script", result)

    told_of()


@story
async def test_a_script_that_cannot_be_had_does_not_start() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = NoConnection(f"{INCOMING}: refused")
        with capture_logs() as lines:
            leg = scene.phone("1000").dial("9000")
            await asyncio.sleep(2)
            assert not leg.ended.done()
            leg.hangup()
            await asyncio.sleep(40)
    assert told(lines) == [("script not started", "9000", f"{INCOMING}: refused")]


@story
async def test_a_script_that_breaks_a_limit() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = f"<Response><GoTo>{INCOMING}</GoTo></Response>"
        with capture_logs() as lines:
            leg = await through(scene, scene.phone("1000"), "9000")
            await expect(leg, Ended)
    started, ended = told(lines)
    assert started == ("script started", "9000", INCOMING)
    assert ended[0] == "script ended"
    assert ended[3] not in ("", LAST)


@story
async def test_the_script_of_a_command_and_of_states() -> None:
    async with script_scene() as scene:
        ben = scene.phone("1001")
        with capture_logs() as lines:
            states = "<OnAnswered><Beep/></OnAnswered>"
            request = f"<Request DialedAddress='1001'>{states}</Request>"
            await scene.command("Request", RequestOzML=request)
            await expect(await picked_up(ben), Ended)
            await scene.command("Call", Dialed="1001", ResponseOzML="<Response><Beep/></Response>")
            await expect(await picked_up(ben), Ended)
            await asyncio.sleep(1)
    assert [row[:2] if len(row) == 2 else (row[0], *row[-2:]) for row in told(lines)] == [
        ("script started", "OnAnswered"),
        ("script ended", "OnAnswered", LAST),
        ("script started", "of the command"),
        ("script ended", "of the command", LAST),
    ]
