"""`/v1/calls` acts on calls with phones, by the commands that `/api` gives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from softswitch.calls.kinds.ivr import IVR
from softswitch.http.users import Users
from softswitch.http.v1.calls.actions_api import CallActionsApi
from softswitch.http.v1.calls.calls_api import CallsApi
from softswitch.http.v1.calls.giving import UserCommands
from softswitch.settings.exchange.users import HttpUser
from softswitch.sip.events import Acknowledged, Answered, Ended
from tests.calls.extensions import extension
from tests.calls.scene import Leg, Phone, connected, expect
from tests.http.v1.asking import asks
from tests.ozml.scene import ScriptScene, script_scene, story

USERS = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000",)),
    HttpUser(username="other", role="application", extensions=("1007",)),
)
MENU = """<Response>
  <Speak>Hello</Speak>
  <UserInput Timeout="60">
    <InitialCommands><Speak>Press one</Speak></InitialCommands>
    <Inputs><Input Key="1"><Delay>30</Delay></Input></Inputs>
  </UserInput>
</Response>"""


class Bench:
    """The web API in front of calls with scripts, without sockets."""

    def __init__(self, scene: ScriptScene) -> None:
        users = Users({user.username: "pw" for user in USERS}, settings=USERS)

        def context_for(whose: Any) -> Any:
            scene.user = whose()
            return replace(scene.context, whose=whose)

        commands = UserCommands(context_for, users)
        self.routes = [
            *CallsApi(scene.calls, users).routes(),
            *CallActionsApi(scene.calls, commands, users).routes(),
        ]

    async def ask(
        self, method: str, path: str, body: Any = None, user: str = "admin"
    ) -> tuple[int, Any]:
        """Status, and what the JSON of the answer says."""
        return await asks(self.routes, method, path, body, user)


async def takes(phone: Phone) -> Leg:
    """A phone answers."""
    leg = await phone.rings()
    leg.progress(180)
    phone.answer(leg)
    await expect(leg, Acknowledged)
    return leg


@story
async def test_a_call_is_started_from_a_phone_that_is_rung_first() -> None:
    async with script_scene() as scene:
        bench, anna, ben = Bench(scene), scene.phone("1000"), scene.phone("1001")
        status, call = await bench.ask("POST", "/calls", {"from": "1000", "to": "1001"})
        assert (status, call["state"], call["dialed"]) == (201, "Setup", "1001")
        first = await takes(anna)
        second = await takes(ben)
        await asyncio.sleep(1)
        status, shown = await bench.ask("GET", f"/calls/{call['id']}")
        assert (status, shown["state"]) == (200, "InCall")
        states = [each["state"] for each in shown["states"]]
        assert (states[0], states[-1], shown["since"]) == (
            "Setup", "InCall", shown["states"][-1]["since"],
        )  # fmt: skip
        assert await bench.ask("DELETE", f"/calls/{call['id']}") == (204, None)
        await expect(first, Ended)
        await expect(second, Ended)
        status, problem = await bench.ask("DELETE", f"/calls/{call['id']}")
        assert status == 404, problem


@story
async def test_a_call_is_started_for_a_script_and_shows_where_that_is() -> None:
    async with script_scene() as scene:
        bench, anna = Bench(scene), scene.phone("1000")
        asked = {"to": "1000", "api_extension": "9000", "script": MENU, "ring_time": 30}
        status, call = await bench.ask("POST", "/calls", asked)
        assert (status, call["script"]) == (201, None)
        leg = await takes(anna)
        await asyncio.sleep(0.5)
        _, shown = await bench.ask("GET", f"/calls/{call['id']}")
        script = shown["script"]
        assert script.pop("since") >= shown["answered_at"]
        assert script == {"name": "", "extension": "9000", "line": 2, "command": "Speak"}
        await asyncio.sleep(2)
        _, shown = await bench.ask("GET", f"/calls/{call['id']}")
        assert (shown["script"]["line"], shown["script"]["command"]) == (3, "UserInput")
        scene.workers.all[0].keys("1")
        await asyncio.sleep(0.5)
        _, shown = await bench.ask("GET", f"/calls/{call['id']}")
        assert (shown["script"]["line"], shown["script"]["command"]) == (5, "Delay")
        leg.hangup()


@story
async def test_a_script_of_the_settings_is_shown_by_its_name_without_secrets() -> None:
    url = "http://user:secret@app.example/ivr?key=secret"
    async with script_scene(extension("701", IVR, url=url)) as scene:
        scene.web.answers[url] = MENU
        leg = scene.phone("1000").dial("701")
        while not isinstance(await leg.event(), Answered):
            pass
        leg.acknowledge()
        await asyncio.sleep(0.5)
        _, listed = await Bench(scene).ask("GET", "/calls")
        (call,) = listed["calls"]
        assert call["script"]["name"] == "http://app.example/ivr"
        assert (call["script"]["extension"], call["script"]["command"]) == ("701", "Speak")
        leg.hangup()


@story
async def test_hold_resume_mute_and_keys() -> None:
    async with script_scene() as scene:
        bench, anna, ben = Bench(scene), scene.phone("1000"), scene.phone("1001")
        a, b = await connected(scene, anna, ben)
        (call,) = scene.calls
        path = f"/calls/{call.id}"
        status, problem = await bench.ask("POST", f"{path}/resume")
        assert status == 409, problem
        holding = asyncio.ensure_future(bench.ask("POST", f"{path}/hold", user="desk"))
        for leg, phone in ((a, anna), (b, ben)):
            await asyncio.sleep(0.1)
            offered = await leg.event()
            leg.answer_reoffer(_recvonly(phone))
            assert offered is not None
        status, shown = await holding
        assert (status, shown["state"]) == (200, "Hold")
        assert (shown["caller"]["held"], shown["callee"]["held"]) == (True, True)
        status, shown = await bench.ask("POST", f"{path}/mute", {"party": "caller"})
        assert (status, shown["caller"]["muted"], shown["callee"]["muted"]) == (200, True, False)
        status, shown = await bench.ask("POST", f"{path}/mute", {"party": "caller", "on": False})
        assert (status, shown["caller"]["muted"]) == (200, False)
        status, begun = await bench.ask("POST", f"{path}/keys", {"keys": "12#", "party": "callee"})
        assert (status, begun["warnings"], begun["call"]["id"]) == (202, [], call.id)
        await asyncio.sleep(0.01)
        assert "keys 12# auto" in scene.workers.all[1].played
        a.hangup()


def _recvonly(phone: Phone) -> bytes:
    from tests.calls.scene import sdp  # noqa: PLC0415

    return sdp(phone.host.address[0], 5000, direction="recvonly", version=2)


@story
async def test_sounds_recordings_and_their_end() -> None:
    async with script_scene(files=Path("/tmp")) as scene:
        bench = Bench(scene)
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        path = f"/calls/{call.id}"
        status, begun = await bench.ask(
            "POST", f"{path}/speak", {"text": "Good day", "party": "caller", "voice": "nobody"}
        )
        assert (status, begun["warnings"]) == (
            202, ["Speak: there is no voice 'nobody', another one speaks"],
        )  # fmt: skip
        await asyncio.sleep(0.1)
        assert scene.workers.all[0].playing == ["speak Good day None None"]
        status, shown = await bench.ask("POST", f"{path}/stop", {"recordings": False})
        assert status == 200
        assert scene.workers.all[0].playing == []
        status, begun = await bench.ask("POST", f"{path}/record", {"format": "wav"})
        assert (status, begun["call"]["recordings"]) == (202, 1)
        nothing = {"sounds": False, "recordings": False}
        status, told = await bench.ask("POST", f"{path}/stop", nothing)
        assert (status, told["detail"]) == (400, "expected sounds or recordings, or both")
        status, shown = await bench.ask("POST", f"{path}/stop")
        await asyncio.sleep(0.1)
        status, shown = await bench.ask("GET", path)
        assert shown["recordings"] == 0
        a.hangup()


@story
async def test_a_blind_transfer_shows_the_call_that_goes_on() -> None:
    async with script_scene() as scene:
        bench, cora = Bench(scene), scene.phone("1002")
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        asked = {"target": "1002", "transferor": "callee"}
        moving = asyncio.ensure_future(bench.ask("POST", f"/calls/{call.id}/transfer", asked))
        await takes(cora)
        status, shown = await moving
        assert (status, shown["callee"]["number"]) == (200, "1002")
        await expect(b, Ended)
        nobody = {"target": "1999"}
        status, problem = await bench.ask("POST", f"/calls/{call.id}/transfer", nobody)
        assert status == 409, problem
        assert "1999" in str(problem)
        a.hangup()


@story
async def test_an_attended_transfer_shows_the_call_of_those_who_stay() -> None:
    async with script_scene() as scene:
        bench, anna = Bench(scene), scene.phone("1000")
        ben, cora = scene.phone("1001"), scene.phone("1002")
        await connected(scene, anna, ben)
        first = next(iter(scene.calls))
        c = anna.dial("1002")
        await takes(cora)
        await asyncio.sleep(1)
        c.acknowledge()
        await asyncio.sleep(1)
        second = next(call for call in scene.calls if call is not first)
        asked = {"target_call": second.id}
        status, shown = await bench.ask("POST", f"/calls/{first.id}/transfer", asked)
        assert status == 200, shown
        assert {shown["caller"]["number"], shown["callee"]["number"]} == {"1001", "1002"}
        await asyncio.sleep(1)
        assert [call.id for call in scene.calls] == [shown["id"]]
        await bench.ask("DELETE", f"/calls/{shown['id']}")


@story
async def test_a_supervisor_is_rung() -> None:
    async with script_scene(extension("1003", supervises=("1001",))) as scene:
        bench, boss = Bench(scene), scene.phone("1003")
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        path = f"/calls/{call.id}/listen"
        for way in ("monitor", "whisper", "barge"):
            asked = {"supervisor": "1003", "way": way, "party": "callee"}
            status, made = await bench.ask("POST", path, asked, user="desk")
            assert status == 201, made
            assert made["chain"] == call.id
            leg = await takes(boss)
            await asyncio.sleep(1)
            leg.hangup()
            await asyncio.sleep(1)
        status, problem = await bench.ask("POST", path, {"supervisor": "1002"})
        assert status == 409, problem
        assert "1002 may not supervise this call" in str(problem)
        a.hangup()


@pytest.mark.parametrize(
    ("action", "body", "part"),
    [
        ("play", {"audio_file": "x.wav", "party": "everybody"}, "party: expected one of caller"),
        ("play", {"audio_file": "../../etc/passwd"}, "audio_file"),
        ("play", {"audio_file": "x.wav", "timeout": -1}, "timeout: expected a number from 0"),
        ("play", {"file": "x.wav"}, "file: unknown field"),
        ("speak", {"text": ""}, "text: expected a text of at least 1"),
        ("speak", {"text": "  "}, ""),
        ("keys", {"keys": "12x"}, "keys cannot be '12x', expected keys out of"),
        ("record", {"record_path": "../.."}, "record_path must lie below"),
        ("record", {"file_name": "<b>/x"}, "file_name cannot be"),
        ("record", {"format": "exe"}, "format: expected one of mp3, wav, flac, not 'exe'"),
        ("transfer", {}, "expected target or target_call, and not both"),
        ("transfer", {"target": "a b"}, "target cannot be 'a b', expected a telephone number"),
        ("transfer", {"target_call": "x", "finished_url": "http://a"}, "finished_url has no"),
        ("mute", {}, "party: missing"),
        ("listen", {"supervisor": "1003", "way": "spy"}, "way: expected one of monitor, whisper"),
        ("hold", b"\xff", ""),
        ("keys", b"{", "expected JSON"),
    ],
)
def test_wrong_bodies_name_the_field(action: str, body: Any, part: str) -> None:
    @story
    async def told() -> None:
        async with script_scene(files=Path("/tmp")) as scene:
            a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
            (call,) = scene.calls
            path = f"/calls/{call.id}/{action}"
            answering = asyncio.ensure_future(Bench(scene).ask("POST", path, body))
            await asyncio.sleep(20)
            status, problem = await answering
            if part:
                assert status == 400, problem
                assert part in str(problem)
            a.hangup()

    told()


@story
async def test_who_may_do_what_to_which_call() -> None:
    async with script_scene() as scene:
        bench = Bench(scene)
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        path = f"/calls/{call.id}"
        for user, method, where, body, expected in (
            ("viewer", "POST", "/calls", {"to": "1001"}, 403),
            ("viewer", "DELETE", path, None, 403),
            ("crm", "POST", f"{path}/mute", {"party": "caller"}, 403),
            ("crm", "POST", f"{path}/listen", {"supervisor": "1003"}, 403),
            ("crm", "POST", f"{path}/speak", {"text": "x"}, 202),
            ("crm", "POST", "/calls", {"from": "1002", "to": "1001"}, 403),
            ("crm", "POST", "/calls", {"to": "1001"}, 403),
        ):
            status, answered = await bench.ask(method, where, body, user)
            assert status == expected, (user, where, answered)
        assert len(scene.calls) == 1
        a.hangup()


@story
async def test_what_is_not_there_is_404_and_what_rings_is_no_conversation() -> None:
    async with script_scene() as scene:
        bench, ben = Bench(scene), scene.phone("1001")
        for action in ("hold", "resume", "record", "stop"):
            status, problem = await bench.ask("POST", f"/calls/..%2f/{action}")
            assert status == 404, problem
        leg = scene.phone("1000").dial("1001")
        await ben.rings()
        await asyncio.sleep(0.1)
        (call,) = scene.calls
        for action, body in (("hold", None), ("speak", {"text": "x"}), ("record", None)):
            status, problem = await bench.ask("POST", f"/calls/{call.id}/{action}", body)
            assert status == 409, problem
        status, problem = await bench.ask("POST", f"/calls/{call.id}/transfer", {"target": "1002"})
        assert status == 409, problem
        leg.hangup()


@story
async def test_a_call_that_cannot_be_made() -> None:
    async with script_scene() as scene:
        bench = Bench(scene)
        for body, expected, part in (
            ({"to": "1999"}, 409, "1999"),
            ({"to": "1000", "api_extension": "1001"}, 400, "API extension '1001' unavailable"),
            ({"to": "1000", "script": "<Response>"}, 400, "Error occured during parsing"),
            ({"from": "1000", "to": "1001", "script": "x"}, 400, "script has no meaning"),
            ({"from": "1000"}, 400, "to: missing"),
            ({"to": "1000", "url": "ftp://x/"}, 400, "url cannot be"),
            ({"to": "1000", "url": "/relative"}, 400, "relative"),
            ([], 400, "expected an object"),
        ):
            status, problem = await bench.ask("POST", "/calls", body)
            assert (status, part in str(problem)) == (expected, True), problem
        assert len(scene.calls) == 0
