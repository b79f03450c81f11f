"""How many messages a second pass through SMPP both ways, every one on disk; how memory goes.

Run: python benchmarks/smpp.py [MESSAGES]     (default 10,000 each way)

Our client and a centre in a process of its own exchange messages over loopback TCP. Out:
accepted (on disk), submitted, answered, receipt taken, all on disk. In: delivered to us, stored,
answered. What is measured is the process with the store.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.queue.bounds import Bounds
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Routes
from softswitch.messaging.smpp.client import Centre, SmppConnection
from softswitch.messaging.smpp.pdu import Pdu, decode, encode
from softswitch.messaging.smpp.tables import ESM_RECEIPT, RESPONSE, CommandId
from softswitch.store.store import Store

WINDOW = 100
"Requests without an answer, each way; an answer waits for the disk."
AT_ONCE = 200
"Senders that wait for the disk at a time."


def peer(port: Any, deliver: Any, delivered: Any) -> None:
    """The centre: takes everything, reports it as delivered, and delivers when it is told."""
    asyncio.run(_peer(port, deliver, delivered))


async def _peer(port: Any, deliver: Any, delivered: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        window = asyncio.Semaphore(WINDOW)
        sequence = 0
        wanted = 0
        under_way: set[int] = set()

        async def send(body: dict[str, Any]) -> int:
            nonlocal sequence
            await window.acquire()
            sequence += 1
            writer.write(encode(Pdu(CommandId.DELIVER_SM, 0, sequence, body)))
            return sequence

        async def source() -> None:
            nonlocal wanted
            wanted = await asyncio.to_thread(deliver.get)
            for number in range(wanted):
                body = {
                    "source_addr": "36201234567",
                    "destination_addr": "1000",
                    "short_message": b"incoming %d" % number,
                }
                under_way.add(await send(body))

        feeding = asyncio.create_task(source())
        receipts: asyncio.Queue[str] = asyncio.Queue()

        async def report() -> None:
            while True:
                identity = await receipts.get()
                text = f"id:{identity} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
                await send({"esm_class": ESM_RECEIPT, "short_message": text.encode()})

        reporting = asyncio.create_task(report())
        answered = submitted = 0
        try:
            while True:
                head = await reader.readexactly(4)
                pdu = decode(head + await reader.readexactly(int.from_bytes(head) - 4))
                if pdu.is_response:
                    assert pdu.status == 0, pdu
                    window.release()
                    answered += pdu.sequence in under_way
                    if wanted and answered >= wanted:
                        delivered.put(answered)
                        wanted = 0
                    continue
                body = {"system_id": "bench", "message_id": f"n{submitted}"}
                writer.write(encode(Pdu(pdu.command | RESPONSE, 0, pdu.sequence, body)))
                if pdu.command == CommandId.SUBMIT_SM:
                    receipts.put_nowait(f"n{submitted}")
                    submitted += 1
        except asyncio.IncompleteReadError:
            feeding.cancel()
            reporting.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory() -> float:
    """Resident megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def out(messages: Messages, count: int) -> None:
    """Accept, send and see delivered so many messages."""
    began, used = time.perf_counter(), cpu()
    numbers = iter(range(count))

    async def sender() -> None:
        for number in numbers:
            await messages.send(Outgoing(text=f"outgoing {number}", to_address="+36201234567"))
            if number and number % 5_000 == 0:
                print(f"    {number:>7} accepted, {memory():.0f} MB")

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    accepted = time.perf_counter() - began
    while await states(messages) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    print(
        f"out: {count} accepted in {accepted:.1f} s, delivered in {seconds:.1f} s: "
        f"{count / seconds:.0f}/s, {1000 * (cpu() - used) / count:.2f} ms CPU each, "
        f"{memory():.0f} MB"
    )


async def states(messages: Messages) -> int:
    """Messages that are delivered, as the disk has it."""
    return await asyncio.to_thread(_count, str(messages._disk._store.url.path))


def _count(path: str) -> int:
    import sqlite3  # noqa: PLC0415

    connection = sqlite3.connect(path)
    try:
        query = "SELECT count(*) FROM messages WHERE state = 'delivered'"
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


async def main(count: int) -> None:
    """Measure both directions."""
    context = multiprocessing.get_context("spawn")
    port, deliver, delivered = context.Queue(), context.Queue(), context.Queue()
    process = context.Process(target=peer, args=(port, deliver, delivered), daemon=True)
    process.start()
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/bench.db", Path(folder) / "calls.spool")
        disk = MessageDisk(store, 0)
        centre = Centre(
            host="127.0.0.1",
            port=await asyncio.to_thread(port.get),
            system_id="bench",
            password="bench",
            window=WINDOW,
        )
        connection = SmppConnection("sms", centre, disk)
        messages = Messages(
            disk, [connection], Routes([], [("sms", "smpp")]), bounds=Bounds(backoff=BackOff())
        )
        await messages.start()
        while not connection.state.up:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        print(f"start: {memory():.0f} MB")
        await out(messages, count)
        began, used = time.perf_counter(), cpu()
        deliver.put(count)
        await asyncio.to_thread(delivered.get)
        seconds = time.perf_counter() - began
        print(
            f"in: {count} delivered to us and stored in {seconds:.1f} s: {count / seconds:.0f}/s, "
            f"{1000 * (cpu() - used) / count:.2f} ms CPU each, {memory():.0f} MB"
        )
        stored = len(await messages.folders.list("admin", "inbox", count + 1))
        assert stored == count, f"{stored} of {count} stored"
        await messages.stop()
        await store.close()
    process.terminate()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
