"""The real worker process behind the real client: relay, noise, death on either side."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from media.control import client
from media.control.session import UnexpectedAddress
from softswitch.calls.ports import media_port
from softswitch.calls.ports.media_port import (
    NoPortFree,
    Statistics,
    WorkerGone,
)
from softswitch.calls.ports.media_workers import MediaWorkers
from tests.media.packets import rtp
from tests.ports import free_ports, media_ports
from tests.system.media.workers import PCMA, Phone, RunningWorkers, run_workers, until

ROOT = Path(__file__).resolve().parents[3]


async def test_relay_both_ways_with_conversion(running: RunningWorkers) -> None:
    first, port, second, other = await running.call(PCMA)
    for sequence in range(20):
        first.say(port, rtp(sequence, payload=b"\xff" * 160))
        second.say(other, rtp(sequence, ssrc=9, payload_type=8, payload=b"\xaa" * 160))
        await asyncio.sleep(0.005)
    await until(lambda: len(first.heard) == len(second.heard) == 20)
    assert {(packet[1] & 0x7F, packet[12:]) for packet in second.heard} == {(8, b"\xd5" * 160)}
    assert {(packet[1] & 0x7F, packet[12:]) for packet in first.heard} == {(0, b"\x80" * 160)}
    sequences = [int.from_bytes(packet[2:4]) for packet in second.heard]
    assert sequences == [(sequences[0] + step) & 0xFFFF for step in range(20)]
    assert len({packet[8:12] for packet in second.heard}) == 1
    statistics = await port.close()
    assert (statistics.packets_in, statistics.packets_out, statistics.lost) == (20, 20, 0)
    assert await port.close() == statistics
    assert (await other.close()).bad == {}


async def test_an_unknown_source_gets_nothing_and_is_told_of_once(
    running: RunningWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, port, second, other = await running.call()
    attacker = await Phone.ring()
    running.phones.append(attacker)
    events: list[object] = []
    monkeypatch.setattr(port, "happened", events.append)
    for sequence in range(30):
        first.say(port, rtp(sequence, payload=b"good"))
        second.say(other, rtp(sequence, ssrc=2, payload=b"good"))
        attacker.say(port, rtp(sequence, payload=b"evil"))
        attacker.say(other, rtp(sequence, ssrc=2, payload=b"evil"))
        await asyncio.sleep(0.005)
    await until(lambda: len(second.heard) == 30 and bool(events))
    assert {packet[12:] for packet in first.heard + second.heard} == {b"good"}
    assert attacker.heard == []
    (event,) = events
    assert isinstance(event, UnexpectedAddress)
    assert (event.address, event.port) == attacker.address
    assert (await port.statistics()).bad["unknown_source"] > 1


async def test_ten_thousand_random_datagrams_do_no_harm(running: RunningWorkers) -> None:
    first, port, second, _ = await running.call()
    chance = random.Random(7)
    first.say(port, rtp(0))
    for number in range(10_000):
        noise = chance.randbytes(chance.choice((0, 1, 11, 12, 20, 172, 1600)))
        if number % 2:
            noise = chance.choice((b"\x80", b"\x90", b"\xbf", b"\x00", b"\x16")) + noise
        first.say(port, noise)
        if number % 20 == 0:
            await asyncio.sleep(0.001)
    # a socket is read once a millisecond, so the last of the noise is in the way for a while
    for sequence in range(1, 100):
        first.say(port, rtp(sequence, payload=b"still here"))
        await asyncio.sleep(0.02)
        if b"still here" in [packet[12:] for packet in second.heard]:
            break
    else:
        pytest.fail("the call did not go on")
    statistics = await port.close()
    assert {"version", "too_short", "payload_type"} <= set(statistics.bad)
    await until(lambda: [report.legs for report in running.workers.reports()] == [1])


async def test_silence_ends_a_call_with_a_reason(running: RunningWorkers) -> None:
    _, port = await running.party(timeout=0.5)
    _, patient = await running.party(timeout=0.0)
    begin = time.monotonic()
    assert await port.gone == media_port.MEDIA_TIMEOUT
    assert 0.4 < time.monotonic() - begin < 3.0
    assert not patient.gone.done()


async def test_a_worker_that_dies_is_noticed_and_replaced(
    running: RunningWorkers, caplog: pytest.LogCaptureFixture
) -> None:
    _, port, _, other = await running.call()
    (worker,) = running.workers.workers
    assert worker.pid is not None
    asking = asyncio.ensure_future(port.statistics())
    os.kill(worker.pid, signal.SIGKILL)
    begin = time.monotonic()
    assert await port.gone == await other.gone == media_port.WORKER_DIED
    assert time.monotonic() - begin < 1.0
    assert isinstance(await asking, Statistics)
    port.configure(remote=None, codecs=[])
    port.join(other)
    assert await port.close() == Statistics()
    await until(lambda: bool(running.workers.workers), 10.0)
    assert running.workers.restarts == 1
    assert running.workers.workers[0].pid != worker.pid
    fresh = await running.workers.open()
    assert not fresh.gone.done()
    assert f"media worker {worker.pid} was ended by signal 9, a new one starts" in caplog.text


async def test_a_worker_that_hangs_is_replaced_and_the_log_says_that_it_hung(
    running: RunningWorkers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(client, "SILENT_REPORTS", 2)
    _, port = await running.party()
    (worker,) = running.workers.workers
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    assert await port.gone == media_port.WORKER_DIED
    await until(lambda: bool(running.workers.workers), 10.0)
    assert running.workers.workers[0].pid != worker.pid
    assert f"media worker {worker.pid} did not report for 3 s and was ended" in caplog.text


async def test_opening_while_the_worker_dies(running: RunningWorkers) -> None:
    pid = running.workers.workers[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    opened = []
    with pytest.raises(WorkerGone):
        while True:
            opened.append(await running.workers.open())
    for port in opened:
        assert await port.gone == media_port.WORKER_DIED


async def test_a_worker_ends_when_the_signalling_process_is_gone() -> None:
    """The signalling process here is a Python of its own, which is killed."""
    script = """
import asyncio
from softswitch.calls.ports.media_workers import MediaWorkers
async def main():
    workers = MediaWorkers(address="127.0.0.1", ports=PORTS)
    await workers.start()
    port = await workers.open()
    print(workers.workers[0].pid, port.rtp_port, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
""".replace("PORTS", str(free_ports(4)))
    signalling = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert signalling.stdout
    pid, port = map(int, (await signalling.stdout.readline()).split())
    signalling.kill()
    await signalling.wait()

    def freed() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True

    await until(freed)
    await until(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    """Whether the process still runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_ports_are_used_again_after_their_quarantine() -> None:
    low, high = free_ports(4)
    async with run_workers((low, high), quarantine=1.0) as made:
        first, second = await made.workers.open(), await made.workers.open()
        ports = {first.rtp_port, second.rtp_port}
        assert ports == {low, low + 2}
        with pytest.raises(NoPortFree):
            await made.workers.open()
        await first.close()
        with pytest.raises(NoPortFree):
            await made.workers.open()
        await asyncio.sleep(1.2)
        assert (await made.workers.open()).rtp_port == first.rtp_port


async def test_emergency_calls_get_ports_when_all_others_are_taken() -> None:
    async with run_workers(free_ports(16)) as made:
        workers = made.workers
        for _ in range(6):
            await workers.open()
        with pytest.raises(NoPortFree):
            await workers.open()
        caller = await workers.open(is_urgent=True)
        await workers.open(caller, is_urgent=True)
        with pytest.raises(NoPortFree):
            await workers.open(is_urgent=True)


async def test_a_port_whose_opener_gave_up_is_freed(
    running: RunningWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = client.STOCK
    monkeypatch.setattr(client, "STOCK", 0)
    stocked = [await running.workers.open() for _ in range(stock)]
    opening = asyncio.ensure_future(running.workers.open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    port = await running.workers.open()
    for each in stocked:
        await each.close()
    await until(lambda: [report.legs for report in running.workers.reports()] == [1])
    assert running.workers.reports()[0].ports_quarantined >= 17
    await port.close()


async def test_several_workers_share_the_calls() -> None:
    async with run_workers(workers=2) as made:
        ports = [await made.workers.open() for _ in range(4)]
        assert len({port.worker.pid for port in ports}) == 2
        beside = await made.workers.open(ports[0])
        assert beside.worker is ports[0].worker
        elsewhere = next(port for port in ports if port.worker is not beside.worker)
        with pytest.raises(ValueError, match="two workers"):
            beside.join(elsewhere)


async def test_the_worker_reports_how_it_is(running: RunningWorkers) -> None:
    await running.call()
    await until(lambda: [report.legs for report in running.workers.reports()] == [2])
    report = running.workers.reports()[0]
    assert report.cpu_seconds > 0
    # pairs that other programs have are laid aside
    first, last = media_ports()
    assert report.ports_free + report.ports_quarantined == (last + 1 - first) // 2 - 2
    assert 0 <= report.tick_late_ms <= report.tick_late_max_ms


async def test_an_address_that_is_not_ours_is_told_at_the_start() -> None:
    media = MediaWorkers(address="203.0.113.1", ports=(20000, 20009))
    with pytest.raises(WorkerGone, match=r"media cannot use the address 203\.0\.113\.1: Cannot"):
        await media.start()
