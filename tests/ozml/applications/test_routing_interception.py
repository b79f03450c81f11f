"""RoutingInterception: the question that an application gets, and the way that its answer names."""

from __future__ import annotations

from dataclasses import dataclass, field

from softswitch.calls.call.call import Call
from softswitch.calls.setup.interception import Ask, Hop, Question
from softswitch.guard.fetcher import FetchError
from softswitch.ozml.applications.routing_interception import RoutingInterception
from softswitch.sip.events import Ended
from tests.calls.scene import connected, expect
from tests.ozml.scene import script_scene, story

URL = "http://app.example/route"


@dataclass
class Asking:
    """Asks once, and keeps the answer."""

    hops: list[Hop | None] = field(default_factory=list)

    async def intercept(self, call: Call, ask: Ask) -> None:
        question = Question(call.caller.number, "1001", "1002", "1003", "Busy")
        self.hops.append(await ask(question))


@story
async def test_what_is_asked_and_what_the_answers_mean() -> None:
    async with script_scene() as scene:
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        asking = Asking()
        interception = RoutingInterception(
            URL,
            scene.applications,
            scene.plan.directory,
            scene.scripts.run_routing,
            asking,  # type: ignore[arg-type]
        )
        for answer in (
            '<Response><Route Destination="1002" RingTime="7" CallerId="5"/></Response>',
            "<Response/>",
            "",
            FetchError("down"),
            "<Response><Speak>no</Speak></Response>",
        ):
            scene.web.answers[URL] = answer
            await interception.route(call)
        assert asking.hops == [Hop("1002", 7.0, "5", None), None, None, None, None]
        asked = scene.web.last("RoutingInterception")
        assert (asked["CallerID"], asked["CallerExtension"]) == ("1000", "1000")
        assert (asked["LastDialedNumber"], asked["LastCalledExtension"]) == ("1002", "1003")
        assert asked["LastCallState"] == "Busy"
        assert "Speak" in scene.web.last("Error")["Message"]
        a.hangup()
        await expect(b, Ended)
