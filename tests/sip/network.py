"""A wire between endpoints that loses, delays and reorders, on a clock that jumps.

The wire carries octets, so every message is written and read on its way. `Network.run` moves the
clock from event to event: 32 seconds of silence cost nothing.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from softswitch.sip.effects import INSIDE_LINE, Effect, Flow, PassUp, Send, SetTimer
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest, Reinvited
from softswitch.sip.message.address import parse_address
from softswitch.sip.message.message import Request, parse_message
from softswitch.sip.message.uri import parse_uri

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
        self.hosts: dict[tuple[str, int], Any] = {}
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
            self.call_later(self.delay(line), lambda: self.hosts[flow.remote].receive(data, back))

    def take(self) -> list[str]:
        """Return the log and begin a new one."""
        lines = self.log.copy()
        self.log.clear()
        self.times.clear()
        return lines

    def sent(self, part: str) -> list[float]:
        """Return the times at which lines that contain `part` were sent."""
        return [time for time, line in zip(self.times, self.log, strict=True) if part in line]


class Host:
    """An endpoint and a driver of a few lines, as the `Stack` of a leg."""

    def __init__(
        self,
        network: Network,
        name: str,
        address: tuple[str, int],
        *,
        transport: str = "udp",
        pick: Callable[[int, int], int] = lambda low, high: (low + high) // 2,
        life: int = 0,
        **settings: Any,
    ) -> None:
        """`life` tells the tokens of a host from those of one that had its address before."""
        counter, prefix = itertools.count(1), f"{name}{f'-{life}-' if life else ''}"
        self.network = network
        self.name = name
        self.address = address
        self.transport = transport
        self.is_off = False
        "Whether nothing comes or goes any more."
        self.endpoint = Endpoint(tokens=lambda: f"{prefix}{next(counter)}", pick=pick, **settings)
        self.new: list[NewRequest] = []
        self._front_desk: Callable[[NewRequest], None] = self.new.append
        self.sends: list[bytes] = []

    def open(self, front_desk: Callable[[NewRequest], None]) -> None:
        """Give what belongs to no dialog to this front desk, instead of keeping it in `new`."""
        self._front_desk = front_desk

    def flow_to(self, other: Host) -> Flow:
        return Flow(self.transport, self.address, other.address)

    def call(self, other: Host, sdp: bytes | None = b"offer", **more: Any) -> Party:
        """Send an INVITE to another host, as `alice` to `bob`."""
        events: list[Any] = []
        out: list[Effect] = []
        usage = self.endpoint.invite(
            events.append,
            out,
            target=parse_uri(f"sip:{other.name}@{other.address[0]}"),
            flow=self.flow_to(other),
            from_=address(self.name),
            to=address(other.name),
            sdp=sdp,
            **more,
        )
        self.perform(out)
        return Party(self, usage, events)

    def ask(self, request: Request, flow: Flow, user: Any = None) -> None:
        """Send a request that no usage would."""
        out: list[Effect] = []
        self.endpoint.send(request, flow, user, out)
        self.perform(out)

    def take_call(self) -> Party:
        """Accept the INVITE that was passed up first."""
        events: list[Any] = []
        out: list[Effect] = []
        usage = self.endpoint.incoming(self.new.pop(0), events.append, out)
        self.perform(out)
        return Party(self, usage, events)

    def receive(self, data: bytes, flow: Flow) -> None:
        if not self.is_off:
            self.perform(self.endpoint.receive(data, flow))

    def perform(self, effects: list[Effect]) -> None:
        for effect in () if self.is_off else effects:
            if isinstance(effect, Send):
                self.sends.append(effect.data)
                if effect.flow == INSIDE_LINE:
                    self.network.call_later(
                        DELAY, lambda data=effect.data: self.receive(data, INSIDE_LINE)
                    )
                else:
                    self.network.send(effect.data, effect.flow)
            elif isinstance(effect, SetTimer):
                owner, timer, seconds = effect
                self.network.call_later(seconds, lambda o=owner, t=timer: self._fire(o, t))
            elif isinstance(effect, PassUp):
                (effect.receiver or self._front_desk)(effect.event)

    def _fire(self, owner: Any, timer: str) -> None:
        if not self.is_off:
            self.perform(self.endpoint.fire(owner, timer))

    def now(self) -> float:
        return self.network.now()

    def counts(self) -> dict[str, int]:
        """How much there is of each; all zero once the last timer has fired."""
        return counts(self.endpoint)

    @property
    def alive(self) -> int:
        """How many transactions and dialogs there are."""
        return sum(self.counts().values())


class Party:
    """An INVITE usage and the events that it has passed up."""

    def __init__(self, host: Host, usage: Any, events: list[Any]) -> None:
        self.host = host
        self.usage = usage
        self.events = events

    def do(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Let the usage do something and perform what comes of it."""
        out: list[Effect] = []
        result = step(*arguments, out)
        self.host.perform(out)
        return result

    def progress(self, status: int, sdp: bytes | None = None) -> None:
        self.do(self.usage.progress, status, sdp, ())

    def accept(self, sdp: bytes = b"answer") -> None:
        self.do(self.usage.accept, sdp, ())

    def reject(self, status: int, headers: Any = ()) -> None:
        self.do(self.usage.reject, status, headers, None)

    def acknowledge(self, sdp: bytes | None = None) -> None:
        self.do(self.usage.acknowledge, sdp)

    def hangup(self, *headers: tuple[str, str]) -> None:
        self.do(self.usage.hangup, headers, 480)

    def offer(self, sdp: bytes | None) -> None:
        self.do(self.usage.offer, sdp, ())

    def answer_reoffer(self, sdp: bytes) -> bool:
        return bool(self.do(self.usage.answer_reoffer, sdp, ()))

    def told(self) -> list[Any]:
        """Return the events since the last time."""
        events = self.events.copy()
        self.events.clear()
        return events

    @property
    def names(self) -> list[str]:
        """The same as words: `Ringing 180`, `Answered`, `Ended BYE`."""
        return [name_of(event) for event in self.told()]


class Proxy:
    """A stateless proxy that forks to `targets`, records its route, and has no timers."""

    def __init__(
        self,
        network: Network,
        name: str,
        address: str,
        *targets: Any,
        new_uri: str | None = None,
    ) -> None:
        self.network = network
        self.name = name
        self.address = (address, 5060)
        self.targets = targets
        self.new_uri = new_uri
        self.route = f"<sip:{address};lr>"
        self.alive = 0
        "It keeps nothing."
        network.hosts[self.address] = self

    def receive(self, data: bytes, flow: Flow) -> None:
        message = parse_message(data)
        if isinstance(message, Request):
            self._forward(message, flow)
        else:
            below = message.headers.values("Via")[1:]
            message.headers.remove("Via")
            for via in below:
                message.headers.add("Via", via)
            via = message.via
            target = (via.received or via.host, via.rport or via.port or 5060)
            self.network.send(message.to_bytes(), Flow("udp", self.address, target))

    def _forward(self, request: Request, flow: Flow) -> None:
        in_dialog = request.to.tag is not None
        if not in_dialog:
            kept = "Path" if request.method == "REGISTER" else "Record-Route"
            request.headers.prepend(kept, self.route)
        routes = request.headers.values("Route")
        is_routed = bool(routes) and self.address[0] in routes[0]
        if is_routed:
            request.headers.remove("Route")
            for route in routes[1:]:
                request.headers.add("Route", route)
            routes = routes[1:]
        request.set_top_via(request.via.arrived_from(*flow.remote))
        branch = request.via.branch
        hops = [target.address for target in self.targets]
        if in_dialog or is_routed or not hops:
            hop = parse_address(routes[0]).uri if routes else request.uri
            there = (hop.host, hop.port or 5060)
            if there != self.address and (there in self.network.hosts or not hops):
                hops = [there]
        for number, target in enumerate(hops):
            uri = request.uri_text if in_dialog else self.new_uri or request.uri_text
            copy = Request(request.method, uri, list(request.headers), request.body)
            copy.headers.prepend(
                "Via", f"SIP/2.0/UDP {self.address[0]};branch={branch}{self.name}{number}"
            )
            self.network.send(copy.to_bytes(), Flow("udp", self.address, target))


def counts(endpoint: Endpoint) -> dict[str, int]:
    """How much an endpoint keeps, by what it is."""
    layer = endpoint.layer
    return {
        "client_transactions": len(layer.clients),
        "server_transactions": len(layer.servers),
        "merged": len(layer.merged),
        "dialogs": len(endpoint.dialogs),
    }


def name_of(event: Any) -> str:
    words = [type(event).__name__]
    for attribute in ("status", "reason"):
        value = getattr(event, attribute, None)
        if value is not None and not (attribute == "reason" and isinstance(event, Reinvited)):
            words.append(str(value))
    sdp = getattr(event, "sdp", None)
    return " ".join(words) + (f" {sdp.decode()}" if sdp else "")


def world() -> tuple[Clock, Network]:
    """An empty wire on a clock of its own."""
    clock = Clock()
    return clock, Network(clock.call_later, lambda: clock.now)


class World(NamedTuple):
    """Two phones on a wire."""

    clock: Clock
    network: Network
    alice: Host
    bob: Host


def two(**settings: Any) -> World:
    """Put alice and bob on an empty wire."""
    clock, network = world()
    return World(
        clock,
        network,
        network.host("alice", "10.0.0.1", **settings),
        network.host("bob", "10.0.0.2", **settings),
    )


def summary(data: bytes) -> str:
    """Name a message: `INVITE`, or `200 INVITE` for a response."""
    message = parse_message(data)
    sdp = " +sdp" if message.body else ""
    if isinstance(message, Request):
        return message.method + sdp
    return f"{message.status} {message.cseq.method}{sdp}"


def address(user: str) -> Any:
    return parse_address(f"<sip:{user}@example.com>")
