"""Who may hear a call at `/v1/calls/{id}/audio`, and which calls can be heard."""

from __future__ import annotations

import asyncio
from typing import Any

from softswitch.http.users import Users
from softswitch.http.v1.calls import audio_api
from softswitch.http.v1.calls.audio_api import AudioApi
from softswitch.settings.exchange.users import HttpUser
from tests.calls.extensions import extension
from tests.calls.scene import Scene, connected
from tests.calls.virtual_time import run
from tests.http.v1.asking import asks

USERS = (
    HttpUser(username="admin"),
    HttpUser(username="desk", role="operator"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000", "1001")),
)


def routes(scene: Scene) -> Any:
    users = Users({user.username: "pw" for user in USERS}, settings=USERS)
    return AudioApi(scene.calls, scene.plan, scene.workers, users).routes()


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
