"""The load of the soak: phones that register, write, call and are guessed at, and applications.

Phones are SIPp, one process for each kind of traffic; commands are requests of the HTTP API. What
is meant to fail is part of it: calls to phones that are away, calls that are given up, passwords
that are wrong. Every address guesses once, so each leaves its rows in the tables of the guard.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from tests.ports import free_port, media_ports
from tests.system.program import REPOSITORY, Program
from tests.system.sipp import Sipp

SETTINGS = """
[limits]
calls = 10000
[[extensions]]
range = "2000-2299"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
[[extensions]]
number = "601"
type = "ivr"
script = "benchmarks/scripts/menu.xml"
[[extensions]]
number = "700"
type = "conference"
[[extensions]]
number = "9000"
type = "api"
url = "http://127.0.0.1:9/nowhere"
"""
"Phones 2000 to 2099 answer by UDP, 2100 to 2199 come and go by TCP, the others are away."
MEDIA_PORTS = 80
"For each SIPp, in the half of the range that the switch does not use."
AWAY = "2250"
HOLD_MS = 3_000
"Of calls between phones, and of calls with sound."
SCRIPTS = {
    "sound": "<Beep/><Speak>Good morning.</Speak><Delay>1</Delay>",
    "record": '<Record Format="wav" Duration="1"/><Play>$RecordURL</Play>',
    "input": '<UserInput Timeout="1"><Inputs><Input Key="1"><Beep/></Input></Inputs></UserInput>',
    "echo": "<Delay>1</Delay><BlindTransfer>600</BlindTransfer><Delay>1</Delay>",
    "conference": "<BlindTransfer>700</BlindTransfer><Delay>1</Delay>",
    "held": '<Beep Frequency="600" Duration="3000"/><Delay>4</Delay>',
}
"What calls of commands run; those in TAKEN are ended or held by further commands."
TAKEN = {
    "echo": (4.0, "Hangup"),
    "conference": (4.0, "Hangup"),
    "held": (1.0, "Hold", "Unhold", "SendDTMF", "Hangup"),
    "given up": (0.0, "Hangup"),
}
"Seconds to wait, and the commands that follow, a tenth of a second apart."
GUESS = (
    "REGISTER sip:127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number};rport\r\n"
    "From: <sip:{user}@127.0.0.1>;tag=g\r\nTo: <sip:{user}@127.0.0.1>\r\n"
    "Call-ID: {number}@{host}\r\nCSeq: {number} REGISTER\r\nMax-Forwards: 70\r\n"
    "Contact: <sip:{user}@{host}:{port}>\r\n{more}Content-Length: 0\r\n\r\n"
)


@dataclass
class Made:
    """What one round made, by kind of traffic: how many, and how many of them went wrong."""

    made: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str, good: int, bad: int) -> None:
        self.made[kind] = self.made.get(kind, 0) + good + bad
        self.failed[kind] = self.failed.get(kind, 0) + bad

    def add(self, other: Made) -> None:
        for kind, made in other.made.items():
            self.count(kind, made - other.failed[kind], other.failed[kind])

    def calls(self) -> int:
        """How many of them were calls."""
        return sum(made for kind, made in self.made.items() if kind not in ("register", "message"))

    def __str__(self) -> str:
        return ", ".join(
            f"{kind} {made - self.failed[kind]}/{made}" for kind, made in self.made.items()
        )


class MixedLoad:
    """Rounds of it against one switch."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._target = f"127.0.0.1:{program.sip_port}"
        self._callee = free_port()
        low, high = media_ports(1, 2)
        self._media_ports = iter(range(low, high - MEDIA_PORTS, MEDIA_PORTS))
        self._ports: dict[str, tuple[int, int]] = {}
        "Of SIP and media, by kind of traffic: the same in every round."
        self._answering = self._sipp("callee", "callee", self._callee)
        self._guessers = itertools.cycle(range(1, 65_000))
        if not (folder / "benchmarks").exists():
            (folder / "benchmarks").symlink_to(REPOSITORY / "benchmarks")

    async def start(self) -> None:
        """Begin to answer calls, and register who answers."""
        await self._answering.start(self._target)
        phones = self._sipp("register", "register")
        await phones.start(self._target, calls=100, rate=50, users=self._users())
        await phones.finish()

    async def stop(self) -> None:
        """Answer no longer."""
        await self._answering.stop()

    async def run(self, rate: float, seconds: float) -> Made:
        """One round: `rate` of each of the main kinds a second, a third of those with sound."""
        made, third, users = Made(), max(0.5, rate / 3), self._users()
        away = [(*row[:2], str(int(row[3]) + 200), row[3]) for row in users]
        phones = partial(self._phones, made, seconds)
        async with asyncio.TaskGroup() as group:
            for each in (
                self._applications(made, seconds),
                self._guesses(made, seconds),
                phones("register", users, rate),
                phones("register", self._users(2100), third, kind="tcp", transport="tn"),
                phones("message", away, rate),
                phones("caller", users, rate, hold_ms=HOLD_MS),
                phones("media", users, third, hold_ms=HOLD_MS),
                phones("keys", users, third),
            ):
                group.create_task(each)
        return made

    def _sipp(self, kind: str, scenario: str, port: int | None = None) -> Sipp:
        """A process that plays that kind of traffic."""
        if kind not in self._ports:
            self._ports[kind] = (port or free_port(), next(self._media_ports))
        sip, media = self._ports[kind]
        return Sipp(self._folder, scenario, port=sip, media_port=media)

    def _users(self, first: int = 2000) -> list[tuple[str, ...]]:
        """Number, credentials in SIPp's words, the callee's port, and the number to call."""
        return [
            (
                str(number),
                f"[authentication username={number} password=pw{number}]",
                str(self._callee),
                str(2000 + (number + 50) % 100),
            )
            for number in range(first, first + 100)
        ]

    async def _phones(
        self,
        made: Made,
        seconds: float,
        scenario: str,
        users: Sequence[tuple[str, ...]],
        rate: float,
        *,
        kind: str = "",
        transport: str = "u1",
        hold_ms: int = 0,
    ) -> None:
        """Run one scenario for the length of the round; where SIPp gives up, nothing succeeded."""
        phones = self._sipp(kind or scenario, scenario)
        calls = round(rate * seconds)
        await phones.start(
            self._target,
            calls=calls,
            rate=rate,
            users=users,
            transport=transport,
            hold_ms=hold_ms,
            more=("-max_socket", "1000"),
        )
        try:
            good = (await phones.finish(seconds + 90)).successful
        except (RuntimeError, TimeoutError) as error:
            good = 0
            print(f"   {kind or scenario}: {error}", flush=True)
        made.count(kind or scenario, good, calls - good)

    # -- applications ------------------------------------------------------------------------------

    async def _applications(self, made: Made, seconds: float) -> None:
        """A call of a command every second, each of another kind, and lists in between."""
        began, running = time.monotonic(), []
        kinds = itertools.cycle((*SCRIPTS, "given up", "away"))
        while time.monotonic() - began < seconds:
            running.append(asyncio.create_task(self._application(made, next(kinds), len(running))))
            for name in ("ListActiveCalls", "ListCallHistory", "ListExtensions"):
                answer = await self._command(name)
                made.count("list", answer["Code"] == 200, answer["Code"] != 200)
            await asyncio.sleep(1)
        await asyncio.gather(*running)

    async def _application(self, made: Made, kind: str, number: int) -> None:
        """One call of a command, and the commands that follow it."""
        called = AWAY if kind == "away" else str(2000 + number % 100)
        script = f"<Response>{SCRIPTS.get(kind, SCRIPTS['sound'])}</Response>"
        codes = []
        answer = await self._command(
            "Call", Dialed=called, ApiExtension="9000", ResponseOzML=script
        )
        codes.append(answer["Code"])
        wait, *following = TAKEN.get(kind, (0.0,))
        await asyncio.sleep(wait)
        for name in following:
            more = {"Keys": "12"} if name == "SendDTMF" else {}
            done = await self._command(name, CallId=str(answer.get("CallId")), **more)
            codes.append(done["Code"])
            await asyncio.sleep(0.1)
        good = codes == [402] if kind == "away" else all(code == 200 for code in codes)
        made.count(f"script: {kind}", good, not good)

    async def _command(self, name: str, **fields: str) -> dict[str, object]:
        """What the API answers; Code 0 where it does not answer."""
        try:
            return await self._program.command(name, **fields)
        except (aiohttp.ClientError, TimeoutError) as error:
            print(f"   {name}: {error}", flush=True)
            return {"Code": 0}

    # -- guesses -----------------------------------------------------------------------------------

    async def _guesses(self, made: Made, seconds: float) -> None:
        """A wrong password every second, from an address that has not been seen before."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            refused = await asyncio.to_thread(self._guess, next(self._guessers))
            made.count("guess", refused, not refused)
            await asyncio.sleep(1)

    def _guess(self, number: int) -> bool:
        """Guess at a phone, or at a name that nobody has; whether it is refused."""
        host = f"127.1.{number // 250}.{number % 250 + 1}"
        user = str(2000 + number % 200) if number % 2 else f"nobody{number}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind((host, 0))
            phone.settimeout(5)
            words = {"host": host, "port": phone.getsockname()[1], "user": user}
            try:
                challenge = self._ask(phone, GUESS.format(**words, number=2 * number, more=""))
                nonce = re.search(r'nonce="([^"]+)"', challenge)
                credentials = (
                    f'Authorization: Digest username="{user}", realm="127.0.0.1",'
                    f' nonce="{nonce[1] if nonce else ""}", uri="sip:127.0.0.1", algorithm=MD5,'
                    f' qop=auth, nc=00000001, cnonce="c", response="{"0" * 32}"\r\n'
                )
                answer = self._ask(
                    phone, GUESS.format(**words, number=2 * number + 1, more=credentials)
                )
            except TimeoutError:
                return False
        return answer.startswith("SIP/2.0 401")

    def _ask(self, phone: socket.socket, text: str) -> str:
        phone.sendto(text.encode(), ("127.0.0.1", self._program.sip_port))
        return phone.recv(65_535).decode()
