"""A phone with a life of its own: it follows each of its calls, and does what a walk presses."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import quote

from softswitch.calls.leg.leg import Leg, LegEnded, ReinviteRefused
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    Reoffered,
    RequestReceived,
    Responded,
    ResponseEvent,
)
from softswitch.sip.message.message import Request, response_to
from softswitch.sip.message.uri import parse_uri
from tests.calls.scene import Phone, Scene, sdp

MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"The direction that answers one."

NOTICED = 20.0
"Seconds in which somebody hangs up who hears nothing."


class LivingPhone:
    """A phone whose legs are followed by tasks of their own until they end."""

    def __init__(self, scene: Scene, number: str, *, registered: bool = True) -> None:
        self.phone: Phone = scene.phone(number, registered=registered)
        self.number = number
        self.media_host: str = self.phone.host.address[0]
        "Where it wants its sound."
        self.calling: list[Leg] = []
        self.ringing: list[Leg] = []
        self.answered: list[Leg] = []
        "Without an ACK so far."
        self.up: list[Leg] = []
        self.read: list[str] = []
        "The texts of messages that have come."
        self.told: list[int] = []
        "How its messages were answered."
        self.is_stubborn = False
        "Whether it refuses every change of media."
        self._versions: dict[Leg, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._take_calls())

    # -- what is pressed ---------------------------------------------------------------------------

    def dial(self, number: str, *headers: tuple[str, str], offers: bool = True) -> None:
        """Call a number; a phone that does not offer describes its sound in the ACK."""
        offer = b"" if offers else None
        leg = self.phone.dial(number.replace("#", "%23"), offer, headers=headers)
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
            if (tags := self.named(other)) is not None:
                self._start(self._refer(leg, f"sip:1@example.com?Replaces={quote(tags)}"))

    @staticmethod
    def named(leg: Leg) -> str | None:
        """The dialog of one of its calls, as Replaces and Join name it; None before there is one.

        The tags stand as the switch has them.
        """
        if leg.usage.dialog is None:
            return None
        call_id, local, remote = leg.usage.dialog.id
        return f"{call_id};to-tag={remote};from-tag={local}"

    def tell(self, number: str, text: str) -> None:
        """Send a message."""
        request = Request(
            "MESSAGE",
            parse_uri(f"sip:{number}@example.com"),
            [
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.number}@example.com>;tag={self.phone.host.endpoint.token()}"),
                ("To", f"<sip:{number}@example.com>"),
                ("Call-ID", self.phone.host.endpoint.token()),
                ("CSeq", "1 MESSAGE"),
                ("Content-Type", "text/html"),
            ],
            text.encode(),
        )
        host = self.phone.host
        flow = host.flow_to(self.phone.scene.host)
        host.perform(host.endpoint.request(request, flow, self._told))

    def _told(self, event: ResponseEvent) -> None:
        if isinstance(event, Responded):
            self.told.append(event.response.status)

    def let_go(self) -> None:
        """End everything."""
        for leg in self.ringing:
            leg.reject(486)
        for leg in (*self.calling, *self.answered, *self.up):
            leg.hangup()
        self.ringing.clear()

    def lose(self) -> None:
        """Hear nothing any more from a switch that is gone: whoever holds the phone notices."""
        self._start(self._notice([*self.calling, *self.ringing, *self.answered, *self.up]))

    async def _notice(self, lost: list[Leg]) -> None:
        await asyncio.sleep(NOTICED)
        for leg in lost:
            if leg in self.ringing:
                self.ringing.remove(leg)
                leg.reject(486)
            elif not leg.ended.done():
                leg.hangup()

    async def close(self) -> None:
        """End its tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- what comes --------------------------------------------------------------------------------

    async def _take_calls(self) -> None:
        host = self.phone.host
        while True:
            new = await self.phone.asked.get()
            if new.request.method == "MESSAGE":
                transaction, effects = host.endpoint.accept(new.request, new.flow)
                answer = response_to(new.request, 200, to_tag=host.endpoint.token())
                host.perform([*effects, *host.endpoint.respond(transaction, answer)])
                self.read.append(new.request.body.decode())
                continue
            leg = Leg.incoming(host, new, name=self.number)
            leg.progress(180)
            self.ringing.append(leg)
            self._start(self._follow(leg))

    async def _follow(self, leg: Leg) -> None:
        leg.take("NOTIFY", "REFER")
        while True:
            match await leg.event():
                case Answered():
                    leg.acknowledge(None if leg.request.body else self._description(leg))
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
        return sdp(self.media_host, 5000, direction=direction, version=version)

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
