"""Messages of phones: what is kept, what is answered, what a phone gets; in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.group import GROUP
from softswitch.messaging.connections.connection import (
    Arrival,
    DeliveryRefused,
    Full,
    Later,
    MessageRefused,
    NoRoute,
)
from softswitch.messaging.connections.sip import PhoneRefused, SipConnection
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.message.uri import parse_uri
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage
from tests.calls.extensions import extension
from tests.calls.scene import Phone, Scene
from tests.calls.test_dispatch import TEXT, answered
from tests.calls.virtual_time import run


class FakeHub:
    """Keeps what arrives in a list, and sends at once what is for a phone."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.woken: list[tuple[str, str | None]] = []
        self.raises: Exception | None = None
        self.connection: SipConnection | None = None
        self.failures: list[Exception] = []
        self.is_late = False
        "Whether a message has been sent before its sender's connection knows of it."
        self._tasks: list[asyncio.Future[Any]] = []

    async def arrived(self, arrival: Arrival) -> TextMessage:
        if self.raises is not None:
            raise self.raises
        self.arrivals.append(arrival)
        inbox = arrival.to_address == "9000"
        message = message_to(
            arrival.to_address,
            arrival.text,
            from_address=arrival.from_address,
            folder="inbox" if inbox else "outbox",
            lane="" if inbox else "sip",
            tags=arrival.tags,
            origin=arrival.origin,
        )
        if not inbox:
            self._tasks.append(asyncio.ensure_future(self._send(message)))
        if self.is_late:
            await asyncio.wait(self._tasks)
        return message

    async def _send(self, message: TextMessage) -> None:
        assert self.connection is not None
        try:
            await self.connection.send(message)
        except (DeliveryRefused, Later) as error:
            self.failures.append(error)

    async def reported(self, connection: str, receipt: object) -> None:
        raise AssertionError("phones send no receipts")

    def wake(self, connection: str, address: str | None = None) -> None:
        self.woken.append((connection, address))


_IDS = itertools.count(1)


def message_to(number: str, text: str = "hello", **more: Any) -> TextMessage:
    return TextMessage(
        **{
            "id": f"00000000-0000-4000-8000-{next(_IDS):012}", "created_at": 0.0, "user": "admin",
            "folder": "outbox", "state": "queued", "valid_until": 1e12, "to_address": number,
            "text": text, **more,
        }
    )  # fmt: skip


TEAM = extension("700", GROUP, members=("1001", "1002"))
APPLICATION = extension("9000", API, url="http://app.example/")


async def start(scene: Scene, *absent: str) -> tuple[SipConnection, FakeHub]:
    async def waiting(lane: str) -> set[str]:
        assert lane == "sip"
        return set(absent)

    connection, hub = SipConnection(scene.plan, scene.pager, scene.now, waiting), FakeHub()
    hub.connection = connection
    await connection.start(hub)
    scene.message_desk = connection.receive
    return connection, hub


async def reply(made: Phone, status: int) -> Request:
    new = await made.asked.get()
    response = response_to(new.request, status, to_tag="x")
    made.host.perform(made.host.endpoint.respond_statelessly(new.request, response, new.flow))
    return new.request


@pytest.mark.parametrize(
    ("status", "told"), [(200, 200), (486, 202), (480, 202), (415, 415), (404, 404), (603, 603)]
)
@pytest.mark.parametrize("is_late", [False, True])
def test_what_the_sender_is_told(status: int, told: int, is_late: bool) -> None:
    async def story() -> None:
        scene = Scene()
        _, hub = await start(scene)
        hub.is_late = is_late
        alice, bob = scene.phone("1000"), scene.phone("1001")
        asking = asyncio.create_task(
            answered(alice, "MESSAGE", "1001", body="grüß dich".encode(), headers=TEXT)
        )
        request = await reply(bob, status)
        assert (request.body.decode(), request.cseq.number) == ("grüß dich", 1)
        assert (await asking).status == told
        (arrival,) = hub.arrivals
        assert (arrival.from_address, arrival.to_address, arrival.must_route) == (
            "1000", "1001", True,
        )  # fmt: skip
        await scene.settle()

    run(story())


def test_a_phone_that_is_away_is_awaited() -> None:
    async def story() -> None:
        scene = Scene()
        connection, hub = await start(scene)
        alice = scene.phone("1000")
        response = await answered(alice, "MESSAGE", "1001", body=b"hello", headers=TEXT)
        assert response.status == 202
        connection.registered("1002")
        assert hub.woken == []
        scene.phone("1001")
        connection.registered("1001")
        connection.registered("1001")
        assert hub.woken == [("sip", "1001")]
        await scene.settle()

    run(story())


def test_who_was_awaited_before_a_restart_is_awaited_still() -> None:
    async def story() -> None:
        scene = Scene(TEAM)
        scene.phone("1001")
        connection, hub = await start(scene, "1001", "1002", "700")
        assert hub.woken == [("sip", "1001"), ("sip", "700")]
        assert connection.state.detail == "1 phones awaited"

    run(story())


def test_a_phone_that_is_silent_makes_nobody_wait() -> None:
    async def story() -> None:
        scene = Scene()
        _, hub = await start(scene)
        scene.register("1001", parse_uri("sip:1001@10.9.9.9"), ("10.9.9.9", 5060))
        alice = scene.phone("1000")
        response = await answered(alice, "MESSAGE", "1001", body=b"hello", headers=TEXT)
        assert response.status == 202
        assert asyncio.get_running_loop().time() < 8
        await asyncio.sleep(30)
        assert [str(error) for error in hub.failures] == ["the phone answers 480"]
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("number", "body", "headers", "status"),
    [
        ("600", b"hello", TEXT, 405),
        ("1001", b"x" * 1301, TEXT, 413),
        ("1001", b"\xff\xfe", TEXT, 415),
        ("1001", b"x", (("Content-Type", "text/plain;charset=klingon"),), 415),
        ("1001", b"x", (("Content-Type", "text/plain;charset=zlib"),), 415),
        ("1001", b"x", (("Content-Type", "image/png"),), 415),
        ("9000", "ж".encode("koi8-r"), (("Content-Type", 'text/plain;charset="koi8-r"'),), 200),
        ("9000", b"", TEXT, 200),
    ],
)
def test_kinds_of_bodies(
    number: str, body: bytes, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    async def story() -> None:
        scene = Scene(APPLICATION)
        _, hub = await start(scene)
        alice = scene.phone("1000")
        response = await answered(alice, "MESSAGE", number, body=body, headers=headers)
        assert response.status == status
        assert len(hub.arrivals) == (status == 200)
        if body and status == 200:
            assert hub.arrivals[0].text == "ж"
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoRoute("nowhere"), 404),
        (Full("disk"), 503),
        (StoreError("disk"), 503),
        (MessageRefused("NUL"), 400),
    ],
)
def test_what_is_not_kept_is_not_accepted(error: Exception, status: int) -> None:
    async def story() -> None:
        scene = Scene()
        _, hub = await start(scene)
        hub.raises = error
        alice, bob = scene.phone("1000"), scene.phone("1001")
        response = await answered(alice, "MESSAGE", "1001", body=b"hello", headers=TEXT)
        assert response.status == status
        assert bob.asked.empty()
        await scene.settle()

    run(story())


def test_a_second_copy_is_known_by_its_call_id() -> None:
    async def story() -> None:
        scene = Scene()
        connection, _ = await start(scene)
        bob = scene.phone("1001")
        message = message_to("1001", from_address="+36201234567", subject="Tür")
        copies = []
        for _ in range(2):
            sending = asyncio.create_task(connection.send(message))
            copies.append(await reply(bob, 200))
            assert (await sending).delivered
        first, second = copies
        assert first.call_id == second.call_id
        assert first.from_.tag == second.from_.tag
        assert str(first.from_.uri) == "sip:+36201234567@example.com"
        assert first.headers.get("Subject") == "Tür"
        await scene.settle()

    run(story())


def test_a_group_gets_it_on_every_phone() -> None:
    async def story() -> None:
        scene = Scene(TEAM)
        connection, _ = await start(scene)
        phones = [scene.phone("1001"), scene.phone("1002")]
        sending = asyncio.create_task(connection.send(message_to("700")))
        for made in phones:
            await reply(made, 200)
        assert (await sending).delivered
        await scene.settle()

    run(story())


def test_what_is_for_no_phone() -> None:
    async def story() -> None:
        scene = Scene(APPLICATION)
        connection, hub = await start(scene)
        for number in ("4711", "600"):
            with pytest.raises(DeliveryRefused):
                await connection.send(message_to(number))
        message = message_to("9000", from_address="1000")
        assert (await connection.send(message)).delivered
        assert hub.arrivals[0].origin == f"message:{message.id}"
        hub.raises = StoreError("disk")
        with pytest.raises(Later):
            await connection.send(message)

    run(story())


def test_a_phone_gets_one_message_after_the_other() -> None:
    """RFC 3428 section 8: none is sent while an earlier one to the same phone is pending."""

    async def story() -> None:
        scene = Scene()
        connection, _ = await start(scene)
        bob = scene.phone("1001")
        texts = ("one", "two", "three", "four")
        sending = [
            asyncio.ensure_future(connection.send(message_to("1001", text))) for text in texts
        ]
        for text, status in zip(texts, (200, 415, 480), strict=False):
            await asyncio.sleep(0.2)
            assert bob.asked.qsize() == 1
            assert (await reply(bob, status)).body == text.encode()
        results = await asyncio.gather(*sending, return_exceptions=True)
        kinds = [type(each) for each in results]
        assert kinds[1:] == [PhoneRefused, Later, Later], "the last is not tried behind a failure"
        connection.registered("1001")
        again = asyncio.ensure_future(connection.send(message_to("1001", "again")))
        assert (await reply(bob, 200)).body == b"again"
        assert (await again).delivered
        await scene.settle()

    run(story())
