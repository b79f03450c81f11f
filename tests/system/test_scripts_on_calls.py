"""What scripts do to real calls, and what is left of them when callers do not wait for the end."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from baresip.call import TransferFailed
from baresip.errors import BaresipError

from tests.system.application import application
from tests.system.peer import peers
from tests.system.phones import Ear, gone, phones
from tests.system.program import Program, running, until
from tests.system.signals import clearest, share
from tests.system.test_commands import PHONES, ivr, sound_file, talking, with_application


@pytest.mark.timeout(60)
async def test_a_transfer_by_a_script_outlives_the_script(tmp_path: Path) -> None:
    script = (
        "<Response><Beep/><BlindTransfer>1009</BlindTransfer><BlindTransfer>1001</BlindTransfer>"
        "<Beep Duration='5000'/></Response>"
    )
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        at_ben = await ben.rings()
        await at_ben.answer()
        async with Ear(call, 440) as anna_ear, Ear(at_ben, 1_500) as ben_ear:
            await anna_ear.hears(1_500)
            await ben_ear.hears(440)
        await call.hangup()
        await gone(at_ben)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_a_script_forwards_a_call_that_rings(tmp_path: Path) -> None:
    script = "<Response><ForwardCall Destination='1001'/><Beep/></Response>"
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("600")
        at_ben = await ben.rings()
        assert call.state.name != "ESTABLISHED"
        await asyncio.sleep(0.5)
        await at_ben.answer()
        await call.wait_established(timeout=10)
        async with Ear(call, 440) as anna_ear, Ear(at_ben, 1_500):
            await anna_ear.hears(1_500)
        await at_ben.hangup()
        await gone(call)


@pytest.mark.timeout(60)
async def test_a_recording_is_told_of_when_the_caller_just_hangs_up(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/incoming"] = (
            "<Response><Beep/><Record Format='wav' FinishedUrl='rec'/><Beep/></Response>"
        )
        async with running(tmp_path, with_application(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            await call.wait_established(timeout=10)
            began = time.monotonic()
            async with Ear(call, 440):
                await asyncio.sleep(2)
            await call.hangup()
            seconds = time.monotonic() - began
            form = await app.heard("RecordCompleted")
            assert form["path"] == "/rec"
            assert float(form["Duration"]) == pytest.approx(seconds - 0.3, abs=0.6)
            assert list((tmp_path / "recordings").rglob("*.wav"))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("after", [0.05, 0.6, 1.5, 2.6])
async def test_a_caller_who_hangs_up_in_the_middle_leaves_nothing(
    tmp_path: Path, after: float
) -> None:
    sound_file(tmp_path, "prompt.wav", 500, 1.0)
    script = """<Response><Play>prompt.wav</Play><UserInput Timeout='0.5'><InitialCommands>
        <Beep Duration='600'/></InitialCommands></UserInput>
        <Record Format='wav' Duration='5'/></Response>"""
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await asyncio.sleep(after)
        await call.hangup()
        await gone(call)
        await program.until_metric("softswitch_media_ports", 0)
        assert (await program.command("ListActiveCalls"))["ActiveCalls"] == []


@pytest.mark.timeout(60)
async def test_commands_on_a_ringing_call_are_refused_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("1001")
        await ben.rings()
        active = await program.command("ListActiveCalls")
        call_id = str(active["ActiveCalls"][0]["CallId"])
        for name, more in (
            ("Speak", {"Text": "hello"}),
            ("SendDTMF", {"Keys": "1"}),
            ("Record", {}),
            ("Hold", {}),
            ("Unhold", {}),
            ("BlindTransfer", {"Target": "1002", "TransferorParty": "caller"}),
            ("AttendedTransfer", {"TargetCallId": call_id}),
        ):
            field = "TransferredCallId" if name == "AttendedTransfer" else "CallId"
            answer = await asyncio.wait_for(
                program.command(name, **{field: call_id}, **more), timeout=3
            )
            assert answer["Code"] in (303, 601), (name, answer)
        await call.hangup()


@pytest.mark.timeout(60)
async def test_a_call_that_a_command_began_can_be_forwarded_while_it_rings(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        script = "<Response><Beep Frequency='900' Duration='800'/></Response>"
        begun = await program.command("Call", Dialed="1001", ResponseOzML=script)
        at_ben = await ben.rings()
        answer = await program.command(
            "ForwardCall", CallId=str(begun["CallId"]), Destination="1002"
        )
        assert answer["Code"] == 200
        at_carl = await carl.rings()
        await gone(at_ben)
        await at_carl.answer()
        async with Ear(at_carl, None) as ear:
            await gone(at_carl, 10)
        assert share(bytes(ear.heard), 900) > 0.3


@pytest.mark.timeout(60)
async def test_error_and_finished_urls_of_a_call(tmp_path: Path) -> None:
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
            ResponseOzML="<Response><Play>missing.wav</Play><Beep/></Response>",
            ErrorUrl=app.url("/mine"),
            FinishedUrl=app.url("/done"),
        )
        incoming = await ben.rings()
        await incoming.answer()
        form = await app.heard("Error", Code="302")
        assert form["path"] == "/mine"
        assert "missing.wav" in form["Message"]
        assert form["CallId"] == answer["CallId"]
        form = await app.heard("CallFinished")
        assert form["path"] == "/done"
        assert (form["Callee"], form["CallId"]) == ("1001", answer["CallId"])
        assert float(form["Duration"]) > 0.2
        await program.command("Call", Dialed="1001", ErrorUrl=app.url("/mine"), RingTime="60")
        again = await ben.rings()
        await again.hangup()
        form = await app.heard("Error", Code="402")
        assert form["path"] == "/mine"


@pytest.mark.timeout(60)
async def test_what_is_wrong_with_a_file_is_told_by_the_name_that_was_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "text.wav").write_text("no sound")
    async with application() as app:
        app.answers["/page.wav"] = "<html>no sound either</html>"
        allowed = f'{with_application(app)}[guard]\nfetch_allow = ["127.0.0.1/32"]\n'
        async with running(tmp_path, allowed) as program, peers(program, "1000") as (anna,):
            script = f"<Response><Play>text.wav</Play><Play>{app.url('/page.wav?k=secret')}</Play>"
            await program.command("Call", Dialed="1000", ResponseOzML=f"{script}</Response>")
            anna.respond(await anna.request("INVITE"), 200, anna.sdp())
            for name in ("text.wav", app.url("/page.wav")):
                form = await app.heard("Error", Code="302")
                assert f" {name}: is no audio" in form["Message"]


@pytest.mark.timeout(60)
async def test_a_script_in_a_request_is_judged_before_anything_rings(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        ben = await makers.register(program, "1001")
        for script, part in (
            ("<Response><Beep></Response>", "line 1"),
            ("<Response><Sing/></Response>", "<Sing> is not a command"),
        ):
            answer = await program.command("Call", Dialed="1001", ResponseOzML=script)
            assert (answer["Code"], part in answer["Message"]) == (300, True), answer
            request = script.replace("Response", "Request").replace("<Beep>", "<OnBusy>")
            request = request.replace("<Sing/>", "<OnBusy><Sing/></OnBusy>")
            answer = await program.command("Request", DialedAddress="1001", RequestOzML=request)
            assert (answer["Code"], part in answer["Message"]) == (300, True), answer
        assert ben.incoming.empty()


@pytest.mark.timeout(60)
async def test_an_application_commands_a_call_of_two_others(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, with_application(app)) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        app.once["/changed"] = [
            "",
            "",
            "<Response><BlindTransfer TransferorParty='callee'>1002</BlindTransfer></Response>",
        ]
        call = await anna.dial("1001")
        at_ben = await ben.rings()
        await at_ben.answer()
        at_carl = await carl.rings()
        await at_carl.answer()
        await gone(at_ben)
        await call.hangup()
        states = []
        while not states or states[-1] != "Completed":
            states.append((await app.heard("CallChanged"))["CallState"])
        assert states == ["Ringing", "Answered", "InCall", "Transferred", "InCall", "Completed"]


@pytest.mark.timeout(60)
async def test_cookies_of_the_first_answer_come_back(tmp_path: Path) -> None:
    async with application() as app:
        app.cookies["/incoming"] = {"session": "abc"}
        app.answers["/incoming"] = "<Response><GoTo>sub/next</GoTo></Response>"
        app.answers["/sub/next"] = "<Response><GoTo>last</GoTo></Response>"
        app.answers["/sub/last"] = "<Response><Beep/></Response>"
        async with running(tmp_path, with_application(app)) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            call = await anna.dial("9000")
            for path in ("/sub/next", "/sub/last"):
                form = await app.heard("GoTo")
                assert (form["path"], form["cookie"]) == (path, "session=abc")
            await gone(call, 10)


@pytest.mark.timeout(60)
async def test_two_transfers_that_want_each_others_call_end(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        first = await anna.dial("1001")
        at_first = await ben.rings()
        first_id = await talking(program, first, at_first)
        second = await anna.dial("1001")
        at_second = await ben.rings()
        second_id = await talking(program, second, at_second)
        answers = await asyncio.wait_for(
            asyncio.gather(
                program.command(
                    "AttendedTransfer", TransferredCallId=first_id, TargetCallId=second_id
                ),
                program.command(
                    "AttendedTransfer", TransferredCallId=second_id, TargetCallId=first_id
                ),
            ),
            timeout=20,
        )
        assert all(answer["Code"] in (200, 303, 601) for answer in answers), answers
        ends = (first, second, at_first, at_second)
        for call in ends:
            with suppress(BaresipError):
                await call.hangup()
        await until(lambda: all(call.state.name == "CLOSED" for call in ends))
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_what_ends_recordings_and_repeated_files(tmp_path: Path) -> None:
    sound_file(tmp_path, "short.wav", 1_800, 0.4)
    script = """<Response><Play Repeat="true" Timeout="1.5">short.wav</Play>
        <Record Format="wav" FinishDigits="#5"/><Beep Frequency="700" Duration="800"/>
        <Record Format="wav" Duration="1"/><Beep Frequency="1100" Duration="800"/>
        <Record Format="wav" Inactivity="1"/></Response>"""
    async with running(tmp_path, ivr(tmp_path, script)) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("600")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await until(lambda: bool(list((tmp_path / "recordings").rglob("*.wav"))))
            await asyncio.sleep(0.5)
            assert len(ear.heard) / 16_000 > 0.8
            assert share(bytes(ear.heard), 1_800) > 0.5
            ear.heard.clear()
            await call.send_dtmf("5")
            await gone(call, 20)
            assert clearest(bytes(ear.heard), 700) > 0.9
            assert clearest(bytes(ear.heard), 1_100) > 0.9
        assert len(list((tmp_path / "recordings").rglob("*.wav"))) == 3
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(60)
async def test_a_message_is_sent_at_once_and_in_order_for_each_state_of_a_request(
    tmp_path: Path,
) -> None:
    names = ("OnSetup", "OnRinging", "OnAnswered", "OnInCall", "OnCompleted", "OnBusy")
    scripts = "".join(
        f"<{name}><SendMsg ToConnection='admin@localhost'>$callid {name}</SendMsg></{name}>"
        for name in names
    )
    async with running(tmp_path, PHONES) as program, phones() as makers:
        ben = await makers.register(program, "1001")
        expected: list[str] = []
        for how in ("answers", "refuses") * 3:
            begun = await program.command(
                "Request", RequestOzML=f"<Request DialedAddress='1001'>{scripts}</Request>"
            )
            at_ben = await ben.rings()
            if how == "answers":
                await at_ben.answer()
                states = names[:5]
            else:
                await at_ben.reject()
                states = (*names[:2], names[5])
            await gone(at_ben, 5)
            expected += [f"{begun['CallId']} {state}" for state in states]
            await until(lambda: said_to_admin(program) == expected, 3)  # noqa: B023


def said_to_admin(program: Program) -> list[str]:
    """The texts that the administrator got, in order."""
    return re.findall(r'text="(\w+ On\w+)"', program.log())


@pytest.mark.timeout(60)
async def test_the_log_says_what_became_of_a_call_in_a_line_each(tmp_path: Path) -> None:
    async with application() as app:
        app.answers["/incoming"] = "<Response><Beep/><BlindTransfer>1001</BlindTransfer></Response>"
        settings = with_application(app).replace("/incoming", "/incoming?token=secret")
        async with running(tmp_path, settings) as program, phones() as makers:
            anna = await makers.register(program, "1000")
            ben = await makers.register(program, "1001")
            call = await anna.dial("9000")
            at_ben = await ben.rings()
            await at_ben.answer()
            async with Ear(call, 440), Ear(at_ben, 1_500) as ben_ear:
                await ben_ear.hears(440)
            with pytest.raises(TransferFailed):
                await at_ben.transfer(f"sip:4711@{ben.domain}")
            await call.hangup()
            await gone(at_ben)
            await program.until_metric("softswitch_media_ports", 0)
            (record,) = program.calls()
            log = program.log()
        assert "secret" not in log
        url = re.escape(app.url("/incoming"))
        for line in (
            rf"application asked notification=IncomingCall extension=9000 url={url} status=200 "
            r"milliseconds=\d+",
            rf"script started extension=9000 script={url}",
            rf'script ended extension=9000 script={url} reason="the call was transferred" '
            r"milliseconds=\d+",
            "transferred by=9000 whom=1000 to=1001 kind=blind way=script result=answered",
            r"transfer failed by=1001 whom=1000 to=4711 kind=blind way=REFER "
            r'result="refused 404".*',
        ):
            found = re.findall(rf"\[{re.escape(record['call_id'])}\] {line}$", log, re.MULTILINE)
            assert len(found) == 1, (line, log)
        assert len(re.findall("script (?:started|ended)|transfer(?:red| failed) by", log)) == 4
