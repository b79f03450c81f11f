"""Commands over HTTP and in scripts on real calls: phones are baresip, the application is ours."""

from __future__ import annotations

import asyncio
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from baresip.call import Call

from tests.ports import free_port
from tests.system.application import WebApplication, application
from tests.system.peer import header, peers
from tests.system.phones import Ear, Phones, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import share, strongest, tone

PHONES = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
"""


def with_application(app: WebApplication) -> str:
    return f"""
[notifications]
error = "{app.url("/error")}"
call_changed = "{app.url("/changed")}"
[[extensions]]
number = "9000"
type = "api"
url = "{app.url("/incoming")}"
{PHONES}
"""


def ivr(directory: Path, script: str) -> str:
    path = directory / "script.xml"
    path.write_text(script)
    return f"""
[[extensions]]
number = "600"
type = "ivr"
script = "{path}"
{PHONES}
"""


def sound_file(directory: Path, name: str, frequency: float, seconds: float) -> None:
    static = directory / "static"
    static.mkdir(exist_ok=True)
    with wave.open(str(static / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(frequency, seconds))


async def listen(call: Call, seconds: float) -> bytes:
    async with Ear(call, None) as ear:
        await asyncio.sleep(seconds)
        return bytes(ear.heard)


@pytest.mark.timeout(60)
async def test_an_ivr_script_beeps_and_plays_and_hangs_up(tmp_path: Path) -> None:
    sound_file(tmp_path, "high.wav", 1_500, 1.0)
    script = (
        "<Response><Beep Frequency='800' Duration='800'/><Play>high.wav</Play><Delay>0.2</Delay>"
        "</Response>"
    )
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await gone(call, 10)
        heard = bytes(ear.heard)
        assert share(heard, 800) > 0.15
        assert share(heard, 1_500) > 0.35


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mode", ["rtpevent", "info"])
async def test_a_menu_takes_keys(tmp_path: Path, mode: str) -> None:
    sound_file(tmp_path, "prompt.wav", 500, 20.0)
    sound_file(tmp_path, "two.wav", 1_800, 2.0)
    script = """<Response><UserInput Timeout="5">
        <InitialCommands><Play>prompt.wav</Play></InitialCommands>
        <Inputs><Input Key="2"><Play>two.wav</Play></Input></Inputs></UserInput></Response>"""
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000", dtmf_mode=mode)
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await ear.hears(500)
            await call.send_dtmf("2")
            await ear.hears(1_800)
            ear.heard.clear()
            await gone(call, 10)
        assert share(bytes(ear.heard), 500) < 0.3
        assert share(bytes(ear.heard), 1_800) > 0.5


@pytest.mark.timeout(60)
async def test_an_application_answers_an_incoming_call(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/incoming"] = (
            "<Response><UserInput Digits='3' Timeout='5' ForwardToURL='/pin'/></Response>"
        )
        app.answers["/pin"] = "<Response><Beep Frequency='1200' Duration='600'/></Response>"
        async with running(tmp_path, with_application(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            form = await app.heard("IncomingCall")
            assert form["CallerId"] == "1000"
            assert form["ApiExtension"] == "9000"
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear:
                await call.send_dtmf("147")
                form = await app.heard("DtmfEntered")
                assert form["DtmfDigits"] == "147"
                await gone(call, 10)
            assert share(bytes(ear.heard), 1_200) > 0.2
            states = []
            while not states or states[-1] != "Completed":
                states.append((await app.heard("CallChanged"))["CallState"])


@pytest.mark.timeout(60)
async def test_an_application_that_is_down_leaves_nobody_in_silence(tmp_path: Path) -> None:
    async with application() as app:
        down = f"http://127.0.0.1:{free_port()}/incoming"
        settings = with_application(app).replace(app.url("/incoming"), down)
        async with running(tmp_path, settings) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            await call.wait_established(timeout=10)
            async with Ear(call, None) as ear:
                form = await app.heard("Error")
                assert form["Code"] == "300"
                await gone(call, 10)
            assert len(ear.heard) > 16_000
            assert share(bytes(ear.heard), 480) + share(bytes(ear.heard), 620) > 0.5


@pytest.mark.timeout(60)
async def test_a_prompt_says_that_a_script_cannot_go_on(tmp_path: Path) -> None:
    sound_file(tmp_path, "sorry.wav", 1_300, 1.5)
    prompt = tmp_path / "static" / "sorry.wav"
    overrides = {"MEDIA__ERROR_PROMPT": str(prompt)}
    script = "<Response><GoTo>http://127.0.0.1:1/gone</GoTo></Response>"
    async with (
        running(tmp_path, ivr(tmp_path, script), overrides=overrides) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await gone(call, 10)
        assert share(bytes(ear.heard), 1_300) > 0.5


@pytest.mark.timeout(60)
async def test_reject_is_not_answered(tmp_path: Path) -> None:
    script = "<Response><Reject Reason='busy'/></Response>"
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        with pytest.raises(Exception, match=r"(?i)busy|486"):
            await call.wait_established(timeout=10)


@pytest.mark.timeout(60)
async def test_call_runs_its_script_and_is_listed(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        ben = await makers.register(program, "1001")
        answer = await program.command(
            "Call",
            Dialed="1001",
            ApiExtension="9000",
            CallerDisplayName="The Pump",
            ResponseOzML="<Response><Beep Frequency='900' Duration='700'/></Response>",
        )
        assert answer["Code"] == 200
        incoming = await ben.rings()
        active = await program.command("ListActiveCalls")
        assert [call["CallId"] for call in active["ActiveCalls"]] == [answer["CallId"]]
        assert active["ActiveCalls"][0]["CallState"] == "Ringing"
        await incoming.answer()
        async with Ear(incoming, None) as ear:
            await gone(incoming, 10)
        assert share(bytes(ear.heard), 900) > 0.3
        await until(lambda: len(program.calls()) == 1 and bool(program.calls()[0]["outcome"]))
        history = await program.command("ListCallHistory", CallId=str(answer["CallId"]))
        assert history["TotalRecords"] == 1
        assert history["CallHistory"][0]["Destination"] == "1001"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("dialed", "code", "part"),
    [("4711", 402, "NotFound"), ("1009", 402, "Error"), ("", 302, "Dialed is missing")],
)
async def test_call_says_at_once_what_cannot_be(
    tmp_path: Path, dialed: str, code: int, part: str
) -> None:
    async with running(tmp_path, PHONES) as program:
        answer = await program.command("Call", Dialed=dialed, ResponseOzML="<Response/>")
        assert answer["Code"] == code
        assert part in answer["Message"]


@pytest.mark.timeout(60)
async def test_call_setup_rings_the_caller_first(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        answer = await program.command("CallSetup", Caller="1000", Callee="1001")
        assert answer["Code"] == 200
        at_anna = await anna.rings()
        assert ben.incoming.empty()
        await at_anna.answer()
        at_ben = await ben.rings()
        await at_ben.answer()
        async with Ear(at_anna, 440) as anna_ear, Ear(at_ben, 1_000) as ben_ear:
            await anna_ear.hears(1_000)
            await ben_ear.hears(440)
        await program.command("Hangup", CallId=str(answer["CallId"]))
        await gone(at_anna)
        await gone(at_ben)


async def two_talking(program: Program, makers: Phones) -> tuple[Call, Call, str]:
    """Register 1000 and 1001 and let them talk; both ends of the call, and its CallId."""
    anna = await makers.register(program, "1000")
    ben = await makers.register(program, "1001")
    outgoing = await anna.dial("1001")
    incoming = await ben.rings()
    return outgoing, incoming, await talking(program, outgoing, incoming)


async def talking(program: Program, outgoing: Call, incoming: Call) -> str:
    """Let two phones talk; the CallId."""
    await incoming.answer()
    await outgoing.wait_established(timeout=10)
    active = await program.command("ListActiveCalls")
    return str(active["ActiveCalls"][-1]["CallId"])


@pytest.mark.timeout(60)
async def test_blind_transfer_by_command(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        outgoing, incoming, call_id = await two_talking(program, makers)
        carl = await makers.register(program, "1002")
        failed = await program.command(
            "BlindTransfer", CallId=call_id, TransferorParty="callee", Target="1009"
        )
        assert failed["Code"] == 402
        asked = asyncio.create_task(
            program.command(
                "BlindTransfer", CallId=call_id, TransferorParty="callee", Target="1002"
            )
        )
        at_carl = await carl.rings()
        await at_carl.answer()
        assert (await asked)["Code"] == 200
        await gone(incoming)
        async with Ear(outgoing, 440) as anna_ear, Ear(at_carl, 1_000) as carl_ear:
            await anna_ear.hears(1_000)
            await carl_ear.hears(440)
        await outgoing.hangup()
        await gone(at_carl)


@pytest.mark.timeout(60)
async def test_attended_transfer_joins_two_calls(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        first = await anna.dial("1001")
        at_ben = await ben.rings()
        first_id = await talking(program, first, at_ben)
        second = await ben.dial("1002")
        at_carl = await carl.rings()
        second_id = await talking(program, second, at_carl)
        answer = await program.command(
            "AttendedTransfer", TransferredCallId=first_id, TargetCallId=second_id
        )
        assert answer["Code"] == 200
        await gone(at_ben)
        await gone(second)
        async with Ear(first, 440) as anna_ear, Ear(at_carl, 1_000) as carl_ear:
            await anna_ear.hears(1_000)
            await carl_ear.hears(440)
        await at_carl.hangup()
        await gone(first)


@pytest.mark.timeout(60)
async def test_hold_and_unhold_by_command(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        outgoing, incoming, call_id = await two_talking(program, makers)
        assert (await program.command("Unhold", CallId=call_id))["Code"] == 303
        assert (await program.command("Hold", CallId=call_id))["Code"] == 200
        active = await program.command("ListActiveCalls")
        assert active["ActiveCalls"][0]["CallState"] == "Hold"
        await until(lambda: outgoing.remote_on_hold and incoming.remote_on_hold)
        assert (await program.command("Unhold", CallId=call_id))["Code"] == 200
        await until(lambda: not (outgoing.remote_on_hold or incoming.remote_on_hold))
        assert (await program.command("Hangup", CallId=call_id))["Code"] == 200
        await gone(outgoing)
        assert (await program.command("Hangup", CallId=call_id))["Code"] == 601


@pytest.mark.timeout(60)
async def test_forward_call_rings_somebody_else(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        outgoing = await anna.dial("1001")
        at_ben = await ben.rings()
        active = await program.command("ListActiveCalls")
        call_id = str(active["ActiveCalls"][0]["CallId"])
        answer = await program.command("ForwardCall", CallId=call_id, Destination="1002")
        assert answer["Code"] == 200
        at_carl = await carl.rings()
        await gone(at_ben)
        await at_carl.answer()
        await outgoing.wait_established(timeout=10)
        again = await program.command("ForwardCall", CallId=call_id, Destination="1001")
        assert again["Code"] == 303
        await outgoing.hangup()


@pytest.mark.timeout(60)
async def test_a_recording_has_both_sides_and_its_length(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        outgoing, incoming, call_id = await two_talking(program, makers)
        async with Ear(outgoing, 440), Ear(incoming, 1_000):
            answer = await program.command(
                "Record", CallId=call_id, Format="wav", FinishedUrl=app.url("/recorded")
            )
            assert answer["Code"] == 200
            began = time.monotonic()
            await asyncio.sleep(2)
        await outgoing.hangup()
        seconds = time.monotonic() - began
        form = await app.heard("RecordCompleted")
        assert float(form["Duration"]) == pytest.approx(seconds, abs=0.6)
        [path] = (tmp_path / "recordings").rglob("*.wav")
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels()) == (8_000, 2)
            frames = file.readframes(file.getnframes())
        left = b"".join(frames[at : at + 2] for at in range(0, len(frames), 4))
        right = b"".join(frames[at + 2 : at + 4] for at in range(0, len(frames), 4))
        assert share(left, 440) > 0.9
        assert share(right, 1_000) > 0.9
        assert f"/{path.name}?ticket=" in form["RecordURL"]


@pytest.mark.timeout(60)
async def test_a_recording_whose_directory_cannot_be_made_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        call_id = await talking(program, outgoing, await ben.rings())
        (tmp_path / "recordings").rmdir()  # made at the start
        (tmp_path / "recordings").write_text("")
        for path in ("", "greetings"):
            answer = await program.command("Record", CallId=call_id, RecordPath=path, FileName="a")
            assert answer["Code"] == 302
            assert str(answer["Message"]).startswith(
                "Missing or invalid parameter 'RecordPath' for command 'Record'. "
                f"{tmp_path}/recordings"
            )
        await outgoing.hangup()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mutes", [False, True])
async def test_keys_are_kept_out_of_a_recording_and_from_the_other(
    tmp_path: Path, mutes: bool
) -> None:
    """Anna holds the 8 down, as sound and as events, while Ben listens and all is recorded."""
    async with running(tmp_path, PHONES) as program, phones() as makers:
        outgoing, incoming, call_id = await two_talking(program, makers)
        pressed: list[str] = []
        incoming.on_dtmf(lambda event: pressed.append(event.digit))
        answer = await program.command(
            "Record", CallId=call_id, Format="wav", MuteKeys=str(mutes).lower()
        )
        assert answer["Code"] == 200
        async with Ear(outgoing, (852, 1_336)), Ear(incoming, None) as ben_ear:
            await asyncio.sleep(1.5)
            if mutes:
                assert strongest(ben_ear.since(0.8)) == 0
            else:
                await until(lambda: strongest(ben_ear.since(0.5)) > 0)
            await outgoing.send_dtmf("5")
            if mutes:
                await asyncio.sleep(1)
                assert "5" not in pressed
            else:
                await until(lambda: "5" in pressed)
        await outgoing.hangup()
        await gone(incoming)
        await program.until_metric("softswitch_media_ports", 0)
        [path] = (tmp_path / "recordings").rglob("*.wav")
        samples, _ = soundfile.read(path)
        assert (np.abs(samples[8_000:, 0]).max() > 0.05) != mutes


@pytest.mark.timeout(60)
async def test_request_runs_a_script_a_state(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        ben = await makers.register(program, "1001")
        document = (
            "<Request DialedAddress='1001'>"
            "<OnAnswered><Beep Frequency='700' Duration='600'/></OnAnswered>"
            "<OnInCall><Beep Frequency='1700' Duration='600'/></OnInCall></Request>"
        )
        answer = await program.command("Request", RequestOzML=document)
        assert answer["Code"] == 200
        incoming = await ben.rings()
        await incoming.answer()
        async with Ear(incoming, None) as ear:
            await gone(incoming, 10)
        assert share(bytes(ear.heard), 700) > 0.2
        assert share(bytes(ear.heard), 1_700) > 0.2


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", ["auto", "info"])
async def test_keys_are_sent_as_the_settings_say(tmp_path: Path, way: str) -> None:
    settings = PHONES + f'dtmf = "{way}"\n'
    async with running(tmp_path, settings) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        pressed: list[str] = []
        incoming.on_dtmf(lambda event: pressed.append(event.digit))
        call_id = await talking(program, outgoing, incoming)
        answer = await program.command("SendDTMF", CallId=call_id, Keys="42#", Party="callee")
        assert answer["Code"] == 200
        await until(lambda: "".join(pressed) == "42#")
        await outgoing.hangup()


@pytest.mark.timeout(60)
async def test_lists_over_http(tmp_path: Path) -> None:
    settings = f"""
[[addressbooks]]
name = "office"
contacts = [{{ name = "Reception", phone = "1000", email = "desk@example.org" }}]
[[extensions]]
number = "600"
type = "echo"
{PHONES}
"""
    async with running(tmp_path, settings) as program, phones() as makers:
        await makers.register(program, "1000")
        echo = await program.command("ListExtensions", Type="Echo test")
        assert [row["PhoneNumber"] for row in echo["Extensions"]] == ["600"]
        every = await program.command("ListExtensions")
        states = {row["PhoneNumber"]: row["State"] for row in every["Extensions"]}
        assert (states["1000"], states["1001"]) == ("Connected", "Disconnected")
        books = await program.command("ListAddressbookNames")
        assert books["AddressbookNames"] == ["office"]
        contacts = await program.command(
            "ListAddressbookContacts", AddressbookName="office", FullName="recep"
        )
        assert contacts["Contacts"] == [
            {"Name": "Reception", "PhoneNumber": "1000", "Email": "desk@example.org"}
        ]
        text = await program.get("/api", command="ListExtensionTypes")
        assert "<Code>304</Code>" in text


@pytest.mark.timeout(60)
async def test_what_cannot_be_done_is_said_in_the_words_of_the_command(tmp_path: Path) -> None:
    settings = ivr(tmp_path, "<Response/>")
    async with running(tmp_path, settings) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        await ben.rings()
        active = await program.command("ListActiveCalls")
        call_id = str(active["ActiveCalls"][0]["CallId"])
        sound_file(tmp_path, "a.wav", 500, 0.1)
        for command, fields in (
            ("Play", {"AudioFile": "a.wav"}),
            ("Speak", {"Text": "Hello"}),
            ("SendDTMF", {"Keys": "1"}),
        ):
            answer = await program.command(command, CallId=call_id, **fields)
            assert (answer["Code"], answer["Message"]) == (
                303,
                f"Command '{command}' cannot be used here. the call has not been answered",
            )
        await outgoing.hangup()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("setting", "shown"), [("", "1001"), ("5500", "5500")])
async def test_a_call_that_names_no_caller_has_one(
    tmp_path: Path, setting: str, shown: str
) -> None:
    overrides = {"SIP__CALLER_NUMBER": setting} if setting else {}
    async with (
        running(tmp_path, PHONES, overrides=overrides) as program,
        peers(program, "1001") as (ben,),
    ):
        for command, field in (("Call", "Dialed"), ("Request", "DialedAddress")):
            begun = await program.command(command, **{field: "1001"})
            invite = await ben.request("INVITE")
            assert f"<sip:{shown}@" in header(invite, "From")
            ben.respond(invite, 486)
            await program.until_metric("softswitch_calls", 0)
            history = await program.command("ListCallHistory", CallId=str(begun["CallId"]))
            (record,) = history["CallHistory"]  # type: ignore[misc]
            assert (record["Source"], record["CallerId"]) == (shown, shown)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", ["SendSms", "SendEmail"])
async def test_a_message_of_an_extension_that_is_not_there(tmp_path: Path, command: str) -> None:
    async with running(tmp_path, PHONES) as program:
        for number in ("9994", "1000"):
            answer = await program.command(
                command, ApiExtension=number, Recipient="a@mail.example", Message="x"
            )
            assert answer["Code"] == 401, answer
            assert number in str(answer["Message"])
