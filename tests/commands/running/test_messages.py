"""Messages as commands see them: the rows of a folder, what a script waits for, what is refused."""

from __future__ import annotations

import asyncio
from datetime import datetime

from softswitch.messaging.connections.connection import Arrival, Full
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.sip.events import Answered, Ended, Ringing
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage
from tests.calls.scene import expect
from tests.commands.running.test_switch import rows
from tests.ozml.scene import script_scene, story

INCOMING = "http://app.example/incoming"


def local(seconds: float) -> str:
    """A time as ReceiveMessage writes it."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"


@story
async def test_a_folder_is_listed_with_kinds_subjects_errors_and_local_times() -> None:
    async with script_scene() as scene:
        common = {"user": "admin", "lane": "", "next_at": None, "valid_until": 9e9}
        short = TextMessage(
            id="m1",
            folder="notsent",
            kind="sms",
            from_address="9000",
            to_address="36",
            text="hello",
            created_at=1_000.0,
            state="failed",
            error="no such number",
            **common,  # type: ignore[arg-type]
        )
        mail = TextMessage(
            id="m2",
            folder="notsent",
            kind="email",
            to_address="ann@example.com",
            text="Zone 3",
            subject="Alarm",
            created_at=2_000.0,
            sent_at=2_060.0,
            state="failed",
            **common,  # type: ignore[arg-type]
        )
        scene.disk.rows |= {"m1": short, "m2": mail}
        first, second = await rows(scene, "ReceiveMessage", Folder="notsent")
        assert first == {
            "MessageId": "m1",
            "Originator": "9000",
            "Recipient": "36",
            "MessageType": "SMS:TEXT",
            "MessageData": "hello",
            "SentTime": local(1_000),
            "ReceivedTime": local(1_000),
            "State": "failed",
            "Error": "no such number",
        }
        assert (second["MessageType"], second["Subject"]) == ("EMAIL:TEXT", "Alarm")
        assert (second["SentTime"], second["ReceivedTime"]) == (local(2_060), local(2_000))
        assert "Error" not in second
        assert await rows(scene, "ReceiveMessage", Folder="inbox") == []


@story
async def test_a_folder_that_cannot_be_read_says_that_the_database_is_away() -> None:
    async with script_scene() as scene:

        async def away(*_: object, **__: object) -> list[TextMessage]:
            raise StoreError("locked")

        scene.disk.list_folder = away  # type: ignore[method-assign]
        refused = await scene.refused("ReceiveMessage")
        assert (refused.code, "locked" in refused.message) == (801, True)


@story
async def test_a_script_goes_on_with_the_text_that_it_waited_for() -> None:
    async with script_scene() as scene:
        scene.web.answers[INCOMING] = (
            "<Response><Beep/><WaitForMsg FromConnection='sms@localhost' FromAddress='+361'"
            " ID='reply' Timeout='60'/><SendSms Recipient='36'>got $reply</SendSms></Response>"
        )
        leg = scene.phone("1000").dial("9000")
        await expect(leg, Ringing)
        await expect(leg, Answered)
        leg.acknowledge()
        await asyncio.sleep(2)
        for sender in ("+362", "+361"):
            await scene.messages.arrived(
                Arrival(connection="sms", text=f"from {sender}", from_address=sender)
            )
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == ["got from +361"]


@story
async def test_of_several_messages_each_says_what_became_of_it() -> None:
    async with script_scene() as scene:

        async def refuse_the_second(outgoing: Outgoing) -> str:
            if outgoing.to_address == "2":
                raise Full("the disk is full")
            return await Messages.send(scene.messages, outgoing)

        scene.messages.send = refuse_the_second  # type: ignore[method-assign]
        first, second = await rows(scene, "SendMessage", Recipient="1,2", MessageData="hello")
        assert (first["StatusCode"], first["Recipient"]) == ("0", "1")
        assert first["MessageId"] in scene.disk.rows
        assert (second["StatusCode"], second["MessageId"]) == ("501", "")
        assert "the disk is full" in second["StatusMessage"]
        nobody = await scene.refused("SendMessage", MessageCount="2", MessageData="hello")
        assert (nobody.code, "Recipient0" in nobody.message) == (302, True)


@story
async def test_messages_act_for_an_application_only() -> None:
    async with script_scene() as scene:
        scene.phone("1000")
        await scene.command("SendSms", ApiExtension="9000", Recipient="1", Message="hello")
        await asyncio.sleep(1)
        assert [message.from_address for message in scene.sms.sent] == ["9000"]
        for fields in (
            {"name": "SendSms", "Recipient": "1", "Message": "x"},
            {"name": "SendEmail", "Recipient": "a@example.com", "Message": "x"},
        ):
            for wrong in ("1000", "4711"):
                assert (await scene.refused(ApiExtension=wrong, **fields)).code == 401
        assert len(scene.disk.rows) == 1
