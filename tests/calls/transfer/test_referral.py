"""The transfer button of phones: REFER, what is told of it, and whom it may lead to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.hold import hold
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.rules.route import Route
from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    Reoffered,
    RequestReceived,
    Ringing,
)
from softswitch.sip.message.message import Response
from tests.calls.extensions import conference, extension
from tests.calls.numbers.test_trunks import by_address, calls_in, trunk
from tests.calls.scene import FakePort, Phone, Scene, connected, expect, sdp
from tests.calls.virtual_time import run

TRYING = ("active;expires=600", "SIP/2.0 100 Trying")
NO_RESOURCE = "terminated;reason=noresource"
OK = (NO_RESOURCE, "SIP/2.0 200 OK")


async def press_transfer(leg: Leg, target: str, *more: tuple[str, str]) -> Response:
    """Send a REFER; its answer."""
    leg.take("NOTIFY")
    uri = target if ":" in target else f"sip:{target}@example.com"
    return await leg.ask("REFER", [("Refer-To", f"<{uri}>"), *more])


async def hear(leg: Leg, answer: int = 200) -> tuple[str, str]:
    """The next NOTIFY of a phone: state of the subscription, and the status line."""
    event = await expect(leg, RequestReceived)
    request = event.request
    assert request.method == "NOTIFY"
    assert request.headers.get("Event").startswith("refer;id=")
    assert request.content_type == "message/sipfrag"
    leg.respond(event, answer)
    return request.headers.get("Subscription-State"), request.body.decode().strip()


async def heard_so_far(leg: Leg) -> list[str]:
    """The status lines of all that a phone was told until a final one."""
    lines: list[str] = []
    while not lines or not lines[-1].startswith(NO_RESOURCE):
        lines.append(" ".join(await hear(leg)))
    return [line.split("SIP/2.0 ")[1] for line in lines]


def replacing(leg: Leg, number: str = "1002") -> str:
    """The URI that names a phone's own dialog, as its peer knows it (RFC 5589 section 7)."""
    call_id, local, remote = leg.usage.dialog.id  # type: ignore[union-attr]
    return f"sip:{number}@example.com?Replaces={call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"


def hear_each_other(call: Call) -> bool:
    one, other = (party.audio.port for party in call.parties)
    assert isinstance(one, FakePort)
    return one.hears is other and one is other.hears  # type: ignore[union-attr]


async def three(scene: Scene) -> tuple[Phone, Phone, Phone, Leg, Leg]:
    """Anna talks to Ben, Carl waits."""
    anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
    return anna, ben, carl, *(await connected(scene, anna, ben))


# -- blind -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaving", ["caller", "callee"])
def test_a_phone_sends_its_partner_to_a_number(leaving: str) -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        (call,) = scene.calls
        gone, stays = (a, b) if leaving == "caller" else (b, a)
        answer = await press_transfer(gone, "1002")
        assert answer.status == 202
        assert answer.contact is not None
        assert await hear(gone) == TRYING
        c = await carl.rings()
        assert c.request.from_.uri.user == ("1001" if leaving == "caller" else "1000")
        c.progress(180)
        assert await hear(gone) == ("active;expires=599", "SIP/2.0 180 Ringing")
        staying = call.callee if leaving == "caller" else call.caller
        assert isinstance(staying.audio.port, FakePort)
        assert staying.audio.port.playing == ["ringback"]
        carl.answer(c)
        await expect(c, Acknowledged)
        assert await hear(gone) == OK
        assert (await expect(gone, Ended)).reason == "BYE"
        assert staying.audio.port.playing == []
        assert hear_each_other(call)
        assert scene.states == ["Ringing", "Answered", "InCall", "Transferred", "InCall"]
        stays.hangup()
        await expect(c, Ended)
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_a_phone_may_say_goodbye_right_after_the_202() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        (call,) = scene.calls
        assert (await press_transfer(b, "1002")).status == 202
        b.hangup()
        c = await carl.rings()
        c.progress(180)
        await asyncio.sleep(5)
        assert not a.ended.done()
        carl.answer(c)
        await expect(c, Acknowledged)
        assert hear_each_other(call)
        a.hangup()
        await expect(c, Ended)
        await scene.settle()

    run(story())


def test_a_goodbye_that_overtakes_the_transfer_ends_the_call() -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        dialog = b.usage.dialog
        assert dialog is not None
        target = [("Refer-To", "<sip:1002@example.com>")]
        both = [dialog.next_request("REFER", target), dialog.next_request("BYE")]
        flow = ben.host.flow_to(scene.host)
        back = flow._replace(local=flow.remote, remote=flow.local)
        for request in both:
            scene.host.receive(ben.host.endpoint.write(request, flow), back)
        await expect(a, Ended)
        assert carl.asked.empty()
        assert "switch>p1001-2 487 REFER" in scene.network.log
        b.hangup()  # the phone believes that it still talks
        await scene.settle()

    run(story())


Refusal = Callable[[Scene, Leg], Awaitable[None]]


async def busy(scene: Scene, c: Leg) -> None:
    c.reject(486)


async def nobody_comes(scene: Scene, c: Leg) -> None:
    await asyncio.sleep(60)


async def declined(scene: Scene, c: Leg) -> None:
    c.reject(603)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (busy, "486 Busy Here"),
        (nobody_comes, "480 Temporarily Unavailable"),
        (declined, "603 Decline"),
    ],
)
def test_a_target_that_does_not_answer_leaves_the_call_as_it_was(what: Refusal, line: str) -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        (call,) = scene.calls
        await press_transfer(b, "1002")
        c = await carl.rings()
        assert await hear(b) == TRYING
        c.progress(180)
        await hear(b)
        await what(scene, c)
        assert await heard_so_far(b) == [line]
        assert not a.ended.done()
        assert not b.ended.done()
        assert hear_each_other(call)
        assert scene.states == ["Ringing", "Answered", "InCall"]
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_phone_that_has_gone_cannot_take_the_call_back() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        await press_transfer(b, "1002")
        c = await carl.rings()
        b.hangup()
        await asyncio.sleep(1)
        c.reject(486)
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_the_phone_hears_that_its_partner_has_hung_up() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        await press_transfer(b, "1002")
        c = await carl.rings()
        a.hangup()
        assert (await expect(c, Ended)).reason == "CANCEL"
        assert await heard_so_far(b) == ["100 Trying", "487 Request Terminated"]
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_who_was_held_hears_the_target() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, carl, a, b = await three(scene)
        (call,) = scene.calls
        music = sdp(ben.host.address[0], 5000, direction="sendonly", version=2)
        holding = asyncio.create_task(b.reinvite(music))
        await expect(a, Reoffered)
        a.answer_reoffer(sdp(anna.host.address[0], direction="recvonly", version=2))
        await expect(a, Acknowledged)
        await holding
        await asyncio.sleep(1)
        assert scene.states[-1] == "Hold"
        await press_transfer(b, "1002")
        c = await carl.rings()
        carl.answer(c, direction="sendonly")
        await expect(c, Acknowledged)
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        offer = (await expect(a, Reoffered)).sdp
        assert b"a=sendrecv" in offer
        a.answer_reoffer(sdp(anna.host.address[0], version=3))
        offer = (await expect(c, Reoffered)).sdp
        assert b"a=sendrecv" in offer
        c.answer_reoffer(sdp(carl.host.address[0], 5000, version=2))
        await asyncio.sleep(1)
        assert scene.states[3:] == ["Hold", "Transferred", "InCall", "Hold", "InCall"]
        assert hear_each_other(call)
        a.hangup()
        await scene.settle()

    run(story())


def test_a_change_of_media_that_the_transfer_overtakes() -> None:
    async def story() -> None:
        scene = Scene()
        anna, _, carl, a, b = await three(scene)
        (call,) = scene.calls
        await press_transfer(b, "1002")
        c = await carl.rings()
        music = sdp(anna.host.address[0], direction="sendonly", version=2)
        holding = asyncio.create_task(a.reinvite(music))
        await asyncio.sleep(1)  # ben's phone is asked, and does not answer
        carl.answer(c)
        await expect(c, Acknowledged)
        assert hear_each_other(call)
        # anna's phone was told to try again, and now it is carl who is asked
        offer = (await expect(c, Reoffered)).sdp
        assert b"a=sendonly" in offer
        c.answer_reoffer(sdp(carl.host.address[0], 5000, direction="recvonly", version=2))
        assert b"a=recvonly" in await holding
        assert call.state.value == "Hold"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_wants_to_hear_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        answer = await press_transfer(b, "1002", ("Refer-Sub", "false"))
        assert (answer.status, answer.headers.get("Refer-Sub")) == (202, "false")
        carl.answer(await carl.rings())
        assert (await expect(b, Ended)).reason == "BYE"
        assert not any("NOTIFY" in line for line in scene.network.log)
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("status", [481, 500])
def test_a_phone_that_refuses_to_hear_is_told_no_more(status: int) -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        await press_transfer(b, "1002")
        await hear(b, status)
        c = await carl.rings()
        c.progress(180)
        await asyncio.sleep(1)
        assert not b.ended.done(), "the call goes on without the subscription"
        carl.answer(c)
        assert (await expect(b, Ended)).reason == "BYE"
        assert len(scene.network.sent(">p1001-2 NOTIFY")) == 1
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_does_not_answer_a_notify_keeps_its_call() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        scene.network.lose = lambda line: "NOTIFY" in line
        await press_transfer(b, "1002")
        c = await carl.rings()
        await asyncio.sleep(40)
        c.reject(486)
        await asyncio.sleep(1)
        assert not a.ended.done()
        assert not b.ended.done()
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_only_one_transfer_at_a_time() -> None:
    async def story() -> None:
        scene = Scene()
        _, _, carl, a, b = await three(scene)
        await press_transfer(b, "1002")
        c = await carl.rings()
        target = [("Refer-To", "<sip:1000@example.com>")]
        for leg in (a, b):
            assert (await leg.ask("REFER", target)).status == 491
        carl.answer(c)
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_call_that_is_not_sips_is_not_sent_to_a_sips_uri() -> None:
    """RFC 5630 section 5.1.1.3: it would be rung less securely than its URI says."""

    async def story() -> None:
        scene = Scene()
        _, _, _, a, b = await three(scene)
        assert (await press_transfer(b, "sips:1002@example.com")).status == 202
        assert await heard_so_far(b) == ["100 Trying", "480 Temporarily Unavailable"]
        assert not any("p1002" in line for line in scene.network.log)
        assert not a.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


BROKEN = [
    ([], 400),
    ([("Refer-To", "<sip:1002@example.com>"), ("Refer-To", "<sip:1000@example.com>")], 400),
    ([("Refer-To", "<sip:1002@example.com>, <sip:1000@example.com>")], 400),
    ([("Refer-To", "<sip:1002@example.com?Replaces=nonsense>")], 400),
    ([("Refer-To", "<sip:1002@example.com;method=BYE>")], 603),
]


@pytest.mark.parametrize(("headers", "status"), BROKEN)
def test_broken_ones_are_refused_and_the_call_goes_on(
    headers: list[tuple[str, str]], status: int
) -> None:
    async def story() -> None:
        scene = Scene()
        _, _, _, a, b = await three(scene)
        assert (await b.ask("REFER", headers)).status == status
        assert (await press_transfer(b, "nobody")).status == 202
        assert await heard_so_far(b) == ["100 Trying", "404 Not Found"]
        assert not a.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


def test_nobody_stays_with_a_phone_that_talks_to_the_switch() -> None:
    async def story() -> None:
        scene = Scene()
        anna = scene.phone("1000")
        a = anna.dial("600")
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert (await press_transfer(a, "1002")).status == 403
        a.hangup()
        await scene.settle()

    run(story())


def test_outside_of_calls_nobody_is_transferred() -> None:
    async def story() -> None:
        scene = Scene()
        anna, _, _, a, _ = await three(scene)
        sent = scene.network.log
        request = a.usage.dialog.next_request("REFER", [("Refer-To", "<sip:1002@example.com>")])  # type: ignore[union-attr]
        request.headers.set("To", "<sip:1001@example.com>")
        request.headers.set("Call-ID", "stray")
        anna.host.perform(anna.host.endpoint.request(request, a.flow, lambda event: None))
        await asyncio.sleep(1)
        assert sent[-1] == "switch>p1000-1 403 REFER"
        a.hangup()
        await scene.settle()

    run(story())


# -- rights ----------------------------------------------------------------------------------------


def outside() -> tuple[Scene, Phone]:
    """Two lines; only 1000 may dial 0…, and 1001 anything that begins with 7."""
    routes = [
        Route(pattern="0*", trunk="carrier", strip=1, extensions=frozenset({"1000"})),
        Route(pattern="7*", trunk="carrier", strip=1),
    ]
    scene = Scene(trunks=[trunk()], routes=routes)
    return scene, scene.phone("1000")


@pytest.mark.parametrize(
    ("who", "target", "line"),
    [
        ("b", "0123", "403 Forbidden"),
        ("b", "9", "404 Not Found"),
        ("b", "sip:1002@elsewhere.example", "404 Not Found"),
        ("b", "tel:+99", "404 Not Found"),
        ("b", "mailto:me@example.com", "416 Unsupported URI Scheme"),
        ("a", "0123", "503 Service Unavailable"),
        ("b", "7123", "503 Service Unavailable"),
    ],
)
def test_a_phone_sends_its_partner_only_where_it_may_dial_itself(
    who: str, target: str, line: str
) -> None:
    async def story() -> None:
        scene, anna = outside()
        a, b = await connected(scene, anna, scene.phone("1001"))
        leg = a if who == "a" else b
        await press_transfer(leg, target)
        assert await heard_so_far(leg) == ["100 Trying", line]
        a.hangup()
        await scene.settle()

    run(story())


def test_a_caller_id_that_an_application_has_chosen_gives_no_rights() -> None:
    async def story() -> None:
        scene, _ = outside()
        ben, carl = scene.phone("1001"), scene.phone("1002")
        a, b = await connected(scene, ben, carl)
        (call,) = scene.calls
        call.caller.number = "1000"
        await press_transfer(a, "0123")
        assert await heard_so_far(a) == ["100 Trying", "403 Forbidden"]
        b.hangup()
        await scene.settle()

    run(story())


def test_an_outside_party_reaches_extensions_only() -> None:
    async def story() -> None:
        stage = by_address()
        ben, carl = stage.scene.phone("1001"), stage.scene.phone("1002")
        a = calls_in(stage, "sip:1001@192.0.2.1")
        b = await ben.rings()
        ben.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        await press_transfer(a, "030123")
        assert await heard_so_far(a) == ["100 Trying", "403 Forbidden"]
        # and what is to be known of a dialog gives it nothing
        c = carl.dial("600")
        await expect(c, Answered)
        c.acknowledge()
        await asyncio.sleep(1)
        await press_transfer(a, replacing(c))
        assert await heard_so_far(a) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
        await press_transfer(a, "1002")
        d = await carl.rings()
        carl.answer(d)
        assert await heard_so_far(a) == ["100 Trying", "200 OK"]
        b.hangup()
        c.hangup()
        await stage.scene.settle()

    run(story())


# -- attended --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("through", ["first", "second"])
def test_a_phone_joins_its_two_calls(through: str, workers: int) -> None:
    async def story() -> None:
        scene = Scene(workers=workers)
        _, ben, carl, a, b = await three(scene)
        b2, c = await connected(scene, ben, carl)
        first, second = scene.calls
        by, named = (b, b2) if through == "first" else (b2, b)
        assert (await press_transfer(by, replacing(named))).status == 202
        if workers == 2:
            moved, host = (c, "10.0.0.3") if through == "first" else (a, "10.0.0.1")
            await expect(moved, Reoffered)
            moved.answer_reoffer(sdp(host, 5000, version=2))
        assert await heard_so_far(by) == ["100 Trying", "200 OK"]
        await expect(by, Ended)
        await expect(named, Ended)
        call = first if through == "first" else second
        assert list(scene.calls) == [call]
        assert hear_each_other(call)
        assert not a.ended.done()
        assert not c.ended.done()
        assert sorted(scene.states[-3:]) == ["Completed", "InCall", "Transferred"]
        a.hangup()
        await scene.settle()
        assert {row["outcome"] for row in scene.journal.records().values()} == {"answered"}

    run(story())


@pytest.mark.parametrize("kept", ["@", "@;", "@;=", ";="])
def test_a_phone_may_leave_characters_of_replaces_unescaped(kept: str) -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        b2, _ = await connected(scene, ben, carl)
        target = replacing(b2)
        for character in kept:
            target = target.replace(f"%{ord(character):02X}", character)
        assert (await press_transfer(b, target)).status == 202
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        await expect(b, Ended)
        await expect(b2, Ended)
        a.hangup()
        await scene.settle()

    run(story())


def test_a_hold_that_is_not_answered_yet_ends_before_the_calls_are_joined() -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        b2, c = await connected(scene, ben, carl)
        music = sdp(ben.host.address[0], direction="sendonly", version=2)
        holding = asyncio.create_task(b2.reinvite(music))
        await expect(c, Reoffered)
        await press_transfer(b, replacing(b2))
        assert await hear(b) == TRYING
        await asyncio.sleep(1)
        c.answer_reoffer(sdp(carl.host.address[0], 5000, direction="recvonly", version=2))
        await expect(c, Acknowledged)
        assert await hear(b) == OK
        await holding
        offer = (await expect(c, Reoffered)).sdp
        assert b"a=sendrecv" in offer
        c.answer_reoffer(sdp(carl.host.address[0], 5000, version=3))
        await asyncio.sleep(1)
        (call,) = scene.calls
        assert hear_each_other(call)
        assert call.state.value == "InCall"
        a.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_phone_that_changes_its_media_while_it_is_transferred(workers: int) -> None:
    async def story() -> None:
        scene = Scene(workers=workers)
        _, ben, carl, a, b = await three(scene)
        b2, c = await connected(scene, ben, carl)
        target = [("Refer-To", f"<{replacing(b2)}>")]
        b.take("NOTIFY")
        pressed = asyncio.create_task(b.ask("REFER", target))
        own = sdp(carl.host.address[0], 5002, version=2)
        changing = asyncio.create_task(c.reinvite(own))
        if workers == 2:
            await expect(c, Reoffered)
            c.answer_reoffer(sdp(carl.host.address[0], 5000, version=3))
        else:
            offer = (await expect(a, Reoffered)).sdp
            assert b"a=sendrecv" in offer
            a.answer_reoffer(sdp("10.0.0.1", version=2))
        assert (await pressed).status == 202
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        if workers == 2:
            await expect(a, Reoffered)
            a.answer_reoffer(sdp("10.0.0.1", version=2))
        await changing
        await asyncio.sleep(5)
        (call,) = scene.calls
        assert hear_each_other(call)
        assert call.callee.audio.heard is not None
        assert call.callee.audio.heard.remote == (carl.host.address[0], 5002)
        a.hangup()
        await scene.settle()

    run(story())


def test_a_party_that_hangs_up_at_that_moment_is_not_waited_for() -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        b2, c = await connected(scene, ben, carl)
        dialog = c.usage.dialog
        assert dialog is not None
        first, second = scene.calls
        there = second.callee.leg
        assert there is not None
        target = [("Refer-To", f"<{replacing(b2)}>")]
        b.take("NOTIFY")
        refer, bye = b.usage.dialog.next_request("REFER", target), dialog.next_request("BYE")  # type: ignore[union-attr]
        for phone, request in ((ben, refer), (carl, bye)):
            flow = phone.host.flow_to(scene.host)
            back = flow._replace(local=flow.remote, remote=flow.local)
            scene.host.receive(phone.host.endpoint.write(request, flow), back)
        assert (await heard_so_far(b))[0] == "100 Trying"
        await expect(b2, Ended)
        assert list(scene.calls) == [first]
        assert not a.ended.done()
        assert not b.ended.done()
        c.hangup()
        a.hangup()
        await scene.settle()

    run(story())


def test_a_member_of_a_conference_brings_somebody_in() -> None:
    async def story() -> None:
        scene = Scene(conference())
        _, ben, _, a, b = await three(scene)
        b2 = ben.dial("3000")
        await expect(b2, Answered)
        b2.acknowledge()
        await asyncio.sleep(1)
        assert (await press_transfer(b, replacing(b2, "3000"))).status == 202
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        await expect(b, Ended)
        await expect(b2, Ended)
        await asyncio.sleep(1)
        (call,) = scene.calls
        assert call.callee.number == "3000"
        port = call.caller.audio.port
        assert isinstance(port, FakePort)
        assert port.room == "3000"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_phone_in_a_conference_goes_and_sends_whom_it_talks_to() -> None:
    async def story() -> None:
        scene = Scene(conference())
        _, ben, _, a, b = await three(scene)
        b2 = ben.dial("3000")
        await expect(b2, Answered)
        b2.acknowledge()
        await asyncio.sleep(1)
        assert (await press_transfer(b2, "1000")).status == 403
        assert (await press_transfer(b2, replacing(b, "1000"))).status == 202
        assert await heard_so_far(b2) == ["100 Trying", "200 OK"]
        await expect(b, Ended)
        await asyncio.sleep(1)
        (call,) = scene.calls
        port = call.caller.audio.port
        assert isinstance(port, FakePort)
        assert port.room == "3000"
        a.hangup()
        await scene.settle()

    run(story())


def test_nobody_gets_into_the_call_of_another() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"), extension("1004"))
        _, _, carl, a, b = await three(scene)
        dora = scene.phone("1003")
        c, d = await connected(scene, carl, dora)
        for named in (a, b):
            await press_transfer(c, replacing(named))
            assert await heard_so_far(c) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
        await press_transfer(c, replacing(c))  # its own
        assert await heard_so_far(c) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
        await press_transfer(c, "sip:1@example.com?Replaces=no%3Bto-tag%3Dsuch%3Bfrom-tag%3Dcall")
        assert await heard_so_far(c) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
        assert len(scene.calls) == 2
        assert not any(leg.ended.done() for leg in (a, b, c, d))
        a.hangup()
        c.hangup()
        await scene.settle()

    run(story())


def early(leg: Leg) -> tuple[str, str, str]:
    """The dialog of a call that still rings, as the phone knows it."""
    (dialog,) = leg.usage.early.values()  # type: ignore[union-attr]
    assert isinstance(dialog, Dialog)
    return dialog.id


@pytest.mark.parametrize("answers", [True, False])
def test_a_phone_presses_while_its_second_call_rings(answers: bool) -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        (call,) = scene.calls
        b2 = ben.dial("1002")
        c = await carl.rings()
        c.progress(180)
        await expect(b2, Ringing)
        call_id, local, remote = early(b2)
        name = f"Replaces={call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"
        await press_transfer(b, f"sip:1002@example.com?{name}")
        assert (await expect(c, Ended)).reason == "CANCEL"
        assert (await expect(b2, Failed)).status == 480
        c = await carl.rings()
        assert c.request.from_.uri.user == "1000"
        if answers:
            carl.answer(c)
            assert await heard_so_far(b) == ["100 Trying", "200 OK"]
            await expect(b, Ended)
        else:
            c.reject(486)
            assert await heard_so_far(b) == ["100 Trying", "486 Busy Here"]
            assert not b.ended.done()
        assert hear_each_other(call)
        a.hangup()
        await scene.settle()

    run(story())


# -- INVITE with Replaces --------------------------------------------------------------------------


def taking(leg: Leg, more: str = "") -> tuple[str, str]:
    """The header that names a phone's dialog."""
    call_id, local, remote = leg.usage.dialog.id  # type: ignore[union-attr]
    return ("Replaces", f"{call_id};to-tag={remote};from-tag={local}{more}")


@pytest.mark.parametrize("held", [False, True])
def test_a_second_phone_of_an_extension_takes_its_call_over(held: bool) -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben, _, a, b = await three(scene)
        (call,) = scene.calls
        if held:
            putting = asyncio.create_task(call.ask(lambda: hold(call)))
            for leg, phone in ((a, anna), (b, ben)):
                await expect(leg, Reoffered)
                leg.answer_reoffer(sdp(phone.host.address[0], direction="recvonly", version=2))
                await expect(leg, Acknowledged)
            await putting
        second = scene.phone("1001", registered=False)
        b2 = second.dial("1000", headers=[taking(b)])
        assert b"a=sendrecv" in (await expect(b2, Answered)).sdp
        b2.acknowledge()
        assert (await expect(b, Ended)).reason == "BYE"
        if held:
            await expect(a, Reoffered)
            a.answer_reoffer(sdp("10.0.0.1", 4000, version=3))
            await expect(a, Acknowledged)
        await asyncio.sleep(1)
        assert list(scene.calls) == [call]
        assert hear_each_other(call)
        assert call.state.value == "InCall"
        assert "Transferred" in scene.states
        b2.hangup()
        await expect(a, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("caller", "more", "status"),
    [("1002", "", 403), ("1000", "", 403), ("1001", ";early-only", 486), ("1001", ";x=1", 488)],
)
def test_who_may_not_take_a_call_over(caller: str, more: str, status: int) -> None:
    async def story() -> None:
        scene = Scene()
        _, _, _, a, b = await three(scene)
        other = scene.phone(caller, registered=False)
        offer = None if status == 488 else sdp()
        c = other.dial("1000", offer, headers=[taking(b, more)])
        ending = await c.ended
        assert ending.reason.startswith(str(status))
        assert not a.ended.done()
        assert not b.ended.done()
        a.hangup()
        await scene.settle()

    run(story())


def test_dialogs_that_are_not_there_any_more_or_not_yet() -> None:
    async def story() -> None:
        scene = Scene()
        _, ben, carl, a, b = await three(scene)
        named = taking(b)
        # one that rings: whom the switch rings, and who waits for the answer
        waiting = ben.dial("1002")
        ringing = await carl.rings()
        ringing.progress(180)
        await expect(waiting, Ringing)
        call_id, local, remote = early(waiting)
        inward = ("Replaces", f"{call_id};to-tag={remote};from-tag={local}")
        anna = scene.phone("1000", registered=False)
        for phone, header, status in ((ben, inward, 481), (anna, taking(ringing), 403)):
            leg = phone.dial("1000", headers=[header])
            assert (await leg.ended).reason.startswith(str(status))
        waiting.hangup()
        # one that is being ended, and one that is gone
        scene.network.lose = lambda line: line.startswith("p1001-2>switch 200 BYE")
        a.hangup()
        await asyncio.sleep(1)
        late = scene.phone("1001", registered=False)
        assert (await late.dial("1000", headers=[named]).ended).reason.startswith("603")
        await asyncio.sleep(100)
        assert (await late.dial("1000", headers=[named]).ended).reason.startswith("481")
        nonsense = late.dial("1000", headers=[("Replaces", "nonsense")])
        assert (await nonsense.ended).reason.startswith("400")
        await scene.settle()

    run(story())
