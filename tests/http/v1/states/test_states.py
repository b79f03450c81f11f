"""`/v1/states/…`: trunks, groups, queues and conferences with calls of the simulated stage."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.numbers.trunk import TrunkState
from softswitch.http.users import Users
from softswitch.http.v1.calls.giving import UserCommands
from softswitch.http.v1.queues.queues_api import QueuesApi
from softswitch.http.v1.states.conferences_api import ConferenceStatesApi
from softswitch.http.v1.states.extensions_api import ExtensionStatesApi
from softswitch.http.v1.states.groups_api import GroupStatesApi
from softswitch.http.v1.states.trunks_api import TrunkStatesApi
from softswitch.settings.exchange.users import HttpUser
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed
from tests.calls.extensions import conference, extension
from tests.calls.numbers.test_trunks import trunk
from tests.calls.scene import Leg, Phone, expect
from tests.http.v1.asking import asks
from tests.ozml.scene import ScriptScene, script_scene, story

USERS = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("700", "3000")),
    HttpUser(username="other", role="application", extensions=("1007",)),
)


def routes(scene: ScriptScene) -> list[Any]:
    """All states."""
    users = Users({user.username: "pw" for user in USERS}, settings=USERS)

    def context_for(whose: Any) -> Any:
        scene.user = whose()
        return replace(scene.context, whose=whose)

    commands = UserCommands(context_for, users)
    plan, control = scene.plan, scene.control
    return [
        *TrunkStatesApi(plan.trunks, users).routes(),
        *ExtensionStatesApi(plan, scene.calls, users).routes(),
        *GroupStatesApi(plan, scene.calls, users).routes(),
        *QueuesApi(control.queues, plan, users).routes(),
        *ConferenceStatesApi(control.rooms, plan.directory, scene.calls, commands, users).routes(),
    ]


async def enters(phone: Phone, number: str = "3000") -> Leg:
    """A phone calls a conference and is let in."""
    leg = phone.dial(number)
    while not isinstance(await leg.event(), Answered):
        pass
    leg.acknowledge()
    await asyncio.sleep(1)
    return leg


@story
async def test_a_conference_shows_its_members_who_are_muted_and_removed() -> None:
    async with script_scene(conference(name="Sales", max_members=9)) as scene:
        served = routes(scene)
        empty = await asks(served, "GET", "/conferences/3000/state")
        assert empty == (200, {
            "number": "3000", "name": "Sales", "locked": False, "members": [], "entering": 0,
            "most_members": 9,
        })  # fmt: skip
        assert await asks(served, "GET", "/states/conferences") == (200, {"conferences": []})
        one, two = await enters(scene.phone("1000")), await enters(scene.phone("1001"))
        _, listed = await asks(served, "GET", "/states/conferences", user="crm")
        (room,) = listed["conferences"]
        first, second = room["members"]
        assert (first["number"], second["number"], second["muted"]) == ("1000", "1001", False)
        path = f"/conferences/3000/members/{second['call']}"
        status, shown = await asks(served, "POST", f"{path}/mute", user="desk")
        assert (status, [each["muted"] for each in shown["members"]]) == (200, [False, True])
        status, shown = await asks(served, "POST", f"{path}/mute", {"on": False})
        assert (status, [each["muted"] for each in shown["members"]]) == (200, [False, False])
        assert (await asks(served, "DELETE", path, user="viewer"))[0] == 403
        assert await asks(served, "DELETE", path, user="crm") == (204, None)
        await expect(two, Ended)
        assert (await asks(served, "DELETE", path))[0] == 404
        one.hangup()


@story
async def test_a_locked_conference_lets_nobody_in() -> None:
    async with script_scene(conference()) as scene:
        served = routes(scene)
        lock = "/conferences/3000/lock"
        assert (await asks(served, "PUT", lock))[0] == 409
        one = await enters(scene.phone("1000"))
        status, shown = await asks(served, "PUT", lock)
        assert (status, shown["locked"]) == (200, True)
        refused = scene.phone("1001").dial("3000")
        while not isinstance(event := await refused.event(), Failed):
            pass
        assert event.status == 486
        status, shown = await asks(served, "DELETE", lock)
        assert (status, shown["locked"], len(shown["members"])) == (200, False, 1)
        two = await enters(scene.phone("1002"))
        await asks(served, "PUT", lock)
        one.hangup()
        two.hangup()
        await asyncio.sleep(1)
        _, shown = await asks(served, "GET", "/conferences/3000/state")
        assert shown["locked"] is False  # all have left


@story
async def test_a_group_shows_what_its_members_do() -> None:
    group = extension("700", GROUP, members=("1000", "1001", "1002", "701"), name="Desk")
    inner = extension("701", GROUP, members=("1002",))
    async with script_scene(group, inner) as scene:
        served, ben = routes(scene), scene.phone("1001")
        caller = scene.phone("1000", registered=False).dial("700")
        leg = await ben.rings()
        leg.progress(180)
        await asyncio.sleep(0.1)
        status, shown = await asks(served, "GET", "/groups/700/state", user="crm")
        assert status == 200
        statuses = {each["number"]: each["status"] for each in shown["members"]}
        assert statuses == {
            "1000": "busy", "1001": "ringing", "1002": "unreachable", "701": "group",
        }  # fmt: skip
        (call,) = scene.calls
        assert (shown["ringing"], shown["strategy"]) == ([call.id], "all")
        _, listed = await asks(served, "GET", "/states/groups")
        assert [each["number"] for each in listed["groups"]] == ["700", "701"]
        _, listed = await asks(served, "GET", "/states/groups", user="crm")
        assert [each["number"] for each in listed["groups"]] == ["700"]
        ben.answer(leg)
        await expect(leg, Acknowledged)
        _, shown = await asks(served, "GET", "/groups/700/state")
        assert shown["members"][1]["status"] == "busy"
        assert shown["ringing"] == []
        caller.hangup()


@story
async def test_extensions_show_what_they_do() -> None:
    group = extension("700", GROUP, members=("1001",))
    async with script_scene(group) as scene:
        served, ben = routes(scene), scene.phone("1001")
        scene.phone("1002")
        caller = scene.phone("1000", registered=False).dial("700")
        leg = await ben.rings()
        leg.progress(180)
        await asyncio.sleep(0.1)
        (call,) = scene.calls
        status, listed = await asks(served, "GET", "/states/extensions")
        assert (status, listed["total"]) == (200, len(listed["extensions"]))
        shown = {each.pop("number"): each for each in listed["extensions"]}
        assert shown["1001"] == {
            "name": "Desk 1001", "type": "phone", "status": "ringing", "registrations": 1,
            "calls": [call.id],
        }  # fmt: skip
        assert [shown[each]["status"] for each in ("1000", "1002", "600", "700")] == [
            "busy", "free", "free", "group",
        ]  # fmt: skip
        assert (shown["700"]["calls"], shown["1002"]["calls"]) == ([call.id], [])
        _, phones = await asks(served, "GET", "/states/extensions?type=phone&limit=1&offset=1")
        assert (phones["total"], [one["number"] for one in phones["extensions"]]) == (3, ["1001"])
        _, own = await asks(served, "GET", "/states/extensions", user="crm")
        assert [each["number"] for each in own["extensions"]] == ["700"]
        for query in ("?limit=501", "?limit=x", "?kind=phone"):
            assert (await asks(served, "GET", f"/states/extensions{query}"))[0] == 400
        caller.hangup()


@story
async def test_the_board_of_all_queues() -> None:
    queues = [extension(number, QUEUE, agents=("1001",)) for number in ("751", "750")]
    async with script_scene(*queues) as scene:
        served = routes(scene)
        _, board = await asks(served, "GET", "/states/queues")
        assert [each["number"] for each in board["queues"]] == ["750", "751"]
        assert board["queues"][0]["agents"][0]["status"] == "unreachable"
        assert await asks(served, "GET", "/states/queues", user="other") == (200, {"queues": []})


@story
async def test_a_trunk_shows_its_state_and_its_last_fault() -> None:
    carrier = trunk("carrier", calls=10)
    async with script_scene(trunks=[carrier]) as scene:
        served = routes(scene)
        _, shown = await asks(served, "GET", "/trunks/carrier/state")
        assert (shown["state"], shown["last_fault"], shown["most_calls"]) == ("unknown", None, 10)
        before = carrier.since
        carrier.enter(TrunkState.DOWN, "OPTIONS: no response in 4 s")
        assert carrier.since >= before
        _, listed = await asks(served, "GET", "/states/trunks", user="viewer")
        (shown,) = listed["trunks"]
        assert (shown["state"], shown["reason"]) == ("down", "OPTIONS: no response in 4 s")
        carrier.enter(TrunkState.UP)
        _, shown = await asks(served, "GET", "/trunks/carrier/state")
        assert (shown["state"], shown["reason"]) == ("up", "")
        assert shown["last_fault"]["reason"] == "OPTIONS: no response in 4 s"
        assert (await asks(served, "GET", "/trunks/carrier/state", user="crm"))[0] == 403


@story
async def test_what_is_not_there_is_404() -> None:
    async with script_scene(conference()) as scene:
        served = routes(scene)
        for path in (
            "/trunks/nobody/state",
            "/groups/1000/state",
            "/groups/..%2f/state",
            "/conferences/1000/state",
            "/conferences/9999/state",
        ):
            assert (await asks(served, "GET", path))[0] == 404, path
        assert (await asks(served, "DELETE", "/conferences/3000/members/x"))[0] == 404
        assert (await asks(served, "GET", "/conferences/3000/state", user="other"))[0] == 403
