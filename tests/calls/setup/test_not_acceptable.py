"""Who cannot be spoken to is not connected: 488 from every kind of callee and in a re-INVITE."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Side
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.leg.leg import Leg, ReinviteRefused
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.transfer.transfer import transferor_of
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Reoffered
from tests.calls.extensions import conference, extension, ivr
from tests.calls.scene import Phone, Scene, expect, sdp
from tests.calls.virtual_time import run

G729, PCMU = "18 101", "0 101"
"What cannot be turned into anything, and what can."


def scene_of_all_kinds() -> Scene:
    """A switch whose scripts answer at once."""

    async def answer_by_script(call: Call, _: Extension) -> None:
        async def script(call: Call) -> bool:
            await call.ask(partial(scene.answering.answer, call))
            return True

        await scene.answering.attend(call, script)

    scene = Scene(
        extension("1003", API, url="http://app.example/call"),
        extension("1004", ECHO),
        ivr("1005"),
        conference("1006"),
        extension("1007", GROUP, members=("1001",)),
        services={API: answer_by_script, IVR: answer_by_script},
    )
    return scene


@pytest.mark.parametrize("number", ["1003", "1004", "1005", "1006"])
@pytest.mark.parametrize(("codecs", "connected"), [(G729, False), (PCMU, True)])
def test_a_callee_that_the_switch_plays(number: str, codecs: str, connected: bool) -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        a = scene.phone("1000").dial(number, sdp(codecs=codecs))
        if connected:
            await expect(a, Answered)
            a.hangup()
        else:
            failed = await expect(a, Failed)
            assert failed.status == 488
            assert (failed.headers.get("Warning") or "").startswith("305 example.com")
        await scene.settle()

    run(story())


@pytest.mark.parametrize("number", ["1001", "1007"])
def test_a_phone_that_answers_with_what_the_caller_cannot_do(number: str) -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial(number, sdp(codecs=G729))
        b = await bob.rings()
        bob.answer(b, codecs=PCMU)
        assert (await expect(a, Failed)).status == 488
        await expect(b, Acknowledged)
        await expect(b, Ended)
        await scene.settle()

    run(story())


async def talk(scene: Scene, alice: Phone, bob: Phone, *, codecs: str) -> tuple[Leg, Leg, Call]:
    """Let two phones that both speak these and G.711 talk, by the first of these."""
    a = alice.dial(bob.number, sdp(codecs=f"{codecs.split(maxsplit=1)[0]} 0 101"))
    b = await bob.rings()
    bob.answer(b, codecs=codecs)
    await expect(a, Answered)
    a.acknowledge()
    await expect(b, Acknowledged)
    await asyncio.sleep(1)
    (call,) = (each for each in scene.calls if each.caller.leg and each.caller.number == "1000")
    return a, b, call


@pytest.mark.parametrize("kind", [ECHO, IVR], ids=["echo", "ivr"])
def test_a_re_invite_of_a_caller_that_the_switch_serves(kind: ExtensionKind) -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        a = scene.phone("1000").dial("1004" if kind is ECHO else "1005", sdp(codecs=PCMU))
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        with pytest.raises(ReinviteRefused) as caught:
            await a.reinvite(sdp(codecs=G729, version=2))
        assert caught.value.status == 488
        assert not a.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_re_invite_that_the_other_phone_answers_with_something_else() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, b, _ = await talk(scene, alice, bob, codecs=PCMU)
        changing = asyncio.create_task(a.reinvite(sdp(codecs=G729, version=2)))
        await expect(b, Reoffered)
        b.answer_reoffer(sdp(bob.host.address[0], 5000, codecs=PCMU, version=2))
        with pytest.raises(ReinviteRefused) as caught:
            await changing
        assert caught.value.status == 488
        a.hangup()
        await scene.settle()

    run(story())


def test_who_stays_of_a_call_in_a_foreign_format_is_not_connected_to_silence() -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        alice, bob, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, _, call = await talk(scene, alice, bob, codecs=G729)

        async def transfer(target: str) -> None:
            await scene.transfers.blind_transfer(call, transferor_of(call, Side.CALLEE), target)

        with pytest.raises(NotReached) as caught:
            await call.ask(partial(transfer, "1006"))
        assert caught.value.ending.status == 488

        moving = asyncio.create_task(call.ask(partial(transfer, "1002")))
        c = await carl.rings()
        assert b"RTP/AVP 18 101\r" in c.request.body  # not PCMU: it is not agreed
        carl.answer(c, codecs=G729)
        await moving
        a.hangup()
        await scene.settle()

    run(story())


def test_two_calls_in_formats_that_do_not_fit_do_not_become_one() -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        anna, ben, ben_again, carl = (
            scene.phone(number) for number in ("1000", "1001", "1001", "1002")
        )
        scene.registrations.where["1001"].pop()
        a, _, first = await talk(scene, anna, ben, codecs=G729)
        second_leg = ben_again.dial("1002", sdp(codecs=PCMU))
        c = await carl.rings()
        carl.answer(c, codecs=PCMU)
        await expect(second_leg, Answered)
        second_leg.acknowledge()
        await asyncio.sleep(1)
        (second,) = (call for call in scene.calls if call is not first)
        with pytest.raises(CannotNow, match="no common codec"):
            await scene.transfers.attended_transfer(first, first.callee, second, second.caller)
        assert len(scene.calls) == 2
        a.hangup()
        second_leg.hangup()
        await scene.settle()

    run(story())


# -- a host that is given by name ------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1001", "1003", "1004", "1005", "1006"])
def test_a_caller_at_a_host_that_does_not_exist(number: str) -> None:
    async def story() -> None:
        scene = scene_of_all_kinds()
        scene.phone("1001")
        a = scene.phone("1000").dial(number, sdp("gateway.nowhere"))
        failed = await expect(a, Failed)
        assert failed.status == 488
        assert "gateway.nowhere has no address" in (failed.headers.get("Warning") or "")
        await scene.settle()

    run(story())


def test_hosts_of_phones_may_be_given_by_name() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", sdp("phone.example.com"))
        b = await bob.rings()
        b.accept(sdp("gateway.example.com", 5000))
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        remotes = [port.last["remote"] for port in scene.workers.all]
        assert remotes == [("phone.example.com", 4000), ("gateway.example.com", 5000)]
        a.hangup()
        await scene.settle()

    run(story())
