"""How fast commands are answered, and how many scripts run at once; SIPp makes the calls.

    python benchmarks/commands.py --calls 200 --rate 200 --script-rate 100 --scripts 500

Three parts: the time until a command is answered while calls are up; calls a second into an API
extension, each of which fetches its script; calls at once in a script of Speak, Play and UserInput,
and whether the media held every tick meanwhile. The application and the client of the commands run
in this process, SIPp on another core than the switch.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import wave
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.quiet import QUIET
from tests.ports import free_port
from tests.system.application import WebApplication, application
from tests.system.program import Program
from tests.system.signals import tone
from tests.system.sipp import Outcome, Sipp

SWITCH_CORE, LOAD_CORE = 0, 1
COUNTED = "<Response><Beep Duration='100'/><Delay>60</Delay></Response>"
MENU = """<Response><UserInput Timeout="2" Repeat="true"><InitialCommands>
<Speak>Sales, press one. Support, press two.</Speak><Play>prompt.wav</Play></InitialCommands>
<Inputs><Input Key="1"/></Inputs></UserInput></Response>"""
COMMANDS: tuple[dict[str, str], ...] = (
    {"command": "ListActiveCalls"},
    {"command": "ListExtensions", "Type": "API extension"},
    {"command": "ListExtensionTypes"},
    {"command": "ListCallHistory", "RowsPerPage": "20"},
    {"command": "Hangup", "CallId": "gone"},
    {"command": "Speak", "CallId": "gone", "Text": "hello"},
)
"Commands that wait for no phone."


def settings(app: WebApplication) -> str:
    return f"""{QUIET}
[limits]
calls = 10000
[notifications]
error = "{app.url("/error")}"
[[extensions]]
number = "600"
type = "echo"
[[extensions]]
number = "9000"
type = "api"
url = "{app.url("/counted")}"
[[extensions]]
number = "9001"
type = "api"
url = "{app.url("/menu")}"
[[extensions]]
range = "2000-2999"
type = "phone"
password = "pw{{number}}"
"""


async def callers(
    program: Program, directory: Path, number: str, calls: int, *, rate: float, hold: float
) -> Sipp:
    """SIPp that makes so many calls to a number, each for `hold` seconds."""
    rows = [
        (str(user), f"[authentication username={user} password=pw{user}]", "0", number)
        for user in range(2000, 3000)
    ]
    sipp = Sipp(directory / number, "caller", port=free_port())
    await sipp.start(
        f"127.0.0.1:{program.sip_port}",
        calls=calls,
        rate=rate,
        users=rows,
        hold_ms=round(hold * 1000),
        core=LOAD_CORE,
    )
    return sipp


async def answer_times(program: Program, rate: float, seconds: float) -> list[float]:
    """Seconds from when each command was due until it was answered, sorted."""
    url = f"http://127.0.0.1:{program.http_port}/api"
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    login = {"Username": "admin", "Password": "pw-admin"}

    async def ask(session: aiohttp.ClientSession, due: float) -> None:
        await asyncio.sleep(max(0.0, due - loop.time()))
        form = {**random.choice(COMMANDS), **login}
        async with session.post(url, data=form) as answer:
            text = await answer.text()
        assert "<Code>200<" in text or "<Code>601<" in text, text[:300]
        taken.append(loop.time() - due)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
        began = loop.time() + 0.2
        due = [began + number / rate for number in range(int(rate * seconds))]
        await asyncio.gather(*(ask(session, moment) for moment in due))
    return sorted(taken)


def told(what: str, outcome: Outcome) -> str:
    return (
        f"{what}: {outcome.successful} good, {outcome.failed} failed, "
        f"{outcome.retransmissions} retransmitted"
    )


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with application() as app:
            app.answers = {"/counted": COUNTED, "/menu": MENU}
            program = Program(directory, settings(app), media_ports=(20_000, 29_999))
            await program.start()
            assert program.process is not None
            os.sched_setaffinity(program.process.pid, {SWITCH_CORE})
            os.sched_setaffinity(0, {LOAD_CORE})
            try:
                if arguments.calls:
                    await commands(program, directory, arguments)
                if arguments.script_rate:
                    await fetches(program, directory, arguments)
                if arguments.scripts:
                    await menus(program, directory, arguments)
            finally:
                await program.stop()


async def commands(program: Program, directory: Path, arguments: argparse.Namespace) -> None:
    """The time until commands are answered."""
    calls, seconds = arguments.calls, arguments.seconds
    sipp = await callers(program, directory, "600", calls, rate=100, hold=calls / 100 + seconds + 2)
    await asyncio.sleep(calls / 100 + 1)
    up = await program.metric("softswitch_calls")
    before = program.cpu_seconds()
    times = await answer_times(program, arguments.rate, seconds)
    spent = (program.cpu_seconds() - before) / len(times) * 1000
    await sipp.finish(60)
    median, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"commands  {len(times)} at {arguments.rate:g}/s with {up:g} calls up: median "
        f"{median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms, "
        f"{spent:.2f} ms CPU each"
    )


async def fetches(program: Program, directory: Path, arguments: argparse.Namespace) -> None:
    """Calls into an API extension, each of which fetches its script."""
    rate, seconds = arguments.script_rate, arguments.seconds
    calls = round(rate * seconds)
    before = program.cpu_seconds()
    sipp = await callers(program, directory, "9000", calls, rate=rate, hold=0.5)
    outcome = await sipp.finish(seconds + 60)
    spent = (program.cpu_seconds() - before) / calls * 1000
    print(f"{told(f'fetches   {calls} calls at {rate:g}/s', outcome)}, {spent:.2f} ms CPU each")


async def menus(program: Program, directory: Path, arguments: argparse.Namespace) -> None:
    """Calls at once in a script of Speak, Play and UserInput."""
    static = directory / "static"
    static.mkdir(exist_ok=True)
    with wave.open(str(static / "prompt.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(600, 2.0))
    calls, rate, seconds = arguments.scripts, 50, arguments.seconds
    skipped = await program.metric("softswitch_media_ticks_skipped_total")
    sipp = await callers(program, directory, "9001", calls, rate=rate, hold=calls / rate + seconds)
    await asyncio.sleep(calls / rate + 1)
    latest = 0.0
    for _ in range(round(seconds)):
        latest = max(latest, await program.metric("softswitch_media_tick_lateness_seconds"))
        await asyncio.sleep(1)
    outcome = await sipp.finish(calls / rate + 60)
    skipped = await program.metric("softswitch_media_ticks_skipped_total") - skipped
    print(
        f"{told(f'menus     {calls} calls at once', outcome)}; {skipped:g} ticks skipped, "
        f"latest tick {latest * 1000:.1f} ms late"
    )


if __name__ == "__main__":
    # 0 leaves a part out.
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=200, help="up while commands are asked")
    parser.add_argument("--rate", type=float, default=200, help="commands a second")
    parser.add_argument("--script-rate", type=float, default=100, help="calls a second")
    parser.add_argument("--scripts", type=int, default=500, help="calls at once in a menu")
    parser.add_argument("--seconds", type=float, default=5, help="of each part")
    asyncio.run(main(parser.parse_args()))
