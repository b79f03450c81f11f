"""A phone that joins two who talk: INVITE with Join (RFC 3911), and calls offered by message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest

from softswitch.calls.leg.leg import Leg
from softswitch.sip.events import Answered, Ended, Ringing
from softswitch.sip.message.message import response_to
from tests.calls.extensions import conference, extension
from tests.calls.lamps.test_dialogs import lamp, unwatch, watching
from tests.calls.numbers.test_trunks import by_address, calls_in
from tests.calls.scene import Phone, Scene, connected, expect, sdp
from tests.calls.supervision.test_supervision import answers, who_hears_whom
from tests.calls.test_dispatch import answered
from tests.calls.transfer.test_referral import taking
from tests.calls.virtual_time import run

BOTH = {"1000": "1001", "1001": "1000"}
ALL_THREE = {"1000": "1001 1003", "1001": "1000 1003", "1003": "1000 1001"}


def office() -> Scene:
    """1003 may supervise 1001; 1004 and 1002 nobody."""
    return Scene(
        extension("1003", supervises=("1001",)),
        extension("1004"),
        conference("3000"),
        workers=2,
    )


def joining(leg: Leg) -> tuple[str, str]:
    """The header that names a phone's dialog, the tags as the switch has them."""
    return "Join", taking(leg)[1]


def swapped(leg: Leg) -> tuple[str, str]:
    """The same with the tags as the phone has them."""
    call_id, local, remote = leg.usage.dialog.id  # type: ignore[union-attr]
    return "Join", f"{call_id};to-tag={local};from-tag={remote}"


async def talking(scene: Scene) -> tuple[Phone, Leg, Leg]:
    a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
    return scene.phone("1003"), a, b


@pytest.mark.parametrize("leaves", ["1000", "1001", "1003"])
@pytest.mark.parametrize("named", [joining, swapped])
def test_who_may_joins_and_whoever_leaves_leaves_two(
    leaves: str, named: Callable[[Leg], tuple[str, str]]
) -> None:
    async def story() -> None:
        scene = office()
        clara, a, b = await talking(scene)
        (call,) = scene.calls
        c = await answers(clara.dial("1001", headers=[named(b), ("Require", "join")]))
        assert who_hears_whom(scene) == ALL_THREE
        legs = {"1000": a, "1001": b, "1003": c}
        legs.pop(leaves).hangup()
        await asyncio.sleep(2)
        one, other = legs
        assert who_hears_whom(scene) == {one: other, other: one}
        assert list(scene.calls) == [call]
        assert call.take_place is None
        legs[one].hangup()
        await expect(legs[other], Ended)
        await scene.settle()
        records = scene.journal.records()
        assert {record["chain"] for record in records.values()} - {"", None} == {call.id}
        assert "joined by" in [step["what"] for step in records[call.id]["steps"]]

    run(story())


def test_the_lamp_of_who_is_joined_shows_one_call() -> None:
    async def story() -> None:
        scene = office()
        watcher = await watching(scene, "1001", scene.phone("1004"))
        clara, a, b = await talking(scene)
        c = await answers(clara.dial("1001", headers=[joining(b)]))
        assert lamp(watcher)[-1] == ["confirmed"]
        for each in (a, c):
            each.hangup()
        await asyncio.sleep(1)
        await unwatch(scene, watcher)
        await scene.settle()

    run(story())


def test_another_phone_of_the_extension_joins_too() -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await talking(scene)
        second = scene.phone("1001", registered=False)
        c = await answers(second.dial("1000", headers=[joining(b)]))
        assert len(scene.calls) == 2
        for each in (a, c):
            each.hangup()
        await scene.settle()

    run(story())


async def messaged(sender: Phone, recipient: Phone, text: str) -> None:
    """One sends the other a text."""
    kind = ("Content-Type", "text/plain")
    sent = asyncio.create_task(
        answered(sender, "MESSAGE", recipient.number, body=text.encode(), headers=(kind,))
    )
    new = await recipient.asked.get()
    host = recipient.host
    transaction, effects = host.endpoint.accept(new.request, new.flow)
    taken = response_to(new.request, 200, to_tag=host.endpoint.token())
    host.perform([*effects, *host.endpoint.respond(transaction, taken)])
    assert (await sent).status == 200


@pytest.mark.parametrize("header", ["Join", "Replaces"])
@pytest.mark.parametrize("is_offered", [True, False])
def test_a_message_that_names_the_dialog_gives_the_right(header: str, is_offered: bool) -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await talking(scene)
        dora, named = scene.phone("1004"), taking(b)[1]
        if is_offered:
            ben = scene.phone("1001", registered=False)
            await messaged(ben, dora, f"take it: sip:1000@x?{header}={quote(named)}&Require=a")
        leg = dora.dial("1000", headers=[(header, named)])
        if not is_offered:
            assert (await leg.ended).reason.startswith("403")
            assert who_hears_whom(scene) == BOTH
        else:
            await answers(leg)
            left = {"1000", "1004"} if header == "Replaces" else {"1000", "1001", "1004"}
            assert set(who_hears_whom(scene)) == left
            assert b.ended.done() == (header == "Replaces")
        for each in (a, b, leg):
            each.hangup()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("sender", ["1000", "1003"])
def test_only_whose_the_dialog_is_may_offer_it(sender: str) -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await talking(scene)
        dora, other = scene.phone("1004"), scene.phone(sender, registered=False)
        await messaged(other, dora, f"sip:1000@x?Join={taking(b)[1]}")
        assert (await dora.dial("1000", headers=[joining(b)]).ended).reason.startswith("403")
        a.hangup()
        await scene.settle()

    run(story())


NONE = ("Join", "nobody;to-tag=1;from-tag=2")
REFUSED: list[tuple[str, str, Callable[[Leg], list[tuple[str, str]]], int]] = [
    ("nobody may who has no right", "1004", lambda b: [joining(b)], 403),
    ("there is no such dialog", "1003", lambda b: [NONE], 481),
    ("it names no dialog", "1003", lambda b: [("Join", "nonsense")], 400),
    ("a tag is missing", "1003", lambda b: [("Join", "x;to-tag=1")], 400),
    ("it is to join and replace", "1003", lambda b: [joining(b), taking(b)], 400),
    ("it is to join twice", "1003", lambda b: [joining(b), joining(b)], 400),
]


@pytest.mark.parametrize(
    ("who", "headers", "status"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_who_is_refused_leaves_the_two_as_they_were(
    who: str, headers: Callable[[Leg], list[tuple[str, str]]], status: int
) -> None:
    async def story() -> None:
        scene = office()
        _, a, b = await talking(scene)
        leg = scene.phone(who).dial("1001", headers=headers(b))
        assert (await leg.ended).reason.startswith(str(status))
        assert who_hears_whom(scene) == BOTH
        assert len(scene.calls) == 1
        a.hangup()
        await scene.settle()

    run(story())


async def no_common_codec(scene: Scene, clara: Phone, b: Leg) -> int:
    offer = sdp(codecs="18")
    return int((await clara.dial("1001", offer, headers=[joining(b)]).ended).reason[:3])


async def there_is_a_third(scene: Scene, clara: Phone, b: Leg) -> int:
    await answers(clara.dial("1001", headers=[joining(b)]))
    again = scene.phone("1003", registered=False).dial("1001", headers=[joining(b)])
    return int((await again.ended).reason[:3])


async def no_port_is_free(scene: Scene, clara: Phone, b: Leg) -> int:
    scene.workers.free = len(scene.workers.opened)
    return int((await clara.dial("1001", headers=[joining(b)]).ended).reason[:3])


async def the_joiner_hangs_up(scene: Scene, clara: Phone, b: Leg) -> int:
    leg = clara.dial("1001", headers=[joining(b)])
    await asyncio.sleep(0.005)
    leg.hangup()
    await leg.ended
    return 0


@pytest.mark.parametrize(
    ("fails", "status"),
    [
        (no_common_codec, 488),
        (there_is_a_third, 488),
        (no_port_is_free, 503),
        (the_joiner_hangs_up, 0),
    ],
)
def test_a_join_that_fails_changes_nothing(
    fails: Callable[[Scene, Phone, Leg], Awaitable[int]], status: int
) -> None:
    async def story() -> None:
        scene = office()
        clara, _, b = await talking(scene)
        assert await fails(scene, clara, b) == status
        await asyncio.sleep(1)
        hear = who_hears_whom(scene)
        assert "1001" in hear["1000"]
        assert "1000" in hear["1001"]
        for call in scene.calls:
            await call.hang_up()
        await scene.settle()

    run(story())


def test_a_call_that_only_rings_is_not_joined() -> None:
    async def story() -> None:
        scene = office()
        anna, ben = scene.phone("1000"), scene.phone("1001")
        waiting = anna.dial("1001")
        ringing = await ben.rings()
        ringing.progress(180)
        await expect(waiting, Ringing)
        call_id, (ours, theirs) = ringing.call_id, sorted(ringing.usage.dialog.id[1:])  # type: ignore[union-attr]
        named = ("Join", f"{call_id};to-tag={ours};from-tag={theirs}")
        leg = scene.phone("1003").dial("1001", headers=[named])
        assert (await leg.ended).reason.startswith("403")
        waiting.hangup()
        await scene.settle()

    run(story())


def test_a_dialog_that_has_ended_is_declined() -> None:
    async def story() -> None:
        scene = office()
        clara, a, b = await talking(scene)
        named = joining(b)
        scene.network.lose = lambda line: line.startswith("p1001-2>switch 200 BYE")
        a.hangup()
        await asyncio.sleep(1)
        assert (await clara.dial("1001", headers=[named]).ended).reason.startswith("603")
        await scene.settle()

    run(story())


def test_who_joins_a_member_of_a_conference_is_sent_to_it() -> None:
    async def story() -> None:
        scene = office()
        ben, clara = scene.phone("1001"), scene.phone("1003")
        b = await answers(ben.dial("3000"))
        leg = clara.dial("1001", headers=[joining(b)])
        failed = await leg.ended
        assert failed.reason.startswith("302")
        assert failed.headers is not None
        assert failed.headers.get("Contact") == "<sip:3000@example.com>;isfocus"
        c = await answers(clara.dial("3000", headers=[joining(b)]))
        assert len(scene.control.rooms) == 1
        for each in (b, c):
            each.hangup()
        await scene.settle()

    run(story())


def test_the_two_hang_up_while_the_third_is_answered() -> None:
    async def story() -> None:
        scene = office()
        clara, a, b = await talking(scene)
        scene.network.lose = lambda line: "p1003" in line and " ACK" in line
        leg = clara.dial("1001", headers=[joining(b)])
        await expect(leg, Answered)
        a.hangup()
        await expect(b, Ended)
        await expect(leg, Ended)
        await scene.settle()

    run(story())


def test_the_media_worker_of_the_two_dies() -> None:
    async def story() -> None:
        scene = office()
        clara, a, b = await talking(scene)
        c = await answers(clara.dial("1001", headers=[joining(b)]))
        (call, _) = scene.calls
        assert call.caller.audio.port is not None
        call.caller.audio.port.worker.die()  # type: ignore[attr-defined]
        for leg in (a, b, c):
            await expect(leg, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize("name", ["Join", "Replaces"])
def test_only_an_invite_may_name_a_dialog(name: str) -> None:
    async def story() -> None:
        scene = office()
        phone = scene.phone("1000")
        more = ((name, "x;to-tag=1;from-tag=2"),)
        assert (await answered(phone, "OPTIONS", "1001", headers=more)).status == 400
        told = await answered(phone, "OPTIONS", "1001")
        assert name.lower() in (told.headers.get("Supported") or "")
        await scene.settle()

    run(story())


def test_nobody_joins_from_outside() -> None:
    async def story() -> None:
        stage = by_address()
        leg = calls_in(stage, "sip:1001@192.0.2.1", headers=[NONE])
        assert (await leg.ended).reason.startswith("403")
        await stage.scene.settle()

    run(story())
