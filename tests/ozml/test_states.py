"""The scripts of `Request`: each runs, in the order of the states; its messages leave at once."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.endings.endings import (
    EndedBy,
    broken,
    cancelled,
    hung_up,
    refused_by_callee,
    refused_here,
)
from softswitch.commands.request import STATES
from softswitch.ozml.states import ENDINGS, NAMES, RINGING, ending_name
from tests.calls.scene import Leg, Phone, sdp
from tests.ozml.scene import ScriptScene, script_scene, story


def send(text: str) -> str:
    return f'<SendMsg ToConnection="sms@localhost" ToAddress="1">{text}</SendMsg>'


def states(**scripts: str) -> str:
    inside = "".join(f"<{name}>{script}</{name}>" for name, script in scripts.items())
    return f"<Request DialedAddress='1001'>{inside}</Request>"


EACH = states(
    OnSetup=send("setup"),
    OnRinging=send("ringing"),
    OnAnswered=send("answered"),
    OnInCall=send("in call") + '<Delay Seconds="1000"/>' + send("never"),
    OnRemoteHeld=send("held"),
    OnTransferring=send("transferring"),
    OnCompleted=send("completed"),
    OnRejected=send("rejected"),
    OnBusy=send("busy"),
    OnCancelled=send("cancelled"),
    OnError=send("error"),
)


async def requested(scene: ScriptScene, script: str = EACH) -> str:
    reply = await scene.command("Request", RequestOzML=script)
    assert reply is not None
    return reply.fields["CallId"]


async def answered(bob: Phone) -> Leg:
    leg = await bob.rings()
    leg.progress(180)
    bob.answer(leg)
    return leg


@story
async def test_each_state_runs_its_script_and_its_messages_leave_at_once_and_in_order() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        began = scene.now()
        await requested(scene)
        leg = await bob.rings()
        await asyncio.sleep(0.5)
        assert scene.texts == ["setup"]
        leg.progress(180)
        await asyncio.sleep(0.5)
        assert scene.texts == ["setup", "ringing"]
        bob.answer(leg)
        await asyncio.sleep(0.5)
        assert scene.texts[2:] == ["answered", "in call"]
        leg.hangup()
        await asyncio.sleep(0.5)
        assert scene.texts[4:] == ["completed"]
        assert scene.now() - began < 3


@story
async def test_no_script_is_left_out_where_the_states_follow_each_other_at_once() -> None:
    async with script_scene() as scene:
        scene.disk.seconds = 0.2
        bob = scene.phone("1001")
        await requested(scene)
        leg = await answered(bob)
        await asyncio.sleep(0.01)
        leg.hangup()
        await asyncio.sleep(5)
        assert scene.texts == ["setup", "ringing", "answered", "in call", "completed"]


@story
async def test_a_call_that_fails_at_once_runs_the_script_of_its_beginning_first() -> None:
    async with script_scene() as scene:
        scene.disk.seconds = 0.2
        bob = scene.phone("1001")
        await requested(scene)
        (await bob.rings()).reject(486)
        await asyncio.sleep(5)
        assert scene.texts == ["setup", "busy"]


@story
async def test_what_lasts_is_left_with_its_state_and_begins_no_more() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        long = '<Delay Seconds="1000"/>' + send("never")
        script = states(
            OnSetup=send("setup") + long,
            OnRinging=send("one") + send("two") + long,
            OnAnswered='<Delay Seconds="5"/>' + send("answered"),
            OnInCall=send("in call") + long,
            OnCompleted=send("completed"),
        )
        await requested(scene, script)
        leg = await answered(bob)
        await asyncio.sleep(10)
        assert scene.texts == ["setup", "one", "two", "answered", "in call"]
        leg.hangup()
        await asyncio.sleep(1)
        assert scene.texts[5:] == ["completed"]


@story
async def test_a_question_inside_a_question_is_left_with_its_state() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        inner = f'<Input Key="1"><Delay Seconds="1000"/>{send("never")}</Input>'
        menu = f'<UserInput Timeout="1000"><Inputs>{inner}</Inputs></UserInput>'
        await requested(scene, states(OnInCall=menu, OnRemoteHeld=send("held")))
        leg = await answered(bob)
        await asyncio.sleep(1)
        (port,) = scene.workers.opened
        port.keys("1")
        await asyncio.sleep(1)
        answering = asyncio.create_task(
            leg.reinvite(sdp(port=5000, direction="sendonly", version=2))
        )
        await asyncio.sleep(1)
        await answering
        assert scene.texts == ["held"]


@story
async def test_scripts_run_of_every_kind_of_hold() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        long = '<Delay Seconds="1000"/>'
        call_id = await requested(
            scene,
            states(
                OnInCall=send("in call") + long,
                OnLocalHeld=send("local") + long,
                OnRemoteHeld=send("remote") + long,
            ),
        )
        leg = await answered(bob)
        await asyncio.sleep(1)
        await leg.reinvite(sdp("10.0.0.1", 5000, direction="sendonly", version=2))
        await asyncio.sleep(1)
        await leg.reinvite(sdp("10.0.0.1", 5000, version=3))
        await asyncio.sleep(1)
        holding = asyncio.create_task(scene.command("Hold", CallId=call_id))
        await expect_reinvite(bob, leg)
        await holding
        await asyncio.sleep(1)
        assert scene.texts == ["in call", "remote", "in call", "local"]
        leg.hangup()


async def expect_reinvite(bob: Phone, leg: Leg) -> None:
    from softswitch.sip.events import Reoffered  # noqa: PLC0415

    while not isinstance(await leg.event(), Reoffered):
        pass
    leg.answer_reoffer(sdp(bob.host.address[0], 5000, direction="recvonly", version=9))


@story
async def test_a_transfer_ends_the_scripts_and_not_the_call() -> None:
    async with script_scene() as scene:
        bob, carol = scene.phone("1001"), scene.phone("1002")
        script = states(
            OnInCall=send("in call") + "<BlindTransfer>1002</BlindTransfer>" + send("never"),
            OnTransferring=send("transferring"),
            OnCompleted=send("completed"),
        )
        await requested(scene, script)
        leg = await answered(bob)
        c = await answered(carol)
        await asyncio.sleep(2)
        assert scene.texts == ["in call", "transferring"]
        assert not leg.ended.done()
        c.hangup()
        await asyncio.sleep(2)
        assert leg.ended.done()
        assert scene.texts[2:] == ["completed"]


@story
async def test_a_script_of_a_state_may_go_on_elsewhere() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        url = "http://app.example/next"
        scene.web.answers[url] = f"<Response>{send('next')}</Response>"
        await requested(scene, states(OnInCall=f"<GoTo Url='{url}'/>" + send("never")))
        leg = await answered(bob)
        await asyncio.sleep(1)
        assert scene.texts == ["next"]
        assert leg.ended.done()


@story
async def test_scripts_run_of_all_that_happens_while_a_call_rings() -> None:
    async with script_scene() as scene:
        bob, carol = scene.phone("1001"), scene.phone("1002")
        names = ("OnSetup", "OnRinging", "OnQueued", "OnRingingWithEarlyMedia", "OnForwarding")
        scripts = {name: send(name) for name in (*names, "OnForwarded", "OnInCall")}
        await requested(scene, states(**scripts))
        leg = await bob.rings()
        leg.progress(180)
        await asyncio.sleep(1)
        for _ in range(2):
            leg.progress(182)
            await asyncio.sleep(1)
        for _ in range(2):
            leg.progress(183, sdp("10.0.0.1", 5000))
            await asyncio.sleep(1)
        assert scene.texts == ["OnSetup", "OnRinging", "OnQueued", "OnRingingWithEarlyMedia"]
        (call,) = scene.calls
        await scene.command("ForwardCall", CallId=call.id, Destination="1002")
        await answered(carol)
        await asyncio.sleep(1)
        assert scene.texts[4:] == ["OnForwarding", "OnForwarded", "OnInCall"]


def test_every_state_has_a_way_to_begin() -> None:
    reached = {*NAMES.values(), *RINGING.values(), *ENDINGS.values(), "OnSetup", "OnError"}
    assert set(STATES) == reached | {"OnLocalHeld", "OnRemoteHeld", "OnInactiveHeld"}


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (hung_up(EndedBy.CALLEE, None), "OnCompleted"),
        (broken("media timeout", answered=True), "OnError"),
        (broken("no media", answered=False), "OnError"),
        (refused_by_callee(486, rang=True), "OnBusy"),
        (refused_by_callee(603, rang=True), "OnRejected"),
        (refused_by_callee(500, rang=False), "OnError"),
        (refused_here(404), "OnError"),
        (cancelled(None), "OnCancelled"),
    ],
)
def test_the_script_of_an_ending(ending: object, name: str) -> None:
    assert ending_name(ending) == name  # type: ignore[arg-type]
