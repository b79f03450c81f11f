"""Presence of extensions, and what their phones publish (RFC 3856, RFC 3903)."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from softswitch.calls.features.features import ChosenFeatures
from softswitch.calls.lamps.pidf import LARGEST, Presence, UnreadablePresence, pidf, read_pidf
from softswitch.sip.message.message import Response
from tests.calls.scene import Phone, Scene, connected
from tests.calls.test_dispatch import answered
from tests.calls.virtual_time import run
from tests.sip.watcher import Watcher

PIDF = "{urn:ietf:params:xml:ns:pidf}"
RPID = "{urn:ietf:params:xml:ns:pidf:rpid}"


def said(body: bytes) -> tuple[str | None, str | None, list[str]]:
    """Basic status, note and activities of a document."""
    root = ElementTree.fromstring(body)
    activities = root.find(f".//{RPID}activities")
    names = [] if activities is None else [each.tag.removeprefix(RPID) for each in activities]
    return root.findtext(f".//{PIDF}basic"), root.findtext(f".//{PIDF}note"), names


def published(
    basic: str = "open", note: str = "", activities: str = "", person: bool = True
) -> bytes:
    """What a phone says of itself."""
    doing = f"<r:activities>{activities}</r:activities>" if person else ""
    return (
        '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" '
        'xmlns:d="urn:ietf:params:xml:ns:pidf:data-model" '
        'xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:1001@example.com">'
        f'<tuple id="x"><status><basic>{basic}</basic></status><note>{note}</note></tuple>'
        f'<d:person id="y">{doing}</d:person></presence>'
    ).encode()


async def watching(scene: Scene, number: str = "1001") -> Watcher:
    phone = scene.phone("1002")
    watcher = Watcher(phone.host, "1002")
    watcher.subscribe(scene.host, number, event="presence")
    await asyncio.sleep(1)
    assert watcher.responses[0].status == 200
    return watcher


async def unwatch(scene: Scene, watcher: Watcher) -> None:
    watcher.subscribe(scene.host, "1001", ("Expires", "0"), event="presence")
    await asyncio.sleep(1)
    assert len(scene.lamps) == 0
    assert scene.followed.is_idle
    await scene.settle()


async def publish(phone: Phone, *headers: tuple[str, str], body: bytes = b"") -> Response:
    kind = [("Content-Type", "application/pidf+xml")] if body else []
    every = {"Event": "presence", **dict(kind), **dict(headers)}
    return await answered(phone, "PUBLISH", phone.number, body=body, headers=tuple(every.items()))


def test_registration_and_calls() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        watcher = await watching(scene)
        bob = scene.phone("1001")
        scene.presence.changed("1001")
        await asyncio.sleep(1)
        a, _ = await connected(scene, alice, bob)
        a.hangup()
        await asyncio.sleep(1)
        assert [said(body) for body in watcher.bodies] == [
            ("closed", None, []),
            ("open", None, []),
            ("open", "On the phone", ["on-the-phone"]),
            ("open", None, []),
        ]
        await unwatch(scene, watcher)

    run(story())


def test_do_not_disturb_closes() -> None:
    async def story() -> None:
        scene = Scene()
        scene.phone("1001")
        scene.plan.features.listeners.append(scene.presence.changed)
        watcher = await watching(scene)

        def undisturbed(_: ChosenFeatures) -> ChosenFeatures:
            return ChosenFeatures(do_not_disturb=True)

        await scene.plan.features.change("1001", "test", undisturbed)
        await asyncio.sleep(1)
        assert said(watcher.bodies[-1]) == ("closed", "Do not disturb", ["busy"])
        await unwatch(scene, watcher)

    run(story())


def test_what_a_phone_publishes_counts_until_it_expires() -> None:
    async def story() -> None:
        scene = Scene()
        bob = scene.phone("1001")
        watcher = await watching(scene)
        body = published(note="At lunch <3", activities="<r:lunch/><r:nonsense/>".replace("<3", ""))
        response = await publish(bob, ("Expires", "60"), body=body.replace(b" <3", b" &lt;3"))
        assert (response.status, response.headers.get("Expires")) == (200, "60")
        tag = response.headers.get("SIP-ETag") or ""
        await asyncio.sleep(1)
        assert said(watcher.bodies[-1]) == ("open", "At lunch <3", ["lunch"])
        await asyncio.sleep(30)
        again = await publish(bob, ("Expires", "60"), ("SIP-If-Match", tag))
        assert again.status == 200
        assert again.headers.get("SIP-ETag") not in (None, tag)
        stale = await publish(bob, ("SIP-If-Match", tag), body=published())
        assert stale.status == 412
        changed = await publish(
            bob,
            ("Expires", "60"),
            ("SIP-If-Match", again.headers.get("SIP-ETag") or ""),
            body=published("closed", "Gone"),
        )
        await asyncio.sleep(1)
        assert said(watcher.bodies[-1]) == ("closed", "Gone", [])
        assert changed.status == 200
        await asyncio.sleep(65)
        assert said(watcher.bodies[-1]) == ("open", None, [])
        assert len(scene.presence.publications) == 0
        await unwatch(scene, watcher)

    run(story())


def test_a_publication_is_taken_back() -> None:
    async def story() -> None:
        scene = Scene()
        bob = scene.phone("1001")
        first = await publish(bob, body=published("closed"))
        assert first.headers.get("Expires") == "600"
        assert len(scene.presence.publications) == 1
        tag = first.headers.get("SIP-ETag") or ""
        gone = await publish(bob, ("Expires", "0"), ("SIP-If-Match", tag))
        assert (gone.status, gone.headers.get("Expires")) == (200, "0")
        assert len(scene.presence.publications) == 0
        await scene.settle()

    run(story())


def test_the_next_owner_of_a_number_has_published_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        ben, watcher = scene.phone("1001"), await watching(scene)
        await publish(ben, body=published(note="Away"))
        await asyncio.sleep(1)
        assert said(watcher.bodies[-1])[1] == "Away"
        scene.lamps.forget(["1001"])
        await asyncio.sleep(1)
        assert said(watcher.bodies[-1])[1] is None
        assert len(scene.presence.publications) == 0
        await unwatch(scene, watcher)

    run(story())


def test_publications_of_one_extension_are_bounded() -> None:
    async def story() -> None:
        scene = Scene()
        bob = scene.phone("1001")
        for _ in range(20):
            assert (await publish(bob, body=published())).status == 200
        assert len(scene.presence.publications) == 5
        scene.presence.close()
        await scene.settle()

    run(story())


# headers, body, status
BROKEN: list[tuple[dict[str, str], bytes, int]] = [
    ({"Event": "spam"}, published(), 489),
    ({"Event": "dialog"}, published(), 489),
    ({"Event": "a b"}, published(), 400),
    ({"Content-Type": "text/plain"}, published(), 415),
    ({"Expires": "5"}, published(), 423),
    ({"Expires": "x"}, published(), 400),
    ({"SIP-If-Match": "unknown"}, published(), 412),
    ({}, b"", 400),
    ({}, b"<presence", 400),
    ({}, b"<presence/>", 400),
    ({}, b'<!DOCTYPE p [<!ENTITY a "aaaa">]><p>&a;</p>', 400),
    ({}, published(note="x" * LARGEST), 413),
]


@pytest.mark.parametrize(("headers", "body", "status"), BROKEN)
def test_broken_publications(headers: dict[str, str], body: bytes, status: int) -> None:
    async def story() -> None:
        scene = Scene()
        response = await publish(scene.phone("1001"), *headers.items(), body=body)
        assert response.status == status
        assert len(scene.presence.publications) == 0
        await scene.settle()

    run(story())


def test_nobody_publishes_for_others() -> None:
    async def story() -> None:
        scene = Scene()
        response = await answered(
            scene.phone("1000"), "PUBLISH", "1001", headers=(("Event", "presence"),)
        )
        assert response.status == 403
        await scene.settle()

    run(story())


def test_a_document_is_read_as_it_is_written() -> None:
    presence = Presence(True, 'a "note" & <more>', ("away", "busy"))
    assert read_pidf(pidf("1000", "example.com", presence).written(0)) == presence


def test_one_open_tuple_is_enough() -> None:
    tuples = "".join(
        f"<tuple><status><basic>{word}</basic></status></tuple>"
        for word in ("closed", "open", "closed")
    )
    text = f'<presence xmlns="urn:ietf:params:xml:ns:pidf">{tuples}</presence>'
    assert read_pidf(text.encode()).is_open


@pytest.mark.parametrize(
    "octets", [b"", b"\xff\xfe", b"<a/>", b"<presence xmlns='urn:ietf:params:xml:ns:pidf'>"]
)
def test_what_is_no_presence(octets: bytes) -> None:
    with pytest.raises(UnreadablePresence):
        read_pidf(octets)
