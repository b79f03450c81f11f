"""Whole Contact ID calls: panel and receiver hear each other through G.711, noise and bad lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from media.contact_id import panel, receiver
from media.contact_id.lines import ContactIdLines, Told
from media.contact_id.message import ContactIdMessage, build_message
from media.contact_id.receiver import KISSOFF
from media.listen.dtmf import DtmfListener
from media.listen.heard import KeyReleased, ToneStarted
from media.listen.telephone_event import TelephoneEventReceiver
from media.listen.tone_listener import ToneListener
from media.play.telephone_event_source import TelephoneEventSource
from media.play.tones import ToneSource
from media.signals.levels import power_of
from media.signals.tone_table import Burst, Tone, dtmf
from tests.media.signals import a_law, to_int16, u_law

MESSAGES = [
    build_message("1234", "131", group="01", number="015"),
    build_message("BCDE", "401", qualifier="3", group="02", number="007"),
]


@dataclass
class Line:
    """What is wrong between the two, and with the panel."""

    off: tuple[float, float] = (0.0, 0.0)
    "Deviation of the panel's low and high tones."
    level: float = -10.0
    "dBm0 of each of the panel's tones."
    noise_db: float | None = None
    "Signal to noise at both ends."
    digit_ms: float = 55.0
    events: bool = False
    "Whether the panel's gateway sends telephone events."
    spoil: dict[int, Callable[[str], str]] = field(default_factory=dict)
    "What happens to the keys of an attempt."
    store_ms: float = 10.0
    deaf_to_kissoffs: int = 0
    "So many kissoffs get lost."


@dataclass
class Outcome:
    """What happened in a call."""

    stored: list[ContactIdMessage] = field(default_factory=list)
    duplicates: int = 0
    kissoffs: int = 0
    rejected: int = 0
    delivered: list[ContactIdMessage] = field(default_factory=list)
    panel_end: str = ""
    receiver_end: str = ""


def panel_tone(keys: str, line: Line) -> Tone:
    bursts = []
    for burst in dtmf(keys, line.digit_ms, line.digit_ms, line.level, line.level).bursts:
        partials = tuple(
            (hertz * (1 + off), level)
            for (hertz, level), off in zip(burst.partials, line.off, strict=False)
        )
        bursts.append(Burst(partials, burst.milliseconds))
    return Tone(tuple(bursts), None)


class Calls:
    """Many calls at once, a row each, ticked in step."""

    def __init__(
        self, lines: list[Line], coding: Callable[[NDArray[np.int16]], NDArray[np.int16]]
    ) -> None:
        count = len(lines)
        self.lines, self.coding, self.now = lines, coding, 0.0
        self.outcomes = [Outcome() for _ in lines]
        self.attempts = [0] * count
        self.storing: list[tuple[float, int, ContactIdMessage]] = []
        self.rows = np.arange(count)
        self.panel_source, self.receiver_source = ToneSource(count), ToneSource(count)
        self.events_out, self.events_in = TelephoneEventSource(count), TelephoneEventReceiver(count)
        self.keys, self.tones = DtmfListener(count), ToneListener(count)
        self.receivers = ContactIdLines(count, self._play, self._send)
        self.panels = ContactIdLines(count, self._play, self._send)
        for row in range(count):
            self.keys.claim(row)
            self.tones.claim(row)
            self.events_in.claim(row)
            self.receivers.receive(row, 0.0)
            self.panels.report(row, MESSAGES, 0.0)
        self.chance = np.random.default_rng(1)
        self.to_receiver = self._noise(lambda line: line.level)
        self.to_panel = self._noise(lambda line: -10.0)

    def _noise(self, level: Callable[[Line], float]) -> NDArray[np.float64]:
        return np.array(
            [
                [
                    0.0
                    if line.noise_db is None
                    else np.sqrt(2 * power_of(level(line) - line.noise_db))
                ]
                for line in self.lines
            ]
        )

    def _play(self, row: int, tone: Tone) -> None:
        outcome = self.outcomes[row]
        outcome.kissoffs += tone == KISSOFF
        if tone != KISSOFF or outcome.kissoffs > self.lines[row].deaf_to_kissoffs:
            self.receiver_source.start(row, tone)

    def _send(self, row: int, keys: str, digit_ms: float) -> None:
        assert digit_ms == 55.0
        line = self.lines[row]
        spoilt = line.spoil.get(self.attempts[row], str)(keys)
        self.attempts[row] += 1
        if line.events:
            self.events_out.start(row, spoilt, tone_ms=60.0, pause_ms=60.0)
        else:
            self.panel_source.start(row, panel_tone(spoilt, line))

    def run(self, seconds: float) -> list[Outcome]:
        for tick in range(int(seconds * 50)):
            self.now = tick * 20.0
            self._tick(tick)
        return self.outcomes

    def _tick(self, tick: int) -> None:
        for due, row, message in [entry for entry in self.storing if entry[0] <= self.now]:
            self.storing.remove((due, row, message))
            self.outcomes[row].stored.append(message)
            self._note(self.receivers.stored(row, message, self.now))
        self._note(self.receivers.advance(self.now))
        self._note(self.panels.advance(self.now))
        for key in self.keys.feed_samples(
            self.rows, self._made(self.panel_source, self.to_receiver)
        ):
            self._note(self.receivers.hear(key, self.now + 20))
        self._events_to_receiver(tick)
        for tone in self.tones.feed_samples(
            self.rows, self._made(self.receiver_source, self.to_panel)
        ):
            self._note(self.panels.hear(tone, self.now + 20))

    def _made(self, source: ToneSource, noise: NDArray[np.float64]) -> NDArray[np.int16]:
        sound = self.chance.normal(size=(len(self.lines), 160)) * noise
        playing = np.flatnonzero(source.playing)
        samples, ended = source.take_frames(playing)
        sound[playing] += samples
        if source is self.panel_source:
            for end in ended:
                self._note(self.panels.keys_sent(end.row, self.now + end.sample / 8))
        return self.coding(to_int16(sound))

    def _events_to_receiver(self, tick: int) -> None:
        packets, ended = self.events_out.take_packets()
        for packet in packets:
            timestamp = tick * 160 - packet.age
            for key in self.events_in.receive(packet.row, 1, timestamp, packet.payload, self.now):
                self._note(self.receivers.hear(key, self.now))
        for end in ended:
            self._note(self.panels.keys_sent(end.row, self.now))

    def _note(self, told: list[Told]) -> None:
        for row, news in told:
            outcome = self.outcomes[row]
            match news:
                case receiver.Received(message, is_duplicate):
                    outcome.duplicates += is_duplicate
                    if not is_duplicate:
                        self.storing.append((self.now + self.lines[row].store_ms, row, message))
                case receiver.Rejected():
                    outcome.rejected += 1
                case receiver.ReceiverHangsUp(reason):
                    outcome.receiver_end = reason
                case panel.Delivered(message):
                    outcome.delivered.append(message)
                case panel.PanelHangsUp(reason):
                    outcome.panel_end = reason


def good(outcome: Outcome) -> bool:
    return (
        outcome.stored == MESSAGES
        and outcome.delivered == MESSAGES
        and outcome.panel_end == "all delivered"
    )


def spoilt(place: int) -> Callable[[str], str]:
    """Another key at one place."""
    return lambda keys: keys[:place] + ("7" if keys[place] != "7" else "5") + keys[place + 1 :]


@pytest.mark.parametrize("coding", [a_law, u_law])
def test_every_good_message_is_kissed_off(
    coding: Callable[[NDArray[np.int16]], NDArray[np.int16]],
) -> None:
    lines = [
        Line(off=off, level=level, noise_db=noise, digit_ms=digit_ms)
        for off in [(0.0, 0.0), (0.015, 0.015), (-0.015, 0.015), (0.015, -0.015), (-0.015, -0.015)]
        for level in (-4.0, -10.0, -24.0)
        for noise in (None, 15.0)
        for digit_ms in (50.0, 55.0, 60.0)
    ][::4]  # every value of each still occurs
    outcomes = Calls(lines, coding).run(12.0)
    bad = [
        (line, outcome) for line, outcome in zip(lines, outcomes, strict=True) if not good(outcome)
    ]
    assert bad == []
    assert {(o.kissoffs, o.duplicates, o.rejected) for o in outcomes} == {(2, 0, 0)}


def test_by_telephone_events() -> None:
    outcomes = Calls([Line(events=True)] * 3, u_law).run(14.0)
    assert [good(outcome) for outcome in outcomes] == [True] * 3


def test_no_bad_message_is_kissed_off() -> None:
    always = {attempt: spoilt(attempt + 3) for attempt in range(4)}
    lines = [
        Line(spoil=always),
        Line(spoil=always, events=True),
        Line(spoil=dict.fromkeys(range(4), lambda keys: keys[:-1])),
        Line(spoil=dict.fromkeys(range(4), lambda keys: keys + "1")),
        Line(spoil=dict.fromkeys(range(4), lambda keys: keys[:4] + "17" + keys[6:8])),
        Line(level=-50.0),
        Line(off=(0.035, 0.0)),
    ]
    for outcome in Calls(lines, a_law).run(26.0):
        assert outcome.kissoffs == 0
        assert outcome.stored == []
        assert outcome.delivered == []
        assert outcome.panel_end == "no kissoff"


def test_a_spoilt_attempt_is_repeated() -> None:
    lines = [Line(spoil={0: spoilt(place), 2: spoilt(15 - place)}) for place in range(16)]
    for outcome in Calls(lines, a_law).run(20.0):
        assert good(outcome)
        assert (outcome.rejected, outcome.kissoffs, outcome.duplicates) == (2, 2, 0)


def test_a_lost_kissoff_makes_a_duplicate_that_is_stored_once() -> None:
    lines = [Line(deaf_to_kissoffs=1), Line(deaf_to_kissoffs=3), Line(store_ms=2500.0)]
    outcomes = Calls(lines, a_law).run(24.0)
    assert [good(outcome) for outcome in outcomes] == [True] * 3
    assert [outcome.duplicates for outcome in outcomes] == [1, 3, 2]


def test_the_receiver_ends_the_call_when_the_panel_is_gone() -> None:
    (outcome,) = Calls([Line()], a_law).run(16.0)
    assert outcome.receiver_end == "silence"


def test_rows_that_are_no_alarm_lines_do_not_matter() -> None:
    played: list[int] = []
    lines = ContactIdLines(4, lambda row, _: played.append(row), lambda *_: None)
    lines.receive(1, 1000.0)
    lines.report(2, MESSAGES, 1000.0)
    for row in (0, 1, 2):
        assert lines.hear(KeyReleased(row, "5", 0.0, 50.0), 1001.0) == []
        assert lines.hear(ToneStarted(row, 1400.0, 0.0), 1001.0) == []
        assert lines.keys_sent(row, 1001.0) == []
        assert lines.stored(row, MESSAGES[0], 1001.0) == []
        assert lines.not_stored(row, MESSAGES[0], 1001.0) == []
    assert lines.advance(2250.0) == []
    assert played == [1]
    lines.free(1)
    lines.free(2)
    assert lines.advance(1e9) == []
