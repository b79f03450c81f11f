"""Offers and answers through the switch: hold, other codecs, late offers, early media, glare."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold, resume
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CannotNow
from softswitch.calls.leg.leg import Leg, ReinviteRefused
from softswitch.sdp.description import parse_description
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Reoffered, Ringing
from tests.calls.scene import Scene, connected, expect, sdp
from tests.calls.virtual_time import run


def direction(body: bytes | None) -> str:
    assert body is not None
    names = ("sendrecv", "sendonly", "recvonly", "inactive")
    return next(name for name in names if f"a={name}\r\n".encode() in body)


def version(body: bytes | None) -> int:
    assert body is not None
    return parse_description(body).origin.version


async def reinvite(leg: Leg, body: bytes | None) -> bytes | None:
    return await leg.reinvite(body)


def test_a_phone_holds_and_resumes() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        first = version(b.request.body)

        holding = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=2)))
        offer = (await expect(b, Reoffered)).sdp
        assert direction(offer) == "sendonly"
        assert version(offer) == first + 1
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        assert direction(await holding) == "recvonly"
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert scene.states[-1] == "Hold"
        assert scene.record["state"] == "Hold"
        caller, callee = scene.workers.all
        assert (caller.last["direction"], callee.last["direction"]) == ("recvonly", "sendonly")
        assert caller.last["timeout"] == callee.last["timeout"] == 3600

        resuming = asyncio.create_task(reinvite(a, sdp(version=3)))
        offer = (await expect(b, Reoffered)).sdp
        assert (direction(offer), version(offer)) == ("sendrecv", first + 2)
        b.answer_reoffer(sdp("10.0.0.2", 5000, version=3))
        assert direction(await resuming) == "sendrecv"
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert scene.states[-2:] == ["Hold", "InCall"]
        assert scene.record["state"] == "InCall"
        assert caller.last["timeout"] == 60
        a.hangup()
        await scene.settle()

    run(story())


def test_both_phones_hold() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        holding = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=2)))
        await expect(b, Reoffered)
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        await holding
        await expect(b, Acknowledged)
        held = asyncio.create_task(
            reinvite(b, sdp("10.0.0.2", 5000, direction="inactive", version=3))
        )
        offer = (await expect(a, Reoffered)).sdp
        assert direction(offer) == "inactive"
        a.answer_reoffer(sdp(direction="inactive", version=3))
        assert direction(await held) == "inactive"
        await asyncio.sleep(1)
        assert scene.states.count("Hold") == 1
        b.hangup()
        await scene.settle()

    run(story())


def test_hold_as_it_was_before_rfc_3264() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        holding = asyncio.create_task(reinvite(a, sdp("0.0.0.0", version=2)))
        offer = (await expect(b, Reoffered)).sdp
        assert direction(offer) == "sendonly"
        assert b"0.0.0.0" not in (offer or b"")
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        await holding
        await asyncio.sleep(1)
        assert scene.states[-1] == "Hold"
        assert scene.workers.all[0].last["remote"] is None
        a.hangup()
        await scene.settle()

    run(story())


def test_a_repeated_offer_changes_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        first = (await expect(a, Answered)).sdp
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        told = [len(port.configured) for port in scene.workers.all]
        assert await a.reinvite(sdp("10.0.0.1")) == first
        assert [len(port.configured) for port in scene.workers.all] == told
        assert b.dropped == 0
        invites = [
            line for line in scene.network.log if "switch>p1001" in line and "INVITE" in line
        ]
        assert len(invites) == 1
        a.hangup()
        await scene.settle()

    run(story())


def test_the_codec_changes() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        changing = asyncio.create_task(reinvite(a, sdp(codecs="9 101", version=2)))
        offer = (await expect(b, Reoffered)).sdp
        assert offer is not None
        assert b"RTP/AVP 9 0 8 " in offer
        b.answer_reoffer(sdp("10.0.0.2", 5000, codecs="9 101", version=2))
        answer = await changing
        assert answer is not None
        assert b"RTP/AVP 9 101\r\n" in answer
        await asyncio.sleep(1)
        for port in scene.workers.all:
            assert [codec.name for codec in port.last["codecs"]] == ["G722", "telephone-event"]
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize(("of_bob", "to_alice"), [(488, 488), (603, 500), (500, 500)])
def test_a_change_that_fails_leaves_all_as_it_was(of_bob: int, to_alice: int) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        before = [port.last for port in scene.workers.all]
        offered = version(b.request.body)
        changing = asyncio.create_task(reinvite(a, sdp(codecs="9", version=2)))
        await expect(b, Reoffered)
        b.refuse_reoffer(of_bob)
        with pytest.raises(ReinviteRefused) as refused:
            await changing
        assert refused.value.status == to_alice
        assert [port.last for port in scene.workers.all] == before
        # The refused version is not used again.
        again = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=3)))
        assert version((await expect(b, Reoffered)).sdp) == offered + 2
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        await again
        a.hangup()
        await scene.settle()

    run(story())


def test_an_offer_that_cannot_be_read() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        with pytest.raises(ReinviteRefused) as refused:
            await a.reinvite(b"v=0\r\nnonsense")
        assert refused.value.status == 400
        with pytest.raises(ReinviteRefused) as refused:
            await a.reinvite(sdp(codecs="101"))
        assert refused.value.status == 488
        assert not b.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


def test_both_phones_want_a_change_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        one = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=2)))
        other = asyncio.create_task(
            reinvite(b, sdp("10.0.0.2", 5000, direction="sendonly", version=2))
        )

        async def answer(leg: Leg, host: str, port: int) -> None:
            while True:
                event = await leg.event()
                if isinstance(event, Reoffered):
                    leg.answer_reoffer(sdp(host, port, direction="inactive", version=3))
                elif isinstance(event, Ended):
                    return

        answering = [
            asyncio.create_task(answer(a, "10.0.0.1", 4000)),
            asyncio.create_task(answer(b, "10.0.0.2", 5000)),
        ]
        await asyncio.wait_for(asyncio.gather(one, other, return_exceptions=True), 40)
        await asyncio.sleep(1)
        (call,) = scene.calls
        assert not call.changing.locked()
        assert scene.states[-1] == "Hold"
        a.hangup()
        await asyncio.gather(*answering)
        await scene.settle()

    run(story())


def test_bye_during_a_change_of_media() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        changing = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=2)))
        await expect(b, Reoffered)
        b.hangup()
        with pytest.raises(Exception):  # noqa: B017 - refused or over, as the race goes
            await changing
        await a.event()
        await scene.settle()
        assert scene.record["ended_by"] == "callee"

    run(story())


def test_a_command_holds_and_resumes_both() -> None:
    async def story() -> None:
        scene = Scene(terms=CallTerms(domain="example.com", hold_music="music.ogg"))
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        steps = (
            (hold, "sendonly", "recvonly", "Hold", ["music.ogg"]),
            (resume, "sendrecv", "sendrecv", "InCall", []),
        )
        for command, wanted, answer, state, music in steps:
            work = asyncio.create_task(command(call))
            for leg, host in ((a, "10.0.0.1"), (b, "10.0.0.2")):
                offer = (await expect(leg, Reoffered)).sdp
                assert direction(offer) == wanted
                leg.answer_reoffer(sdp(host, 4000, direction=answer, version=9))
                await expect(leg, Acknowledged)
            await work
            assert scene.states[-1] == state
            assert [port.playing for port in scene.workers.all] == [music, music]
        with pytest.raises(CannotNow):
            await resume(call)
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("silent", ["1000", "1001"])
@pytest.mark.parametrize("trying", [True, False])
def test_who_holds_a_call_with_a_silent_phone_hears_so_soon(silent: str, trying: bool) -> None:
    """The phone may say 100 and no more; the other one is brought back."""

    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        lives, host = (b, "10.0.0.2") if silent == "1000" else (a, "10.0.0.1")
        dies = a if silent == "1000" else b
        (call,) = scene.calls
        if not trying:
            scene.network.lose = lambda line: f"p{silent}" in line
        loop = asyncio.get_running_loop()
        began = loop.time()
        holding = asyncio.create_task(hold(call))
        resuming = asyncio.create_task(patiently(resume, call))
        if silent == "1001":
            for heard in ("sendonly", "sendrecv"):
                assert direction((await expect(lives, Reoffered)).sdp) == heard
                answer = "recvonly" if heard == "sendonly" else heard
                lives.answer_reoffer(sdp(host, 4000, direction=answer, version=9))
                await expect(lives, Acknowledged)
        with pytest.raises(CannotNow, match=f"the phone of {silent} does not answer"):
            await holding
        assert 7.9 < loop.time() - began < 8.5
        with pytest.raises(CannotNow, match="not on hold"):
            await resuming
        assert (call.state.value, len(scene.calls)) == ("InCall", 1)
        assert not any(party.audio.is_held for party in call.parties)
        if trying:  # the re-INVITE was cancelled, and the call goes on
            await asyncio.sleep(100)
            assert len(scene.calls) == 1
            lives.hangup()
        else:  # nobody is there (RFC 3261 section 14.1)
            if silent == "1000":  # who asks again need not wait again
                again = loop.time()
                with pytest.raises(CannotNow, match=f"the phone of {silent} does not answer"):
                    await hold(call)
                assert loop.time() == again
            await expect(lives, Ended)
            with pytest.raises(CallGone):
                await resume(call)
            scene.network.lose = lambda line: False
            dies.hangup()
        await scene.settle()
        for command in (hold, resume):
            with pytest.raises(CallGone):
                await command(call)

    run(story())


def test_who_holds_a_call_whose_media_change_for_long_hears_so() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        changing = asyncio.create_task(reinvite(a, sdp(direction="sendonly", version=2)))
        await expect(b, Reoffered)
        with pytest.raises(CannotNow, match="another change of its media is under way"):
            await hold(call)
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        assert direction(await changing) == "recvonly"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_has_forgotten_the_call_ends_it_and_who_holds_it_hears_so() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        holding = asyncio.create_task(hold(call))
        await expect(a, Reoffered)
        a.refuse_reoffer(481)
        with pytest.raises(CallGone):
            await holding
        await expect(b, Ended)
        await scene.settle()

    run(story())


async def patiently(command: Callable[[Call], Awaitable[None]], call: Call) -> None:
    """Begin a command once another is under way."""
    await asyncio.sleep(1)
    await command(call)


def test_a_late_offer_goes_through_to_the_callee() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", None)
        b = await bob.rings()
        assert not b.request.body
        b.progress(180)
        await expect(a, Ringing)
        b.accept(sdp("10.0.0.2", 5000, codecs="8 101"))
        offer = (await expect(a, Answered)).sdp
        assert offer is not None
        assert b"RTP/AVP 8 0 9 " in offer
        a.acknowledge(sdp("10.0.0.1", 4000, codecs="0 101"))
        answer = (await expect(b, Acknowledged)).sdp
        assert b"RTP/AVP 8 101\r\n" in answer
        await asyncio.sleep(1)
        assert scene.states == ["Ringing", "Answered", "InCall"]
        caller, callee = scene.workers.all
        assert caller.hears is callee
        assert caller.last["codecs"][0].name == "PCMU"
        assert callee.last["codecs"][0].name == "PCMA"
        a.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_a_late_offer_that_is_not_answered() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", None)
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        assert (await expect(a, Ended)).reason == "BYE"
        await scene.settle()
        assert scene.record["outcome"] == "failed"

    run(story())


def test_a_reinvite_without_an_offer() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        offer = await a.reinvite(None)
        assert direction(offer) == "sendrecv"
        a.acknowledge(sdp(direction="sendonly", version=2))
        held = (await expect(b, Reoffered)).sdp
        assert direction(held) == "sendonly"
        b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
        await asyncio.sleep(1)
        assert scene.states[-1] == "Hold"
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("offer", [None, sdp(direction="sendonly", version=2)])
def test_a_change_that_the_phone_withdraws(
    offer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        answer = Leg.answer_reoffer

        def answer_too_late(leg: Leg, *given: Any) -> bool:
            if leg is call.caller.leg:
                leg.refuse_reoffer(487)
            return answer(leg, *given)

        with monkeypatch.context() as patch:
            patch.setattr(Leg, "answer_reoffer", answer_too_late)
            changing = asyncio.create_task(reinvite(a, offer))
            if offer is not None:
                await expect(b, Reoffered)
                b.answer_reoffer(sdp("10.0.0.2", 5000, direction="recvonly", version=2))
                await expect(b, Acknowledged)
            with pytest.raises(ReinviteRefused):
                await changing
        await asyncio.sleep(1)
        assert scene.states[-1] == "InCall"
        assert not call.changing.locked()
        assert scene.workers.all[0].last["direction"] == "sendrecv"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_call_that_begins_on_hold() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", sdp(direction="inactive"))
        b = await bob.rings()
        assert direction(b.request.body) == "inactive"
        bob.answer(b, direction="inactive")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert scene.states == ["Answered", "InCall", "Hold"]
        assert scene.workers.all[0].last["timeout"] == 3600
        a.hangup()
        await scene.settle()

    run(story())


def test_early_media() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(183, sdp("10.0.0.2", 5000, codecs="8"))
        early = await expect(a, Ringing)
        assert early.status == 183
        assert b"RTP/AVP 8\r\n" in early.sdp
        caller, callee = scene.workers.all
        assert caller.hears is callee
        assert caller.last["timeout"] == callee.last["timeout"] == 0
        b.accept(sdp("10.0.0.2", 5000, codecs="8"))
        answered = await expect(a, Answered)
        assert answered.sdp == early.sdp
        assert caller.last["timeout"] == 60
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_early_media_of_a_call_that_fails() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(183, sdp("10.0.0.2", 5000))
        await expect(a, Ringing)
        b.reject(404)
        assert (await expect(a, Failed)).status == 404
        await scene.settle()

    run(story())
