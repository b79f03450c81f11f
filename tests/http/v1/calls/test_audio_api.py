"""Who may hear a call at `/v1/calls/{id}/audio`, and which calls can be heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import make_mocked_request

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.supervision import overhearing
from softswitch.calls.supervision.overhearing import Overheard
from softswitch.http.users import Users
from softswitch.http.v1.calls import audio_api
from softswitch.http.v1.calls.audio_api import AudioApi
from softswitch.settings.exchange.users import HttpUser
from softswitch.sip.events import Acknowledged
from tests.calls.extensions import extension
from tests.calls.scene import Scene, connected, expect
from tests.calls.virtual_time import run
from tests.http.v1.asking import asks

USERS = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000", "1001")),
)


def known() -> Users:
    return Users({user.username: "pw" for user in USERS}, settings=USERS)


def routes(scene: Scene, users: Users | None = None) -> Any:
    return AudioApi(scene.calls, scene.plan, scene.workers, users or known()).routes()


@asynccontextmanager
async def no_socket(_port: object) -> AsyncIterator[Overheard]:
    """What a port would send to is read, and nothing comes: silence."""
    yield Overheard()


def hears(scene: Scene, users: Users, call: Call, query: str, user: str) -> asyncio.Task[Any]:
    """A user hears a call from now on."""
    (route,) = routes(scene, users)
    request = make_mocked_request(
        "GET",
        f"/v1/calls/{call.id}/audio{query}",
        headers={"Authorization": encode_basic_auth(user, "pw")},
        match_info={"call_id": call.id},
    )
    return asyncio.create_task(route.handler(request))


def ears(scene: Scene) -> int:
    """How many ports are overheard."""
    return sum(bool(port.ears) for port in scene.workers.all)


def test_who_may_hear_what() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", supervises=("1001",)))
        served = routes(scene)
        caller = scene.phone("1000").dial("1001")
        ben = scene.phone("1001")
        leg = await ben.rings()
        (call,) = scene.calls
        path = f"/calls/{call.id}/audio"
        assert (await asks(served, "GET", path))[0] == 409  # it rings
        caller.hangup()
        await asyncio.sleep(1)
        assert leg.ended.done()
        a, _ = await connected(scene, scene.phone("1000"), ben)
        (call,) = scene.calls
        path = f"/calls/{call.id}/audio"
        for user, query, expected in (
            ("viewer", "", 403),
            ("crm", "", 403),
            ("desk", "", 403),
            ("desk", "?supervisor=1002", 403),
            ("desk", "?supervisor=1003&party=caller", 403),  # who supervises the callee only
            ("desk", "?supervisor=%3Cb%3E", 403),
            ("admin", "?party=everybody", 400),
            ("admin", "?by=1003", 400),
        ):
            status, problem = await asks(served, "GET", path + query, user=user)
            assert status == expected, (user, query, problem)
        assert (await asks(served, "GET", "/calls/..%2f/audio"))[0] == 404
        ports = [party.audio.port for party in call.parties]
        for party in call.parties:
            party.audio.port = None
        status, problem = await asks(served, "GET", path)
        assert (status, "nobody of call" in problem["detail"]) == (409, True)
        for party, port in zip(call.parties, ports, strict=True):
            party.audio.port = port
        a.hangup()
        await scene.settle()

    run(story())


def test_there_is_a_bound(monkeypatch: Any) -> None:
    async def story() -> None:
        monkeypatch.setattr(audio_api, "MOST_LISTENERS", 0)
        scene = Scene()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        status, problem = await asks(routes(scene), "GET", f"/calls/{call.id}/audio")
        assert (status, "are heard already" in problem["detail"]) == (503, True)
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("user", ["admin", "desk"])
@pytest.mark.parametrize("leaving", ["caller", "callee"])
def test_it_follows_a_transfer_unless_who_is_supervised_leaves(
    user: str, leaving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor may supervise the callee, and whom the callee is transferred to as well."""

    async def story() -> None:
        monkeypatch.setattr(overhearing, "_listening", no_socket)
        scene = Scene(extension("1003", supervises=("1001", "1004")), extension("1004"))
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        query = "" if user == "admin" else "?supervisor=1003"
        hearing = hears(scene, known(), call, query, user)
        await asyncio.sleep(3)
        assert (hearing.done(), ears(scene)) == (False, 2)
        dora, party = scene.phone("1004"), getattr(call, leaving)

        async def transfer() -> None:
            await scene.transfers.blind_transfer(call, party, "1004")

        moving = asyncio.create_task(call.ask(transfer))
        d = await dora.rings()
        dora.answer(d)
        await moving
        await expect(d, Acknowledged)
        await asyncio.sleep(3)
        has_left = (user, leaving) == ("desk", "callee")
        assert (hearing.done(), ears(scene)) == (has_left, 0 if has_left else 2)
        (a if leaving == "callee" else b).hangup()
        await asyncio.sleep(3)
        assert isinstance(await hearing, web.StreamResponse)
        await scene.settle()

    run(story())


@pytest.mark.parametrize(("user", "query"), [("admin", ""), ("desk", "?supervisor=1003")])
@pytest.mark.parametrize("ended", ["login", "right of the user", "right of the supervisor"])
def test_it_ends_with_the_login_and_with_the_right(
    user: str, query: str, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr(overhearing, "_listening", no_socket)
        supervisor = extension("1003", supervises=("1001",))
        scene, users = Scene(supervisor), known()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        hearing = hears(scene, users, call, query, user)
        await asyncio.sleep(3)
        assert (hearing.done(), ears(scene)) == (False, 2)
        passwords = {each.username: "pw" for each in USERS}
        if ended == "login":
            users.exchange(passwords | {user: "another"}, USERS)
        elif ended == "right of the user":
            viewers = [HttpUser(username=each.username, role="viewer") for each in USERS]
            users.exchange(passwords, viewers)
        else:
            singles = [each for each in scene.plan.directory if each.number != "1003"]
            scene.plan.directory.exchange(Directory([*singles, extension("1003")]))
        await asyncio.sleep(3)
        goes_on = user == "admin" and ended == "right of the supervisor"
        assert (hearing.done(), ears(scene)) == (not goes_on, 2 if goes_on else 0)
        a.hangup()
        await asyncio.sleep(3)
        assert isinstance(await hearing, web.StreamResponse)
        await scene.settle()

    run(story())
