"""Real phones: baresip in this process, fed with tones and heard through their recordings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any

import numpy as np
from baresip import Account, Config
from baresip.call import Call
from baresip.errors import BaresipError
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from tests.ports import media_ports
from tests.system.program import Program, until
from tests.system.signals import share, strongest, tone

FRAME_SECONDS = 0.02


class Phone:
    """One registered phone."""

    def __init__(self, agent: UserAgent, number: str, domain: str) -> None:
        self.agent = agent
        self.number = number
        self.domain = domain
        self.incoming: asyncio.Queue[Call] = asyncio.Queue()
        agent.on_incoming(self.incoming.put_nowait)

    async def dial(self, number: str) -> Call:
        """Call a number; returns when the INVITE is on its way."""
        return await self.agent.dial(f"sip:{number}@{self.domain}")

    async def rings(self, seconds: float = 10.0) -> Call:
        """The call that comes in."""
        async with asyncio.timeout(seconds):
            return await self.incoming.get()


class Ear:
    """Sends a tone on a call and keeps what comes back."""

    def __init__(
        self,
        call: Call,
        frequency: float | tuple[float, ...] | None,
        rate: int = 8_000,
        channels: int = 1,
    ) -> None:
        """Send one frequency, several at once, or nothing."""
        self.call = call
        self.rate, self.channels = rate, channels
        self.heard = bytearray()
        several = frequency if isinstance(frequency, tuple) else (frequency,)
        tones = [np.frombuffer(tone(each, 60, rate), "<i2") for each in several if each]
        sent = np.sum(tones, axis=0, dtype=np.int16) if tones else np.zeros(0, np.int16)
        self._sent = np.repeat(sent, channels).astype("<i2").tobytes()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Ear:
        self._task = asyncio.create_task(self._talk())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _talk(self) -> None:
        at = 0
        ahead = int(self.rate * 0.1) * 2 * self.channels
        while True:
            try:
                if self._sent and self.call.audio.stats().tx_buffered < ahead:
                    at += self.call.audio.write(self._sent[at : at + ahead])
                self.heard += self.call.audio.read(16_000 * self.channels)
            except Exception:  # the streams change at hold, and end with the call
                await asyncio.sleep(FRAME_SECONDS)
                continue
            await asyncio.sleep(FRAME_SECONDS)

    async def hears(
        self,
        frequency: float,
        least: float = 0.9,
        *,
        span: float = 0.5,
        seconds: float = 8.0,
    ) -> None:
        """Wait until so much of what came in the last `span` seconds is this tone, 0 to 1."""
        try:
            await until(lambda: share(self.since(span), frequency, self.rate) > least, seconds)
        except TimeoutError:
            heard = strongest(self.since(span), self.rate)
            raise AssertionError(f"no {frequency:g} Hz in {seconds} s, but {heard:g}") from None

    def since(self, seconds: float) -> bytes:
        """What was heard in the last seconds, of the first channel."""
        last = self.heard[-int(seconds * self.rate) * 2 * self.channels :]
        return np.frombuffer(bytes(last), "<i2")[:: self.channels].tobytes()


class Phones:
    """The phones of one test: they share the one runtime that a process may have."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def register(
        self, program: Program, number: str, password: str = "", **more: Any
    ) -> Phone:
        """A phone that has registered with the switch."""
        domain = f"127.0.0.1:{program.sip_port}"
        account = Account(user=number, domain=domain, password=password or f"pw{number}", **more)
        agent = await UserAgent.create(self._runtime, account)
        await agent.register(timeout=10)
        return Phone(agent, number, domain)


@asynccontextmanager
async def phones() -> AsyncIterator[Phones]:
    """baresip's runtime for the length of a test."""
    runtime = Runtime()
    first, last = media_ports()
    config = Config(
        net_interface="127.0.0.1",
        max_concurrent_calls=None,
        extra_config_text=f"rtp_ports {first}-{last}",
    )
    await runtime.start(config)
    try:
        yield Phones(runtime)
    finally:
        await runtime.close()


async def hold(call: Call, other: Call, seconds: float = 15.0) -> None:
    """Put a call on hold, and wait until the other end is held."""
    await _hold(call, other, True, seconds)


async def resume(call: Call, other: Call, seconds: float = 15.0) -> None:
    """Take a call back, and wait until the other end is not held any more."""
    await _hold(call, other, False, seconds)


async def _hold(call: Call, other: Call, held: bool, seconds: float) -> None:
    """Hold or resume a call, until the other end stays so.

    Right behind an answer baresip offers its media once more: it does not hold meanwhile, or its
    own offer takes the hold back at once.
    """
    do, undo = (call.hold, call.resume) if held else (call.resume, call.hold)
    async with asyncio.timeout(seconds):
        while True:
            with suppress(BaresipError):
                await do()
                with suppress(TimeoutError):
                    await until(lambda: other.remote_on_hold == held, 2)
                await asyncio.sleep(0.2)
                if other.remote_on_hold == held:
                    return
                await undo()
            await asyncio.sleep(0.1)


async def gone(call: Call, seconds: float = 10.0) -> None:
    """Wait until a call has ended."""
    await until(lambda: call.state.name == "CLOSED", seconds)
