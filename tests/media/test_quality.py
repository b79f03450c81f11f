"""A leg's figures become scores and one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from media.control import Codec, Statistics
from media.legs import Legs
from media.quality import judged, percent
from media.tick import Played
from media.wires import Wire, Wires
from tests.media.packets import free_ports

PCMU = Codec(name="PCMU", receive_pt=0, send_pt=0)


class Scene:
    def __init__(self) -> None:
        self.legs = Legs(1)
        self.wires = Wires(1)
        port, _ = free_ports(4)
        wire = self.wires.open(0, "127.0.0.1", port, lambda wire, now: None, lambda wire, now: None)
        assert wire is not None
        self.wire: Wire = wire
        self.wire.codecs = (PCMU,)
        self.wire.latch.announce(("10.0.0.5", 4000), 0.0)
        self.legs.sends[0] = self.legs.hears[0] = True
        self.legs.settled_at[0] = 100.0

    def judge(self, seconds: float = 60.0, **figures: object) -> Statistics:
        counted = Statistics(**figures)  # type: ignore[arg-type]
        return judged(counted, self.legs, self.wire, Played(0, 0.0), 100.0 + seconds)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.wires.close(made.wire)


def test_a_good_leg(scene: Scene) -> None:
    good = scene.judge(packets_in=3000, packets_out=3000, jitter_ms=1.0, round_trip_ms=20.0)
    assert good.mos == pytest.approx(4.38, abs=0.05)
    assert good.remote_mos == pytest.approx(4.38, abs=0.05)
    assert good.diagnosis is None


def test_loss_and_delay_are_heard(scene: Scene) -> None:
    figures = {"packets_in": 2850, "packets_out": 3000, "lost": 150, "round_trip_ms": 700.0}
    poor = scene.judge(**figures)
    assert poor.mos is not None
    assert poor.mos < 3.3
    assert poor.diagnosis == "5.0 % of the packets from 10.0.0.5 were lost"


def test_one_way_audio_names_where_the_phone_sends_from(scene: Scene) -> None:
    scene.wire.stranger = "203.0.113.7"
    mute = scene.judge(packets_out=3000)
    assert mute.mos is None
    assert mute.diagnosis == (
        "one-way audio: no packet came from 10.0.0.5; the phone sends from 203.0.113.7"
    )
    assert scene.judge(1.0, packets_out=50).diagnosis is None, "too young"


def test_a_leg_that_was_never_settled_is_not_judged(scene: Scene) -> None:
    scene.legs.settled_at[0] = 0.0
    assert scene.judge().diagnosis is None


def test_shares() -> None:
    assert percent(1, 4) == 25.0
    assert percent(-3, 4) == 0.0
    assert percent(3, 0) == 0.0
