"""Traces on disk: written, found again by another process, bounded, never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from softswitch.sip.effects import Flow
from softswitch.trace.kept.chunks import Chunk
from softswitch.trace.kept.disk import MOST_AT_ONCE, DiskTerms, TraceDisk
from softswitch.trace.kept.segment import SUFFIX, Segment, chunk_at, hash_of
from softswitch.trace.lines import LineKind, SipMessage, TraceLine
from softswitch.trace.reading import FoundTrace, TraceReader
from softswitch.trace.timeline import LARGE, MOST_LINES
from softswitch.trace.traces import MOST_WAITING, Traces

FLOW = Flow("udp", ("127.0.0.1", 5060), ("192.0.2.1", 5061))
DAY = 86_400.0
INVITE = b'INVITE sip:a@b SIP/2.0\r\nCall-ID: a\r\nAuthorization: Digest response="abcdef"\r\n\r\n'


class Bench:
    """Traces and their disk, with a clock that is set by hand."""

    def __init__(self, folder: Path, *, most: int = 10_000_000) -> None:
        self.at = 1_800_000_000.0
        self.traces = Traces(lambda: self.at)
        terms = DiskTerms(folder, 7 * DAY, most)
        self.disk = TraceDisk(self.traces, terms, lambda: self.at)
        self.reader = TraceReader(self.traces, self.disk)
        self.folder = folder

    def call(self, subject: str, lines: int = 3) -> None:
        """A call that has come and gone."""
        timeline = self.traces.begin(subject)
        timeline.numbers.add("1000")
        self.traces.follow(timeline, "a", "1000")
        self.traces.travelled(INVITE, FLOW, False)
        for number in range(lines - 1):
            self.at += 0.001
            timeline.note(LineKind.NOTE, f"{subject} {number}")
        self.traces.end(timeline)
        self.at += 2

    async def whats(self, found: FoundTrace, offset: int = 0, limit: int = 1_000_000) -> list[str]:
        """What the lines say."""
        lines = await self.reader.lines(found, offset, limit)
        return [line.what if isinstance(line, TraceLine) else "sip" for line in lines]

    def files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))


async def test_a_call_is_found_by_its_id_after_a_restart(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    for number in range(5):
        first.call(f"C{number}")
    assert await first.disk.write()
    await first.disk.close()
    second = Bench(tmp_path)
    found = await second.reader.find("C3")
    assert found is not None
    assert found.numbers == {"1000"} and found.parties == {"a": "1000"}
    assert found.ended == pytest.approx(found.began + 0.002)
    assert await second.whats(found) == ["sip", "C3 0", "C3 1"]
    assert await second.reader.find("C9") is None
    await second.disk.close()


async def test_no_secret_is_on_disk_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "traces")
    bench.call("C1")
    await bench.disk.close()
    (file,) = bench.files()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    found = await bench.reader.find("C1")
    assert found is not None
    segment = Segment(file)
    segment.read()
    (place,) = segment.find(hash_of("C1"))
    (message,) = chunk_at(place).messages
    assert b"abcdef" not in message.octets and b"Authorization: Digest ***" in message.octets


async def test_lines_on_disk_and_in_memory_are_one_trace(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    timeline = bench.traces.begin("C1")
    expected = []
    for number in range(3 * LARGE):
        bench.at += 0.001
        timeline.note(LineKind.NOTE, str(number))
        expected.append(str(number))
        if number % LARGE == LARGE - 1:
            assert await bench.disk.write()
    timeline.note(LineKind.NOTE, "last")
    expected.append("last")
    assert timeline.on_disk == 3 * LARGE and len(timeline.lines) == 1
    found = await bench.reader.find("C1")
    assert found is not None and found.total == len(expected)
    assert await bench.whats(found) == expected
    assert await bench.whats(found, LARGE - 2, 4) == expected[LARGE - 2 : LARGE + 2]
    assert await bench.whats(found, 3 * LARGE - 1, 10) == expected[-2:]
    assert await bench.whats(found, 5000, 10) == []
    pages = [line async for page in bench.reader.pages(found) for line in page]
    assert len(pages) == len(expected)
    await bench.disk.close()


async def test_a_line_that_comes_late_is_kept_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.call("C1")
    await bench.disk.write()
    bench.traces.travelled(b"SIP/2.0 200 OK\r\nCall-ID: a\r\n\r\n", FLOW, True)
    await bench.disk.close()
    again = Bench(tmp_path)
    found = await again.reader.find("C1")
    assert found is not None
    assert await again.whats(found) == ["sip", "C1 0", "C1 1", "sip"]
    await again.disk.close()


async def test_a_call_that_lasts_is_not_written_for_each_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    timeline = bench.traces.begin("C1")
    timeline.note(LineKind.NOTE, "a")
    await bench.disk.write()
    assert not bench.files()
    bench.at += 31
    await bench.disk.write()
    assert len(bench.files()) == 1 and timeline.on_disk == 1
    await bench.disk.close()


async def test_a_hundred_thousand_messages_are_kept_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path, most=1_000_000_000)
    timeline = bench.traces.begin("C1")
    bench.traces.follow(timeline, "a", "1000")
    for number in range(100_000):
        octets = b"INFO sip:a@b SIP/2.0\r\nCall-ID: a\r\nCSeq: %d INFO\r\n\r\n" % number
        bench.at += 0.0001
        bench.traces.travelled(octets, FLOW, False)
        if number % 5000 == 4999:
            await bench.disk.write()
    bench.traces.end(timeline)
    bench.at += 2
    await bench.disk.write()
    assert not timeline.lines and timeline.lost == 0
    found = await bench.reader.find("C1")
    assert found is not None and found.total == 100_000
    (line,) = await bench.reader.lines(found, 77_777, 1)
    assert isinstance(line, SipMessage) and b"CSeq: 77777 " in line.octets
    await bench.disk.close()


async def test_what_a_disk_refuses_waits_until_it_takes_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    bench = Bench(tmp_path / "file" / "traces")
    bench.call("C1")
    assert not await bench.disk.write()
    found = await bench.reader.find("C1")
    assert found is not None and await bench.whats(found) == ["sip", "C1 0", "C1 1"]
    (tmp_path / "file").unlink()
    assert await bench.disk.write()
    await bench.disk.close()
    again = Bench(bench.folder)
    found = await again.reader.find("C1")
    assert found is not None and found.lost == 0 and found.total == 3
    await again.disk.close()


async def test_what_a_disk_refuses_for_too_long_is_lost_and_counted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    bench = Bench(tmp_path / "file" / "traces")
    for number in range(MOST_WAITING + 2):
        bench.call(f"C{number}", 2)
    assert bench.traces.lost == 4
    assert not await bench.disk.write()
    assert len(bench.traces.waiting) == MOST_WAITING
    assert await bench.reader.find("C1") is None
    assert await bench.reader.find("C2") is not None
    timeline = bench.traces.begin("C")
    for _ in range(MOST_LINES + 5):
        timeline.note(LineKind.NOTE, "x")
    await bench.disk.write()
    assert len(timeline.lines) == MOST_LINES and timeline.lost == 5
    await bench.disk.close()


async def test_a_file_that_somebody_removes_is_begun_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.call("C1")
    await bench.disk.write()
    (file,) = bench.files()
    file.unlink()
    bench.call("C2")
    await bench.disk.write()
    bench.at += 60
    bench.call("C3")
    await bench.disk.close()
    again = Bench(tmp_path)
    found = await again.reader.find("C3")
    assert found is not None and await again.whats(found) == ["sip", "C3 0", "C3 1"]
    assert await again.reader.find("C1") is None
    await again.disk.close()


async def test_what_a_crash_has_cut_off_is_passed_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.call("C1")
    await bench.disk.write()
    bench.call("C2")
    await bench.disk.close()
    (file,) = bench.files()
    file.write_bytes(file.read_bytes()[:-5])
    again = Bench(tmp_path)
    assert await again.reader.find("C1") is not None
    assert await again.reader.find("C2") is None
    await again.disk.close()


@pytest.mark.parametrize("place", [0, 8, 30, -3])
async def test_a_damaged_file_harms_nobody(tmp_path: Path, place: int) -> None:
    bench = Bench(tmp_path)
    bench.call("C1")
    await bench.disk.close()
    (file,) = bench.files()
    octets = bytearray(file.read_bytes())
    octets[place] ^= 0xFF
    file.write_bytes(octets)
    (tmp_path / f"0{SUFFIX}").write_bytes(os.urandom(4000))
    again = Bench(tmp_path)
    assert await again.reader.find("C1") is None
    await again.disk.close()


async def test_old_files_are_removed_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.call("C1")
    await bench.disk.close()
    (file,) = bench.files()
    os.utime(file, (bench.at, bench.at))
    later = Bench(tmp_path)
    later.at += 6 * DAY
    later.disk.forget()
    assert bench.files()
    later.at += 2 * DAY
    later.disk.forget()
    assert not bench.files()
    assert await later.reader.find("C1") is None
    await later.disk.close()


async def test_of_too_many_files_the_oldest_go(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}{SUFFIX}"
        path.write_bytes(b"x" * 1000)
        os.utime(path, (1_800_000_000, 1_800_000_000))
    bench = Bench(tmp_path, most=2500)
    bench.disk.forget()
    assert [file.name for file in bench.files()] == [f"3{SUFFIX}", f"4{SUFFIX}"]
    assert bench.disk.octets == 2000
    await bench.disk.close()


async def test_everything_is_written_at_the_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(MOST_AT_ONCE + 10):
        bench.traces.begin(f"C{number}").note(LineKind.NOTE, "goes on")
    await bench.disk.close()
    assert not bench.traces.waiting
    again = Bench(tmp_path)
    for number in (0, MOST_AT_ONCE + 9):
        assert await again.reader.find(f"C{number}") is not None
    await again.disk.close()


def test_chunks_are_in_order() -> None:
    lines = (TraceLine(1.0, "note", "a"), TraceLine(3.0, "note", "c"))
    messages = (SipMessage(2.0, True, FLOW, b"b"),)
    chunk = Chunk("C", 0.0, None, (), {}, 0, lines, messages)
    assert [line.at for line in chunk.in_order()] == [1.0, 2.0, 3.0] and len(chunk) == 3
