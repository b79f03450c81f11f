"""Who has answered, by what the worker hears: verdicts, tones before them, ends of greetings."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.ports.machine_detection import who_answered
from tests.calls.ports.test_listening import Port
from tests.calls.virtual_time import run

GREETING = (3.0, "answer", "machine")


@pytest.mark.parametrize(
    ("message_end", "sounds", "verdict", "seconds"),
    [
        (False, [(1.5, "answer", "human")], "human", 1.5),
        (True, [(1.5, "answer", "human")], "human", 1.5),
        (False, [GREETING], "machine", 3.0),
        (False, [(5.0, "answer", "unknown")], "unknown", 5.0),
        (True, [(5.0, "answer", "unknown")], "unknown", 5.0),
        (True, [GREETING, (9.0, "tones", "beep")], "machine", 9.0),
        (True, [GREETING, (9.0, "silence", "silence")], "machine", 10.9),
        (
            True,
            [GREETING, (9.0, "silence", "silence"), (10.0, "silence", "sound")],
            "machine",
            33.0,
        ),
        (True, [(2.0, "tones", "beep")], "machine", 2.0),
        (True, [(2.0, "tones", "sit")], "machine", 2.0),
        (False, [(2.0, "tones", "ced")], "fax", 2.0),
        (True, [GREETING, (3.5, "tones", "ced")], "fax", 3.5),
        (True, [], "unknown", 6.0),
    ],
)
def test_who_answered(
    message_end: bool, sounds: list[tuple[float, str, str]], verdict: str, seconds: float
) -> None:
    async def story() -> None:
        port = Port()
        saying = asyncio.ensure_future(port.say(*sounds))
        assert await who_answered(port, message_end=message_end) == verdict
        assert asyncio.get_running_loop().time() == pytest.approx(seconds, abs=0.001)
        assert port.claimed == set()
        await saying

    run(story())


def test_nobody_waits_for_a_verdict_on_a_call_that_has_ended() -> None:
    async def story() -> None:
        port = Port()
        judging = asyncio.ensure_future(who_answered(port, message_end=True))
        await asyncio.sleep(1)
        judging.cancel()
        await asyncio.gather(judging, return_exceptions=True)
        assert port.claimed == set()
        port.close()
        assert await who_answered(port, message_end=True) == "unknown"

    run(story())
