"""CPU of a REGISTER within the switch: parse, challenge, digest, registrar, journal, answers.

No sockets and no transactions: what they add is seen by the load of SIPp. Requests are prepared
before the clock runs, then fed at a steady rate as phones would send them; every REGISTER comes
twice, without and with credentials, and is done when its 200 is made. Beside it the same with a
store that does nothing, so that the difference is the price of the disk.

    python benchmarks/registrar.py [--rate 300] [--seconds 5] [--phones 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from softswitch.calls.numbers.registrations import Registrations
from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Admitted, Gate, Refused
from softswitch.guard.bans import Bans
from softswitch.guard.rates import Rates
from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request, parse_message
from softswitch.sip.requests.digest import answer
from softswitch.sip.requests.nonce import Nonces
from softswitch.store.bindings import BindingRow
from softswitch.store.database.changes import Change
from softswitch.store.store import Store

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5070))
KEY = b"k" * 32


class NoDisk:
    """A store that is done at once."""

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """Nothing is written."""
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def load_bindings(self) -> list[BindingRow]:
        """Nothing was written."""
        return []


def text(phone: int, cseq: int, credentials: str = "") -> bytes:
    """A REGISTER as SIPp sends it."""
    return (
        "REGISTER sip:localhost SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-{phone}-{cseq}\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:{phone}@localhost>;tag={phone}\r\n"
        f"To: <sip:{phone}@localhost>\r\n"
        f"Call-ID: {phone}-1@127.0.0.1\r\n"
        f"CSeq: {cseq} REGISTER\r\n"
        f"Contact: <sip:{phone}@127.0.0.1:5070>\r\n"
        f"{credentials}Expires: 3600\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def pairs(gate: Gate, phones: int, total: int) -> Iterator[tuple[bytes, bytes]]:
    """Every REGISTER without and with credentials; the nonce is one that the gate will accept."""
    for number in range(total):
        phone, cseq = 100000 + number % phones, 2 * (number // phones) + 1
        bare = text(phone, cseq)
        request = parse_message(bare)
        assert isinstance(request, Request)
        decision = gate.check(request, FLOW, time.time())
        assert isinstance(decision, Refused)
        header = answer(
            decision.response.headers.items(), "REGISTER", "sip:localhost", str(phone), "secret",
            realm_expected="localhost", cnonce="0123456789abcdef",
        )  # fmt: skip
        assert header is not None
        yield bare, text(phone, cseq + 1, f"{header[0]}: {header[1]}\r\n")


async def run(store: Store | NoDisk, args: argparse.Namespace) -> tuple[float, float]:
    """CPU and waiting time of one REGISTER, in seconds."""
    accounts = Accounts("localhost", args.digest.split(","), KEY)
    for phone in range(args.phones):
        accounts.add(str(100000 + phone), "secret")
    gate = Gate(accounts, Nonces(KEY), rates=Rates(1e9), bans=Bans(), key=KEY)
    registrations = Registrations(store)
    total = args.rate * args.seconds
    prepared = list(pairs(gate, args.phones, total))
    waited = 0.0

    async def register(request: Request, user: str) -> None:
        nonlocal waited
        began = time.perf_counter()
        response = await registrations.register(request, FLOW, user)
        assert response.status == 200
        response.to_bytes()
        waited += time.perf_counter() - began

    tasks: set[asyncio.Task[None]] = set()
    cpu, begin = time.process_time(), time.perf_counter()
    for number, (bare, answered) in enumerate(prepared):
        ahead = number / args.rate - (time.perf_counter() - begin)
        if ahead > 0.002:
            await asyncio.sleep(ahead)
        refused = gate.check(parse_message(bare), FLOW, time.time())  # type: ignore[arg-type]
        assert isinstance(refused, Refused)
        refused.response.to_bytes()
        request = parse_message(answered)
        assert isinstance(request, Request)
        decision = gate.check(request, FLOW, time.time())
        assert isinstance(decision, Admitted)
        task = asyncio.create_task(register(request, decision.user))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    while tasks:
        await asyncio.wait(tasks)
    return (time.process_time() - cpu) / total, waited / total


async def main() -> None:
    """Measure with and without a disk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--phones", type=int, default=2000)
    parser.add_argument("--digest", default="MD5")
    args = parser.parse_args()
    bare, _ = await run(NoDisk(), args)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        store = await Store.open(f"sqlite:///{folder}/bench.db", Path(folder) / "calls.spool")
        durable, waited = await run(store, args)
        journal = store.journal
        await store.close()
    print(f"REGISTER at {args.rate}/s, {args.rate * args.seconds} of them, digest {args.digest}:")
    print(f"  without disk  {bare * 1e6:6.0f} us CPU")
    print(f"  durable       {durable * 1e6:6.0f} us CPU, the 200 waits {waited * 1e3:.1f} ms")
    print(f"  {journal.rows} rows in {journal.commits} commits")


if __name__ == "__main__":
    uvloop.run(main())
