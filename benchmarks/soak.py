"""Whether anything grows: rounds of mixed load, and what is left of each when it is over.

    python benchmarks/soak.py --minutes 60

A round is registrations, calls between phones, messages, commands and scripted calls, all at once;
then the switch rests until the last transaction has timed out, and is looked at: memory,
descriptors, tasks, timers, dialogs, transactions, calls. What is counted has to be as it was after
the second round, but for a tenth: timers that nobody waits for any more run out later. Memory is
told with what it grew for a thousand calls; it settles in the first rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ports import free_port
from tests.system.program import Program
from tests.system.sipp import Outcome, Sipp

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[logging]
level = "warning"
messages = "off"
[limits]
calls = 10000
[[extensions]]
range = "2000-2299"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "9000"
type = "api"
url = "http://127.0.0.1:9/nowhere"
"""
COUNTED = ("calls", "dialogs", "client_transactions", "server_transactions", "timers", "tasks")
"Metrics that have to be the same after every round."
TOLERANCE = 1.1
"How many times as many there may be."
REST = 40.0
"Seconds after which no transaction lives any more (64 times T1 is 32)."
SCRIPT = "<Response><Beep/><Speak>Good morning.</Speak><Delay>1</Delay></Response>"


def users(callee: int) -> list[tuple[str, ...]]:
    """Number, credentials in SIPp's words, the callee's port, and the number to call."""
    return [
        (
            str(number),
            f"[authentication username={number} password=pw{number}]",
            str(callee),
            str(2000 + (number - 1950) % 100),
        )
        for number in range(2000, 2100)
    ]


def senders() -> list[tuple[str, ...]]:
    """The same for messages: the third field is the recipient, who is away, so they are kept."""
    return [(number, login, str(int(called) + 200)) for number, login, _, called in users(0)]


async def scripts(program: Program, seconds: float) -> int:
    """Calls by command, one a second, each into a script; and lists in between."""
    began, made = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        number = str(2000 + made % 100)
        answer = await program.command(
            "Call", Dialed=number, ApiExtension="9000", ResponseOzML=SCRIPT
        )
        made += answer["Code"] == 200
        for name in ("ListActiveCalls", "ListCallHistory", "ListExtensions"):
            await program.command(name)
        await asyncio.sleep(1)
    return made


async def load(program: Program, folder: Path, callee: int, arguments: argparse.Namespace) -> int:
    """One round; how many calls there were."""
    seconds, target = arguments.round, f"127.0.0.1:{program.sip_port}"
    calls = round(arguments.rate * seconds)
    parts = {
        "register": (Sipp(folder, "register", port=free_port()), users(callee)),
        "message": (Sipp(folder, "message", port=free_port()), senders()),
        "caller": (Sipp(folder, "caller", port=free_port()), users(callee)),
    }
    for name, (part, rows) in parts.items():
        hold = 3_000 if name == "caller" else 0
        await part.start(target, calls=calls, rate=arguments.rate, users=rows, hold_ms=hold)
    scripted = asyncio.create_task(scripts(program, seconds))
    outcomes: dict[str, Outcome] = {
        name: await part.finish(seconds + 60) for name, (part, _) in parts.items()
    }
    made = await scripted
    told = ", ".join(f"{name} {each.successful}/{calls}" for name, each in outcomes.items())
    print(f"   {told}, scripts {made}", flush=True)
    return outcomes["caller"].successful + made


async def look(program: Program) -> dict[str, float]:
    """What is there now."""
    assert program.process is not None
    figures = {name: await program.metric(f"softswitch_{name}") for name in COUNTED}
    figures["descriptors"] = len(os.listdir(f"/proc/{program.process.pid}/fd"))
    figures["memory MB"] = round(program.memory() / 1e6, 1)
    return figures


def show(number: int, at: float, figures: Mapping[str, float]) -> None:
    """One line of the table."""
    text = "  ".join(f"{name} {value:g}" for name, value in figures.items())
    print(f"{number:3}  {at / 60:5.1f} min  {text}", flush=True)


def verdict(rounds: list[dict[str, float]], calls: int) -> bool:
    """Print what grew; whether nothing did."""
    first, last = rounds[min(1, len(rounds) - 1)], rounds[-1]
    grown = {
        name: last[name] - first[name]
        for name in (*COUNTED, "descriptors")
        if last[name] > TOLERANCE * first[name]
    }
    memory = last["memory MB"] - first["memory MB"]
    print(
        f"memory {memory:+.1f} MB in {calls} calls, {1e3 * memory / max(1, calls):+.2f} a thousand"
    )
    print("everything that is counted is flat" if not grown else f"grown: {json.dumps(grown)}")
    return not grown


async def main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Program(folder, SETTINGS, database=arguments.database)
        await program.start()
        callee = free_port()
        answering = Sipp(folder, "callee", port=callee)
        await answering.start(f"127.0.0.1:{program.sip_port}")
        rounds: list[dict[str, float]] = []
        calls, began = 0, time.monotonic()
        try:
            while not rounds or time.monotonic() - began < 60 * arguments.minutes:
                made = await load(program, folder, callee, arguments)
                calls += made if len(rounds) > 1 else 0
                await asyncio.sleep(REST)
                rounds.append(await look(program))
                show(len(rounds), time.monotonic() - began, rounds[-1])
        finally:
            await answering.stop()
            await program.stop()
        return 0 if verdict(rounds, calls) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--round", type=float, default=60, help="seconds of load in a round")
    parser.add_argument("--rate", type=float, default=5, help="of each kind, a second")
    parser.add_argument("--database", default=None, help="storage.url; default: SQLite")
    sys.exit(asyncio.run(main(parser.parse_args())))
