"""Phones that do anything at any time, over a wire that loses and delays: all of it ends clean."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from softswitch.calls.call.terms import CallTerms
from softswitch.calls.leg.leg import Leg, LegEnded, ReinviteRefused
from softswitch.sip.dialog.dialog import DialogId
from softswitch.sip.dialog.invite_state import Phase
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    Reoffered,
    RequestReceived,
)
from tests.calls.extensions import conference, extension
from tests.calls.scene import Phone, Scene, sdp
from tests.calls.virtual_time import run

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class Wild:
    """One phone's leg, and what it does by chance."""

    def __init__(self, phone: Phone, leg: Leg, chance: random.Random) -> None:
        self.phone = phone
        self.leg = leg
        self.chance = chance
        self.version = 1

    def body(self) -> bytes:
        self.version += 1
        codecs = self.chance.choice(("0 8 101", "0", "8", "9 101", "101"))
        direction = self.chance.choice(DIRECTIONS)
        host = self.phone.host.address[0]
        return sdp(host, 4000, codecs=codecs, direction=direction, version=self.version)

    async def pause(self) -> None:
        await asyncio.sleep(self.chance.choice((0, 0.005, 0.01, 0.3, 2, 8)))

    async def answer_offers(self) -> None:
        """React to what the switch asks, as a phone must, or not."""
        leg, chance = self.leg, self.chance
        while True:
            match await leg.event():
                case Reoffered():
                    if chance.random() < 0.7:
                        leg.answer_reoffer(self.body())
                    else:
                        leg.refuse_reoffer(chance.choice((488, 491, 500, 603)))
                case Answered(sdp=offer):
                    late = not leg.request.body
                    leg.acknowledge(self.body() if late and offer else None)
                case RequestReceived() as notify:
                    if chance.random() < 0.9:
                        leg.respond(notify, chance.choice((200, 200, 200, 481, 500)))
                case Ended() | Failed():
                    return
                case Acknowledged():
                    pass

    async def misbehave(self, ways: list[Callable[[], object]]) -> None:
        """Do a few things, then hang up."""
        for _ in range(self.chance.randrange(5)):
            await self.pause()
            self.chance.choice(ways)()
        await self.pause()
        await self.quietly_reinvite()
        if self.chance.random() < 0.4:
            await self.quietly_refer()
            await self.pause()
        self.leg.hangup(status=self.chance.choice((480, 486, 603)))

    async def quietly_reinvite(self) -> None:
        try:
            async with asyncio.timeout(5):
                body = None if self.chance.random() < 0.2 else self.body()
                answer = await self.leg.reinvite(body)
                if body is None and answer is not None:
                    self.leg.acknowledge(self.body())
        except (LegEnded, ReinviteRefused, TimeoutError):
            pass

    async def quietly_refer(self) -> None:
        """Press the transfer button: to a number, or to a call that may be of somebody else."""
        number = self.chance.choice(("1000", "1001", "1002", "600", "3000", "4711"))
        named = self.chance.choice([None, *self.dialogs])
        more = ""
        if named is not None:
            call_id, local, remote = named
            more = f"?Replaces={call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"
        if self.leg.usage.phase is not Phase.CONFIRMED:
            return
        try:
            async with asyncio.timeout(5):
                target = f"<sip:{number}@example.com{more}>"
                await self.leg.ask("REFER", [("Refer-To", target)])
        except (LegEnded, TimeoutError):
            pass

    @property
    def dialogs(self) -> list[DialogId]:
        """Those that the phone has now."""
        return list(self.phone.host.endpoint.dialogs)


def taking(phone: Phone, chance: random.Random) -> list[tuple[str, str]]:
    """Headers of an INVITE that now and then takes over a call of a phone of the extension."""
    dialogs = [
        dialog
        for host in phone.scene.network.hosts.values()
        if host.name.startswith(f"p{phone.number}-")
        for dialog in host.endpoint.dialogs
    ]
    if not dialogs or chance.random() < 0.7:
        return []
    call_id, local, remote = chance.choice(dialogs)
    return [("Replaces", f"{call_id};to-tag={remote};from-tag={local}")]


async def live(phone: Phone, leg: Leg, chance: random.Random, *, rings: bool) -> None:
    wild = Wild(phone, leg, chance)
    leg.take("NOTIFY")
    ways: list[Callable[[], object]] = [lambda: leg.send_info("application/dtmf-relay", b"1")]
    if rings:
        ways += [
            lambda: leg.progress(180),
            lambda: leg.progress(183, wild.body()),
            lambda: leg.accept(wild.body()),
            lambda: leg.accept(wild.body()),
            lambda: leg.accept(wild.body()),
            lambda: leg.reject(chance.choice((302, 404, 480, 486, 500, 503, 603))),
            lambda: leg.reject(302, [("Contact", f"<sip:100{chance.randrange(4)}@example.com>")]),
        ]
    listening = asyncio.create_task(wild.answer_offers())
    await wild.misbehave(ways)
    await listening


async def take_calls(phone: Phone, chance: random.Random, going: set[asyncio.Task[None]]) -> None:
    while True:
        new = await phone.asked.get()
        if new.request.method != "INVITE":
            continue
        leg = Leg.incoming(phone.host, new, name=phone.number)
        going.add(asyncio.create_task(live(phone, leg, chance, rings=True)))


@pytest.mark.parametrize("seed", range(40))
def test_whatever_phones_do_it_ends_clean(seed: int) -> None:
    chance = random.Random(seed)

    async def story() -> None:
        room = conference()
        workers = chance.choice((1, 2))
        terms = CallTerms(domain="example.com", ring_time=15, media_timeout=60)
        desks = [extension(number, pickup_groups=("all",)) for number in ("1000", "1001", "1002")]
        scene = Scene(room, *desks, terms=terms, workers=workers)
        scene.network.lose = lambda line: chance.random() < 0.1
        scene.network.delay = lambda line: chance.choice((0.001, 0.01, 0.1, 0.9))
        numbers = ("1000", "1001", "1001", "1002")
        phones = [scene.phone(number) for number in numbers]
        going: set[asyncio.Task[None]] = set()
        takers = [asyncio.create_task(take_calls(phone, chance, going)) for phone in phones]
        for _ in range(6):
            phone = chance.choice(phones)
            number = chance.choice(("1000", "1001", "1002", "600", "4711", "*8", "**1001"))
            headers = taking(phone, chance)
            leg = phone.dial(number, None if chance.random() < 0.2 else b"", headers=headers)
            going.add(asyncio.create_task(live(phone, leg, chance, rings=False)))
            await asyncio.sleep(chance.random() * 3)
            for call in scene.calls:
                if chance.random() < 0.1:
                    call.end_soon()
            for port in list(scene.workers.opened):
                if chance.random() < 0.02 and not port.gone.done():
                    port.gone.set_result("media worker died")
        await asyncio.sleep(120)
        await asyncio.gather(*going)
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
        await scene.settle()
        for record in scene.journal.records().values():
            assert record["outcome"], record
            assert record["end_time"] >= record["start_time"]

    with capture_logs() as logs:
        run(story())
    assert not [line for line in logs if line["log_level"] == "error"]
