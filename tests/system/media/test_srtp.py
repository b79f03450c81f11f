"""SRTP through real workers, with and without the part in C: relayed, played, recorded, mixed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio
import soundfile

from media.codecs.g711 import LINEAR_TO_ULAW, ULAW_TO_LINEAR
from media.control.security import Security, SrtpKeys
from media.fast.srtp import NativeSrtp
from softswitch.calls.ports.media_port import LegCodec, MediaPort
from tests.media.packets import rtp
from tests.media.srtp.peers import CM_32, CM_80, GCM, SecurePeer, keys
from tests.system.media.workers import PCMA, PCMU, Phone, RunningWorkers, run_workers, until

PACKETS = 50


@pytest_asyncio.fixture(params=[False, True], ids=["without C", "with C"])
async def running(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[RunningWorkers]:
    """One worker, which finds `softswitch-fast`, or is kept from finding it."""
    if not request.param:
        (tmp_path / "softswitch_fast.py").write_text("raise ImportError")
        paths = filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    elif not NativeSrtp.is_there():
        pytest.skip("softswitch-fast is not installed")
    async with run_workers() as made:
        yield made


class Party:
    """A phone with keys, or without; and its port."""

    def __init__(self, phone: Phone, port: MediaPort, keys: SrtpKeys | None) -> None:
        self.phone, self.port = phone, port
        self._peer = None if keys is None else SecurePeer(keys)

    def say(self, packet: bytes) -> None:
        self.phone.say(self.port, packet if self._peer is None else self._peer.protect(packet))

    def heard(self) -> list[bytes]:
        """Return what was heard since the last time; raises if it is not protected as agreed."""
        datagrams, self.phone.heard = self.phone.heard, []
        return datagrams if self._peer is None else [*map(self._peer.unprotect, datagrams)]


async def party(
    running: RunningWorkers,
    suite: str | None,
    codec: LegCodec = PCMU,
    beside: MediaPort | None = None,
) -> Party:
    phone, port = await running.party(codec, beside=beside)
    if suite is None:
        return Party(phone, port, None)
    agreed = keys(suite, ours=port.rtp_port % 200, theirs=port.rtp_port % 199 + 3)
    port.configure(remote=phone.address, codecs=[codec], security=Security(srtp=agreed))
    return Party(phone, port, agreed)


def tone(hertz: float, sequence: int) -> bytes:
    """Return 20 ms of a tone in µ-law."""
    samples = np.sin(2 * np.pi * hertz * (np.arange(160) + 160 * sequence) / 8000) * 8000
    return LINEAR_TO_ULAW[samples.astype(np.int16).view(np.uint16)].tobytes()


def pitch(packets: list[bytes]) -> float:
    """Return the strongest frequency of packets in µ-law, Hz."""
    codes = np.frombuffer(b"".join(each[12:] for each in packets), np.uint8)
    return strongest(ULAW_TO_LINEAR[codes])


def strongest(sound: npt.NDArray[np.int16]) -> float:
    strengths = np.abs(np.fft.rfft(sound.astype(float)))
    return float(np.fft.rfftfreq(len(sound), 1 / 8000)[strengths.argmax()])


@pytest.mark.parametrize(
    ("one", "two"), [(None, CM_80), (CM_80, CM_80), (CM_80, GCM), (GCM, GCM), (CM_32, None)]
)
async def test_a_call_is_relayed(running: RunningWorkers, one: str | None, two: str | None) -> None:
    first = await party(running, one)
    second = await party(running, two, beside=first.port)
    first.port.join(second.port)
    await first.port.statistics()
    for sequence in range(PACKETS):
        first.say(rtp(sequence, payload=b"\x11" * 160))
        second.say(rtp(sequence, ssrc=9, payload=b"\x22" * 160))
        await asyncio.sleep(0.004)
    await until(lambda: len(first.phone.heard) == len(second.phone.heard) == PACKETS)
    assert {packet[12:] for packet in first.heard()} == {b"\x22" * 160}
    assert {packet[12:] for packet in second.heard()} == {b"\x11" * 160}
    for end in (first, second):
        counted = await end.port.close()
        assert (counted.packets_in, counted.packets_out, counted.lost) == (PACKETS, PACKETS, 0)
        assert counted.bad == {}


@pytest.mark.parametrize("suite", [CM_80, GCM])
async def test_a_conference_of_three(running: RunningWorkers, suite: str) -> None:
    members = [await party(running, suite)]
    members.append(await party(running, None, beside=members[0].port))
    members.append(await party(running, GCM, PCMA, beside=members[0].port))
    for member in members:
        member.port.join_room("three")
    for sequence in range(60):
        members[0].say(rtp(sequence, payload=tone(500, sequence)))
        members[1].say(rtp(sequence, ssrc=2, payload=tone(900, sequence)))
        await asyncio.sleep(0.02)
    heard = members[0].heard()
    assert len(heard) > 40
    assert abs(pitch(heard[20:]) - 900) < 20
    assert abs(pitch(members[1].heard()[20:]) - 500) < 20
    assert {packet[1] & 0x7F for packet in members[2].heard()} == {8}


async def test_a_tone_is_played_and_what_is_said_is_recorded(
    running: RunningWorkers, tmp_path: Path
) -> None:
    caller = await party(running, CM_80)
    recording = caller.port.record(str(tmp_path / "said.wav"))
    caller.port.play_tone("dial", country="us")
    for sequence in range(60):
        caller.say(rtp(sequence, payload=tone(700, sequence)))
        await asyncio.sleep(0.02)
    recording.stop()
    recorded = await recording.done
    assert recorded.seconds > 0.9
    samples, _ = soundfile.read(recorded.path, dtype="int16")
    assert abs(strongest(samples) - 700) < 5
    heard = caller.heard()
    assert len(heard) > 40
    assert 340 < pitch(heard[20:]) < 450


async def test_what_is_not_protected_is_counted(running: RunningWorkers) -> None:
    caller = await party(running, CM_80)
    caller.port.echo()
    await caller.port.statistics()
    for sequence in range(5):
        caller.phone.say(caller.port, rtp(sequence))
    caller.say(rtp(9))
    await until(lambda: len(caller.phone.heard) == 1)
    counted = await caller.port.close()
    assert counted.bad == {"srtp_auth": 5}
    worker = running.workers.workers[0]
    await until(lambda: worker.report is not None and worker.report.forged == 5)
    assert worker.report is not None
    assert (worker.report.bad, worker.report.repeated, worker.report.withheld) == (5, 0, 0)


async def test_a_party_moves_to_another_worker() -> None:
    """We have another port, so our key is new (RFC 4568 section 7.1.4); the phone keeps its own."""
    async with run_workers(workers=2) as running:
        first = await running.workers.open()
        second = await running.workers.open()
        assert first.worker is not second.worker
        phone = await Phone.ring()
        running.phones.append(phone)
        before = keys(CM_80, ours=1, theirs=9)
        after = SrtpKeys(CM_80, keys(CM_80, ours=2).ours, before.theirs)
        sender, heard = SecurePeer(before), []
        for port, agreed in ((first, before), (second, after)):
            security = Security(srtp=agreed)
            port.configure(remote=phone.address, codecs=[PCMU], security=security)
            port.echo()
            await port.statistics()
            for sequence in range(10):
                phone.say(port, sender.protect(rtp(sequence + 10 * len(heard))))
                await asyncio.sleep(0.005)
            await until(lambda: len(phone.heard) == 10)
            hearer = SecurePeer(agreed)
            heard.append([hearer.unprotect(packet) for packet in phone.heard])
            phone.heard = []
            counted = await port.close()
            assert (counted.packets_in, counted.bad) == (10, {})
        assert len({packet[8:12] for packets in heard for packet in packets}) == 2
