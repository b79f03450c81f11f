"""An RTP sender and receiver of its own: many legs, 50 packets a second each, paced as calls are.

Run by `relay.py`, `secure_relay.py` and `playing.py`. Writes a line of JSON with its ports, reads
one with the ports to send to (for SRTP with suite and keys), writes another when it is ready, runs,
and writes its results: sent, received, one-way delays, gaps. Delays are from the moment before
`send` to the kernel's own time stamp of the arrival, on every tenth leg. With SRTP those legs check
all that they hear; what the others send is protected before they begin.
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
from typing import NamedTuple

import pylibsrtp
from pylibsrtp import Policy

PACKETS_A_SECOND = 50
SLOTS = 20
"The legs are spread over so many slots of 1 ms in each 20 ms."
MEASURED = 10
"Every tenth leg measures."
HEADER = struct.Struct("!BBHII")
STAMP = struct.Struct("!Q")
SO_TIMESTAMPNS = 35


PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}


class Target(NamedTuple):
    """Where a leg sends to, and how it protects that; keys in hexadecimal digits."""

    port: int
    suite: str = ""
    sends: str = ""
    hears: str = ""

    def sender(self) -> pylibsrtp.Session | None:
        return self._session(self.sends, Policy.SSRC_ANY_OUTBOUND)

    def hearer(self) -> pylibsrtp.Session | None:
        return self._session(self.hears, Policy.SSRC_ANY_INBOUND)

    def _session(self, key: str, sources: int) -> pylibsrtp.Session | None:
        if not self.suite:
            return None
        profile = PROFILES[self.suite]
        return pylibsrtp.Session(
            Policy(key=bytes.fromhex(key), ssrc_type=sources, srtp_profile=profile)
        )


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
        self.bad = 0
        "Packets that could not be decrypted."
        self._last = 0
        self._sender: pylibsrtp.Session | None = None
        self._hearer: pylibsrtp.Session | None = None
        self._prepared: list[bytes] = []

    def aim(self, target: Target, packets: int) -> None:
        """Prepare to send so many packets to a port."""
        self.socket.connect(("127.0.0.1", target.port))
        self._sender, self._hearer = target.sender(), target.hearer()
        if self._sender is not None and not self.measures:
            for count in range(packets):
                self._write(count)
                self._prepared.append(self._sender.protect(bytes(self.packet)))

    def _write(self, count: int) -> None:
        HEADER.pack_into(self.packet, 0, 0x80, 0, count & 0xFFFF, count * 160, self.ssrc)

    def send(self) -> None:
        """Send the next packet, with the time in its first octets of sound if it measures."""
        count = self.sent
        self.sent = count + 1
        if self._prepared:
            self.socket.send(self._prepared[count])
            return
        self._write(count)
        if self.measures:
            STAMP.pack_into(self.packet, 12, time.time_ns())
        if self._sender is not None:
            self.socket.send(self._sender.protect(bytes(self.packet)))
        else:
            self.socket.send(self.packet)

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
        if self._hearer is not None:
            try:
                data = self._hearer.unprotect(data)
            except pylibsrtp.Error:
                self.bad += 1
                return
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
    packets = int(arguments.seconds * PACKETS_A_SECOND) + 1
    for leg, target in zip(legs, json.loads(sys.stdin.readline()), strict=True):
        leg.aim(Target(target) if isinstance(target, int) else Target(*target), packets)
    print("true", flush=True)
    run(legs, arguments.seconds, arguments.warm_up)
    delays = sorted(delay for leg in legs for delay in leg.delays)
    gaps = sorted(gap for leg in legs for gap in leg.gaps)
    json.dump(
        {
            "sent": sum(leg.sent for leg in legs),
            "received": sum(leg.received for leg in legs),
            "bad": sum(leg.bad for leg in legs),
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
