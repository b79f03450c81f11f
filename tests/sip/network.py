"""A wire between endpoints that loses, delays and reorders, on a clock that jumps.

The wire carries octets, so every message is written and read on its way. `Network.run` moves the
clock from event to event: 32 seconds of silence cost nothing.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from softswitch.sip.address import parse_address
from softswitch.sip.effects import Effect, Flow, PassUp, Send, SetTimer
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest
from softswitch.sip.message import Request, parse_message

DELAY = 0.01


class Clock:
    """Calls what is due, in order of time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._order), action))

    def run(self, until: float = 1000.0) -> None:
        """Call everything that is due until this time, and set the clock to it."""
        while self._due and self._due[0][0] <= until:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = max(self.now, until)


class Network:
    """Hosts by name, and what has travelled between them.

    `log` has lines such as `alice>bob INVITE` and `bob>alice 200 INVITE`, lost ones too, with a
    cross behind; `lose` and `delay` are asked for each of them.
    """

    def __init__(
        self,
        call_later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float],
    ) -> None:
        self.call_later = call_later
        self.now = now
        self.hosts: dict[tuple[str, int], Host] = {}
        self.log: list[str] = []
        self.times: list[float] = []
        self.lose: Callable[[str], bool] = lambda line: False
        self.delay: Callable[[str], float] = lambda line: DELAY

    def host(self, name: str, address: str, **settings: Any) -> Host:
        """Put an endpoint on the wire, port 5060."""
        host = Host(self, name, (address, 5060), **settings)
        self.hosts[host.address] = host
        return host

    def send(self, data: bytes, flow: Flow) -> None:
        """Carry octets, or lose them."""
        sender, target = self.hosts[flow.local], self.hosts.get(flow.remote)
        name = "nobody" if target is None else target.name
        line = f"{sender.name}>{name} {summary(data)}"
        lost = target is None or self.lose(line)
        self.log.append(line + " ✗" if lost else line)
        self.times.append(round(self.now(), 3))
        if target is not None and not lost:
            back = flow._replace(local=flow.remote, remote=flow.local)
            self.call_later(self.delay(line), lambda: target.receive(data, back))

    def sent(self, part: str) -> list[float]:
        """Return the times at which lines that contain `part` were sent."""
        return [time for time, line in zip(self.times, self.log, strict=True) if part in line]


class Host:
    """An endpoint and a driver of a few lines, as `calls.leg.Stack` wants it."""

    def __init__(
        self,
        network: Network,
        name: str,
        address: tuple[str, int],
        *,
        transport: str = "udp",
        pick: Callable[[int, int], int] = lambda low, high: (low + high) // 2,
        **settings: Any,
    ) -> None:
        counter = itertools.count(1)
        self.network = network
        self.name = name
        self.address = address
        self.transport = transport
        self.endpoint = Endpoint(tokens=lambda: f"{name}{next(counter)}", pick=pick, **settings)
        self.new: list[NewRequest] = []
        self.upper: Callable[[Any], None] = self.new.append
        self.sends: list[bytes] = []

    def flow_to(self, other: Host) -> Flow:
        return Flow(self.transport, self.address, other.address)

    def receive(self, data: bytes, flow: Flow) -> None:
        self.perform(self.endpoint.receive(data, flow))

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.sends.append(effect.data)
                self.network.send(effect.data, effect.flow)
            elif isinstance(effect, SetTimer):
                owner, timer, seconds = effect
                self.network.call_later(
                    seconds, lambda o=owner, t=timer: self.perform(self.endpoint.fire(o, t))
                )
            elif isinstance(effect, PassUp):
                (effect.receiver or self.upper)(effect.event)

    def now(self) -> float:
        return self.network.now()

    @property
    def alive(self) -> int:
        """How many transactions and dialogs there are."""
        return sum(self.endpoint.counts().values())


def summary(data: bytes) -> str:
    """Name a message: `INVITE`, or `200 INVITE` for a response."""
    message = parse_message(data)
    sdp = " +sdp" if message.body else ""
    if isinstance(message, Request):
        return message.method + sdp
    return f"{message.status} {message.cseq.method}{sdp}"


def address(user: str) -> Any:
    return parse_address(f"<sip:{user}@example.com>")
