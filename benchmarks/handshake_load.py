"""Far ends like browsers for `handshakes.py`: they check, shake hands, and wait for sound.

Run as a process of its own. It says its fingerprint, lets one more begin with each line
`[port, ufrag, password]` that it reads, and prints in the end what it saw. All share a certificate.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from OpenSSL import SSL  # noqa: E402
from pylibsrtp import Error, Policy, Session  # noqa: E402

from media.secure import stun  # noqa: E402
from media.secure.certificate import DtlsCertificate  # noqa: E402

GCM = b"SRTP_AEAD_AES_128_GCM"
PATIENCE = 0.05
"Seconds until a check or a flight is repeated the first time, as Chromium does."
GIVE_UP = 20.0
"Seconds for all of it."


class Browser:
    """One far end: a socket and a DTLS client."""

    def __init__(self, context: SSL.Context, port: int, ufrag: str, password: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self._name = f"{ufrag}:load".encode()
        self._password = password
        self._connection = SSL.Connection(context, None)
        self._connection.set_ciphertext_mtu(1200)
        self._connection.set_connect_state()
        self._srtp: Session | None = None
        self._begun = False
        self._flight: list[bytes] = []
        self.started_at = time.monotonic()
        self.repeat_at = 0.0
        self.secured_at = 0.0
        self.heard_at = 0.0
        self.repeated = 0

        self._say([self._check()], self.started_at)

    def _check(self) -> bytes:
        attributes = [
            (stun.USERNAME, self._name),
            (stun.ICE_CONTROLLING, b"\x11" * 8),
            (stun.PRIORITY, b"\x6e\x7f\x1e\xff"),
            (stun.USE_CANDIDATE, b""),
        ]
        return stun.build(stun.BINDING_REQUEST, os.urandom(12), attributes, self._password)

    def _say(self, flight: list[bytes], now: float) -> None:
        self._flight = flight
        self.repeat_at = now + PATIENCE * 2**self.repeated
        for datagram in flight:
            self.socket.send(datagram)

    def repeat(self, now: float) -> None:
        self.repeated += 1
        self._say(self._flight, now)

    def take(self, now: float) -> None:
        """Read all that has come."""
        while not self.heard_at:
            try:
                datagram = self.socket.recv(2000)
            except BlockingIOError:
                return
            if datagram[0] < 4:
                if not self._begun:
                    self._begun = True
                    self._shake(now)
            elif datagram[0] < 64:
                self._connection.bio_write(datagram)
                self._shake(now)
            elif self._srtp is not None:
                self._hear(datagram, now)

    def _shake(self, now: float) -> None:
        if self._srtp is not None:
            return
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            pass
        else:
            exported = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 56)
            key = exported[16:32] + exported[44:56]
            policy = Policy(
                key=key,
                ssrc_type=Policy.SSRC_ANY_INBOUND,
                srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
            )
            self._srtp = Session(policy)
            self.secured_at, self.repeat_at = now, float("inf")
        try:
            flight = self._connection.bio_read(65536)
        except SSL.WantReadError:
            return
        records = []
        while flight:
            end = 13 + int.from_bytes(flight[11:13], "big")
            records.append(flight[:end])
            flight = flight[end:]
        self._say(records, now)

    def _hear(self, datagram: bytes, now: float) -> None:
        assert self._srtp is not None
        try:
            self._srtp.unprotect(datagram)
        except Error:
            return
        self.heard_at = now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, required=True)
    parser.add_argument("--core", type=int, help="the only one that it may use")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    certificate = DtlsCertificate()
    print(json.dumps(certificate.fingerprint), flush=True)
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(SSL.OP_NO_QUERY_MTU)
    context.use_privatekey(certificate.key)
    context.use_certificate(certificate.certificate)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    context.set_tlsext_use_srtp(GCM)
    print(json.dumps(shake_all(context, arguments.browsers)), flush=True)


def shake_all(context: SSL.Context, count: int) -> dict[str, float]:
    """Let a far end begin with every line; return what became of them."""
    poller = select.epoll()
    poller.register(sys.stdin.fileno(), select.EPOLLIN)
    browsers: list[Browser] = []
    by_descriptor: dict[int, Browser] = {}
    begin = time.monotonic()
    while len(browsers) < count or any(not browser.heard_at for browser in browsers):
        if time.monotonic() - begin > GIVE_UP:
            break
        for descriptor, _ in poller.poll(0.002):
            if descriptor == sys.stdin.fileno():
                browser = Browser(context, *json.loads(sys.stdin.readline()))
                browsers.append(browser)
                by_descriptor[browser.socket.fileno()] = browser
                poller.register(browser.socket.fileno(), select.EPOLLIN)
                continue
            browser = by_descriptor[descriptor]
            browser.take(time.monotonic())
            if browser.heard_at:
                poller.unregister(descriptor)
        now = time.monotonic()
        for browser in browsers:
            if not browser.secured_at and now >= browser.repeat_at:
                browser.repeat(now)
    done = [browser for browser in browsers if browser.heard_at]
    took = sorted(browser.heard_at - browser.started_at for browser in done) or [0.0]
    return {
        "heard": len(done),
        "last_s": max((browser.heard_at for browser in done), default=begin) - begin,
        "median_ms": took[len(took) // 2] * 1000,
        "max_ms": took[-1] * 1000,
        "repeated": sum(browser.repeated for browser in browsers),
    }


if __name__ == "__main__":
    main()
