"""Scripts that receive alarms: what is stored is told, however the call and the script end."""

from __future__ import annotations

import asyncio

from softswitch.calls.ports.port_alarms import AlarmLine, ContactIdMessage
from softswitch.sip.events import Answered, Ended, Ringing
from tests.calls.scene import FakePort, Leg, expect
from tests.ozml.scene import ScriptScene, script_scene, story

INCOMING = "http://app.example/incoming"
TELL = "<SendSms Recipient='36'>$account $eventqualifier $eventcode $partition $zone</SendSms>"
BURGLAR = ContactIdMessage("1234", "1", "130", "01", "015")
FIRE = ContactIdMessage("1234", "3", "110", "02", "007")
BURGLAR_TOLD = "1234 NewEvent 130 01 015"
FIRE_TOLD = "1234 NewRestore 110 02 007"


async def panel_calls(scene: ScriptScene, received: str = TELL) -> tuple[Leg, FakePort]:
    """A panel calls an application that receives alarms; it hears the handshake."""
    scene.web.answers[INCOMING] = (
        f"<Response><ReceiveAlarmNotification><Received>{received}</Received>"
        "<Failed><SendSms Recipient='36'>nothing came</SendSms></Failed>"
        "</ReceiveAlarmNotification><SendSms Recipient='36'>over</SendSms></Response>"
    )
    leg = scene.phone("1000").dial("9000")
    await expect(leg, Ringing)
    await expect(leg, Answered)
    leg.acknowledge()
    await asyncio.sleep(0.5)
    return leg, scene.workers.all[0]


def stored(scene: ScriptScene) -> list[str]:
    """The events of the alarms on disk."""
    return [change.row["code"] for change in scene.journal.changes if change.kind.name == "alarm"]


def fall_silent(port: FakePort) -> None:
    """The panel says no more."""
    assert port.panel is not None
    port.panel.set_result(AlarmLine("silence"))


@story
async def test_reports_are_stored_acknowledged_and_told_in_this_order() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene)
        await port.report(BURGLAR)
        assert stored(scene) == ["130"]
        await asyncio.sleep(1.0)  # the kissoff has left, but may still be under way to the panel
        assert scene.texts == []
        await asyncio.sleep(1.0)
        assert scene.texts == [BURGLAR_TOLD]
        await port.report(FIRE)
        await asyncio.sleep(2)
        fall_silent(port)
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == [BURGLAR_TOLD, FIRE_TOLD, "over"]


@story
async def test_a_panel_that_reports_nothing_runs_what_stands_in_failed() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene)
        fall_silent(port)
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == ["nothing came", "over"]


@story
async def test_a_report_whose_kissoff_never_left_is_told_when_the_panel_is_silent() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene)
        await port.report(BURGLAR, kissoff=None)
        await asyncio.sleep(5)
        assert scene.texts == []
        fall_silent(port)
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == [BURGLAR_TOLD, "over"]


@story
async def test_a_report_that_is_on_disk_only_after_the_panel_has_gone_is_told() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene, f"<Delay>2</Delay>{TELL}")
        await port.report(FIRE)
        await asyncio.sleep(2)  # its commands run
        scene.journal.seconds = 0.5
        late = asyncio.create_task(port.report(BURGLAR))
        await asyncio.sleep(0.1)
        fall_silent(port)
        await late
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == [FIRE_TOLD, BURGLAR_TOLD, "over"]


@story
async def test_a_report_that_is_stored_when_the_panel_hangs_up_is_told() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene)
        await port.report(BURGLAR)
        leg.hangup()
        await asyncio.sleep(3)
        assert scene.texts == [BURGLAR_TOLD]
        assert port.panel is not None
        assert port.panel.done()


@story
async def test_received_may_end_the_call_and_other_reports_are_told_all_the_same() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene, f"{TELL}<Hangup/>")
        await port.report(BURGLAR)
        await port.report(FIRE, kissoff=2.0)
        await expect(leg, Ended)
        await asyncio.sleep(3)
        assert sorted(scene.texts) == [BURGLAR_TOLD, FIRE_TOLD]
        assert port.panel is not None
        assert port.panel.result().reason == "ended"


@story
async def test_a_script_that_received_ends_waits_until_everything_stored_is_acknowledged() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene, f"{TELL}<Exit/>")
        await port.report(BURGLAR)
        await port.report(FIRE, kissoff=2.0)
        assert port.panel is not None
        await asyncio.sleep(2.2)
        assert scene.texts == [BURGLAR_TOLD]
        assert not port.panel.done()
        await expect(leg, Ended)
        await asyncio.sleep(1)
        assert scene.texts == [BURGLAR_TOLD, FIRE_TOLD]
        assert port.panel.result().reason == "ended"


@story
async def test_a_kissoff_that_never_leaves_does_not_hold_the_end_of_a_script() -> None:
    async with script_scene() as scene:
        leg, port = await panel_calls(scene, f"{TELL}<Exit/>")
        await port.report(BURGLAR)
        await port.report(FIRE, kissoff=None)
        await asyncio.wait_for(expect(leg, Ended), 1.4 + 3.0 + 1.0)
        await asyncio.sleep(1)
        assert scene.texts == [BURGLAR_TOLD, FIRE_TOLD]
