"""What the history tells of calls that reach nobody: wrong numbers, and codes dialled in vain."""

from __future__ import annotations

import pytest

from softswitch.sip.events import Answered, Ended, Failed
from tests.calls.scene import Scene, expect
from tests.calls.virtual_time import run


@pytest.mark.parametrize("dialled", ["4711", "030123", "nobody"])
def test_a_wrong_number_is_told(dialled: str) -> None:
    async def story() -> None:
        scene = Scene()
        await expect(scene.phone("1000").dial(dialled), Failed)
        await scene.settle()
        (step,) = scene.record["steps"]
        assert (step["what"], step["number"]) == ("wrong number", dialled)
        assert step["reason"]

    run(story())


@pytest.mark.parametrize(
    ("code", "what", "told"),
    [
        ("*01", "not done", "No number is stored under 1."),
        ("*37#", "not done", "Nobody was busy."),
        ("*65", "said", "1 0 0 0"),
    ],
)
def test_what_a_code_has_said_is_told(code: str, what: str, told: str) -> None:
    async def story() -> None:
        scene = Scene()
        leg = scene.phone("1000").dial(code.replace("#", "%23"))
        await expect(leg, Answered)
        leg.acknowledge()
        await expect(leg, Ended)
        await scene.settle()
        (step,) = (each for each in scene.record["steps"] if each["what"] == what)
        assert step["dialled"] == code
        assert told in (step.get("reason") or step["sentence"])

    run(story())
