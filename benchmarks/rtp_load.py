"""An RTP sender and receiver of its own: many legs, 50 packets a second each, paced as calls are.

Run by `relay.py` and `playing.py`. Writes a line of JSON with its ports, reads one with the ports
to send to, runs, and writes its results: sent, received, one-way delays, gaps. Delays are from the
moment before `send` to the kernel's own time stamp of the arrival, on every tenth leg.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import struct
import sys
import time

PACKETS_A_SECOND = 50
SLOTS = 20
"The legs are spread over so many slots of 1 ms in each 20 ms."
MEASURED = 10
"Every tenth leg measures."
HEADER = struct.Struct("!BBHII")
STAMP = struct.Struct("!Q")
SO_TIMESTAMPNS = 35


class Leg:
    """One phone: a connected socket that sends and counts."""

    def __init__(self, number: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.measures = number % MEASURED < 2
        if self.measures:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.packet = bytearray(172)
        self.ssrc = number + 1
        self.sent = 0
        self.received = 0
        self.delays: list[int] = []
        self.gaps: list[int] = []
        self._last = 0

    def send(self) -> None:
        """Send the next packet, with the time in its first octets of sound."""
        count = self.sent
        HEADER.pack_into(self.packet, 0, 0x80, 0, count & 0xFFFF, count * 160, self.ssrc)
        if self.measures:
            STAMP.pack_into(self.packet, 12, time.time_ns())
        self.socket.send(self.packet)
        self.sent = count + 1

    def forget(self) -> None:
        """Begin to measure anew; what was sent and received stays counted."""
        self.delays.clear()
        self.gaps.clear()
        self._last = 0

    def receive(self, buffer: bytearray) -> None:
        """Count what arrived, and see how long it took."""
        self.received += 1
        if not self.measures:
            self.socket.recv_into(buffer)
            return
        data, extra, _, _ = self.socket.recvmsg(2048, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        arrived = seconds * 1_000_000_000 + nanoseconds
        self.delays.append(arrived - STAMP.unpack_from(data, 12)[0])
        if self._last:
            self.gaps.append(arrived - self._last)
        self._last = arrived


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds before delays count")
    parser.add_argument("--core", type=int, required=True)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})
    legs = [Leg(number) for number in range(arguments.legs)]
    print(json.dumps([leg.socket.getsockname()[1] for leg in legs]), flush=True)
    for leg, port in zip(legs, json.loads(sys.stdin.readline()), strict=True):
        leg.socket.connect(("127.0.0.1", port))
    run(legs, arguments.seconds, arguments.warm_up)
    delays = sorted(delay for leg in legs for delay in leg.delays)
    gaps = sorted(gap for leg in legs for gap in leg.gaps)
    json.dump(
        {
            "sent": sum(leg.sent for leg in legs),
            "received": sum(leg.received for leg in legs),
            "median_ms": delays[len(delays) // 2] / 1e6,
            "p99_ms": delays[len(delays) * 99 // 100] / 1e6,
            "max_ms": delays[-1] / 1e6,
            "gap_ms": gaps[-1] / 1e6,
            "gap_p99_ms": gaps[len(gaps) * 99 // 100] / 1e6,
        },
        sys.stdout,
    )


def run(legs: list[Leg], seconds: float, warm_up: float) -> None:
    """Send each leg's packet in its slot of every 20 ms, and receive between the slots."""
    epoll = select.epoll()
    by_descriptor = {}
    for leg in legs:
        by_descriptor[leg.socket.fileno()] = leg
        epoll.register(leg.socket.fileno(), select.EPOLLIN)
    slots = [legs[slot::SLOTS] for slot in range(SLOTS)]
    buffer = bytearray(2048)
    begin = time.monotonic()
    for turn in range(int(seconds * 1000)):
        if turn == int(warm_up * 1000):
            for leg in legs:
                leg.forget()
        for leg in slots[turn % SLOTS]:
            leg.send()
        receive(epoll, by_descriptor, buffer)
        left = begin + turn * 0.001 - time.monotonic()
        if left > 0:
            time.sleep(left)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        receive(epoll, by_descriptor, buffer)
        time.sleep(0.005)


def receive(epoll: select.epoll, by_descriptor: dict[int, Leg], buffer: bytearray) -> None:
    for descriptor, _ in epoll.poll(0, 1024):
        try:
            by_descriptor[descriptor].receive(buffer)
        except OSError:
            continue


if __name__ == "__main__":
    main()
