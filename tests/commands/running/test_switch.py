"""The real switch behind commands: calls that start or are refused, lists, messages, files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from softswitch.calls.kinds.echo import ECHO
from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.rights import THE_SWITCH, User
from softswitch.messaging.connections.connection import Full
from softswitch.messaging.queue.messages import Messages
from softswitch.settings.exchange.users import HttpUser
from softswitch.sip.events import Acknowledged, Ended
from softswitch.store.errors import StoreError
from tests.calls.extensions import extension
from tests.calls.scene import connected, expect
from tests.ozml.scene import ScriptScene, script_scene, story

RESULT = "http://app.example/result"
ALARM = {
    "PhoneNumber": "1001",
    "AccountNumber": "12",
    "EventQualifier": "NewRestore",
    "EventCode": "110",
    "PartitionNumber": "1",
    "ZoneNumber": "10",
    "ResultUrl": RESULT,
}


async def rows(scene: ScriptScene, name: str, **fields: str) -> list[dict[str, str]]:
    reply = await scene.command(name, **fields)
    assert reply is not None
    assert reply.listing is not None
    return [dict(row) if not isinstance(row, str) else {"": row} for row in reply.listing.rows]


@story
async def test_the_list_of_calls_tells_how_long_they_have_rung_and_talked() -> None:
    async with script_scene() as scene:
        anna, bob = scene.phone("1000"), scene.phone("1001")
        a = anna.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await asyncio.sleep(3)
        (row,) = await rows(scene, "ListActiveCalls")
        assert (row["CallState"], row["Source"], row["Destination"]) == ("Ringing", "1000", "1001")
        assert round(float(row["RingDuration"])) == 3
        assert row["TalkDuration"] == "0.000"
        bob.answer(b)
        await asyncio.sleep(1)
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(4)
        (row,) = await rows(scene, "ListActiveCalls")
        assert row["CallState"] == "InCall"
        assert round(float(row["TalkDuration"])) == 5
        assert round(float(row["RingDuration"])) == 3
        a.hangup()
        await expect(b, Ended)
        await asyncio.sleep(1)
        assert await rows(scene, "ListActiveCalls") == []


@story
async def test_extensions_are_listed_with_their_state_and_by_type() -> None:
    async with script_scene(extension("601", ECHO)) as scene:
        scene.phone("1000")
        found = {row["PhoneNumber"]: row for row in await rows(scene, "ListExtensions")}
        assert (found["1000"]["State"], found["1001"]["State"]) == ("Connected", "Disconnected")
        assert (found["601"]["Id"], found["601"]["State"]) == ("601@localhost", "Connected")
        for written in ("Echo test", "ECHO TEST", "echo"):
            echoes = await rows(scene, "ListExtensions", Type=written)
            assert [row["PhoneNumber"] for row in echoes] == ["600", "601"]
        types = [value for row in await rows(scene, "ListExtensionTypes") for value in row.values()]
        assert {"Phone", "API extension", "Echo test"} <= set(types)


@story
async def test_address_books_are_listed_and_an_unknown_one_is_named() -> None:
    async with script_scene() as scene:
        (named,) = await rows(scene, "ListAddressbookNames")
        assert list(named.values()) == ["friends"]
        (ann,) = await rows(scene, "ListAddressbookContacts", AddressbookName="friends")
        assert ann == {"Name": "Ann", "PhoneNumber": "1000", "Email": "ann@example.com"}
        error = await scene.refused("ListAddressbookContacts", AddressbookName="foes")
        assert "foes" in error.message


@story
async def test_calls_that_cannot_begin_say_why() -> None:
    async with script_scene() as scene:
        scene.phone("1000")
        for fields, code, said in (
            ({"Dialed": "4242"}, Code.CALL_CONNECT_FAILED, "NotFound"),
            ({"Dialed": "1002"}, Code.CALL_CONNECT_FAILED, "not registered"),
            ({"Dialed": "1000", "ApiExtension": "1000"}, Code.API_EXTENSION_UNAVAILABLE, "1000"),
            ({"Dialed": "1000", "ApiExtension": "4"}, Code.API_EXTENSION_UNAVAILABLE, "4"),
        ):
            dialed = fields.pop("Dialed")
            with pytest.raises(CommandError) as caught:
                await scene.command("Call", dialed, **fields)
            assert caught.value.code is code
            assert said in caught.value.message
        assert (await scene.refused("CallSetup", Caller="1000", Callee="77")).code == 402
        assert (await scene.refused("Hangup", CallId="gone")).code == 601


@story
async def test_commands_say_what_a_call_is_not_ready_for() -> None:
    async with script_scene() as scene:
        anna, bob = scene.phone("1000"), scene.phone("1001")
        a = anna.dial("1001")
        b = await bob.rings()
        await asyncio.sleep(1)
        (call,) = scene.calls
        early = await scene.refused("SendDTMF", CallId=call.id, Keys="1")
        assert (early.code, "has not been answered" in early.message) == (303, True)
        assert (await scene.refused("Unhold", CallId=call.id)).code == 303
        bob.answer(b)
        await asyncio.sleep(1)
        a.acknowledge()
        await asyncio.sleep(1)
        await scene.command("SendDTMF", CallId=call.id, Keys="1 2", Party="caller")
        await asyncio.sleep(1)
        assert [port.played for port in scene.workers.all] == [["keys 12 auto"], []]
        assert (await scene.refused("Unhold", CallId=call.id)).code == 303
        b.hangup()
        await asyncio.sleep(1)
        assert (await scene.refused("SendDTMF", CallId=call.id, Keys="1")).code == 601


@story
async def test_an_alarm_is_reported_and_its_result_told() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        for receiver, result in (
            ("all delivered", "Success"),
            ("no kissoff", "Failed: no kissoff"),
        ):
            await scene.command("SendAlarmNotification", **ALARM)
            leg = await bob.rings()
            bob.answer(leg)
            await expect(leg, Acknowledged)
            (port,) = scene.workers.opened
            port.receiver = receiver
            await expect(leg, Ended)
            await asyncio.sleep(1)
            (message,) = port.alarms
            assert (message.account, message.qualifier, message.event) == ("0012", "3", "110")
            assert (message.group, message.number) == ("01", "010")
            to, told = scene.web.told[-1]
            assert (to, told["Result"], told["EventCode"]) == (RESULT, result, "110")
        await scene.command("SendAlarmNotification", **ALARM)
        (await bob.rings()).reject(486)
        await asyncio.sleep(1)
        assert scene.web.told[-1][1]["Result"] == "Failed: Busy"


@story
async def test_messages_that_cannot_be_taken_say_why() -> None:
    async with script_scene() as scene:
        send = Messages.send

        async def refuse(error: Exception) -> CommandError:
            async def raising(*_: object) -> str:
                raise error

            scene.messages.send = raising  # type: ignore[method-assign]
            return await scene.refused("SendSms", Recipient="1", Message="x")

        assert (await refuse(Full("the disk is full"))).code == 501
        stored = await refuse(StoreError("locked"))
        assert (stored.code, "cannot be stored: locked" in stored.message) == (501, True)
        scene.messages.send = send.__get__(scene.messages)  # type: ignore[method-assign]
        long = await scene.refused("SendSms", Recipient="1", Message="x" * 100_000)
        assert long.code == 302
        reply = await scene.command("SendSms", Recipient="1", Message="hello")
        await asyncio.sleep(1)
        assert reply is not None
        assert [(m.id, m.text) for m in scene.sms.sent] == [(reply.fields["SmsId"], "hello")]


async def test_files_are_deleted_and_moved_only_where_they_may_be(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("a")
    scene = ScriptScene(files=tmp_path)
    assert (await scene.refused("DeleteFile", SourceFile="../a.wav")).code == 302
    await scene.command("MoveFile", SourceFile="a.wav", TargetDirectory="old")
    assert (tmp_path / "old" / "a.wav").read_text() == "a"
    gone = await scene.refused("MoveFile", SourceFile="a.wav", TargetDirectory="old")
    assert (gone.code, "SourceFile" in gone.message) == (302, True)
    await scene.command("DeleteFile", SourceFile="old/a.wav")
    assert not (tmp_path / "old" / "a.wav").exists()


@story
async def test_a_ringing_call_is_not_forwarded_to_a_number_that_nobody_has() -> None:
    async with script_scene() as scene:
        a = scene.phone("1000").dial("1001")
        b = await scene.phone("1001").rings()
        b.progress(180)
        await asyncio.sleep(1)
        (call,) = scene.calls
        refused = await scene.refused("ForwardCall", CallId=call.id, Destination="4711")
        assert (refused.code, "4711" in refused.message) == (402, True)
        assert call.id in [row["CallId"] for row in await rows(scene, "ListActiveCalls")]
        a.hangup()


@story
async def test_stop_play_ends_a_long_sound_and_the_call_goes_on() -> None:
    async with script_scene() as scene:
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        await scene.command("Beep", CallId=call.id, Duration="5000", Party="caller")
        await asyncio.sleep(1)
        assert [port.playing for port in scene.workers.all if port.playing] == [["beep 1000"]]
        await scene.command("StopPlay", CallId=call.id, Party="caller")
        assert [port.playing for port in scene.workers.all if port.playing] == []
        assert len(await rows(scene, "ListActiveCalls")) == 1
        a.hangup()
        await expect(b, Ended)


CRM = User.of(HttpUser(username="crm", role="application", extensions=("1000", "9000")))


@story
async def test_an_application_sends_as_a_whole_extension_of_its_own_or_as_nobody() -> None:
    async with script_scene() as scene:
        scene.user = CRM
        for sender in ("1000@evil.example", "1000@localhost", "2000", "@1000"):
            fields = {"Recipient": "+4930", "Message": "x"}
            refused = await scene.refused("SendSms", **fields, Sender=sender)
            assert (refused.code, "Sender: " in refused.message) == (306, True), sender
            fields = {"Recipient": "+4930", "MessageData": "x", "Originator": sender}
            assert (await scene.refused("SendMessage", **fields)).code == 306, sender
        mail = {"Recipient": "a@mail.example", "Sender": "1000@evil.example"}
        assert (await scene.refused("SendEmail", **mail)).code == 306
        for sender in ("1000", ""):
            fields = {"Recipient": "+4930", "Message": f"from {sender}"}
            await scene.command("SendSms", **fields, Sender=sender)
        await asyncio.sleep(1)
        assert scene.texts == ["from 1000", "from "]
        scene.user = THE_SWITCH
        await scene.command("SendSms", Recipient="+4930", Message="x", Sender="shop@x.example")
        await asyncio.sleep(1)
        assert scene.sms.sent[-1].from_address == "shop@x.example"


@pytest.mark.parametrize(
    ("user", "fields", "shown"),
    [
        (CRM, {"CallerId": "1000@evil.example"}, ("1000", "Desk 1000")),
        (CRM, {"CallerId": "1000", "CallerDisplayName": "Police"}, ("1000", "Desk 1000")),
        (CRM, {"CallerDisplayName": "Police"}, ("9000", "")),
        (THE_SWITCH, {"CallerId": "1000@evil.example"}, ("1000", "")),
        (THE_SWITCH, {"CallerId": "+493012", "CallerDisplayName": "Shop"}, ("+493012", "Shop")),
        (THE_SWITCH, {}, ("9000", "")),
    ],
)
def test_what_a_call_shows_as_its_caller(
    user: User, fields: dict[str, str], shown: tuple[str, str]
) -> None:
    @story
    async def told() -> None:
        async with script_scene() as scene:
            bob = scene.phone("1001")
            scene.user = user
            await scene.command("Call", "1001", ApiExtension="9000", **fields)
            leg = await bob.rings()
            (call,) = scene.calls
            assert (call.caller.number, call.caller.name) == shown
            await scene.command("Hangup", CallId=call.id)
            await expect(leg, Ended)

    told()


@story
async def test_a_running_script_loses_the_rights_that_its_user_loses() -> None:
    async with script_scene() as scene:
        bob = scene.phone("1001")
        script = (
            "<Response><Beep/><Delay>2</Delay><CallSetup Caller='1001' Callee='1002'/></Response>"
        )
        for now, said in (
            (User.of(HttpUser(username="eva", role="viewer")), "eva is a viewer, expected"),
            (User.gone("eva"), "eva is no user any more"),
        ):
            scene.user = User.of(HttpUser(username="eva", role="operator"))
            await scene.command("Call", "1001", ResponseOzML=script)
            leg = await bob.rings()
            bob.answer(leg)
            await expect(leg, Acknowledged)
            scene.user = now
            await expect(leg, Ended)
            error = scene.web.last("Error")
            assert error["Code"] == "306"
            assert said in error["Message"]
