"""The worker's end of the local socket: what is answered, what ends it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from media.control import server as server_module
from media.control.frames import Frames, decode_reply, encode
from media.control.server import ControlServer
from media.control.session import (
    Ask,
    MediaTimeout,
    OrderRefused,
    Reply,
    Request,
    WorkerHello,
    WorkerReport,
)

REPORT = WorkerReport(
    legs=0,
    ports_free=0,
    ports_quarantined=0,
    packets_in=0,
    packets_out=0,
    bad=0,
    forged=0,
    repeated=0,
    withheld=0,
    refused=0,
    cpu_seconds=0,
    tick_late_ms=0,
    tick_late_max_ms=0,
    ticks_skipped=0,
    faults=0,
)


class Line:
    """A server and the far end of its socket."""

    def __init__(self) -> None:
        self.far, near = socket.socketpair()
        self.far.setblocking(False)
        self.near = near
        self.obeyed: list[Request] = []
        self.server = ControlServer(near, self._obey)

    def _obey(self, request: Request) -> Reply | None:
        if isinstance(request, Ask):
            raise ZeroDivisionError("by zero")
        self.obeyed.append(request)
        return OrderRefused(reason="seen")

    def send(self, data: bytes) -> None:
        self.far.sendall(data)
        self.server.at_control(0.0)

    def answers(self) -> list[Reply]:
        return [decode_reply(body) for body in Frames().feed_octets(self.far.recv(1 << 20))]


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.far.close()
    made.near.close()


def frame(message: object) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


def test_requests_are_obeyed_in_order_and_answered(line: Line) -> None:
    line.send(encode(WorkerHello(version=1)) + encode(WorkerHello(version=2)))
    assert line.obeyed == [WorkerHello(version=1), WorkerHello(version=2)]
    assert line.answers() == [OrderRefused(reason="seen")] * 2


def test_an_unknown_message_is_answered_and_the_next_is_obeyed(line: Line) -> None:
    line.send(frame({"type": "Fly", "ticket": 5}) + encode(WorkerHello(version=1)))
    error, _ = line.answers()
    assert isinstance(error, OrderRefused)
    assert error.ticket == 5
    assert "Fly" in error.reason
    assert line.obeyed == [WorkerHello(version=1)]
    assert not line.server.lost


def test_a_mistake_of_ours_is_answered_and_survived(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.send(encode(Ask(ticket=7, leg=1)) + encode(WorkerHello(version=1)))
    error, _ = line.answers()
    assert isinstance(error, OrderRefused)
    assert error.ticket == 7
    assert "ZeroDivisionError" in error.reason
    assert "not obeyed" in caplog.text
    assert not line.server.lost


def test_a_stream_out_of_step_ends_the_worker(line: Line) -> None:
    line.send(b"\xff\xff\xff\xff")
    assert line.server.lost


def test_a_closed_socket_ends_the_worker(line: Line) -> None:
    line.far.close()
    line.server.at_control(0.0)
    assert line.server.lost


def test_nothing_to_read_is_no_end(line: Line) -> None:
    line.server.at_control(0.0)
    assert not line.server.lost


def test_a_far_end_that_does_not_read_costs_reports_then_the_worker(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "BACKLOG", 10_000)
    event = MediaTimeout(leg=1, seconds=60)
    while not line.server._unsent:
        line.server.send(event)
    before = len(line.server._unsent)
    line.server.send(REPORT)
    assert len(line.server._unsent) == before
    assert not line.server.lost
    for _ in range(1000):
        line.server.send(event)
    assert line.server.lost
