"""Lamps of extensions: what their watchers are told, call by call (RFC 4235)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from softswitch.calls.endings.endings import EndedBy
from softswitch.sip.events import Acknowledged, Answered, Failed, Ringing
from softswitch.sip.subscription.refer import Replaces
from tests.calls.codes.test_pickup import office, ringing, taken
from tests.calls.extensions import conference, extension
from tests.calls.scene import Phone, Scene, connected, expect, sdp
from tests.calls.virtual_time import run
from tests.sip.watcher import Watcher

NAMESPACE = "{urn:ietf:params:xml:ns:dialog-info}"


def dialogs(body: bytes) -> list[dict[str, Any]]:
    """The dialogs of a document, each as a table of what it says."""
    root = ElementTree.fromstring(body)
    assert root.tag == f"{NAMESPACE}dialog-info"
    assert root.get("state") == "full"
    found = []
    for dialog in root:
        said: dict[str, Any] = dict(dialog.attrib)
        said["state"] = dialog.findtext(f"{NAMESPACE}state")
        identity = dialog.find(f"{NAMESPACE}remote/{NAMESPACE}identity")
        if identity is not None:
            said["remote"] = (identity.get("display"), identity.text)
        said["held"] = dialog.find(f".//{NAMESPACE}param") is not None
        found.append(said)
    return found


def lamp(watcher: Watcher) -> list[list[str]]:
    """The states of the dialogs in each document."""
    return [[each["state"] for each in dialogs(body)] for body in watcher.bodies]


async def watching(scene: Scene, watched: str, by: Phone | None = None) -> Watcher:
    """A phone that watches an extension from now on."""
    phone = by or scene.phone("1002")
    watcher = Watcher(phone.host, phone.number)
    watcher.subscribe(scene.host, watched)
    await asyncio.sleep(1)
    assert watcher.responses[0].status == 200
    return watcher


async def unwatch(scene: Scene, *watchers: Watcher) -> None:
    """End it all."""
    for watcher in watchers:
        watcher.subscribe(scene.host, "1001", ("Expires", "0"))
    await asyncio.sleep(1)
    assert len(scene.lamps) == 0
    assert scene.followed.is_idle
    await scene.settle()


def test_the_lamp_of_a_phone_that_is_called() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, "1001")
        a = alice.dial("1001")
        b = await bob.rings()
        await asyncio.sleep(1)
        b.progress(180)
        await expect(a, Ringing)
        await asyncio.sleep(1)
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        a.hangup()
        await asyncio.sleep(1)
        assert lamp(watcher) == [[], ["trying"], ["early"], ["confirmed"], ["terminated"]]
        versions = [ElementTree.fromstring(body).get("version") for body in watcher.bodies]
        assert versions == ["0", "1", "2", "3", "4"]
        early = dialogs(watcher.bodies[2])[0]
        assert early["direction"] == "recipient"
        assert early["remote"] == ("Desk 1000", "sip:1000@example.com")
        assert early["call-id"] == b.call_id
        assert {dialogs(body)[0]["id"] for body in watcher.bodies[1:]} == {early["id"]}
        assert ElementTree.fromstring(watcher.bodies[0]).get("entity") == "sip:1001@example.com"
        await unwatch(scene, watcher)

    run(story())


def test_the_lamp_of_a_phone_that_calls() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, "1000")
        a = alice.dial("1001")
        b = await bob.rings()
        await asyncio.sleep(1)
        b.progress(180)
        await asyncio.sleep(1)
        b.reject(486)
        await expect(a, Ringing)
        await expect(a, Failed)
        await asyncio.sleep(1)
        assert lamp(watcher) == [[], ["trying"], ["early"], ["terminated"]]
        early = dialogs(watcher.bodies[2])[0]
        assert early["direction"] == "initiator"
        assert early["remote"][1] == "sip:1001@example.com"
        await unwatch(scene, watcher)

    run(story())


@pytest.mark.parametrize("watched", ["1000", "1001"])
def test_the_tags_name_the_dialog_as_replaces_would(watched: str) -> None:
    """What a watcher puts into Replaces finds the party (RFC 3891 section 3)."""

    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, watched)
        await connected(scene, alice, bob)
        told = dialogs(watcher.bodies[-1])[0]
        replaces = Replaces(told["call-id"], told["remote-tag"], told["local-tag"])
        found = scene.control.replacing.dialogs.party_at(replaces.dialog)
        assert found is not None
        assert found[1].extension == watched
        for call in scene.calls:
            await call.hang_up(EndedBy.COMMAND)
        await unwatch(scene, watcher)

    run(story())


def test_an_early_dialog_has_its_tags() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, "1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await asyncio.sleep(1)
        told = dialogs(watcher.bodies[-1])[0]
        key = (told["call-id"], told["remote-tag"], told["local-tag"])
        assert key in scene.host.endpoint.dialogs
        a.hangup()
        await asyncio.sleep(1)
        assert lamp(watcher)[-1] == ["terminated"]
        await unwatch(scene, watcher)

    run(story())


def test_a_call_is_picked_up_by_what_a_lamp_was_told() -> None:
    async def story() -> None:
        scene = office()
        watchers = [
            await watching(scene, number, scene.phone("1000", registered=False))
            for number in ("1001", "1002")
        ]
        _, a, b = await ringing(scene)
        await asyncio.sleep(1)
        (told,) = dialogs(watchers[0].bodies[-1])
        named = f"{told['call-id']};to-tag={told['remote-tag']};from-tag={told['local-tag']}"
        c = scene.phone("1002").dial("1000", headers=[("Replaces", named)])
        await taken(scene, a, c, b)
        assert [lamp(each)[-1] for each in watchers] == [["terminated"], ["confirmed"]]
        a.hangup()
        await asyncio.sleep(1)
        assert lamp(watchers[1])[-1] == ["terminated"]
        await unwatch(scene, *watchers)

    run(story())


def test_a_group_and_its_phones() -> None:
    async def story() -> None:
        group = extension("1900", _group(), members=["1000", "1001"])
        scene = Scene(group)
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        watchers = [
            await watching(scene, number, scene.phone("1002", registered=False))
            for number in ("1000", "1001", "1900")
        ]
        c = carol.dial("1900")
        a, b = await alice.rings(), await bob.rings()
        a.progress(180)
        b.progress(180)
        await asyncio.sleep(1)
        assert [lamp(each)[-1] for each in watchers] == [["early"]] * 3
        bob.answer(b)
        await expect(c, Ringing)
        await expect(c, Answered)
        c.acknowledge()
        await asyncio.sleep(1)
        assert [lamp(each)[-1] for each in watchers] == [
            ["terminated"],
            ["confirmed"],
            ["terminated"],
        ]
        c.hangup()
        await asyncio.sleep(1)
        assert [lamp(each)[-1] for each in watchers] == [["terminated"]] * 3
        await unwatch(scene, *watchers)

    run(story())


def _group() -> Any:
    from softswitch.calls.kinds.group import GROUP  # noqa: PLC0415

    return GROUP


def test_a_conference_is_busy_while_somebody_is_in_it() -> None:
    async def story() -> None:
        scene = Scene(conference("3000"))
        alice = scene.phone("1000")
        watcher = await watching(scene, "3000")
        a = alice.dial("3000")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert lamp(watcher)[-1] == ["confirmed"]
        a.hangup()
        await asyncio.sleep(1)
        assert lamp(watcher)[-1] == ["terminated"]
        await unwatch(scene, watcher)

    run(story())


def test_hold_shows_on_the_lamp_of_the_phone_that_holds() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watchers = [
            await watching(scene, number, scene.phone("1002", registered=False))
            for number in ("1000", "1001")
        ]
        a, b = await connected(scene, alice, bob)
        holding = asyncio.create_task(a.reinvite(sdp(direction="sendonly", version=2)))
        await b.event()
        b.answer_reoffer(sdp(bob.host.address[0], 5000, direction="recvonly", version=2))
        await holding
        await asyncio.sleep(1)
        assert [dialogs(each.bodies[-1])[0]["held"] for each in watchers] == [True, False]
        a.hangup()
        await asyncio.sleep(1)
        await unwatch(scene, *watchers)

    run(story())


def test_a_private_caller_is_not_shown() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, "1001")
        a = alice.dial("1001", headers=[("Privacy", "id")])
        b = await bob.rings()
        b.progress(180)
        await asyncio.sleep(1)
        assert "remote" not in dialogs(watcher.bodies[-1])[0]
        assert b"1000" not in watcher.bodies[-1]
        a.hangup()
        await asyncio.sleep(1)
        await unwatch(scene, watcher)

    run(story())


def test_a_name_that_is_no_xml() -> None:
    async def story() -> None:
        scene = Scene(replace(extension("1003"), name='<a href="x">&\x01]]>'))
        alice, bob = scene.phone("1003"), scene.phone("1001")
        watcher = await watching(scene, "1001")
        a = alice.dial("1001")
        await bob.rings()
        await asyncio.sleep(1)
        assert dialogs(watcher.bodies[-1])[0]["remote"][0] == '<a href="x">&]]>'
        a.hangup()
        await asyncio.sleep(1)
        await unwatch(scene, watcher)

    run(story())


def test_a_call_that_goes_on_is_told_to_who_comes_later() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, _ = await connected(scene, alice, bob)
        watcher = await watching(scene, "1001")
        assert lamp(watcher) == [["confirmed"]]
        a.hangup()
        await asyncio.sleep(1)
        assert lamp(watcher) == [["confirmed"], ["terminated"]]
        await unwatch(scene, watcher)

    run(story())


def test_without_a_watcher_nothing_of_a_call_is_kept() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, _ = await connected(scene, alice, bob)
        assert scene.followed.is_idle
        assert not any(call.rung for call in scene.calls)
        a.hangup()
        await asyncio.sleep(1)
        await scene.settle()

    run(story())
