"""A phone with a life of its own: it follows each of its calls, and does what a walk presses."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from softswitch.calls.leg.leg import Leg, LegEnded, ReinviteRefused
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    Reoffered,
    RequestReceived,
)
from tests.calls.scene import Phone, Scene, sdp

MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"The direction that answers one."


class LivingPhone:
    """A phone whose legs are followed by tasks of their own until they end."""

    def __init__(self, scene: Scene, number: str) -> None:
        self.phone: Phone = scene.phone(number)
        self.number = number
        self.calling: list[Leg] = []
        self.ringing: list[Leg] = []
        self.answered: list[Leg] = []
        "Without an ACK so far."
        self.up: list[Leg] = []
        self.is_stubborn = False
        "Whether it refuses every change of media."
        self._versions: dict[Leg, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._take_calls())

    # -- what is pressed ---------------------------------------------------------------------------

    def dial(self, number: str) -> None:
        """Call a number."""
        leg = self.phone.dial(number.replace("#", "%23"))
        self.calling.append(leg)
        self._start(self._follow(leg))

    def pick_up(self, choice: int) -> None:
        """Answer one of the calls that ring."""
        if self.ringing:
            leg = self.ringing.pop(choice % len(self.ringing))
            if not leg.ended.done():
                leg.accept(self._description(leg))
                self.answered.append(leg)

    def refuse(self, choice: int, status: int, to: str = "") -> None:
        """Refuse one of the calls that ring, or send it elsewhere."""
        if self.ringing:
            leg = self.ringing.pop(choice % len(self.ringing))
            contact = [("Contact", f"<sip:{to}@example.com>")] if to else []
            leg.reject(status, contact)

    def hang_up(self, choice: int) -> None:
        """End one of the calls that it makes or has."""
        legs = [*self.calling, *self.answered, *self.up]
        if legs:
            legs[choice % len(legs)].hangup()

    def offer(self, choice: int, direction: str) -> None:
        """Hold one of the calls, or go on with it."""
        if self.up:
            self._start(self._reinvite(self.up[choice % len(self.up)], direction))

    def transfer(self, choice: int, number: str) -> None:
        """Press the transfer button for a number."""
        if self.up:
            leg = self.up[choice % len(self.up)]
            self._start(self._refer(leg, f"sip:{number}@example.com"))

    def join_calls(self) -> None:
        """Press it for the other one of two calls."""
        if len(self.up) >= 2:
            leg, other = self.up[-2:]
            if other.usage.dialog is not None:
                call_id, local, remote = other.usage.dialog.id
                tags = f"{call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"
                self._start(self._refer(leg, f"sip:1@example.com?Replaces={tags}"))

    def let_go(self) -> None:
        """End everything."""
        for leg in self.ringing:
            leg.reject(486)
        for leg in (*self.calling, *self.answered, *self.up):
            leg.hangup()
        self.ringing.clear()

    async def close(self) -> None:
        """End its tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- what comes --------------------------------------------------------------------------------

    async def _take_calls(self) -> None:
        while True:
            leg = await self.phone.rings()
            leg.progress(180)
            self.ringing.append(leg)
            self._start(self._follow(leg))

    async def _follow(self, leg: Leg) -> None:
        leg.take("NOTIFY", "REFER")
        while True:
            match await leg.event():
                case Answered():
                    leg.acknowledge()
                    self.calling.remove(leg)
                    self.up.append(leg)
                case Acknowledged() if leg in self.answered:
                    self.answered.remove(leg)
                    self.up.append(leg)
                case Reoffered() as event:
                    self._answer(leg, event)
                case RequestReceived() as event:
                    leg.respond(event, 200)
                case Ended() | Failed():
                    break
        for legs in (self.calling, self.ringing, self.answered, self.up):
            if leg in legs:
                legs.remove(leg)

    def _answer(self, leg: Leg, event: Reoffered) -> None:
        if self.is_stubborn:
            leg.refuse_reoffer(488)
            return
        offered = (event.sdp or b"a=sendrecv").decode()
        directions = [line[2:] for line in offered.splitlines() if line[2:] in MIRRORED]
        direction = MIRRORED[directions[0]] if directions else "sendrecv"
        leg.answer_reoffer(self._description(leg, direction))

    async def _reinvite(self, leg: Leg, direction: str) -> None:
        with suppress(LegEnded, ReinviteRefused, RuntimeError):
            while leg.has_open_offer and not leg.ended.done():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            if not leg.ended.done():
                await leg.reinvite(self._description(leg, direction))

    async def _refer(self, leg: Leg, target: str) -> None:
        with suppress(LegEnded):
            await leg.ask("REFER", [("Refer-To", f"<{target}>")])

    def _description(self, leg: Leg, direction: str = "sendrecv") -> bytes:
        version = self._versions[leg] = self._versions.get(leg, 0) + 1
        return sdp(self.phone.host.address[0], 5000, direction=direction, version=version)

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
