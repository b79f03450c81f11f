"""The driver: gives the core what arrives and performs the effects it answers with.

The core (`sip/endpoint.py`) has no socket and no clock; everything that it wants done comes back as
a list of effects (`sip/effects.py`). No message can raise through the event loop: what fails is
logged with the Call-ID, and the next one is taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import structlog

from softswitch.sip.effects import INSIDE_LINE, Effect, Flow, Owner, PassUp, Send, SetTimer
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest
from softswitch.telemetry.metrics import Metric
from softswitch.transport.addresses import WILDCARDS, cannot_listen, family_of, source_for
from softswitch.transport.messages import Traffic, call_id, kind, shown, write_line
from softswitch.transport.oversize import Oversize
from softswitch.transport.timers import Timers
from softswitch.transport.transport import Failed, Transport

log = structlog.get_logger()


FrontDesk = Callable[[NewRequest], None]
"Takes the requests that belong to no dialog; must not wait."

Tap = Callable[[bytes, Flow, bool], None]
"""Told of every message that was received (False) or sent (True), but by the inside line; must not
block or raise."""


SUCCESSORS = 4096
"Connections whose phones have come back by another one; beyond it the oldest are forgotten."


class NoTransport(OSError):
    """Nothing of ours listens with that transport and family."""


class Driver:
    """The core, the transports and the timers, joined."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tcp_above: int = 1300,
        write_messages: str = "off",
        tap: Tap | None = None,
    ) -> None:
        """UDP requests of more than `tcp_above` octets try TCP first.

        `write_messages`, which is for the log, is `off`, `line` or `whole`; `tap` is for traces.
        """
        self.endpoint = endpoint
        self.traffic = Traffic()
        self.errors = 0
        "Exceptions that were caught and logged; above 0 there is a mistake of ours."
        self._loop = asyncio.get_running_loop()
        self.timers = Timers(self._loop, self._fire)
        self.transports: list[Transport] = []
        self._by_local: dict[tuple[str, tuple[str, int]], Transport] = {}
        self._successors: dict[Flow, Flow] = {}
        "Where the calls of a connection go on."
        self._tcp_above = tcp_above
        self._oversize = Oversize(self._loop, self.flow, self._hand_over, self._take_back)
        self._front_desk: FrontDesk = _nobody
        self._write = write_messages != "off"
        self._whole = write_messages == "whole"
        self._tap = tap
        self._performing = False
        self._waiting: deque[Effect] = deque()

    async def open(self, transports: Iterable[Transport], front_desk: FrontDesk) -> None:
        """Open the transports in order; raises OSError and closes all if one cannot be opened.

        `front_desk` takes what comes by them and belongs to no dialog.
        """
        self._front_desk = front_desk
        try:
            for transport in transports:
                try:
                    await transport.open()
                except OSError as error:
                    raise cannot_listen(transport.local, error, transport.name) from error
                self.transports.append(transport)
                self._by_local[transport.name, transport.local] = transport
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the transports and forget the timers."""
        self.timers.close()
        for transport in self.transports:
            await transport.close()
        self.transports.clear()

    def now(self) -> float:
        """Seconds of the loop's clock, which never jumps."""
        return self._loop.time()

    def flow(self, transport: str, remote: tuple[str, int]) -> Flow:
        """The flow to a numeric address; raises `NoTransport`.

        Of several sockets of that kind the one is taken that listens on the source address which
        the kernel would choose, then any.
        """
        family = family_of(remote[0])
        candidates = [
            candidate
            for candidate in self.transports
            if candidate.name == transport and family_of(candidate.local[0]) == family
        ]
        if not candidates:
            raise NoTransport(f"nothing listens that could reach {transport} {remote[0]}")
        flows = [candidate.flow_to(remote) for candidate in candidates]
        if len(flows) > 1:
            source = source_for(remote[0])
            return next((flow for flow in flows if flow.local[0] == source), flows[0])
        return flows[0]

    def moved(self, old: Flow, new: Flow) -> None:
        """Send by the new connection what is for the old one: its phone has come back by it.

        Dialogs keep the flow of their INVITE, and the phone need not send anything in them. An
        INVITE that the old one has taken without a word is lost with it.
        """
        for flow, successor in self._successors.items():
            if successor == old:
                self._successors[flow] = new
        if len(self._successors) >= SUCCESSORS:
            del self._successors[next(iter(self._successors))]
        self._successors[old] = new
        self._successors.pop(new, None)
        # Soon: its phone may take no call before it has the answer to its REGISTER.
        self._loop.call_soon(self.connection_gone, old)

    def metrics(self) -> Iterator[Metric]:
        """The messages that came and went, the timers, and the mistakes."""
        yield Metric(
            "sip_messages_received_total",
            "SIP messages received, by method or class of response",
            lambda: self.traffic.received,
            "kind",
        )
        yield Metric(
            "sip_messages_sent_total",
            "SIP messages sent, by method or class of response",
            lambda: self.traffic.sent,
            "kind",
        )
        yield Metric("timers", "SIP timers that are set", lambda: len(self.timers))
        yield Metric("errors_total", "Exceptions that were caught", lambda: self.errors)

    # ------------------------------------------------------------------ what comes in

    def receive(self, data: bytes, flow: Flow) -> None:
        """Take one message from a transport."""
        self.traffic.received[kind(data)] += 1
        if self._successors:
            self._successors.pop(flow, None)  # somebody is there, perhaps somebody else
        if self._write:
            write_line("<-", data, flow, whole=self._whole)
        if self._tap is not None and flow != INSIDE_LINE:
            self._tap(data, flow, False)
        try:
            effects = self.endpoint.receive(data, flow)
        except Exception:
            self._failed("a message could not be taken", call_id(data))
            return
        self.perform(effects)

    def connection_gone(self, flow: Flow) -> None:
        """Tell the core that a connection of a phone has ended."""
        self.perform(self.endpoint.connection_gone(flow))

    def _fire(self, owner: Owner, timer: str) -> None:
        try:
            effects = self.endpoint.fire(owner, timer)
        except Exception:
            self._failed(f"timer {timer} failed", _call_of(owner))
            return
        self.perform(effects)

    def _transport_failed(self, owner: Owner) -> None:
        try:
            effects = self.endpoint.transport_failed(owner)
        except Exception:
            self._failed("the news of a failed sending failed", _call_of(owner))
            return
        self.perform(effects)

    # ------------------------------------------------------------------ what the core wants done

    def perform(self, effects: Sequence[Effect]) -> None:
        """Do these in order; what is asked for meanwhile is done after them."""
        if self._performing:
            self._waiting.extend(effects)
            return
        self._performing = True
        try:
            for effect in effects:
                self._perform(effect)
            while self._waiting:
                self._perform(self._waiting.popleft())
        finally:
            self._performing = False

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._send(effect)
        elif isinstance(effect, SetTimer):
            self.timers.set(*effect)
        else:
            self._pass_up(effect)

    def _pass_up(self, effect: PassUp[Any]) -> None:
        try:
            (effect.receiver or self._front_desk)(effect.event)
        except Exception:
            self._failed("an event could not be taken", _call_of(effect.event))

    def _send(self, effect: Send) -> None:
        data, flow, owner = effect
        failed = None if owner is None else partial(self._transport_failed, owner)
        oversize = len(data) > self._tcp_above and flow.transport == "udp"
        if not oversize or not self._oversize.takes(data, flow, failed):
            self._hand_over(data, flow, failed)

    def _hand_over(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        """Give octets to their transport, and the news to the core when it cannot send them."""
        if flow == INSIDE_LINE:
            self._loop.call_soon(self.receive, data, flow)
            return
        flow = self._successors.get(flow, flow)
        transport = self._by_local.get((flow.transport, flow.local)) or self._adopt(flow)
        try:
            if transport is None:
                raise NoTransport(f"nothing listens on {flow.transport} {flow.local}")
            transport.send(data, flow, failed)
        except OSError as error:
            log.info("not sent", call=call_id(data), flow=shown(flow), reason=str(error))
            if failed is not None:
                failed()
        else:
            self.traffic.sent[kind(data)] += 1
            if self._write:
                write_line("->", data, flow, whole=self._whole)
            if self._tap is not None:
                self._tap(data, flow, True)

    def _take_back(self, data: bytes, flow: Flow) -> bool:
        """Whether octets that were handed over still waited to be sent; if so they will not be."""
        transport = self._by_local.get((flow.transport, flow.local))
        return transport is not None and transport.take_back(data, flow)

    def _adopt(self, flow: Flow) -> Transport | None:
        """Find the socket for an address that nobody listens on by that very name.

        It is that of a wildcard socket, or of another run of the program (a stored registration).
        """
        name, (host, port) = flow.transport, flow.local
        alike = [
            transport
            for transport in self.transports
            if transport.name == name and family_of(transport.local[0]) == family_of(host)
        ]
        behind = [transport for transport in alike if transport.local[0] in WILDCARDS]
        same_port = [transport for transport in behind if transport.local[1] == port]
        for transport in (*same_port, *behind, *alike):
            self._by_local[name, flow.local] = transport
            return transport
        return None

    def _failed(self, what: str, call: str) -> None:
        """Log the exception that is being handled."""
        self.errors += 1
        log.error(what, call=call, exc_info=True)


def _nobody(new: NewRequest) -> None:
    """Take nothing: before a transport is open nothing comes."""


def _call_of(thing: object) -> str:
    """The Call-ID of what a timer or an event belongs to, where it has one."""
    request = getattr(thing, "request", None)
    for holder in (thing, request):
        try:
            found = getattr(holder, "call_id", None)
        except ValueError:
            continue
        if isinstance(found, str):
            return found
    return ""
