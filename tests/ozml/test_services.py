"""Scripts on calls: of extensions, of calls that commands start, and what becomes of failures."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from softswitch.calls.kinds.ivr import IVR
from softswitch.commands.base.placement import Contexts
from softswitch.guard.fetcher import FetchError, NoConnection
from softswitch.ozml.interpreter import Script
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Ringing
from tests.calls.extensions import extension
from tests.calls.scene import Leg, Phone, expect
from tests.ozml.scene import ERRORS, ScriptScene, script_scene, story

INCOMING = "http://app.example/incoming"
DELAY = "<Response><Delay>2</Delay></Response>"


async def picked_up(phone: Phone) -> Leg:
    """Let a phone answer."""
    leg = await phone.rings()
    leg.progress(180)
    phone.answer(leg)
    await expect(leg, Acknowledged)
    return leg


async def through(scene: ScriptScene, anna: Phone, number: str) -> Leg:
    """Call a number that a script answers."""
    leg = anna.dial(number)
    await expect(leg, Ringing)
    await expect(leg, Answered)
    leg.acknowledge()
    return leg


@story
async def test_an_application_gets_the_call_and_its_answer_runs() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = "<Response><Beep Frequency='700'/></Response>"
        leg = await through(scene, scene.phone("1000"), "9000")
        await expect(leg, Ended)
        told = scene.web.last("IncomingCall")
        assert (told["ApiExtension"], told["CallerId"], told["Dialed"]) == ("9000", "1000", "9000")
        assert scene.workers.all[0].played == ["beep 700"]


@story
async def test_the_end_of_a_script_waits_for_what_commands_still_say() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = "<Response><Beep Duration='1000'/></Response>"
        leg = await through(scene, scene.phone("1000"), "9000")
        await asyncio.sleep(0.8)  # of the second that it lasts
        (call,) = scene.calls
        await scene.command("Speak", CallId=call.id, Text="last words")
        await asyncio.sleep(0.6)
        assert scene.workers.all[0].playing == ["speak last words None None"]
        await expect(leg, Ended)
        assert scene.workers.all[0].playing == []


@story
async def test_a_script_speaks_with_another_voice_for_one_that_is_not_there() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = (
            "<Response><Speak Voice='nobody'>one</Speak><Speak Language='xx'>two</Speak>"
            "<Speak Voice='Microsoft Hedda Desktop'>three</Speak></Response>"
        )
        leg = await through(scene, scene.phone("1000"), "9000")
        await expect(leg, Ended)
        assert scene.workers.all[0].played == [
            "speak one None None",
            "speak two None None",
            "speak three de-de espeak:gmw/de+f3",
        ]
        assert scene.web.names(ERRORS) == ["Error", "Error"]
        told = scene.web.last("Error")
        assert (told["Code"], told["Severity"], told["ApiExtension"]) == ("302", "warning", "9000")
        assert told["Message"].endswith("no voice speaks 'xx', another one speaks")


@story
async def test_a_script_that_cannot_be_had_is_told_of_and_heard() -> None:
    for error in (FetchError("no answer"), NoConnection("nobody there")):
        async with script_scene() as scene:
            scene.web.answers[INCOMING] = error
            leg = await through(scene, scene.phone("1000"), "9000")
            await expect(leg, Ended)
            assert scene.workers.all[0].played == ["congestion"]
            assert scene.web.last("Error")["Code"] == "300"
            tries = 1 if type(error) is FetchError else 2
            assert scene.web.names(INCOMING) == ["IncomingCall"] * tries


@story
async def test_callers_hear_the_prompt_where_the_settings_have_one() -> None:
    async with script_scene(error_prompt="/sorry.wav") as scene:
        scene.web.answers[INCOMING] = "<Response><Nonsense/></Response>"
        leg = await through(scene, scene.phone("1000"), "9000")
        await expect(leg, Ended)
        assert scene.workers.all[0].played == ["/sorry.wav"]
        assert "Nonsense" in scene.web.last("Error")["Message"]


@story
async def test_an_answer_without_a_script_refuses_the_call() -> None:
    async with script_scene() as scene:
        leg = scene.phone("1000").dial("9000")
        await expect(leg, Ringing)
        assert (await expect(leg, Failed)).status == 480


@story
async def test_an_ivr_with_a_url_asks_there() -> None:
    async with script_scene(extension("701", IVR, url="http://app.example/ivr")) as scene:
        scene.web.answers["http://app.example/ivr"] = "<Response><Reject/></Response>"
        leg = scene.phone("1000").dial("701")
        await expect(leg, Ringing)
        assert (await expect(leg, Failed)).status == 603
        assert scene.web.last("IncomingCall")["ApiExtension"] == "701"


@story
async def test_a_call_of_a_command_is_told_of_at_its_answer_and_its_end() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        scene.web.answers["http://app.example/up"] = DELAY
        reply = await scene.command(
            "Call",
            "1001",
            ApiExtension="9000@localhost",
            CallerId="4711",
            Url="http://app.example/up",
            FinishedUrl="http://app.example/end",
        )
        assert reply is not None
        leg = await picked_up(bob)
        assert leg.request.from_.uri.user == "4711"
        await expect(leg, Ended)
        await asyncio.sleep(1)
        told = scene.web.last("CallConnected")
        assert (told["CallId"], told["ApiExtension"]) == (reply.fields["CallId"], "9000")
        ended = scene.web.last("CallFinished")
        assert (ended["Callee"], round(float(ended["Duration"]))) == ("1001", 2)


@story
async def test_the_script_of_a_command_wins_over_its_url() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        await scene.command("Call", "1001", ResponseOzML=DELAY, Url="http://app.example/up")
        leg = await picked_up(bob)
        await expect(leg, Ended)
        assert scene.web.told == []


@story
async def test_a_call_that_nobody_answers_is_told_of_at_its_error_url() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        for url, expected in ((None, ERRORS), ("http://app.example/mine",) * 2):
            more = {} if url is None else {"ErrorUrl": url}
            await scene.command("Call", "1001", **more)
            (await bob.rings()).reject(486)
            await asyncio.sleep(1)
            to, fields = scene.web.told[-1]
            assert to == expected
            assert (fields["NotificationName"], fields["Code"]) == ("Error", "402")
            assert "Busy" in fields["Message"]


@story
async def test_both_ends_of_a_call_are_rung_and_talk() -> None:
    async with script_scene() as scene:
        anna, bob = scene.phone("1000"), scene.phone("1001")
        await scene.command("CallSetup", Caller="1000", Callee="1001")
        a = await picked_up(anna)
        b = await picked_up(bob)
        await asyncio.sleep(1)
        one, other = scene.workers.opened
        assert one.hears is other
        a.hangup()
        await expect(b, Ended)


@story
async def test_a_goto_that_leads_nowhere_ends_a_call_with_an_error() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = (
            "<Response><Beep/><GoTo Url='/gone'/><Beep Frequency='500'/></Response>"
        )
        scene.web.answers["http://app.example/gone"] = FetchError("gone: answered 404")
        leg = await through(scene, scene.phone("1000"), "9000")
        await expect(leg, Ended)
        assert scene.workers.all[0].played == ["beep 1000", "congestion"]
        assert "answered 404" in scene.web.last("Error")["Message"]


@pytest.mark.usefixtures("no_collector")
@story
async def test_a_script_that_is_over_keeps_no_call_in_memory() -> None:
    async with script_scene() as scene:
        script = Script(scene.context, origin=Contexts.HTTP, call=None, user="admin")
        assert script.replace("$nothing") == "$nothing"
        the_script = weakref.ref(script)
        del script
        assert the_script() is None


@story
async def test_a_prompt_that_cannot_be_played_gives_way_to_the_tone() -> None:
    async with script_scene(error_prompt="/gone.wav") as scene:
        scene.web.answers[INCOMING] = "<Response><Beep/><GoTo Url='/gone'/></Response>"
        scene.web.answers["http://app.example/gone"] = FetchError("gone: answered 404")
        leg = await through(scene, scene.phone("1000"), "9000")
        (port,) = scene.workers.all
        port.unplayable.add("/gone.wav")
        await expect(leg, Ended)
        assert port.played == ["beep 1000", "/gone.wav", "congestion"]


@story
async def test_a_call_with_neither_script_nor_url_ends_at_its_answer() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        await scene.command("Call", "1001", FinishedUrl="http://app.example/end")
        leg = await picked_up(bob)
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.web.names() == ["CallFinished"]


@story
async def test_a_call_without_an_api_extension_names_none_to_its_application() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        scene.web.answers["http://app.example/up"] = DELAY
        await scene.command("Call", "1001", Url="http://app.example/up")
        leg = await picked_up(bob)
        await expect(leg, Ended)
        assert "ApiExtension" not in scene.web.last("CallConnected")


@story
async def test_the_script_of_a_call_hears_who_has_answered() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        scene.web.answers["http://app.example/up"] = (
            "<Response><Speak>$answeredby</Speak></Response>"
        )
        await scene.command("Call", "1001", Url="http://app.example/up", MachineDetection="detect")
        leg = await picked_up(bob)
        await asyncio.sleep(1)
        assert scene.web.told == []
        (port,) = scene.workers.all
        port.listening.heard("tones", "cng")
        await expect(leg, Ended)
        assert scene.web.last("CallConnected")["AnsweredBy"] == "fax"
        assert port.played == ["speak fax None None"]
