"""Commands, scripts and the transfer button reach every kind of extension; phones are baresip."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from baresip.call import Call
from baresip.errors import TransferFailed

from softswitch.calls.kinds import KINDS
from tests.ports import free_port
from tests.system.application import WebApplication, application
from tests.system.phones import Ear, Phone, gone, hold, phones
from tests.system.program import Program, running, until
from tests.system.test_alarms import stored
from tests.system.test_commands import PHONES

TARGETS = {
    "phone": "1002",
    "api": "9000",
    "ivr": "601",
    "echo": "602",
    "conference": "3000",
    "group": "700",
}
"A number of each kind that is reached here."
ELSEWHERE = {
    "paging": "test_paging.py",
    "parking": "test_parking.py",
    "queue": "test_queues.py",
    "schedule": "test_codes.py",
    "voicemail": "test_voicemail.py",
}
"Kinds whose callers do not hear one sound and no more, and where real phones reach them."
SOUNDS = {"9000": 1_800, "601": 900, "603": 1_300}
"What scripts sound, in Hz."


def beeps(frequency: int) -> str:
    return f"<Response><Beep Frequency='{frequency}' Duration='30000'/></Response>"


def settings(directory: Path, app: WebApplication) -> str:
    """A number of every kind, and one whose application is not there."""
    app.answers["/incoming"] = beeps(SOUNDS["9000"])
    for number in ("601", "603"):
        (directory / f"{number}.xml").write_text(beeps(SOUNDS[number]))
    return f"""
{PHONES}
[[extensions]]
number = "9000"
type = "api"
url = "{app.url("/incoming")}"
[[extensions]]
number = "9001"
type = "api"
url = "http://127.0.0.1:{free_port()}/nobody"
[[extensions]]
number = "601"
type = "ivr"
script = "{directory / "601.xml"}"
[[extensions]]
number = "603"
type = "ivr"
script = "{directory / "603.xml"}"
[[extensions]]
number = "602"
type = "echo"
[[extensions]]
number = "3000"
type = "conference"
[[extensions]]
number = "700"
type = "group"
members = ["1002"]
"""


def test_every_kind_has_a_target() -> None:
    assert TARGETS.keys() | ELSEWHERE.keys() == {kind.name for kind in KINDS}
    for kind, file in ELSEWHERE.items():
        assert f'"{kind}"' in (Path(__file__).parent / file).read_text(), file


async def comes_through(program: Program, target: str, carl: Phone, heard: Call) -> None:
    """Let the target answer if a phone rings for it; then its sound is heard, or one's own."""
    if target in ("1002", "700"):
        at_carl = await carl.rings()
        await at_carl.answer()
        async with Ear(heard, None) as ear, Ear(at_carl, 600):
            await ear.hears(600, 0.8)
        return
    frequency = SOUNDS.get(target, 440)
    if target == "3000":
        async with asyncio.timeout(5):
            while not await is_in_the_room(program):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return
    async with Ear(heard, 440) as ear:
        await ear.hears(frequency, 0.8)


async def is_in_the_room(program: Program) -> bool:
    active = (await program.command("ListActiveCalls"))["ActiveCalls"]
    assert isinstance(active, list)
    return any(row["Destination"] == "3000" for row in active)


async def none_left(program: Program) -> None:
    await program.until_metric("softswitch_calls", 0)
    await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(120)
async def test_commands_reach_every_kind(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, settings(tmp_path, app)) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        carl = await makers.register(program, "1002")
        for target in TARGETS.values():
            script = "<Response><Beep Duration='30000'/></Response>"
            begun = await program.command("Call", Dialed=target, ResponseOzML=script)
            assert begun["Code"] == 200, (target, begun)
            if target in ("1002", "700"):
                await (await carl.rings()).answer()
            await until_state(program, str(begun["CallId"]), "InCall")
            await program.command("Hangup", CallId=str(begun["CallId"]))
            await none_left(program)
            for fields in (
                {"Caller": "1000", "Callee": target},
                {"Caller": target, "Callee": "1000"},
            ):
                if fields["Caller"] in ("1002", "700"):
                    continue  # two phones: in many other tests
                answer = await program.command("CallSetup", **fields)
                assert answer["Code"] == 200, (fields, answer)
                at_anna = await anna.rings()
                await at_anna.answer()
                await comes_through(program, target, carl, at_anna)
                await at_anna.hangup()
                await none_left(program)


async def until_state(program: Program, call_id: str, state: str) -> None:
    async with asyncio.timeout(5):
        while True:
            rows = (await program.command("ListActiveCalls"))["ActiveCalls"]
            assert isinstance(rows, list)
            if any((row["CallId"], row["CallState"]) == (call_id, state) for row in rows):
                return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["command", "button", "attended"])
async def test_transfers_reach_every_kind(tmp_path: Path, way: str) -> None:
    async with (
        application() as app,
        running(tmp_path, settings(tmp_path, app)) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        carl = await makers.register(program, "1002")
        for target in TARGETS.values():
            if way == "attended" and target in ("1002", "700"):
                continue  # in `test_transfer_button.py`
            outgoing = await anna.dial("1001")
            at_ben = await ben.rings()
            await at_ben.answer()
            await outgoing.wait_established(timeout=10)
            (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
            if way == "command":
                moving = asyncio.create_task(
                    program.command(
                        "BlindTransfer",
                        CallId=row["CallId"],
                        TransferorParty="callee",
                        Target=target,
                    )
                )
                await comes_through(program, target, carl, outgoing)
                assert (await moving)["Code"] == 200
            elif way == "button":
                pressed = asyncio.create_task(at_ben.transfer(f"sip:{target}@{anna.domain}"))
                await comes_through(program, target, carl, outgoing)
                await pressed
            else:
                await hold(at_ben, outgoing)
                second = await ben.dial(target)
                await second.wait_established(timeout=10)
                await at_ben.attended_transfer(second)
                await gone(second)
                await until(lambda call=outgoing: not call.remote_on_hold, 15)
                await comes_through(program, target, carl, outgoing)
                assert len((await program.command("ListActiveCalls"))["ActiveCalls"]) == 1  # type: ignore[arg-type]
            await gone(at_ben)
            await outgoing.hangup()
            await none_left(program)


@pytest.mark.timeout(90)
async def test_from_script_to_script_and_back(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, settings(tmp_path, app)) as program,
        phones() as makers,
    ):
        steps = ["603", "601", "9000", "601"]
        app.once["/incoming"] = [
            f"<Response><Delay>0.3</Delay><BlindTransfer>{step}</BlindTransfer></Response>"
            for step in ("9000", "9000")
        ]
        anna = await makers.register(program, "1000")
        call = await anna.dial("9000")
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await ear.hears(SOUNDS["9000"], 0.8)
            for target in steps:
                rows = (await program.command("ListActiveCalls"))["ActiveCalls"]
                assert isinstance(rows, list)
                assert len(rows) == 2, "who is handed on and on stays one call away"
                inner = next(row for row in rows if row["CallId"] != rows[0]["CallId"])
                answer = await program.command(
                    "BlindTransfer", CallId=inner["CallId"], Target=target
                )
                assert answer["Code"] == 200
                await ear.hears(SOUNDS[target], 0.8)
        await call.hangup()
        await none_left(program)


@pytest.mark.timeout(60)
async def test_a_transfer_that_fails_leaves_the_call_and_the_log_says_why(tmp_path: Path) -> None:
    async with (
        application() as app,
        running(tmp_path, settings(tmp_path, app)) as program,
        phones() as makers,
    ):
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        at_ben = await ben.rings()
        await at_ben.answer()
        await outgoing.wait_established(timeout=10)
        (row,) = (await program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
        for target, reason in (("9001", "500"), ("4711", "404"), ("1005", "480")):
            answer = await program.command(
                "BlindTransfer", CallId=row["CallId"], TransferorParty="callee", Target=target
            )
            assert answer["Code"] == 402, answer
            with pytest.raises(TransferFailed):
                await at_ben.transfer(f"sip:{target}@{anna.domain}")
            lines = [line for line in program.log().splitlines() if "transfer failed" in line]
            told = [line for line in lines if target in line and reason in line and "1001" in line]
            assert len(told) == 2, lines
        async with Ear(outgoing, 440) as anna_ear, Ear(at_ben, 1_500) as ben_ear:
            await anna_ear.hears(1_500)
            await ben_ear.hears(440)
        await at_ben.hangup()
        await gone(outgoing)
        await none_left(program)


@pytest.mark.timeout(60)
async def test_an_alarm_is_reported_to_an_application_of_the_same_switch(tmp_path: Path) -> None:
    async with application() as app:
        ours = settings(tmp_path, app)
        app.answers["/incoming"] = "<Response><ReceiveAlarmNotification/></Response>"
        async with running(tmp_path, ours) as program:
            answer = await program.command(
                "SendAlarmNotification",
                PhoneNumber="9000",
                AccountNumber="1234",
                EventCode="131",
                PartitionNumber="1",
                ZoneNumber="15",
                ResultUrl=app.url("/result"),
            )
            assert answer["Code"] == 200
            result = await app.posted_to("/result", seconds=30)
            assert result["Result"] == "Success"
            assert [row[0] for row in stored(program)] == ["1234"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("last", ["<GoTo>more</GoTo>", "<Hangup/>", "<Exit/>"])
async def test_the_kissoff_leaves_before_anything_else_is_done(tmp_path: Path, last: str) -> None:
    async with application() as app:
        ours = settings(tmp_path, app)
        app.answers["/incoming"] = (
            "<Response><ReceiveAlarmNotification><Received>"
            f"{last}"
            "</Received></ReceiveAlarmNotification></Response>"
        )
        app.answers["/more"] = "<Response><Delay>0.1</Delay></Response>"
        async with running(tmp_path, ours) as program:
            await program.command(
                "SendAlarmNotification",
                PhoneNumber="9000",
                AccountNumber="1234",
                EventCode="131",
                PartitionNumber="1",
                ZoneNumber="15",
                ResultUrl=app.url("/result"),
            )
            result = await app.posted_to("/result", seconds=30)
            assert result["Result"] == "Success"
            assert len(stored(program)) == 1
