"""The heap of timers, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from softswitch.sip.effects import Owner
from softswitch.transport.timers import Timers
from tests.transport.core import OwnerOfNothing


class Clock:
    """As much of an event loop as the timers need."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[tuple[float, Callable[[], None], Handle]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Handle:
        handle = Handle()
        self.calls.append((when, callback, handle))
        return handle

    def advance(self, seconds: float) -> None:
        """Move on and call what is due, in order."""
        end = self.now + seconds
        while due := [call for call in self.pending() if call[0] <= end]:
            call = min(due, key=lambda call: call[0])
            self.calls.remove(call)
            self.now = max(self.now, call[0])
            call[1]()
        self.now = end

    def pending(self) -> list[tuple[float, Callable[[], None], Handle]]:
        return [call for call in self.calls if not call[2].cancelled]


class Handle:
    """What `call_at` returns."""

    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


def make() -> tuple[Clock, Timers, list[tuple[float, str]]]:
    clock = Clock()
    fired: list[tuple[float, str]] = []

    def fire(owner: Owner, timer: str) -> None:
        fired.append((round(clock.now - 100, 3), timer))

    return clock, Timers(cast(asyncio.AbstractEventLoop, clock), fire), fired


def test_timers_fire_in_order_of_time_and_then_of_setting() -> None:
    clock, timers, fired = make()
    owner = OwnerOfNothing()
    for timer, seconds in (("B", 32.0), ("A", 0.5), ("x", 5.0), ("y", 5.0)):
        timers.set(owner, timer, seconds)
    clock.advance(40)
    assert fired == [(0.5, "A"), (5.0, "x"), (5.0, "y"), (32.0, "B")]
    assert len(timers) == 0


def test_timers_that_follow_closely_fire_together() -> None:
    clock, timers, fired = make()
    for timer, seconds in (("a", 0.5), ("b", 0.501), ("c", 0.502), ("d", 0.519), ("e", 0.6)):
        timers.set(OwnerOfNothing(), timer, seconds)
    clock.advance(0.51)
    timers.set(OwnerOfNothing(), "now", 0.0)
    assert [timer for _, timer in fired] == ["a", "b"]
    clock.advance(1)
    assert fired[2:] == [(0.52, "c"), (0.52, "now"), (0.52, "d"), (0.6, "e")]


def test_one_call_of_the_loop_is_pending_however_many_timers_there_are() -> None:
    clock, timers, _ = make()
    for seconds in (32.0, 5.0, 0.5, 32.0, 5.0):
        timers.set(OwnerOfNothing(), "t", seconds)
    assert [call[0] for call in clock.pending()] == [100.5]
    clock.advance(1)
    assert [call[0] for call in clock.pending()] == [105.0]


def test_a_timer_that_fires_may_set_another() -> None:
    clock, timers, fired = make()
    owner = OwnerOfNothing()

    def fire(owner: Owner, timer: str) -> None:
        fired.append((round(clock.now - 100, 3), timer))
        if len(fired) < 3:
            timers.set(owner, timer, 2.0 ** len(fired))

    timers = Timers(cast(asyncio.AbstractEventLoop, clock), fire)
    timers.set(owner, "G", 1.0)
    clock.advance(60)
    assert fired == [(1.0, "G"), (3.0, "G"), (7.0, "G")]


def test_close_forgets_all() -> None:
    clock, timers, fired = make()
    timers.set(OwnerOfNothing(), "t", 1.0)
    timers.close()
    clock.advance(10)
    assert fired == []
