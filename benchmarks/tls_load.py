"""Phones that connect by TLS, for `tls.py`: a process of its own, for it costs as much.

    python benchmarks/tls_load.py --port 5061 --phones 500 --within 10 [--register]

Prints a line of JSON when all are connected, and stays until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import ssl
import sys
import time

import uvloop


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def register(number: int, cseq: int, port: int, more: str = "") -> bytes:
    """A REGISTER of a phone."""
    return (
        f"REGISTER sip:127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/TLS 127.0.0.1:{port};branch=z9hG4bK{number}.{cseq};rport\r\n"
        f"From: <sip:{number}@127.0.0.1>;tag={number}\r\n"
        f"To: <sip:{number}@127.0.0.1>\r\n"
        f"Call-ID: {number}\r\nCSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{number}@127.0.0.1:{port};transport=tls>\r\n"
        f"{more}Expires: 600\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def credentials(number: int, challenge: str) -> str:
    offered = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    secret = md5(f"{number}:{offered['realm']}:pw{number}")
    middle = f"{offered['nonce']}:00000001:c0ffee:auth"
    response = md5(f"{secret}:{middle}:{md5('REGISTER:sip:127.0.0.1')}")
    return (
        f'Authorization: Digest username="{number}", realm="{offered["realm"]}", '
        f'nonce="{offered["nonce"]}", uri="sip:127.0.0.1", response="{response}", '
        'algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee"\r\n'
    )


class Load:
    """All phones, and how long each took."""

    def __init__(self, port: int, context: ssl.SSLContext, *, registers: bool) -> None:
        self.port, self.context, self.registers = port, context, registers
        self.failed = 0
        self.seconds: list[float] = []
        self.open: list[asyncio.StreamWriter] = []

    async def connect(self, number: int, delay: float) -> None:
        await asyncio.sleep(delay)
        began = time.monotonic()
        try:
            async with asyncio.timeout(30):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, ssl=self.context
                )
                self.open.append(writer)
                if self.registers:
                    await self.register(number, reader, writer)
        except (OSError, EOFError, AssertionError) as error:
            self.failed += 1
            print(number, repr(error), file=sys.stderr)
        self.seconds.append(time.monotonic() - began)

    async def register(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        port = writer.get_extra_info("sockname")[1]
        writer.write(register(number, 1, port))
        challenge = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(register(number, 2, port, credentials(number, challenge)))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"SIP/2.0 200"), answer


async def main(arguments: argparse.Namespace) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    load = Load(arguments.port, context, registers=arguments.register)
    pause = arguments.within / arguments.phones
    phones = range(arguments.phones)
    await asyncio.gather(
        *(load.connect(arguments.first + place, place * pause) for place in phones)
    )
    load.seconds.sort()
    figures = {"failed": load.failed, "longest": load.seconds[-1], "all": len(load.seconds)}
    print(json.dumps(figures), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--first", type=int, default=2000)
    parser.add_argument("--within", type=float, default=10)
    parser.add_argument("--register", action="store_true")
    parser.add_argument("--core", type=int, default=1)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    uvloop.run(main(options))
