"""What a NOTIFY costs: 1,000 watchers on 500 extensions, calls that ring and are given up.

    python benchmarks/lamps.py --watchers 1000 --extensions 500 --rounds 10

The subscriptions, calls, legs, the SIP core, its driver and the UDP socket are the real ones; the
watchers are one socket in another process, which answers every NOTIFY with 200 a moment later. So
two things are measured apart: what a change of state costs until its NOTIFYs are sent (documents,
messages, transactions, the socket), and what their answers and timers cost afterwards. What the
same changes cost without any watcher is taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import re
import secrets
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from softswitch.app.entropy import Entropy
from softswitch.app.process import spare_the_collector
from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.states import Occurrence
from softswitch.calls.kinds import extension_of
from softswitch.calls.lamps.dialog_package import DialogPackage
from softswitch.calls.lamps.dialogs import FollowedCalls
from softswitch.calls.lamps.lamps import Lamps
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import Routing
from softswitch.settings.exchange.lamps import LampSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.sip.effects import Flow
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import NewRequest
from softswitch.sip.message.message import parse_message
from softswitch.trace.traces import Traces
from softswitch.transport.datagrams.udp import UdpTransport
from softswitch.transport.driver import Driver

COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):.*?\r\n", re.MULTILINE)


SENDING, ANSWERS = 0.4, 1.0
"Seconds in which NOTIFYs are sent, and in which their answers come."
LATER = 0.42
"Seconds after the first NOTIFY at which all are answered: before any of them is repeated."


def answer(sock: socket.socket) -> None:
    """Be all watchers: let NOTIFYs lie for a while, and then answer them.

    Nobody waits for them meanwhile: to wake a process of this machine for each of them would cost
    the switch what no phone elsewhere does.
    """
    while True:
        waiting: list[tuple[bytes, Any]] = []
        sock.setblocking(True)
        waiting.append(sock.recvfrom(65_535))
        time.sleep(LATER)
        sock.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                waiting.append(sock.recvfrom(65_535))
        for data, sender in waiting:
            if data.startswith(b"NOTIFY"):
                kept = b"".join(COPIED.findall(data.partition(b"\r\n\r\n")[0] + b"\r\n"))
                octets = b"SIP/2.0 200 OK\r\n" + kept + b"Content-Length: 0\r\n\r\n"
                sock.sendto(octets, sender)


def request(method: str, user: str, number: str, port: int) -> Any:
    """A request of a phone at `port`."""
    lines = (
        f"{method} sip:{number}@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@127.0.0.1>;tag={secrets.token_hex(6)}",
        f"To: <sip:{number}@127.0.0.1>",
        f"Call-ID: {secrets.token_hex(10)}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{user}@127.0.0.1:{port}>",
        *(["Event: dialog"] if method == "SUBSCRIBE" else []),
        "Content-Length: 0",
    )
    return parse_message(("\r\n".join(lines) + "\r\n\r\n").encode())


class Bench:
    """The part of a switch that lamps need."""

    def __init__(self, extensions: int, port: int) -> None:
        endpoint = Endpoint(tokens=Entropy().token, pick=random.randint)
        self.driver = Driver(endpoint)
        self.port = port
        self.numbers = [str(1000 + n) for n in range(extensions)]
        directory = Directory(
            extension_of(PhoneExtension(number=number, name=f"Desk {number}"))
            for number in self.numbers
        )
        ids = iter(range(10**9))
        terms: Any = CallTerms(domain="127.0.0.1")
        self.calls = Calls(terms, time.time, lambda: f"c{next(ids)}", Traces(time.time))
        package = DialogPackage(
            FollowedCalls(self.calls), directory, "127.0.0.1", show_callers=True
        )
        plan: Any = SimpleNamespace(directory=directory, routing=Routing(directory, ["127.0.0.1"]))
        bounds = LampSettings(per_watcher=100_000)
        self.lamps = Lamps(stack=self.driver, plan=plan, packages=[package], terms=bounds)
        self.udp = UdpTransport("127.0.0.1", 0, self.driver.receive)

    def flow(self) -> Flow:
        return self.udp.flow_to(("127.0.0.1", self.port))

    def watch(self, count: int) -> None:
        """Let so many subscriptions begin, spread over all extensions."""
        for n in range(count):
            number = self.numbers[n % len(self.numbers)]
            user = self.numbers[n * 7 % len(self.numbers)]
            new = NewRequest(request("SUBSCRIBE", user, number, self.port), self.flow())
            refused = self.lamps.subscribe(new, user)
            assert refused is None, refused

    def call(self, number: str) -> Call:
        """A call of that phone which does not ring yet."""
        invite = NewRequest(request("INVITE", number, "4711", self.port), self.flow())
        call = self.calls.new((number, f"Desk {number}"), "4711", invite.request)
        call.caller.extension = number
        call.caller.leg = Leg.incoming(self.driver, invite, name=f"{call.id}-0")
        self.calls.add(call)
        return call

    async def rounds(self, count: int) -> tuple[float, float]:
        """Let all phones call and give up, so often; seconds of CPU for NOTIFYs and for answers."""
        sending = answers = 0.0
        for _ in range(count):
            calls = [self.call(number) for number in self.numbers]
            for occurrence in (Occurrence.RANG, Occurrence.CANCELLED):
                await asyncio.sleep(1.0)
                began = time.process_time()
                for call in calls:
                    call.happen(occurrence)
                await asyncio.sleep(SENDING)
                sent = time.process_time()
                await asyncio.sleep(ANSWERS)
                sending += sent - began
                answers += time.process_time() - sent
            for call in calls:
                self.calls._active.pop(call.id)
                if call.caller.leg is not None:
                    call.caller.leg.hangup()
        return sending, answers


async def until_all_are_told(bench: Bench, watchers: int) -> float:
    """Let every phone be busy at once; seconds until the last lamp has been told so."""
    calls = [bench.call(number) for number in bench.numbers]
    await asyncio.sleep(1.0)
    expected = sum(bench.lamps.notifies.values()) + watchers
    began = time.perf_counter()
    for call in calls:
        call.happen(Occurrence.RANG)
    while sum(bench.lamps.notifies.values()) < expected:  # noqa: ASYNC110
        await asyncio.sleep(0)
    return time.perf_counter() - began


async def measure(arguments: argparse.Namespace, port: int) -> None:
    bench = Bench(arguments.extensions, port)
    await bench.driver.open([bench.udp], lambda new: None)
    spare_the_collector()
    await bench.rounds(2)
    alone = await bench.rounds(arguments.rounds)
    bench.watch(arguments.watchers)
    await asyncio.sleep(2)
    await bench.rounds(2)
    sent = sum(bench.lamps.notifies.values())
    watched = await bench.rounds(arguments.rounds)
    sent = sum(bench.lamps.notifies.values()) - sent
    expected = 2 * arguments.watchers * arguments.rounds
    assert sent == expected, f"{sent} NOTIFYs instead of {expected}"
    changes = 2 * arguments.extensions * arguments.rounds
    sending, answers = ((w - a) / sent * 1e6 for w, a in zip(watched, alone, strict=True))
    print(f"lamps     {sent} NOTIFYs, {sending:.1f} µs CPU each until they are sent")
    print(f"          {answers:.1f} µs CPU for the answer and the timers of each")
    print(f"          {alone[0] / changes * 1e6:.1f} µs CPU for a change without any watcher")
    assert len(bench.lamps) == arguments.watchers
    late = await until_all_are_told(bench, arguments.watchers)
    print(f"          {late * 1000:.0f} ms until all lamps are told of one change of all phones")
    await bench.driver.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--extensions", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
    sock.bind(("127.0.0.1", 0))
    watchers = multiprocessing.get_context("fork").Process(target=answer, args=(sock,), daemon=True)
    watchers.start()
    try:
        uvloop.run(measure(arguments, sock.getsockname()[1]))
    finally:
        watchers.terminate()


if __name__ == "__main__":
    main()
