"""A SIP peer of plain text and plain sockets: it knows nothing of our core, and may misbehave."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from media.codecs import g711

PCMU = "0 101"
LATE_PACKETS = 15
"How late a packet is that is late, in packets of 20 ms."
EVENTS = "a=rtpmap:101 telephone-event/8000\r\n"


def status(text: str) -> int:
    """The status of a response; 0 for a request."""
    return int(text[8:11]) if text.startswith("SIP/2.0 ") else 0


def header(text: str, name: str) -> str:
    """The first value of a header; empty when it is not there."""
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def headers(text: str, name: str) -> list[str]:
    """All values of a header, one for each of its lines."""
    return re.findall(rf"^{name}[ \t]*:[ \t]*(.*?)\r$", text, re.MULTILINE | re.IGNORECASE)


def recorded(text: str) -> list[str]:
    """The proxies that want to stay on the way, as Record-Route names them."""
    return [each.strip() for line in headers(text, "Record-Route") for each in line.split(",")]


def _transaction(text: str) -> tuple[str, str]:
    """Method and Via of a request."""
    return text.partition(" ")[0], header(text, "Via")


def media_address(text: str) -> tuple[str, int]:
    """Where the description in a message wants its RTP."""
    address = re.search(r"^c=IN IP[46] (\S+)", text, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
    assert address is not None, text
    assert port is not None, text
    return address[1], int(port[1])


class Rtp(asyncio.DatagramProtocol):
    """A socket for sound that counts what comes."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.port = 0
        self._transport: asyncio.DatagramTransport

    async def open(self, host: str = "127.0.0.1") -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.port = self._transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.packets.append(data)

    async def send(
        self,
        to: tuple[str, int],
        packets: int,
        *,
        payload: bytes = b"\xff" * 160,
        ssrc: int = 1,
        first: int = 0,
        lost: Collection[int] = (),
        late: Collection[int] = (),
    ) -> None:
        """Send packets of µ-law, 20 ms apart, but some never and some `LATE_PACKETS` later."""
        last = first + packets + (LATE_PACKETS if late else 0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(first, last):
            on_time = number < first + packets and number not in {*lost, *late}
            due = [number] if on_time else []
            if number - LATE_PACKETS in late:
                due.append(number - LATE_PACKETS)
            for each in due:
                head = b"\x80\x00" + each.to_bytes(2, "big") + (each * 160).to_bytes(4, "big")
                self._transport.sendto(head + ssrc.to_bytes(4, "big") + payload, to)
            await asyncio.sleep(began + (number - first + 1) * 0.02 - loop.time())

    async def play(self, to: tuple[str, int], sound: NDArray[np.int16], ssrc: int = 2) -> None:
        """Send a sound in µ-law, 20 ms a packet, and keep to the clock."""
        coded, loop = g711.encode_ulaw(sound).tobytes(), asyncio.get_running_loop()
        began = loop.time()
        for number in range(len(coded) // 160):
            head = b"\x80\x00" + number.to_bytes(2, "big") + (number * 160).to_bytes(4, "big")
            payload = coded[number * 160 : (number + 1) * 160]
            self._transport.sendto(head + ssrc.to_bytes(4, "big") + payload, to)
            await asyncio.sleep(began + (number + 1) * 0.02 - loop.time())

    def close(self) -> None:
        self._transport.close()


class Server(Protocol):
    """What a peer sends to: the switch, or a proxy before it."""

    @property
    def sip_port(self) -> int: ...
    @property
    def tls_port(self) -> int: ...


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[str], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receive(data.decode("utf-8", "replace"))


@dataclass
class Dialog:
    """One call as a peer sees it."""

    peer: Peer
    call_id: str
    local: str
    remote: str
    target: str
    text: str
    "The message that made it: the 200 to our INVITE, or their INVITE."
    cseq: int = 1
    routes: tuple[str, ...] = ()
    "The proxies on the way to the other end, the nearest first."

    def request(self, method: str, body: str = "", *more: str) -> str:
        """A request in the dialog."""
        if method != "ACK":
            self.cseq += 1
        lines = (f"From: {self.local}", f"To: {self.remote}", f"Call-ID: {self.call_id}", *more)
        lines += tuple(f"Route: {proxy}" for proxy in self.routes)
        return self.peer.write(method, self.target, f"{self.cseq} {method}", lines, body)

    async def hang_up(self) -> None:
        """Say goodbye and hear the answer."""
        assert status(await self.peer.ask(self.request("BYE"))) == 200


@dataclass
class Peer:
    """One phone made of text."""

    number: str
    program: Server
    transport: str = "udp"
    host: str = "127.0.0.1"
    password: str = ""
    rtp: Rtp = field(default_factory=Rtp)
    inbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    port: int = 0
    tls: ssl.SSLContext | None = None
    "What it believes, and shows, where its transport is `tls`; the server has a `tls_port`."
    scheme: str = "sip"
    "`sips` for one that wants TLS on every hop."
    server_host: str = ""
    "Where the switch is, if not at the same address."
    heard: set[tuple[str, str]] = field(default_factory=set)
    "The transactions of the requests that the test was told of."
    uuid: str = ""
    "Which phone it is; the same one on every connection of it."

    @property
    def server_port(self) -> int:
        return self.program.sip_port if self.tls is None else self.program.tls_port

    @property
    def at(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def server(self) -> str:
        host = self.server_host or self.host
        return f"[{host}]:{self.server_port}" if ":" in host else f"{host}:{self.server_port}"

    @property
    def instance(self) -> str:
        """What its Contact adds to say which phone it is, whatever connection it has (RFC 5626)."""
        return f';+sip.instance="<urn:uuid:{self.uuid}>"' if self.uuid else ""

    @property
    def contact(self) -> str:
        uri = f"{self.scheme}:{self.number}@{self.at}"
        return (
            f"Contact: <{uri}>{self.instance}"
            if self.scheme == "sips"
            else f"Contact: <{uri};transport={self.transport}>{self.instance}"
        )

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await self.rtp.open(self.host)
        target = (self.server_host or self.host, self.server_port)
        if self.transport == "udp":
            wire, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._take),
                local_addr=(self.host, self.port),
                remote_addr=target,
            )
            self._send: Callable[[bytes], None] = wire.sendto
            self.port = wire.get_extra_info("sockname")[1]
            self._close = wire.close
        else:
            reader, writer = await asyncio.open_connection(*target, ssl=self.tls)
            self._send = writer.write
            self.port = writer.get_extra_info("sockname")[1]
            reading = asyncio.create_task(self._read(reader))

            def close() -> None:
                reading.cancel()
                writer.close()

            self._close = close

    def _take(self, text: str) -> None:
        if not self._is_repeated(text):
            self.inbox.put_nowait(text)

    def _is_repeated(self, text: str) -> bool:
        """Whether a request was heard before (RFC 3261 section 17.2).

        The switch repeats what a busy machine has not answered in half a second.
        """
        return not status(text) and _transaction(text) in self.heard

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(int(header(head, "Content-Length") or 0))
                self.inbox.put_nowait(head.lstrip("\r\n") + body.decode())
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            self.inbox.put_nowait("CLOSED")

    def close(self) -> None:
        self._close()
        self.rtp.close()

    def send(self, text: str | bytes) -> None:
        self._send(text.encode() if isinstance(text, str) else text)

    async def hear(self, wanted: Callable[[str], bool], seconds: float = 10.0) -> str:
        """The next message that is wanted; others are dropped."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    text = await self.inbox.get()
                    if wanted(text) and not self._is_repeated(text):
                        if not status(text):
                            self.heard.add(_transaction(text))
                        return text
                    seen.append(text.partition("\r\n")[0])
        except TimeoutError:
            raise AssertionError(f"not heard in {seconds} s; only {seen}") from None

    async def request(self, method: str, seconds: float = 10.0) -> str:
        """The next request of a method."""
        return await self.hear(lambda text: text.startswith(f"{method} "), seconds)

    def write(
        self, method: str, uri: str, cseq: str, lines: tuple[str, ...], body: str = ""
    ) -> str:
        """A request with a fresh branch."""
        kind = ("Content-Type: application/sdp",) if body.startswith("v=0") else ()
        return "\r\n".join(
            (
                f"{method} {uri} SIP/2.0",
                f"Via: SIP/2.0/{self.transport.upper()} {self.at}"
                f";branch=z9hG4bK{secrets.token_hex(6)};rport",
                "Max-Forwards: 70",
                *lines,
                f"CSeq: {cseq}",
                self.contact,
                *kind,
                f"Content-Length: {len(body.encode())}",
                "",
                body,
            )
        )

    def new(self, method: str, number: str | None, body: str = "", *more: str) -> str:
        """A request outside dialogs; to ourselves without a number."""
        user = f"{number}@" if number else ""
        uri = f"{self.scheme}:{user}{self.server}"
        lines = (
            f"From: <sip:{self.number}@127.0.0.1>;tag={secrets.token_hex(4)}",
            f"To: <sip:{number or self.number}@127.0.0.1>",
            f"Call-ID: {secrets.token_hex(8)}",
            *more,
        )
        return self.write(method, uri, f"1 {method}", lines, body)

    def proven(self, text: str, challenge: str) -> str:
        """The request again with the answer to the challenge, one CSeq and one branch on."""
        method, uri = text.split(" ", 2)[:2]
        offered = dict(re.findall(r'(\w+)="([^"]*)"', header(challenge, "WWW-Authenticate")))

        def md5(what: str) -> str:
            return hashlib.md5(what.encode(), usedforsecurity=False).hexdigest()

        secret = md5(f"{self.number}:{offered['realm']}:{self.password or 'pw' + self.number}")
        middle = f"{offered['nonce']}:00000001:c0ffee:auth"
        response = md5(f"{secret}:{middle}:{md5(f'{method}:{uri}')}")
        line = (
            f'Authorization: Digest username="{self.number}", realm="{offered["realm"]}", '
            f'nonce="{offered["nonce"]}", uri="{uri}", response="{response}", algorithm=MD5, '
            'qop=auth, nc=00000001, cnonce="c0ffee"'
        )
        number = int(header(text, "CSeq").split()[0])
        text = text.replace(f"CSeq: {number} ", f"{line}\r\nCSeq: {number + 1} ")
        return re.sub("branch=z9hG4bK[0-9a-f]+", f"branch=z9hG4bK{secrets.token_hex(6)}", text)

    async def final(self, text: str, seconds: float = 10.0) -> str:
        """Send a request and hear its final response."""
        self.send(text)
        name, cseq = header(text, "Call-ID"), header(text, "CSeq")
        return await self.hear(
            lambda said: (
                status(said) >= 200
                and header(said, "Call-ID") == name
                and header(said, "CSeq") == cseq
            ),
            seconds,
        )

    def acknowledge_refusal(self, request: str, response: str) -> None:
        """The ACK of a final response above 299, which repeats the branch of the INVITE."""
        ack = self.write(
            "ACK",
            request.split(" ", 2)[1],
            header(request, "CSeq").replace("INVITE", "ACK"),
            (
                f"From: {header(request, 'From')}",
                f"To: {header(response, 'To')}",
                f"Call-ID: {header(request, 'Call-ID')}",
            ),
        )
        via = f"Via: {header(request, 'Via')}"
        self.send(re.sub(r"^Via: .*?(?=\r$)", via, ack, count=1, flags=re.MULTILINE))

    async def ask(self, text: str, seconds: float = 10.0) -> str:
        """Send a request, answer one challenge, and hear the final response."""
        answer = await self.final(text, seconds)
        if status(answer) == 401:
            if text.startswith("INVITE"):
                self.acknowledge_refusal(text, answer)
            self.last = text = self.proven(text, answer)
            answer = await self.final(text, seconds)
        return answer

    async def register(self, expires: int = 3600) -> str:
        """Register; the 200."""
        answer = await self.ask(self.new("REGISTER", None, "", f"Expires: {expires}"))
        assert status(answer) == 200, answer
        return answer

    def sdp(self, formats: str = PCMU, *more: str) -> str:
        """A description with our port."""
        family = "IP6" if ":" in self.host else "IP4"
        lines = (
            "v=0",
            f"o=- 1 1 IN {family} {self.host}",
            "s=-",
            f"c=IN {family} {self.host}",
            "t=0 0",
            f"m=audio {self.rtp.port} RTP/AVP {formats}",
            *(["a=rtpmap:101 telephone-event/8000"] if "101" in formats else []),
            *more,
        )
        return "\r\n".join(lines) + "\r\n"

    async def invite(self, number: str, body: str | None = None, *more: str) -> str:
        """Send an INVITE with its credentials; returns the one that counts, without waiting."""
        text = self.new("INVITE", number, self.sdp() if body is None else body, *more)
        challenge = await self.final(text)
        assert status(challenge) == 401, challenge
        self.acknowledge_refusal(text, challenge)
        text = self.proven(text, challenge)
        self.send(text)
        return text

    async def answer_to(self, text: str, least: int = 200, seconds: float = 10.0) -> str:
        """The response to an INVITE, from a certain status on; refusals are acknowledged."""
        name, cseq = header(text, "Call-ID"), header(text, "CSeq")
        answer = await self.hear(
            lambda said: (
                status(said) >= least
                and header(said, "Call-ID") == name
                and header(said, "CSeq") == cseq
            ),
            seconds,
        )
        if status(answer) >= 300:
            self.acknowledge_refusal(text, answer)
        return answer

    def cancel(self, text: str) -> None:
        """Cancel an INVITE that has no final response yet."""
        cancel = self.write(
            "CANCEL",
            text.split(" ", 2)[1],
            header(text, "CSeq").replace("INVITE", "CANCEL"),
            tuple(f"{name}: {header(text, name)}" for name in ("From", "To", "Call-ID")),
        )
        via = f"Via: {header(text, 'Via')}"
        self.send(re.sub(r"^Via: .*?(?=\r$)", via, cancel, count=1, flags=re.MULTILINE))

    def established(self, invite: str, answer: str) -> Dialog:
        """Acknowledge a 200; the dialog."""
        dialog = self.early(invite, answer)
        self.send(dialog.request("ACK"))
        return dialog

    def early(self, invite: str, answer: str) -> Dialog:
        """The dialog of our INVITE that a response makes."""
        return Dialog(
            self,
            header(invite, "Call-ID"),
            header(invite, "From"),
            header(answer, "To"),
            header(answer, "Contact").partition("<")[2].partition(">")[0],
            answer,
            int(header(invite, "CSeq").split()[0]),
            tuple(reversed(recorded(answer))),
        )

    def respond(self, request: str, code: int, body: str = "", *more: str) -> Dialog:
        """Respond to a request; the dialog that this makes, if it does."""
        to = header(request, "To")
        if "tag=" not in to and code > 100:
            to += f";tag={header(request, 'Call-ID')[:8]}"
        kind = ("Content-Type: application/sdp",) if body else ()
        self.send(
            "\r\n".join(
                (
                    f"SIP/2.0 {code} Said so",
                    *(f"Via: {via}" for via in headers(request, "Via")),
                    *(f"Record-Route: {proxy}" for proxy in recorded(request)),
                    f"From: {header(request, 'From')}",
                    f"To: {to}",
                    f"Call-ID: {header(request, 'Call-ID')}",
                    f"CSeq: {header(request, 'CSeq')}",
                    self.contact,
                    *more,
                    *kind,
                    f"Content-Length: {len(body)}",
                    "",
                    body,
                )
            )
        )
        return Dialog(
            self,
            header(request, "Call-ID"),
            to,
            header(request, "From"),
            header(request, "Contact").partition("<")[2].partition(">")[0],
            request,
            100,
            tuple(recorded(request)),
        )


@asynccontextmanager
async def peers(
    program: Server, *numbers: str, host: str = "127.0.0.1", transport: str = "udp"
) -> AsyncIterator[list[Peer]]:
    """Peers that have registered."""
    made = [Peer(number, program, transport, host) for number in numbers]
    try:
        for peer in made:
            await peer.open()
            await peer.register()
        yield made
    finally:
        for peer in made:
            peer.close()


async def talk(caller: Peer, callee: Peer) -> tuple[Dialog, Dialog]:
    """A call that was answered; the caller's dialog and the callee's."""
    invite = await caller.invite(callee.number)
    incoming = await callee.request("INVITE")
    callee.respond(incoming, 180)
    theirs = callee.respond(incoming, 200, callee.sdp())
    answer = await caller.answer_to(invite)
    assert status(answer) == 200, answer
    ours = caller.established(invite, answer)
    await callee.request("ACK")
    return ours, theirs
