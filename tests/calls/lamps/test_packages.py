"""Waiting messages, conferences and registrations, as their watchers see them."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from softswitch.calls.lamps.message_summary import MessageCounts, message_summary
from softswitch.calls.numbers.directory import Directory
from softswitch.sip.events import Answered
from softswitch.sip.message.uri import parse_uri
from tests.calls.extensions import conference, extension
from tests.calls.scene import Phone, Scene, expect
from tests.calls.virtual_time import run
from tests.sip.watcher import Watcher

CONFERENCE = "{urn:ietf:params:xml:ns:conference-info}"
REGISTRATION = "{urn:ietf:params:xml:ns:reginfo}"


async def watching(scene: Scene, phone: Phone, number: str, event: str) -> Watcher:
    watcher = Watcher(phone.host, phone.number)
    watcher.subscribe(scene.host, number, event=event)
    await asyncio.sleep(1)
    assert watcher.responses[0].status == 200
    return watcher


async def unwatch(scene: Scene, watcher: Watcher, event: str) -> None:
    watcher.subscribe(scene.host, "1001", ("Expires", "0"), event=event)
    await asyncio.sleep(1)
    assert len(scene.lamps) == 0
    await scene.settle()


# counts, document
SUMMARIES = [
    (MessageCounts(), "no", "0/0 (0/0)"),
    (MessageCounts(2, 8, 0, 2), "yes", "2/8 (0/2)"),
    (MessageCounts(0, 3), "no", "0/3 (0/0)"),
]


@pytest.mark.parametrize(("counts", "waiting", "voice"), SUMMARIES)
def test_the_document_of_a_mailbox(counts: MessageCounts, waiting: str, voice: str) -> None:
    assert message_summary("1000", "example.com", counts).decode() == (
        f"Messages-Waiting: {waiting}\r\n"
        "Message-Account: sip:1000@example.com\r\n"
        f"Voice-Message: {voice}\r\n"
    )


def test_the_lamp_of_waiting_messages() -> None:
    async def story() -> None:
        scene = Scene()
        watcher = await watching(scene, scene.phone("1000"), "1000", "message-summary")
        assert watcher.bodies[0].startswith(b"Messages-Waiting: no\r\n")
        for counts in (MessageCounts(1), MessageCounts(1), MessageCounts(0, 1)):
            scene.mailboxes["1000"] = counts
            scene.lamps.changed("message-summary", "1000")
            await asyncio.sleep(1)
        assert [body.split(b"\r\n")[2] for body in watcher.bodies] == [
            b"Voice-Message: 0/0 (0/0)",
            b"Voice-Message: 1/0 (0/0)",
            b"Voice-Message: 0/1 (0/0)",
        ]
        await unwatch(scene, watcher, "message-summary")

    run(story())


@pytest.mark.parametrize("event", ["message-summary", "reg"])
def test_what_is_private_is_for_those_that_are_named(event: str) -> None:
    async def story() -> None:
        scene = Scene(extension("1003", watchers=["1001"]))
        for watcher, number, status in (
            ("1000", "1001", 403),
            ("1000", "1003", 403),
            ("1001", "1003", 200),
            ("1003", "1003", 200),
        ):
            phone = Watcher(scene.phone(watcher).host, watcher)
            phone.subscribe(scene.host, number, event=event)
            await asyncio.sleep(1)
            assert phone.responses[0].status == status
        scene.lamps.close()
        await scene.settle()

    run(story())


async def notified(phone: Phone) -> str:
    """The summary of a NOTIFY that belongs to no dialog."""
    async with asyncio.timeout(2):
        new = await phone.asked.get()
    assert new.request.method == "NOTIFY"
    assert new.request.headers.get("Event") == "message-summary"
    assert (new.request.headers.get("Subscription-State") or "").startswith("terminated")
    return new.request.body.decode().split("\r\n")[2]


def test_a_phone_that_has_not_subscribed_hears_of_its_messages() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.summaries.look("1000")
        scene.lamps.changed("message-summary", "1000")
        await asyncio.sleep(1)
        assert alice.asked.empty(), "it has no mailbox"
        scene.mailboxes["1000"] = MessageCounts(1, 2)
        scene.lamps.changed("message-summary", "1000")
        assert await notified(alice) == "Voice-Message: 1/2 (0/0)"
        await asyncio.sleep(40)
        other = scene.phone("1000")
        scene.summaries.look("1000")  # as after each REGISTER
        assert await notified(other) == "Voice-Message: 1/2 (0/0)"
        await asyncio.sleep(40)
        while not alice.asked.empty():
            assert await notified(alice) == "Voice-Message: 1/2 (0/0)"  # repeats of the first
        watcher = await watching(scene, alice, "1000", "message-summary")
        scene.mailboxes["1000"] = MessageCounts(5)
        while not other.asked.empty():
            other.asked.get_nowait()
        scene.lamps.changed("message-summary", "1000")
        await asyncio.sleep(1)
        assert b"5/0" in watcher.bodies[-1]
        assert alice.asked.empty()
        assert other.asked.empty()
        await unwatch(scene, watcher, "message-summary")

    run(story())


def members(body: bytes) -> list[tuple[str | None, str | None, str | None]]:
    """URI, name and status of each member."""
    root = ElementTree.fromstring(body)
    users = root.findall(f"{CONFERENCE}users/{CONFERENCE}user")
    count = root.findtext(f"{CONFERENCE}conference-state/{CONFERENCE}user-count")
    found = [
        (user.get("entity"), user.findtext(f"{CONFERENCE}display-text"), status.text)
        for user in users
        for status in user.iter(f"{CONFERENCE}status")
    ]
    assert count == str(len(found))
    return found


def test_who_is_in_a_conference() -> None:
    async def story() -> None:
        scene = Scene(conference("3000", mute_key="*6", name="Monday"))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        watcher = await watching(scene, scene.phone("1002"), "3000", "conference")
        legs = []
        for phone in (alice, bob):
            leg = phone.dial("3000")
            await expect(leg, Answered)
            leg.acknowledge()
            await asyncio.sleep(1)
            legs.append(leg)
        anna, ben = (f"sip:{phone.number}@example.com" for phone in (alice, bob))
        assert members(watcher.bodies[-1]) == [
            (anna, "Desk 1000", "connected"),
            (ben, "Desk 1001", "connected"),
        ]
        port = next(iter(scene.calls)).caller.audio.port
        port.keys("*6")  # type: ignore[union-attr]
        await asyncio.sleep(1)
        assert members(watcher.bodies[-1])[0] == (anna, "Desk 1000", "muted-via-focus")
        assert members(watcher.bodies[-1])[1] == (ben, "Desk 1001", "connected")
        for leg in legs:
            leg.hangup()
            await asyncio.sleep(1)
        assert members(watcher.bodies[-1]) == []
        assert b"<display-text>Monday</display-text>" in watcher.bodies[0]
        versions = [ElementTree.fromstring(body).get("version") for body in watcher.bodies]
        assert versions == [str(number) for number in range(len(versions))]
        await unwatch(scene, watcher, "conference")

    run(story())


def test_private_members_of_a_conference_have_no_name() -> None:
    async def story() -> None:
        scene = Scene(conference("3000"))
        alice = scene.phone("1000")
        watcher = await watching(scene, scene.phone("1002"), "3000", "conference")
        leg = alice.dial("3000", headers=[("Privacy", "id")])
        await expect(leg, Answered)
        leg.acknowledge()
        await asyncio.sleep(1)
        assert members(watcher.bodies[-1]) == [
            ("sip:anonymous@anonymous.invalid", None, "connected")
        ]
        leg.hangup()
        await asyncio.sleep(1)
        await unwatch(scene, watcher, "conference")

    run(story())


@pytest.mark.parametrize(("event", "number"), [("conference", "1001"), ("reg", "3000")])
def test_what_an_extension_does_not_have(event: str, number: str) -> None:
    async def story() -> None:
        scene = Scene(conference("3000"))
        watcher = Watcher(scene.phone("1001").host, "1001")
        watcher.subscribe(scene.host, number, event=event)
        await asyncio.sleep(1)
        assert watcher.responses[0].status == 404
        await scene.settle()

    run(story())


def test_the_phones_of_an_extension() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        watcher = await watching(scene, alice, "1000", "reg")
        scene.register("1000", parse_uri("sip:1000@10.0.0.77"), ("10.0.0.77", 5060))
        scene.registered.changed("1000")
        await asyncio.sleep(1)
        scene.registered.changed("1000")
        await asyncio.sleep(1)
        scene.registrations.where.pop("1000")
        scene.registered.changed("1000")
        await asyncio.sleep(1)
        told = []
        for body in watcher.bodies:
            registration = ElementTree.fromstring(body)[0]
            uris = [each.text for each in registration.iter(f"{REGISTRATION}uri")]
            told.append((registration.get("aor"), registration.get("state"), uris))
        own, aor = f"sip:1000@{alice.host.address[0]}", "sip:1000@example.com"
        assert told == [
            (aor, "active", [own]),
            (aor, "active", [own, "sip:1000@10.0.0.77"]),
            (aor, "terminated", []),
        ]
        await unwatch(scene, watcher, "reg")

    run(story())


def test_the_phones_of_an_extension_that_is_gone() -> None:
    """Its registrations may go a moment after its watchers were told."""

    async def story() -> None:
        scene = Scene(extension("1003", watchers=["1001"]))
        alice = scene.phone("1001")
        scene.register("1003", parse_uri("sip:1003@10.0.0.77"), ("10.0.0.77", 5060))
        watcher = await watching(scene, alice, "1003", "reg")
        directory, new = scene.plan.directory, Directory([extension("1001")])
        for slot in Directory.__slots__:
            setattr(directory, slot, getattr(new, slot))
        scene.lamps.review()
        await asyncio.sleep(1)
        assert watcher.states[-1] == "terminated;reason=noresource"
        registration = ElementTree.fromstring(watcher.bodies[-1])[0]
        assert registration.get("state") == "terminated"
        (contact,) = registration
        assert (contact.get("state"), contact.get("event")) == ("terminated", "deactivated")
        await scene.settle()

    run(story())
