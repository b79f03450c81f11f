"""A leg's statistics become scores and one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from media.control.session import LegCodec, Statistics, percent
from media.legs import Legs
from media.orders.quality import judged
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.tick.decoding import Tally
from media.tick.tick import RowHeard
from tests.ports import free_ports

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)
G729 = LegCodec(name="G729", receive_pt=18, send_pt=98)
NOTHING = Tally(0, 0, 0, 0, 0)


class Scene:
    def __init__(self) -> None:
        self.legs = Legs(2)
        self.sockets = SocketTable(2)
        port, _ = free_ports(4)
        leg_sockets = self.sockets.open_leg(
            0, "127.0.0.1", port, lambda leg_sockets, now: None, lambda leg_sockets, now: None
        )
        assert leg_sockets is not None
        self.leg_sockets: LegSockets = leg_sockets
        self.leg_sockets.codecs = (PCMU,)
        self.leg_sockets.latch.announce(("10.0.0.5", 4000), 0.0)
        self.legs.sends[0] = self.legs.receives[0] = True
        self.legs.settled_at[0] = 100.0

    def judge(
        self, seconds: float = 60.0, tally: Tally = NOTHING, **statistics: object
    ) -> Statistics:
        counted = Statistics(**statistics)  # type: ignore[arg-type]
        return judged(counted, self.legs, self.leg_sockets, RowHeard(tally, 0.0), 100.0 + seconds)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.sockets.close_leg(made.leg_sockets)


def test_a_good_leg(scene: Scene) -> None:
    good = scene.judge(packets_in=3000, packets_out=3000, jitter_ms=1.0, round_trip_ms=20.0)
    assert good.mos == pytest.approx(4.38, abs=0.05)
    assert good.remote_mos == pytest.approx(4.38, abs=0.05)
    assert good.diagnosis is None


def test_loss_and_delay_are_heard(scene: Scene) -> None:
    statistics = {"packets_in": 2850, "packets_out": 3000, "lost": 150, "round_trip_ms": 700.0}
    poor = scene.judge(**statistics)
    assert poor.mos is not None
    assert poor.mos < 3.3
    assert poor.diagnosis == "5.0 % of the packets from 10.0.0.5 were lost"
    assert poor.cause == "loss"


def test_one_way_audio_names_where_the_phone_sends_from(scene: Scene) -> None:
    scene.leg_sockets.unknown_source = "203.0.113.7"
    mute = scene.judge(packets_out=3000)
    assert mute.mos is None
    assert mute.diagnosis == (
        "one-way audio: no packet came from 10.0.0.5; the phone sends from 203.0.113.7"
    )
    assert scene.judge(1.0, packets_out=50).diagnosis is None, "too young"


def test_nothing_but_silence_is_told_once_it_has_lasted(scene: Scene) -> None:
    silent = NOTHING._replace(packets=1500)
    found = scene.judge(packets_in=1500, packets_out=1500, tally=silent).diagnosis
    assert found == "1500 packets came from 10.0.0.5, but they hold only silence"


@pytest.mark.parametrize(
    "tally",
    [
        pytest.param(NOTHING._replace(packets=500), id="muted for ten seconds"),
        pytest.param(NOTHING._replace(packets=1400, sounding=3), id="somebody coughed"),
        pytest.param(NOTHING._replace(packets=1400, comfort=1), id="comfort noise"),
        pytest.param(NOTHING._replace(packets=1100), id="the rest was relayed unheard"),
    ],
)
def test_silence_that_is_no_fault(scene: Scene, tally: Tally) -> None:
    assert scene.judge(packets_in=1500, packets_out=1500, tally=tally).diagnosis is None


@pytest.mark.parametrize(
    ("sounding", "clipped", "told"), [(1000, 240, True), (1000, 100, False), (200, 200, False)]
)
def test_clipping_needs_many_frames_of_much_sound(
    scene: Scene, sounding: int, clipped: int, told: bool
) -> None:
    tally = NOTHING._replace(packets=1500, sounding=sounding, clipped=clipped)
    found = scene.judge(packets_in=1500, packets_out=1500, tally=tally).cause
    assert found == ("clipping" if told else None)


def test_the_codec_is_what_is_spoken(scene: Scene) -> None:
    scene.leg_sockets.codecs = (PCMU, G729)
    statistics = {"packets_in": 3000, "packets_out": 3000, "round_trip_ms": 20.0}
    before = scene.judge(**statistics)
    assert (before.codec, before.codec_out) == ("PCMU", "PCMU")
    scene.legs.heard_pt[0] = 18
    far = scene.judge(**statistics)
    assert (far.codec, far.codec_out) == ("G729", "PCMU")
    assert far.mos is not None
    assert before.mos is not None
    assert far.mos < before.mos - 0.2
    assert far.remote_mos == before.remote_mos


def test_the_codec_that_is_sent_is_that_of_the_tick_or_of_who_is_relayed(scene: Scene) -> None:
    scene.leg_sockets.codecs = (PCMU, G729)
    legs = scene.legs
    legs.heard_by[:] = 1, 0
    legs.heard_pt[1] = 20
    assert scene.judge().codec_out == "PCMU", "there is no route"
    legs.route[1, 20] = 98
    assert scene.judge().codec_out == "G729"
    legs.sampled[0] = True
    assert scene.judge().codec_out == "PCMU"


def test_a_leg_that_was_never_settled_is_not_judged(scene: Scene) -> None:
    scene.legs.settled_at[0] = 0.0
    assert scene.judge().diagnosis is None


def test_shares() -> None:
    assert percent(1, 4) == 25.0
    assert percent(-3, 4) == 0.0
    assert percent(3, 0) == 0.0
