"""What a caller in a queue costs, beside one who is on hold: CPU of all processes of the switch.

    python benchmarks/waiting.py --callers 200 --agents 50 --seconds 60 --rounds 1

Two crowds take turns, of as many calls with one phone each: callers of a queue, whose agents are
all busy with calls of their own, and calls of scripts that have put themselves on hold. Both hear
the same music. The callers of the queue are told their place as often as the defaults want it. What
the switch takes with the agents' calls alone is taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.quiet import QUIET
from benchmarks.relay import cpu_seconds
from benchmarks.soak import children
from tests.ports import free_port, media_ports
from tests.system.program import Program
from tests.system.sipp import Sipp

QUEUE, ECHO = "700", "600"
FIRST_AGENT, FIRST_CALLER = 2000, 2100
SETTLES = 3.0
"Seconds between the last call of a crowd and the first look."
SCRIPT = "<Response><Delay>3600</Delay></Response>"
SETTINGS = """
[limits]
calls = 10000
[[extensions]]
range = "2000-2999"
type = "phone"
password = "pw{{number}}"
[[extensions]]
number = "600"
type = "echo"
[[extensions]]
number = "9000"
type = "api"
url = "http://127.0.0.1:9/nowhere"
[[extensions]]
number = "700"
type = "queue"
agents = [{agents}]
{more}
"""


def spent_so_far(program: Program) -> float:
    """Seconds of CPU of all processes of the switch."""
    assert program.process is not None
    pid = program.process.pid
    return sum(cpu_seconds(each) for each in (pid, *children(pid)))


class Crowd:
    """Calls that last until they are let go."""

    def __init__(self, program: Program, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self._running: list[Sipp] = []

    async def call(self, number: str, callers: range) -> None:
        """Let these extensions call a number, and wait until all are connected."""
        sipp = Sipp(self._directory, "caller", port=free_port())
        there = await self._program.metric("softswitch_calls")
        self._running.append(sipp)
        await sipp.start(
            f"127.0.0.1:{self._program.sip_port}",
            calls=len(callers),
            rate=25,
            users=[
                (str(user), f"[authentication username={user} password=pw{user}]", "0", number)
                for user in callers
            ],
            hold_ms=3_600_000,
        )
        await self._program.until_metric("softswitch_calls", there + len(callers), 60)

    async def be_held(self, count: int) -> None:
        """Let a phone be called so often by a script, and put each of the calls on hold."""
        phone = Sipp(self._directory, "callee", port=free_port())
        target = f"127.0.0.1:{self._program.sip_port}"
        self._running.append(phone)
        await phone.start(target)
        registering = Sipp(self._directory, "register", port=free_port())
        user = str(FIRST_CALLER)
        row = (user, f"[authentication username={user} password=pw{user}]", str(phone.port), "")
        await registering.start(target, calls=1, users=[row])
        assert (await registering.finish()).failed == 0
        there = await self._program.metric("softswitch_calls")
        for _ in range(count):
            await self._command("Call", Dialed=user, ApiExtension="9000", ResponseOzML=SCRIPT)
            await asyncio.sleep(0.04)
        await self._program.until_metric("softswitch_calls", there + count, 60)
        await asyncio.sleep(1)
        for each in await self._calls():
            await self._command("Hold", CallId=each["CallId"])
        states = [each["CallState"] for each in await self._calls()]
        assert states.count("Hold") == count, states

    async def _command(self, name: str, **fields: str) -> Any:
        answer = await self._program.command(name, **fields)
        assert answer["Code"] == 200, answer
        return answer

    async def _calls(self) -> list[dict[str, str]]:
        """The rows of all calls but those of the agents."""
        rows = (await self._command("ListActiveCalls"))["ActiveCalls"]
        return [each for each in rows if each["CallerDialed"] != ECHO]

    async def go(self) -> None:
        """Hang up all calls but those of the agents."""
        for each in await self._calls():
            await self._program.command("Hangup", CallId=each["CallId"])
        await asyncio.sleep(1)
        await self.stop()

    async def stop(self) -> None:
        """End the phones."""
        for sipp in self._running:
            await sipp.stop()
        self._running.clear()


async def spent(program: Program, seconds: float) -> float:
    """The share of a processor that the switch takes in the next seconds."""
    await asyncio.sleep(SETTLES)
    before = spent_so_far(program)
    await asyncio.sleep(seconds)
    return (spent_so_far(program) - before) / seconds


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        music = directory / "music.wav"
        noise = np.random.default_rng(1).normal(0, 2000, 80_000).astype(np.int16)
        soundfile.write(music, noise, 8000)
        agents = range(FIRST_AGENT, FIRST_AGENT + arguments.agents)
        settings = QUIET + SETTINGS.format(
            agents=", ".join(f'"{each}"' for each in agents),
            more="announce_position = false" if arguments.silent else "",
        )
        program = Program(
            directory,
            settings,
            media_ports=media_ports(0, 2),
            overrides={"MEDIA__HOLD_MUSIC": str(music), "MEDIA__TIMEOUT": "3600"},
        )
        await program.start()
        crowd = Crowd(program, directory)
        busy = Crowd(program, directory)
        try:
            await busy.call(ECHO, agents)
            base = await spent(program, arguments.seconds / 4)
            for _ in range(arguments.rounds):
                await crowd.call(QUEUE, range(FIRST_CALLER, FIRST_CALLER + arguments.callers))
                new = await spent(program, arguments.seconds) - base
                queued = await spent(program, arguments.seconds) - base
                there = await program.metric("softswitch_queue_callers_waiting")
                assert there == arguments.callers, f"{there:g} wait: {program.log()[-2000:]}"
                await crowd.go()
                await program.until_metric("softswitch_calls", arguments.agents, 60)
                await crowd.be_held(arguments.callers)
                held = await spent(program, arguments.seconds / 2) - base
                await crowd.go()
                await program.until_metric("softswitch_calls", arguments.agents, 60)
                each = 60 / arguments.callers
                print(
                    f"waiting   {held * each:.4f} CPU-s a minute a caller on hold; of the queue "
                    f"{new * each:.4f} at first ({new / held:.2f} of that), "
                    f"{queued * each:.4f} later ({queued / held:.2f})"
                )
        finally:
            await crowd.stop()
            await busy.stop()
            await program.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--silent", action="store_true", help="without announcements")
    asyncio.run(main(parser.parse_args()))
