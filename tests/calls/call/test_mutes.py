"""Mutes of a party: they hold until every reason is gone, whatever port it has meanwhile."""

from __future__ import annotations

import asyncio

from softswitch.calls.call.party import Party, Side
from tests.calls.extensions import conference
from tests.calls.kinds.test_conference import answer_offer, enters, transfer
from tests.calls.scene import FakePort, Scene, connected
from tests.calls.virtual_time import run


def port_of(party: Party) -> FakePort:
    port = party.audio.port
    assert isinstance(port, FakePort)
    return port


def test_a_party_is_muted_until_every_reason_is_gone() -> None:
    async def story() -> None:
        scene = Scene()
        a, _ = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        party = call.caller
        party.mute("hold")
        party.mute("mute key")
        party.mute_keys("private input")
        party.unmute("hold")
        assert (port_of(party).muted, port_of(party).keys_muted) == (True, True)
        party.unmute("mute key")
        party.unmute("mute key")
        assert (port_of(party).muted, port_of(party).keys_muted) == (False, True)
        party.unmute_keys("private input")
        assert not port_of(party).keys_muted
        a.hangup()
        await scene.settle()

    run(story())


def test_mutes_survive_a_move_to_another_worker() -> None:
    async def story() -> None:
        scene = Scene(conference(mute_keys=False), workers=2)
        a = await enters(scene.phone("1000"))
        carl = scene.phone("1002")
        _, c = await connected(scene, scene.phone("1001"), carl)
        call = list(scene.calls)[1]
        party = call.callee
        party.mute("private input")
        recording = call.recordings.begin(call.parties, "a.wav", kind="wav", mute_keys=True)
        old = port_of(party)
        moving = asyncio.create_task(transfer(scene, call, Side.CALLER, "3000"))
        await answer_offer(carl, c)
        await moving
        new = port_of(party)
        assert new.worker is not old.worker
        assert (new.muted, new.keys_muted) == (True, True)
        recording.stop()
        party.unmute("private input")
        await asyncio.sleep(1)
        assert (new.muted, new.keys_muted) == (False, False)
        c.hangup()
        a.hangup()
        await scene.settle()

    run(story())
