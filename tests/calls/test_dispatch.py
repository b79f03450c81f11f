"""The front desk: who is let in, and what each method gets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from softswitch.guard.authentication import Admitted, Decision, Dropped, Refused
from softswitch.sip.effects import Flow
from softswitch.sip.events import NoResponse, Responded
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import parse_uri
from tests.calls.extensions import ivr
from tests.calls.scene import Phone, Scene
from tests.calls.virtual_time import run


async def ask(
    phone: Phone,
    method: str,
    number: str,
    *,
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
) -> Any:
    """Send a request outside of dialogs and wait for what comes of it."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    token = phone.host.endpoint.token
    request = Request(
        method,
        parse_uri(f"sip:{number}@example.com"),
        [
            ("Max-Forwards", "70"),
            ("From", f"<sip:{phone.number}@example.com>;tag={token()}"),
            ("To", f"<sip:{number}@example.com>"),
            ("Call-ID", token()),
            ("CSeq", f"1 {method}"),
            ("Contact", f"<sip:{phone.number}@{phone.host.address[0]}>"),
            *headers,
        ],
        body,
    )
    flow = phone.host.flow_to(phone.scene.host)
    phone.host.perform(phone.host.endpoint.request(request, flow, done.set_result))
    return await done


async def answered(phone: Phone, method: str, number: str, **more: Any) -> Response:
    event = await ask(phone, method, number, **more)
    assert isinstance(event, Responded)
    return event.response


TEXT = (("Content-Type", "text/plain"),)


def test_options_tells_what_we_can_do() -> None:
    async def story() -> None:
        scene = Scene()
        response = await answered(scene.phone("1000"), "OPTIONS", "1001")
        assert response.status == 200
        assert "INVITE" in (response.headers.get("Allow") or "")
        assert "application/sdp" in (response.headers.get("Accept") or "")
        assert "dialog" in (response.headers.get("Allow-Events") or "")
        assert response.headers.get("User-Agent") is None
        assert response.headers.get("Server") is None
        assert response.to.tag
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("method", "status"), [("NOTIFY", 481), ("REFER", 403), ("BREW", 501), ("BYE", 481)]
)
def test_methods_that_are_not_served(method: str, status: int) -> None:
    async def story() -> None:
        scene = Scene()
        response = await answered(scene.phone("1000"), method, "1001")
        assert response.status == status
        assert (response.headers.get("Allow") is None) == (status in (403, 481))
        await scene.settle()

    run(story())


def test_register_is_answered_when_it_is_on_disk() -> None:
    async def story() -> None:
        scene = Scene()
        response = await answered(scene.phone("1000"), "REGISTER", "1000")
        assert response.status == 200
        assert "dialog" in (response.headers.get("Allow-Events") or "")
        await scene.settle()

    run(story())


def test_a_registrar_that_fails() -> None:
    async def story() -> None:
        scene = Scene()

        async def fail(*_: object) -> Response:
            raise ZeroDivisionError

        scene.registrations.register = fail  # type: ignore[method-assign, assignment]
        response = await answered(scene.phone("1000"), "REGISTER", "1000")
        assert response.status == 500
        await scene.settle()

    run(story())


def test_a_message_reaches_every_phone() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(2)]
        waiting = asyncio.create_task(
            answered(alice, "MESSAGE", "1001", body="grüß dich".encode(), headers=TEXT)
        )
        for status, phone in zip((486, 200), phones, strict=True):
            new = await phone.asked.get()
            assert new.request.body == "grüß dich".encode()
            assert new.request.from_.display_name == "Desk 1000"
            assert new.request.max_forwards == 69
            response = response_to(new.request, status, to_tag="x")
            phone.host.perform(
                phone.host.endpoint.respond_statelessly(new.request, response, new.flow)
            )
        assert (await waiting).status == 200
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("number", "body", "headers", "status"),
    [
        ("4711", b"hello", TEXT, 404),
        ("1001", b"hello", TEXT, 480),
        ("1001", b"x" * 1301, TEXT, 413),
        ("1001", b"\x00", (("Content-Type", "image/png"),), 415),
        ("1001", b"hello", (), 415),
    ],
)
def test_messages_that_go_nowhere(
    number: str, body: bytes, headers: tuple[tuple[str, str], ...], status: int
) -> None:
    async def story() -> None:
        scene = Scene()
        response = await answered(
            scene.phone("1000"), "MESSAGE", number, body=body, headers=headers
        )
        assert response.status == status
        await scene.settle()

    run(story())


def test_a_message_to_a_phone_that_is_gone() -> None:
    async def story() -> None:
        scene = Scene()
        scene.register("1001", parse_uri("sip:1001@10.9.9.9"), ("10.9.9.9", 5060))
        alice = scene.phone("1000")
        response = await answered(alice, "MESSAGE", "1001", body=b"hello", headers=TEXT)
        assert response.status == 480
        assert asyncio.get_running_loop().time() < 32
        await scene.settle()

    run(story())


def test_unknown_sources_are_challenged_and_leave_nothing_behind() -> None:
    async def story() -> None:
        scene = Scene()

        class Challenge:
            def check(self, request: Request, flow: Flow, now: float) -> Decision:
                return Refused(response_to(request, 401, to_tag="t"))

        scene.switch._gate = Challenge()
        alice = scene.phone("1000")
        for method in ("INVITE", "OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE", "BREW"):
            if method == "INVITE":
                alice.dial("1001")
                await asyncio.sleep(1)
                assert "switch>p1000-1 401 INVITE" in scene.network.log
            else:
                assert (await answered(alice, method, "1001")).status == 401
            assert not any(scene.host.counts().values())
        assert not scene.journal.changes
        await scene.settle()

    run(story())


def test_the_banned_hear_nothing() -> None:
    async def story() -> None:
        scene = Scene()

        class Drop:
            def check(self, request: Request, flow: Flow, now: float) -> Decision:
                return Dropped()

        scene.switch._gate = Drop()
        assert isinstance(await ask(scene.phone("1000"), "OPTIONS", "1001"), NoResponse)
        assert not scene.host.sends
        await scene.settle()

    run(story())


def test_a_fault_of_ours_is_a_500_and_not_the_end() -> None:
    async def story() -> None:
        scene = Scene()

        class Broken:
            def check(self, request: Request, flow: Flow, now: float) -> Decision:
                raise ZeroDivisionError

        gate = scene.switch._gate
        scene.switch._gate = Broken()
        alice = scene.phone("1000")
        assert (await answered(alice, "OPTIONS", "1001")).status == 500
        scene.switch._gate = gate
        assert (await answered(alice, "OPTIONS", "1001")).status == 200
        await scene.settle()

    run(story())


def test_messages_to_what_is_no_phone() -> None:
    async def story() -> None:
        scene = Scene(ivr("1005"))
        alice = scene.phone("1000")
        assert (await answered(alice, "MESSAGE", "1005", body=b"hi", headers=TEXT)).status == 480
        await scene.settle()

    run(story())


class OnceGate:
    """Admits a request once, as a nonce count is good for one use."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def check(self, request: Request, flow: Flow, now: float) -> Decision:
        if request.call_id in self._seen:
            return Refused(response_to(request, 401, to_tag="replay"))
        self._seen.add(request.call_id)
        return Admitted(str(getattr(request.from_.uri, "user", "")))


@pytest.mark.parametrize(
    ("method", "number", "status"),
    [
        ("REGISTER", "1000", 200),
        ("MESSAGE", "1001", 480),
        ("OPTIONS", "1001", 200),
        ("SUBSCRIBE", "1001", 489),
        ("REFER", "1001", 403),
        ("BREW", "1001", 501),
        ("INVITE", "4711", 404),
    ],
)
@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_a_retransmission_is_no_replay(method: str, number: str, status: int, pause: float) -> None:
    """The repeat comes back to back, before any task has run, or after the answer."""

    async def story() -> None:
        scene = Scene()
        scene.switch._gate = OnceGate()
        alice = scene.phone("1000")
        scene.network.lose = lambda line: line.startswith("p1000")
        if method == "INVITE":
            asking = asyncio.ensure_future(alice.dial(number).event())
        else:
            asking = asyncio.ensure_future(ask(alice, method, number, body=b"hi", headers=TEXT))
            await asyncio.sleep(0)
        request, flow = alice.host.sends[-1], Flow("udp", scene.host.address, alice.host.address)
        scene.host.receive(request, flow)
        if pause:
            await asyncio.sleep(pause)
        scene.host.receive(request, flow)
        await asking
        await asyncio.sleep(1)
        said = [line.split()[1] for line in scene.network.log if line.startswith("switch>p1000")]
        assert {each for each in said if each != "100"} == {str(status)}
        await scene.settle()

    run(story())


def test_a_refused_invite_repeats_its_refusal() -> None:
    async def story() -> None:
        scene = Scene(most=0)
        scene.switch._gate = OnceGate()
        alice = scene.phone("1000")
        alice.dial("1001")
        alice.host.network.send(alice.host.sends[-1], alice.host.flow_to(scene.host))
        await asyncio.sleep(1)
        finals = {line.split()[1] for line in scene.network.log if line.startswith("switch>")}
        assert finals == {"100", "503"}
        await scene.settle()

    run(story())
