"""Large requests: who refused TCP is remembered for a while, and by few rows."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.sip.effects import Flow
from softswitch.transport import oversize
from softswitch.transport.oversize import REFUSED_FOR, Oversize
from softswitch.transport.transport import Failed


class Clock(asyncio.AbstractEventLoop):
    """The time of a loop, as the test sets it; what is to be called later is not."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def call_later(self, *_: object, **__: object) -> asyncio.TimerHandle:  # type: ignore[override]
        return asyncio.TimerHandle(0.0, lambda: None, (), self)


class Targets:
    """An `Oversize` whose TCP connections all fail."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.oversize = Oversize(self.clock, self._flow, self._hand_over, lambda *_: False)

    def _flow(self, transport: str, remote: tuple[str, int]) -> Flow:
        return Flow(transport, ("127.0.0.1", 5060), remote)

    def _hand_over(self, data: bytes, flow: Flow, failed: Failed | None) -> None:
        if flow.transport == "tcp" and failed is not None:
            failed()

    def tries_tcp(self, number: int) -> bool:
        remote = (f"192.0.{number // 256}.{number % 256}", 5060)
        return self.oversize.takes(b"INVITE", self._flow("udp", remote), None)


def test_a_target_that_refused_is_left_alone_for_a_while() -> None:
    targets = Targets()
    assert targets.tries_tcp(1)
    targets.clock.now = REFUSED_FOR - 1
    assert not targets.tries_tcp(1)
    assert targets.tries_tcp(2)
    targets.clock.now = REFUSED_FOR
    assert targets.tries_tcp(1)


def test_targets_leave_the_table_when_their_time_is_over() -> None:
    targets = Targets()
    for number in range(200):
        targets.clock.now = float(number)
        targets.tries_tcp(number)
    assert len(targets.oversize) == 200
    targets.clock.now = REFUSED_FOR + 100
    targets.tries_tcp(1000)
    assert len(targets.oversize) == 100


def test_a_full_table_forgets_the_oldest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversize, "REMEMBERED", 100)
    targets = Targets()
    for number in range(101):
        targets.clock.now = float(number)
        targets.tries_tcp(number)
    assert len(targets.oversize) == 100
    assert not targets.tries_tcp(100)
    assert targets.tries_tcp(0)
