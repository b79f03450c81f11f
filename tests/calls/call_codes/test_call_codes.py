"""Codes that are pressed in a call: who may, what they do, and what the other party hears."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from softswitch.calls.call.call import Call
from softswitch.calls.call_codes.call_codes import CallCodes
from softswitch.calls.call_codes.written import KeyStage, follow
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.ports.media_port import Recorded
from softswitch.settings.exchange.call_codes import CallCodeSettings
from softswitch.sip.events import Acknowledged, Ended
from tests.calls.extensions import extension
from tests.calls.scene import FakePort, FakeRecording, Scene, connected, expect
from tests.calls.virtual_time import run

ALL = ("record", "transfer", "park", "invite")


@pytest.mark.parametrize(
    ("written", "keys", "stage", "word"),
    [
        ("*1", "*", KeyStage.BEGUN, ""),
        ("*1", "*1", KeyStage.ENDS, ""),
        ("*1", "*2", KeyStage.NO, ""),
        ("*1", "*12", KeyStage.NO, ""),
        ("##{number}#", "#", KeyStage.BEGUN, ""),
        ("##{number}#", "##", KeyStage.BEGUN, ""),
        ("##{number}#", "##10", KeyStage.BEGUN, ""),
        ("##{number}#", "##1002#", KeyStage.ENDS, "1002"),
        ("##{number}#", "##*", KeyStage.NO, ""),
        ("##{number}#", "##" + "1" * 33, KeyStage.NO, ""),
        ("*9{number}", "*9", KeyStage.BEGUN, ""),
        ("*9{number}", "*912", KeyStage.MAY_END, "12"),
    ],
)
def test_how_far_keys_have_got(written: str, keys: str, stage: KeyStage, word: str) -> None:
    assert follow(written, keys) == (stage, word)


class Talk:
    """Anna, who may press codes, talks to Ben, who may not."""

    def __init__(self, tmp_path: Path, codes: tuple[str, ...] = ALL, **settings: str) -> None:
        entry = PARKING.settings(type="parking", range="700-702")
        lots = [Extension(number, PARKING, entry) for number in entry.numbers()]
        self.scene = Scene(extension("1000", call_codes=codes), *lots)
        self.codes = CallCodes(
            CallCodeSettings(**settings),  # type: ignore[arg-type]
            self.scene.plan,
            self.scene.transfers,
            tmp_path / "recordings",
            answering=self.scene.answering,
            tasks=self.scene.tasks,
        )
        self.anna, self.ben, self.carl = (
            self.scene.phone(number) for number in ("1000", "1001", "1002")
        )

    async def begin(self) -> tuple[Leg, Leg, Call]:
        a, b = await connected(self.scene, self.anna, self.ben)
        (call,) = self.scene.calls
        return a, b, call

    async def end(self, leg: Leg) -> None:
        leg.hangup()
        await self.scene.settle()
        assert len(self.codes) == 0


def ports(call: Call) -> tuple[FakePort, FakePort]:
    one, other = (party.audio.port for party in call.parties)
    assert isinstance(one, FakePort)
    assert isinstance(other, FakePort)
    return one, other


def test_the_call_is_recorded_and_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        at_anna, at_ben = ports(call)
        at_anna.keys("*1")
        assert len(call.recordings) == 1
        assert at_anna.playing == ["beep 880"]
        at_anna.keys("*1")
        await asyncio.sleep(1)
        assert len(call.recordings) == 0
        assert at_ben.played == []
        at_anna.keys("*1")
        assert len(call.recordings) == 1
        await talk.end(a)
        assert [step["what"] for step in talk.scene.record["steps"]][2:] == [
            "recorded",
            "recorded no more",
            "recorded",
        ]

    run(story())


@pytest.mark.parametrize("what", ["disk", "who records", "the other", "worker"])
def test_what_may_happen_to_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A disk that takes nothing leaves the talk as it was; the end of the talk ends both."""

    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        at_anna, at_ben = ports(call)
        if what == "disk":
            monkeypatch.setattr(FakePort, "record", _refused)
        at_anna.keys("*1")
        recorded = len(call.recordings)
        await asyncio.sleep(1)
        if what == "disk":
            assert at_anna.hears is at_ben
            assert not (a.ended.done() or b.ended.done())
            await talk.end(a)
            return
        assert recorded == 1
        if what == "worker":
            at_anna.worker.die()
        else:
            (a if what == "who records" else b).hangup()
        for leg in (a, b):
            await leg.ended
        assert len(call.recordings) == 0
        await talk.scene.settle()
        assert len(talk.codes) == 0

    run(story())


def _refused(port: FakePort, path: str, **more: object) -> FakeRecording:
    """A recording that ends at once, as on a disk that is full."""
    recording = FakeRecording(port)
    recording.done.set_result(Recorded(path, 0.0, "failed", "no space left"))
    return recording


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_the_other_party_is_transferred(tmp_path: Path, by: str) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        if by == "callee":
            talk.anna, talk.ben = talk.ben, talk.anna
        a, b, call = await talk.begin()
        mine, theirs = (a, b) if by == "caller" else (b, a)
        pressing = ports(call)[0 if by == "caller" else 1]
        pressing.keys("##1002#")
        c = await talk.carl.rings()
        talk.carl.answer(c)
        await expect(c, Acknowledged)
        await expect(mine, Ended)
        await asyncio.sleep(1)
        one, other = ports(call)
        assert one.hears is other
        assert pressing.played == []
        assert not one.keys_muted
        assert not other.keys_muted
        await talk.end(theirs)

    run(story())


@pytest.mark.parametrize(("status", "result"), [(200, "answered"), (486, "busy")])
def test_the_log_says_in_one_line_whom_keys_transfer(
    tmp_path: Path, status: int, result: str
) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        ports(call)[0].keys("##1002#")
        c = await talk.carl.rings()
        if status == 200:
            talk.carl.answer(c)
            await expect(c, Acknowledged)
        else:
            c.reject(status)
        await asyncio.sleep(1)
        await talk.end(b if status == 200 else a)

    with capture_logs() as lines:
        run(story())
    (line,) = [line for line in lines if line["event"].startswith("transfer")]
    assert (line["by"], line["whom"], line["to"]) == ("1000", "1001", "1002")
    assert (line["kind"], line["way"], line["result"]) == ("blind", "code", result)


@pytest.mark.parametrize("keys", ["##1002#", "##4711#", "##1000#"])
def test_a_transfer_that_fails_leaves_both_where_they_were(tmp_path: Path, keys: str) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        at_anna, at_ben = ports(call)
        at_anna.keys(keys)
        if keys == "##1002#":
            (await talk.carl.rings()).reject(486)
        elif keys == "##1000#":
            (await talk.anna.rings()).reject(486)
        await asyncio.sleep(0.3)
        assert at_anna.hears is at_ben
        assert at_anna.played == ["beep 330"]
        assert not b.ended.done()
        assert at_anna.keys_muted
        await talk.end(a)

    run(story())


def test_the_other_party_is_parked_and_who_parks_hears_where(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        at_anna, _ = ports(call)
        at_anna.keys("*2")
        await expect(a, Ended)
        assert "speak Parked at 7 0 1. None None" in at_anna.played
        assert len(talk.scene.control.parking) == 1
        await talk.end(b)

    run(story())


def test_keys_that_are_no_code_go_to_the_other_party(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        at_anna, at_ben = ports(call)
        assert at_anna.keys_muted
        assert not at_ben.keys_muted
        assert at_ben.press is None
        at_anna.keys("5*9**1##")
        assert at_ben.played == ["keys 5 auto", "keys *9 auto", "keys * auto"]
        assert len(call.recordings) == 1
        await asyncio.sleep(2.9)
        assert len(at_ben.played) == 3
        await asyncio.sleep(0.2)
        assert at_ben.played[3:] == ["keys ## auto"]
        await talk.end(a)

    run(story())


@pytest.mark.parametrize("body", [b"Signal=*\r\nDuration=160\r\n", b"Signal=5\r\n"])
def test_keys_by_info_do_not_get_past_either(tmp_path: Path, body: bytes) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, b, call = await talk.begin()
        _, at_ben = ports(call)
        assert await a.info("application/dtmf-relay", body) == 200
        await asyncio.sleep(0.5)
        assert at_ben.played == (["keys 5 auto"] if b"5" in body else [])
        assert b._events.empty()
        await a.info("application/dtmf-relay", b"Signal=1\r\n")
        await asyncio.sleep(0.5)
        assert len(call.recordings) == (0 if b"5" in body else 1)
        await talk.end(a)

    run(story())


def test_who_may_not_is_not_listened_to(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path, ())
        a, _, call = await talk.begin()
        at_anna, at_ben = ports(call)
        assert at_anna.press is None
        assert at_ben.press is None
        assert not at_anna.keys_muted
        await talk.end(a)

    run(story())


def test_codes_that_are_off_or_without_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Talk(tmp_path, record="off", transfer="*7{number}")
        a, b, call = await talk.begin()
        at_anna, at_ben = ports(call)
        at_anna.keys("*1")
        assert at_ben.played == ["keys *1 auto"]
        at_anna.keys("*71002")
        c = await talk.carl.rings()
        talk.carl.answer(c)
        await expect(c, Acknowledged)
        await expect(a, Ended)
        await talk.end(b)

    run(story())


def test_nothing_is_asked_of_the_disk_while_calls_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        made: list[Path] = []
        monkeypatch.setattr(Path, "mkdir", lambda path, **_: made.append(path))
        at_anna, _ = ports(call)
        at_anna.keys("*1")
        assert len(call.recordings) == 1
        assert made == []
        await talk.end(a)

    run(story())


def test_where_nothing_can_be_recorded_who_asks_hears_so(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "recordings").write_text("no directory")
        talk = Talk(tmp_path)
        a, _, call = await talk.begin()
        at_anna, _ = ports(call)
        at_anna.keys("*1")
        assert len(call.recordings) == 0
        assert at_anna.played == ["beep 330"]
        await talk.end(a)

    run(story())
