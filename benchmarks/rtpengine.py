"""Calls through Debian's rtpengine in user space, to be compared with; run by `secure_relay.py`."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import re
import shutil
import socket
import tempfile
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

PROGRAM = shutil.which("rtpengine")
CONTROL = ("127.0.0.1", 24001)
PORTS = (25000, 29999)
SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""Of the two sides of a call. With one suite on both sides rtpengine would let both phones have the
same keys and pass their packets on as they are."""
LENGTHS = 30


class Rtpengine:
    """One process, asked by its protocol `ng` for calls between pairs of phones."""

    def __init__(self, process: Process, control: socket.socket) -> None:
        self.process = process
        self._control = control
        self._numbers = itertools.count()

    @classmethod
    async def start(cls) -> Rtpengine:
        """Start it without its module of the kernel."""
        assert PROGRAM
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("--config-file=none", "--foreground", "--log-stderr", "--table=-1"),
            *("--interface=127.0.0.1", f"--listen-ng={CONTROL[0]}:{CONTROL[1]}"),
            *(f"--port-min={PORTS[0]}", f"--port-max={PORTS[1]}"),
            *("--log-level=3", "--num-threads=1", "--delete-delay=0"),
            f"--pidfile={Path(tempfile.gettempdir()) / f'rtpengine-{os.getpid()}.pid'}",
            stderr=DEVNULL,
        )
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        control.setblocking(False)
        control.connect(CONTROL)
        made = cls(process, control)
        for _ in range(50):
            await asyncio.sleep(0.1)
            try:
                await made._ask(command="ping")
            except (OSError, TimeoutError):
                continue
            return made
        raise RuntimeError("rtpengine does not answer")

    async def stop(self) -> None:
        """End it."""
        self._control.close()
        self.process.terminate()
        await self.process.wait()

    async def call(self, phones: tuple[int, int], *, srtp: bool) -> list[tuple[int, str, str, str]]:
        """Join two phones; return for each where it sends to, its suite, and its two keys."""
        number = str(next(self._numbers))
        keys = [os.urandom(LENGTHS), os.urandom(LENGTHS)]
        offer = _description(phones[0], 1, SUITES[0], keys[0], srtp=srtp)
        to_second = await self._ask(
            command="offer", **{"call-id": number, "from-tag": "a", "sdp": offer, "ICE": "remove"}
        )
        tag, theirs = _crypto(to_second["sdp"], SUITES[1]) if srtp else (1, b"")
        answer = _description(phones[1], tag, SUITES[1], keys[1], srtp=srtp)
        to_first = await self._ask(
            command="answer",
            **{"call-id": number, "from-tag": "a", "to-tag": "b", "sdp": answer, "ICE": "remove"},
        )
        heard = _crypto(to_first["sdp"], SUITES[0])[1] if srtp else b""
        if not srtp:
            return [(_port(each["sdp"]), "", "", "") for each in (to_first, to_second)]
        assert theirs != keys[0] and heard != keys[1], "the keys were passed on"
        return [
            (_port(to_first["sdp"]), SUITES[0], keys[0].hex(), heard.hex()),
            (_port(to_second["sdp"]), SUITES[1], keys[1].hex(), theirs.hex()),
        ]

    async def _ask(self, **request: object) -> dict[str, str]:
        cookie = f"{os.getpid()}_{next(self._numbers)} ".encode()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._control, cookie + _encode(request))
        async with asyncio.timeout(2):
            octets = await loop.sock_recv(self._control, 65536)
        reply = _decode(octets[len(cookie) :])
        assert reply["result"] in ("ok", "pong"), reply
        return reply


def _description(port: int, tag: int, suite: str, key: bytes, *, srtp: bool) -> str:
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} {'RTP/SAVP' if srtp else 'RTP/AVP'} 0",
        "a=rtpmap:0 PCMU/8000",
    ]
    if srtp:
        lines.append(f"a=crypto:{tag} {suite} inline:{base64.b64encode(key).decode()}")
    return "\r\n".join([*lines, ""])


def _crypto(sdp: str, suite: str) -> tuple[int, bytes]:
    found = re.search(rf"a=crypto:(\d+) {suite} inline:(\S+)", sdp)
    assert found, sdp
    return int(found[1]), base64.b64decode(found[2] + "==")


def _port(sdp: str) -> int:
    found = re.search(r"m=audio (\d+)", sdp)
    assert found, sdp
    return int(found[1])


def _encode(value: object) -> bytes:
    """Write bencode."""
    if isinstance(value, dict):
        items = b"".join(_encode(key) + _encode(value[key]) for key in sorted(value))
        return b"d" + items + b"e"
    octets = str(value).encode()
    return b"%d:%s" % (len(octets), octets)


def _decode(octets: bytes) -> dict[str, str]:
    """Read a dictionary of bencode whose values are strings; others are left out."""
    strings = []
    rest = octets[1:]
    while rest and rest[:1].isdigit():
        length, _, rest = rest.partition(b":")
        strings.append(rest[: int(length)].decode())
        rest = rest[int(length) :]
    return dict(zip(strings[::2], strings[1::2], strict=False))
