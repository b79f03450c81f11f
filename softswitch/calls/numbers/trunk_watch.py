"""Keeps trunks alive: finds their servers, registers, and asks whether they still answer.

One task a trunk, or two where it registers. A trunk that registers is usable while it is bound; of
another one OPTIONS tells (RFC 3261 section 11), and any answer but 503 will do. Servers that answer
come first in `Trunk.flows`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress

import structlog

from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.trunk import Trunk, TrunkState
from softswitch.calls.numbers.trunks import Trunks
from softswitch.sip.effects import Flow
from softswitch.sip.events import Responded, ResponseEvent
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.uri import SipUri
from softswitch.sip.registrar.registration import Next, Registration, Standing
from softswitch.sip.requests.outside import MakeCredentials

log = structlog.get_logger("softswitch.trunks")

Resolve = Callable[[SipUri], Awaitable[Sequence[Flow]]]
"Finds the ways to a server, none when its name leads nowhere; must not block the loop."

LOOK_AGAIN = 60.0
"Seconds between two looks at the addresses of a trunk that sends no OPTIONS."
GOODBYE = 1.0
"Seconds for registrars to hear that we leave."

STATES = {
    Standing.WAITING: TrunkState.UNKNOWN,
    Standing.REGISTERED: TrunkState.UP,
    Standing.REFUSED: TrunkState.REFUSED,
    Standing.UNREACHABLE: TrunkState.DOWN,
}


class TrunkWatch:
    """All trunks and the tasks that look after them."""

    def __init__(self, trunks: Trunks, stack: Stack, resolve: Resolve) -> None:
        self._trunks = trunks
        self._stack = stack
        self._resolve = resolve
        self._changed = asyncio.Event()
        self._watches: dict[Trunk, Watch] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look after every trunk; never ends."""
        working: dict[Watch, list[asyncio.Task[None]]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                for gone in self._let_go():
                    for task in working.pop(gone, ()):
                        task.cancel()
                for trunk in self._trunks:
                    watch = self._watches.get(trunk)
                    if watch is None:
                        watch = Watch(trunk, self._stack, self._resolve)
                        self._watches[trunk] = watch
                    if watch not in working:
                        works = [forever(work, trunk) for work in watch.works()]
                        working[watch] = list(map(tasks.create_task, works))
                await self._changed.wait()

    def follow(self) -> None:
        """See which trunks have come, gone or changed."""
        self._changed.set()

    def _let_go(self) -> list[Watch]:
        """The watches of trunks that are gone or have changed; registrars are told that we leave.

        A trunk that still registers the same contact at the same place only does so anew.
        """
        there = {trunk: trunk.terms for trunk in self._trunks}
        registered = {trunk.terms.registered for trunk in there}
        gone = [
            watch for trunk, watch in self._watches.items() if there.get(trunk) is not watch.terms
        ]
        for watch in gone:
            del self._watches[watch.trunk]
            if watch.registration is not None and watch.terms.registered not in registered:
                self._sign_off(watch, watch.registration)
        return gone

    def _sign_off(self, watch: Watch, registration: Registration) -> None:
        leaving = asyncio.create_task(self._say_goodbye(watch, registration))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _say_goodbye(self, watch: Watch, registration: Registration) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await watch.sign_off(registration)

    async def close(self) -> None:
        """Take our contacts back; for after `run` was cancelled."""
        for watch in self._watches.values():
            if watch.registration is not None:
                self._sign_off(watch, watch.registration)
        if self._leaving:
            await asyncio.wait(self._leaving)


class Watch:
    """Looks after one trunk."""

    def __init__(self, trunk: Trunk, stack: Stack, resolve: Resolve) -> None:
        self.trunk = trunk
        self.registration: Registration | None = None
        "None for a trunk that is known by its address alone."
        self._stack = stack
        self._resolve = resolve
        self._registered_at: Flow | None = None
        self.terms = terms = trunk.terms
        "What it was made for."
        if terms.registers:
            self.registration = Registration(
                registrar=terms.uri(None),
                aor=trunk.account,
                expires=terms.expires,
                route=terms.path,
                tokens=stack.endpoint.token,
                pick=stack.endpoint.pick,
            )

    def works(self) -> Iterator[Callable[[], Awaitable[None]]]:
        """What is to be done all the time."""
        yield self.keep_alive
        if self.registration is not None:
            yield self.keep_registered

    # -- registration ------------------------------------------------------------------------------

    async def keep_registered(self) -> None:
        """Register, refresh, and try again for ever."""
        registration = self.registration
        assert registration is not None
        while True:
            step = await self._register(registration)
            self.trunk.enter(STATES[registration.standing], registration.reason)
            await self._pause(step.seconds)

    async def _register(self, registration: Registration) -> Next:
        """Go through the servers until one takes our contact or refuses it for all of them."""
        step = Next(0)
        flows = await self._servers()
        failures = registration.failures
        for flow in flows:
            registration.failures = failures  # one round counts once, however many servers fail
            step = await self._register_at(registration, flow)
            if not step.elsewhere:
                self.trunk.flows = (flow, *(other for other in flows if other != flow))
                self._registered_at = flow
                return step
        return step if flows else registration.unanswered("its name leads nowhere")

    async def _register_at(self, registration: Registration, flow: Flow) -> Next:
        step = Next(0)
        while step.seconds == 0:
            request = registration.request(self._contact(flow))
            event = await self._ask(request, flow, self.trunk.credentials)
            step = (
                registration.answered(event)
                if isinstance(event, Response)
                else registration.unanswered(event)
            )
        return step

    async def sign_off(self, registration: Registration) -> None:
        """Take our contact back, if it is bound."""
        flow = self._registered_at
        if registration.standing is Standing.REGISTERED and flow is not None:
            request = registration.request(self._contact(flow), expires=0)
            # The trunk may have another account by now.
            then = Trunk(self.terms, self._stack.endpoint.token)
            await ask(self._stack, request, flow, then.credentials)

    def _contact(self, flow: Flow) -> str:
        return self._stack.endpoint.contact(flow, self.terms.contact_user)

    # -- whether it answers ------------------------------------------------------------------------

    async def keep_alive(self) -> None:
        """Send OPTIONS again and again; for a trunk that registers only to keep a NAT open."""
        interval = self.trunk.terms.keep_alive
        if self.registration is not None:
            while interval:
                await asyncio.sleep(interval)
                for flow in self.trunk.flows[:1]:
                    await self._answer_of(flow)
            return
        while True:
            self.trunk.flows = tuple(await self._servers())
            if not self.trunk.flows:
                self.trunk.enter(TrunkState.DOWN, "its name leads nowhere")
            elif interval:
                await self._ask_all()
            await self._pause(interval or LOOK_AGAIN)

    async def _ask_all(self) -> None:
        """Ask every server; those that answer come first."""
        trunk, flows = self.trunk, self.trunk.flows
        answers = await asyncio.gather(*map(self._answer_of, flows))
        up = tuple(flow for flow, answer in zip(flows, answers, strict=True) if _is_up(answer))
        trunk.flows = (*up, *(flow for flow in flows if flow not in up))
        trunk.answers_options |= any(isinstance(answer, Response) for answer in answers)
        if up:
            trunk.enter(TrunkState.UP)
        elif trunk.answers_options or not trunk.answers_calls:
            why = answers[0]
            answer = f"{why.status} {why.reason}" if isinstance(why, Response) else why
            trunk.enter(TrunkState.DOWN, f"OPTIONS: {answer}")

    async def _answer_of(self, flow: Flow) -> Response | str:
        """The answer to OPTIONS, or why there is none."""
        token = self._stack.endpoint.token
        to = self.trunk.terms.uri(None)
        items = [
            ("Max-Forwards", "70"),
            ("From", f"{self.trunk.account};tag={token()}"),
            ("To", f"<{to}>"),
            ("Call-ID", token()),
            ("CSeq", "1 OPTIONS"),
            *[("Route", hop) for hop in self.trunk.terms.path],
        ]
        return await self._ask(Request("OPTIONS", to, items), flow)

    async def _ask(
        self, request: Request, flow: Flow, credentials: MakeCredentials | None = None
    ) -> Response | str:
        """As `ask`, for as long as the trunk may take for an answer."""
        seconds = self.trunk.terms.timeout
        try:
            async with asyncio.timeout(seconds):
                return await ask(self._stack, request, flow, credentials)
        except TimeoutError:
            return f"no response in {seconds:g} s"

    async def _pause(self, seconds: float) -> None:
        """Wait until it is time to look again, or a call doubts that the trunk is up."""
        doubt = self.trunk.doubt
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await doubt.wait()
        doubt.clear()

    async def _servers(self) -> Sequence[Flow]:
        try:
            terms = self.trunk.terms
            found = await self._resolve(terms.proxy or terms.server)
            name = self.trunk.name
            return [flow._replace(peer=name) if flow.is_secure else flow for flow in found]
        except OSError as error:
            log.warning("trunk not resolved", trunk=self.trunk.name, error=str(error))
            return ()


def _is_up(answer: Response | str) -> bool:
    """Whether a server answers, and does not say that it is out of order."""
    return isinstance(answer, Response) and answer.status not in (408, 503)


async def forever(work: Callable[[], Awaitable[None]], trunk: Trunk) -> None:
    """Do work that never ends; a fault of ours in it is logged and stops no other trunk."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("trunk failed", trunk=trunk.name)
        await asyncio.sleep(LOOK_AGAIN)


async def ask(
    stack: Stack, request: Request, flow: Flow, credentials: MakeCredentials | None = None
) -> Response | str:
    """Send a request outside dialogs; the final response, or in a word why there is none."""
    answer: asyncio.Future[ResponseEvent] = asyncio.get_running_loop().create_future()

    def receive(event: ResponseEvent) -> None:
        if not answer.done():
            answer.set_result(event)

    stack.perform(stack.endpoint.request(request, flow, receive, credentials))
    event = await answer
    return event.response if isinstance(event, Responded) else event.reason
