"""What a bridged call costs in the SIP core alone: bytes in, bytes out, two legs, no socket.

    python benchmarks/core.py --calls 3000

The phones are templates: eight messages come in (INVITE and ACK of the challenge, INVITE, 180, 200,
ACK, BYE, 200) and eight go out. Measured are reading, transactions, dialogs, legs and writing;
authentication, descriptions and media are not there. The figure is the median of five runs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import secrets
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from softswitch.calls.leg.leg import Leg
from softswitch.sip.effects import Effect, Flow, PassUp, Send
from softswitch.sip.endpoint import Endpoint
from softswitch.sip.events import Answered, Ended, NewRequest, Ringing
from softswitch.sip.message.message import response_to
from softswitch.sip.message.uri import parse_uri

SWITCH, CALLER, CALLEE = ("10.0.0.9", 5060), ("10.0.0.1", 5060), ("10.0.0.2", 5060)
FROM_CALLER, TO_CALLEE = Flow("udp", SWITCH, CALLER), Flow("udp", SWITCH, CALLEE)
TARGET = parse_uri("sip:1001@10.0.0.2:5060")
CONTACT = "Contact: <sip:1001@10.0.0.2:5060>\r\n"
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="r", nonce="abcdef", qop="auth", algorithm=MD5')
CREDENTIALS = (
    'Proxy-Authorization: Digest username="1000", realm="r", nonce="abcdef", '
    'uri="sip:1001@10.0.0.9", response="00112233445566778899aabbccddeeff", algorithm=MD5, '
    'cnonce="x", qop=auth, nc=00000001\r\n'
)
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class Stack:
    """A driver that keeps what is sent and lets no timer fire."""

    def __init__(self) -> None:
        self.endpoint = Endpoint(tokens=lambda: secrets.token_hex(8), pick=lambda low, _: low)
        self.sent: list[bytes] = []
        self.new: list[NewRequest] = []
        self.spent = 0.0

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            if type(effect) is Send:
                self.sent.append(effect.data)
            elif type(effect) is PassUp:
                (effect.receiver or self.new.append)(effect.event)

    def now(self) -> float:
        return 0.0

    def take(self, data: bytes, flow: Flow) -> None:
        self.perform(self.endpoint.receive(data, flow))


def written(start: str, headers: str, body: bytes = b"") -> bytes:
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return f"{start}\r\n{headers}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body


def by_caller(number: int, method: str, cseq: int, more: str = "", tag: str = "") -> bytes:
    """A request of the caller; the body of an INVITE is its offer."""
    branch = f"z9hG4bK-{number}-{cseq}" + ("a" if method == "ACK" and tag else "")
    return written(
        f"{method} sip:1001@10.0.0.9:5060 SIP/2.0",
        f"Via: SIP/2.0/UDP 10.0.0.1:5060;rport;branch={branch}\r\n"
        f"From: caller <sip:1000@10.0.0.9:5060>;tag=c{number}\r\n"
        f"To: <sip:1001@10.0.0.9:5060>{tag}\r\nCall-ID: {number}-1234@10.0.0.1\r\n"
        f"CSeq: {cseq} {method}\r\nContact: <sip:1000@10.0.0.1:5060>\r\nMax-Forwards: 70\r\n{more}",
        SDP if method == "INVITE" else b"",
    )


def by_callee(request: bytes, status: int, tag: str, more: str = "", body: bytes = b"") -> bytes:
    """A response of the callee to what it was sent."""
    lines = request.decode().split("\r\n")
    copied = {line.partition(":")[0]: line for line in lines}
    if tag:
        copied["To"] += f";tag={tag}"
    headers = "\r\n".join(copied[name] for name in ("Via", "From", "To", "Call-ID", "CSeq"))
    return written(f"SIP/2.0 {status} x", f"{headers}\r\n{more}", body)


async def call(stack: Stack, number: int) -> None:
    """One call, begun by the caller and ended by it; only our own part is on the clock."""
    clock, sent = time.process_time, stack.sent
    first = by_caller(number, "INVITE", 1)
    refused = by_caller(number, "ACK", 1)
    invite = by_caller(number, "INVITE", 2, CREDENTIALS)
    began = clock()
    stack.take(first, FROM_CALLER)
    new = stack.new.pop()
    challenge = response_to(new.request, 407, to_tag=None, headers=[CHALLENGE])
    stack.perform(stack.endpoint.respond_statelessly(new.request, challenge, new.flow))
    stack.take(refused, FROM_CALLER)
    stack.take(invite, FROM_CALLER)
    new = stack.new.pop()
    a = Leg.incoming(stack, new, name="a")
    b = Leg.dial(
        stack,
        name="b",
        target=TARGET,
        flow=TO_CALLEE,
        from_=new.request.from_,
        to=new.request.to,
        sdp=SDP,
    )
    stack.spent += clock() - began
    ringing = by_callee(sent[-1], 180, f"b{number}", CONTACT)
    answer = by_callee(sent[-1], 200, f"b{number}", CONTACT, SDP)
    began = clock()
    stack.take(ringing, TO_CALLEE)
    a.progress(expect(await b.event(), Ringing).status)
    stack.take(answer, TO_CALLEE)
    answered = expect(await b.event(), Answered)
    b.acknowledge()
    a.accept(answered.sdp)
    stack.spent += clock() - began
    tag = by_callee(sent[-1], 200, "").decode().partition("\r\nTo: ")[2].partition("\r\n")[0]
    tag = tag.partition(">")[2]
    ack, bye = by_caller(number, "ACK", 2, tag=tag), by_caller(number, "BYE", 3, tag=tag)
    began = clock()
    stack.take(ack, FROM_CALLER)
    await a.event()
    stack.take(bye, FROM_CALLER)
    expect(await a.event(), Ended)
    b.hangup()
    stack.spent += clock() - began
    gone = by_callee(sent[-1], 200, "")
    began = clock()
    stack.take(gone, TO_CALLEE)
    stack.spent += clock() - began


def expect(event: Any, kind: type) -> Any:
    assert isinstance(event, kind), event
    return event


async def measure(calls: int) -> float:
    """Milliseconds of CPU a call."""
    stack = Stack()
    for number in range(calls // 10):
        await call(stack, number)
    gc.collect()
    stack.spent, stack.sent = 0.0, []
    for number in range(calls // 10, calls // 10 + calls):
        await call(stack, number)
    assert len(stack.sent) == 8 * calls
    return stack.spent / calls * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    arguments = parser.parse_args()
    runs = [asyncio.run(measure(arguments.calls)) for _ in range(5)]
    print(f"core      {arguments.calls} calls, {statistics.median(runs):.3f} ms CPU each")


if __name__ == "__main__":
    main()
