"""`/v1/calls/{id}/audio`: a call is heard in a browser while it lasts, by who may supervise it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog
from aiohttp import web

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import CallState
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.ports.media_port import NoPortFree, WorkerGone
from softswitch.calls.supervision.overhearing import RATE, MorePorts, Overheard, overhearing
from softswitch.calls.supervision.rights import may_supervise
from softswitch.calls.supervision.supervisor import BEEP, BEEP_SECONDS, SupervisionWay, is_told
from softswitch.commands.running.call import parties_of
from softswitch.guard.rights import NotAllowed, Right, User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, asked, is_still
from softswitch.http.v1.calls.audio_json import AUDIO_OPERATIONS, AudioQuery
from softswitch.http.v1.serving import served

log = structlog.get_logger("softswitch.calls")

MOST_LISTENERS = 16
"Calls that are heard at a time: each costs this process fifty packets a second."
ENDLESS = 0xFFFF_FFFF
"The length in the header of a WAV that nobody knows yet."
HEARD_IN = (CallState.IN_CALL, CallState.HOLD)
LOOK_EVERY = 1.0
"Seconds after which it is seen that the listener may still hear the call."
PATIENCE = 10.0
"Seconds in which a listener must take what it was sent."


class AudioApi:
    """Lets users hear calls."""

    def __init__(self, calls: Calls, plan: DialPlan, ports: MorePorts, users: Users) -> None:
        self._calls = calls
        self._plan = plan
        self._ports = ports
        self._users = users
        self._listeners = 0

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return served(AUDIO_OPERATIONS, self._users, {"hearCall": self.hear})

    async def hear(self, request: web.Request, user: User) -> web.StreamResponse:
        """The sound of a call until it ends, nobody reads it any more, or the right to it ends."""
        wanted, call_id = asked(request, AudioQuery), request.match_info["call_id"]
        call = self._calls.get(call_id)
        if call is None:
            raise NotServed(404, f"no call '{call_id[:64]}' is up")
        parties = partial(parties_of, call, wanted.party)
        supervised = self._see_that_it_may(user, parties(), wanted.supervisor)

        def heard() -> Sequence[Party]:
            """The parties; nobody once who was supervised has left, or the right is gone."""
            there = parties()
            may = not supervised or supervised & self._supervised(there, wanted.supervisor)
            return there if may else ()

        if call.state not in HEARD_IN:
            raise NotServed(409, f"a call in {call.state.value} cannot be heard")
        if self._listeners >= MOST_LISTENERS:
            raise NotServed(503, f"{MOST_LISTENERS} calls are heard already", {"Retry-After": "10"})
        response = web.StreamResponse(
            headers={"Content-Type": "audio/wav", "Cache-Control": "no-store"}
        )
        response.headers["X-Accel-Buffering"] = "no"
        if request.method == "HEAD":
            return response
        self._listeners += 1
        try:
            async with overhearing(self._ports, call, heard) as overheard:
                self._tell(call, parties(), user, wanted.supervisor)
                with suppress(ConnectionResetError, TimeoutError):
                    await response.prepare(request)
                    await self._send(
                        call,
                        overheard,
                        response,
                        lambda: bool(heard()) and is_still(request, self._users, user),
                    )
        except LookupError as error:
            raise NotServed(409, str(error)) from None
        except (NoPortFree, WorkerGone, OSError) as error:
            if request.writer.output_size:
                raise
            raise NotServed(503, str(error), {"Retry-After": "10"}) from None
        finally:
            self._listeners -= 1
        return response

    def _see_that_it_may(
        self, user: User, parties: Sequence[Party], supervisor: str
    ) -> frozenset[str]:
        """See that the user, or the supervisor that is named, may hear the call. Raises NotAllowed.

        Admins may hear all calls; for others the settings of the supervisor must say so. Returns
        the extensions that are supervised, without a supervisor none.
        """
        if not supervisor:
            try:
                user.require(Right.ADMINISTER)
            except NotAllowed as error:
                hint = "or supervisor, an extension that may supervise the call"
                raise NotAllowed(f"{error}, {hint}") from None
            return frozenset()
        supervised = self._supervised(parties, supervisor)
        if not supervised:
            raise NotAllowed(f"{supervisor[:64]} may not supervise this call")
        return supervised

    def _supervised(self, parties: Sequence[Party], supervisor: str) -> frozenset[str]:
        """The extensions of these that the supervisor may supervise now."""
        extensions = (each.extension for each in parties)
        return frozenset(each for each in extensions if may_supervise(self._plan, supervisor, each))

    def _tell(self, call: Call, parties: Sequence[Party], user: User, supervisor: str) -> None:
        """Write down who listens: in the record of the call, and in the log."""
        number = ", ".join(each.number for each in parties)
        by = f"{user.name} for {supervisor}" if supervisor else user.name
        call.tell(SupervisionWay.LISTEN.value, by=by, number=number)
        log.warning(SupervisionWay.LISTEN.value, call=call.id, by=by, number=number)

    async def _send(
        self,
        call: Call,
        overheard: Overheard,
        response: web.StreamResponse,
        may_hear: Callable[[], bool],
    ) -> None:
        """Send until the call, the listener or its right has ended."""
        await response.write(_header())
        beeping = asyncio.ensure_future(self._beep(call))
        now = asyncio.get_running_loop().time
        look_at = now()
        try:
            while said := await overheard.next():
                if now() >= look_at:
                    if not may_hear():
                        return
                    look_at = now() + LOOK_EVERY
                async with asyncio.timeout(PATIENCE):
                    await response.write(said)
        finally:
            beeping.cancel()

    async def _beep(self, call: Call) -> None:
        """Let the parties know from time to time, where the settings of one of them say so."""
        while True:
            if any(is_told(self._plan.directory, each.extension) for each in call.parties):
                for each in call.parties:
                    if each.audio.port is not None:
                        each.audio.port.beep(*BEEP)
            await asyncio.sleep(BEEP_SECONDS)


def _header() -> bytes:
    """The head of a WAV of one channel and 16 bits, whose end nobody knows."""
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    return b"".join(
        (
            b"RIFF", struct.pack("<I", ENDLESS), b"WAVEfmt ", struct.pack("<I", len(form)), form,
            b"data", struct.pack("<I", ENDLESS),
        )
    )  # fmt: skip
