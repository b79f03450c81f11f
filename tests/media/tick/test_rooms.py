"""Rooms, pairs, mutes, whispers, formats of both bands in any order: who hears whom, and no leak.

A worker without its loop. Each leg says a constant of its own, one bit of a number, in place of
what its packets would decode to; what a leg is about to be sent then tells the set that it hears.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Hashable, Iterator
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray

from media.control.session import (
    Close,
    Configure,
    Join,
    Leave,
    LegCodec,
    Open,
    Opened,
    OrderRefused,
    Request,
)
from media.control.sound import EnterRoom, HearKeys, Listen, Mute, MuteKeys, PlayTone, Whisper
from media.orders.switchboard import Hosts
from media.tick.band import Band
from media.worker import Worker, WorkerOptions
from tests.ports import free_ports

MOST = 8
STEP = 64
"What the first leg says; the others say powers of two of it."
CODECS = (
    LegCodec(name="PCMU", receive_pt=0, send_pt=0),
    LegCodec(name="G722", receive_pt=9, send_pt=9),
    LegCodec(name="L16", clock=16_000, receive_pt=96, send_pt=96),
)
EVENTS = LegCodec(name="telephone-event", receive_pt=101, send_pt=101)

Frames = NDArray[np.int16]


class Scene:
    """A worker, and what ought to hold of its legs."""

    def __init__(self, control: socket.socket, seed: int) -> None:
        hosts = {False: Hosts("127.0.0.1", "127.0.0.1")}
        self.worker = Worker(control, WorkerOptions(hosts, free_ports(60), quarantine=0.0))
        self.legs, self.tick = self.worker._legs, self.worker._tick
        self.chance, self.now = random.Random(seed), 100.0
        self.numbers, self.tokens, self.pairs = count(1), count(1), count()
        self.bits: dict[int, int] = {}
        "By leg: the place of its bit."
        self.room: dict[int, Hashable] = {}
        self.muted: set[int] = set()
        self.whispers: dict[int, set[int]] = {}
        self.aloud: set[int] = set()
        self.sent: dict[int, int] = {}
        "By row: the number that was about to be sent to it last."
        for band in self.tick.bands:
            self._replace_ends(band)

    def _replace_ends(self, band: Band) -> None:
        def frames(rows: NDArray[np.integer], now: float) -> Frames:
            bits = [self.bits[int(self.legs.leg[row])] for row in rows]
            said = np.array([STEP << bit for bit in bits], np.int16)
            return np.repeat(said[:, None], band.frame, axis=1)

        def say(rows: NDArray[np.intp], frames: Frames, now: float) -> None:
            levels = np.rint(np.median(frames, axis=1) / STEP).astype(int)
            self.sent |= dict(zip(rows.tolist(), levels.tolist(), strict=True))

        band.decoding.frames = frames  # type: ignore[method-assign]
        band.encoding.send_frames = say  # type: ignore[method-assign]

    def ask(self, request: Request) -> object:
        answer = self.worker._switchboard.answer(request)
        assert not isinstance(answer, OrderRefused), answer
        return answer

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now += 0.02
            for part in self.worker._parts:
                part.settle(self.now)
            self.tick.run(self.now)
        self.worker._pool.wake(np.inf)

    # ---- what is done, and what ought to follow ----

    def open(self) -> None:
        leg = next(self.numbers)
        self.bits[leg] = min({*range(MOST)} - {*self.bits.values()})
        assert isinstance(self.ask(Open(ticket=leg, leg=leg)), Opened)
        self.configure(leg)

    def configure(self, leg: int) -> None:
        codecs = (self.chance.choice(CODECS), EVENTS)
        self.ask(Configure(leg=leg, remote=("127.0.0.9", 40_000 + leg), codecs=codecs))

    def close(self, leg: int) -> None:
        self.ask(Close(ticket=1, leg=leg))
        self.leave(leg)
        del self.bits[leg]
        self.muted.discard(leg)
        self.whispers.pop(leg, None)
        for listeners in self.whispers.values():
            listeners.discard(leg)
        self.whispers = {leg: listeners for leg, listeners in self.whispers.items() if listeners}
        self.aloud &= self.whispers.keys()

    def leave(self, leg: int) -> None:
        room = self.room.pop(leg, None)
        if isinstance(room, int):  # a pair ends with either
            self.room = {leg: other for leg, other in self.room.items() if other != room}

    def part(self, leg: int) -> None:
        self.ask(Leave(leg=leg))
        self.leave(leg)

    def join(self, leg: int, other: int) -> None:
        self.ask(Join(leg=leg, other=other))
        self.leave(leg)
        self.leave(other)
        self.room[leg] = self.room[other] = next(self.pairs)

    def enter(self, leg: int, room: str) -> None:
        self.ask(EnterRoom(leg=leg, room=room))
        if self.room.get(leg) != room:
            self.leave(leg)
            self.room[leg] = room

    def mute(self, leg: int) -> None:
        muted = self.chance.random() < 0.5
        self.ask(Mute(leg=leg, muted=muted))
        (self.muted.add if muted else self.muted.discard)(leg)

    def whisper(self, leg: int) -> None:
        listeners = {*self.chance.sample([*self.bits], self.chance.randrange(3))} - {leg}
        aloud = self.chance.random() < 0.5
        self.ask(Whisper(leg=leg, listeners=tuple(listeners), aloud=aloud))
        self.whispers.pop(leg, None)
        self.aloud.discard(leg)
        if listeners:
            self.whispers[leg] = listeners
            if aloud:
                self.aloud.add(leg)

    def step(self) -> None:
        """Do anything."""
        chance, wanted = self.chance, self.chance.random() < 0.5
        if len(self.bits) < 3 or (len(self.bits) < MOST and chance.random() < 0.1):
            self.open()
            return
        leg, other = chance.sample([*self.bits], 2)
        doings = (
            lambda: self.close(leg),
            lambda: self.configure(leg),
            lambda: self.configure(leg),
            lambda: self.join(leg, other),
            lambda: self.part(leg),
            lambda: self.enter(leg, chance.choice("ab")),
            lambda: self.enter(leg, chance.choice("ab")),
            lambda: self.mute(leg),
            lambda: self.whisper(leg),
            lambda: self.ask(Listen(leg=leg, what="silence", wanted=wanted)),
            lambda: self.ask(HearKeys(leg=leg, wanted=wanted)),
            lambda: self.ask(MuteKeys(leg=leg, muted=wanted)),
            lambda: self.ask(
                PlayTone(leg=leg, token=next(self.tokens), name="dial", country="us", longest=0.04)
            ),
        )
        chance.choice(doings)()

    # ---- what must hold ----

    def ought_to_hear(self, leg: int) -> set[int]:
        room = self.room.get(leg)
        beside = (
            {other for other in self.room if self.room[other] == room}
            if leg in self.room
            else set()
        )
        talking = beside - {leg} - self.muted - (self.whispers.keys() - self.aloud)
        return (
            talking
            | {by for by, listeners in self.whispers.items() if leg in listeners} - self.muted
        )

    def hears(self, leg: int) -> set[int]:
        row = self.legs.row(leg)
        if self.legs.sampled[row]:
            return {by for by, bit in self.bits.items() if self.sent[row] >> bit & 1}
        return {by for by in self.bits if self.legs.heard_by[self.legs.row(by)] == row}


@pytest.fixture(params=[1, 2])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = Scene(ours, request.param)
        yield made
        for part in made.worker._parts:
            part.close()


def test_everybody_hears_whom_he_ought_to_and_nothing_stays_behind(scene: Scene) -> None:
    for step in range(400):
        scene.step()
        scene.run(8)
        for leg in scene.bits:
            assert scene.hears(leg) == scene.ought_to_hear(leg), f"leg {leg} after step {step}"
    for leg in [*scene.bits]:
        scene.close(leg)
    rooms, tick = scene.worker._switchboard._rooms, scene.tick
    assert not rooms._claims
    assert not rooms._members
    assert not rooms._whispers
    assert not rooms.muted.any()
    assert not tick._used
    assert not scene.legs.sampled.any()
    assert not tick.private.any()
    for band in tick.bands:
        assert not band.rooms.present.any()
        assert not any(each.playing.any() for each in band.sources)
        assert not any(each.listening.any() for each in (*band.key_listeners, *band.listeners))
