"""`/v1/health`: what is wrong is told with what to do, and the log's lines with their advice."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import structlog
from aiohttp import web

from media.control.session import WorkerReport
from softswitch.calls.numbers.trunk import TrunkState
from softswitch.calls.numbers.trunks import Trunks
from softswitch.http.health import Health, SwitchStatus
from softswitch.http.users import Users
from softswitch.http.v1.health.advice import ADVICE, advice_for
from softswitch.http.v1.health.facts import HealthFacts
from softswitch.http.v1.health.health_api import HealthApi
from softswitch.messaging.connections.connection import ConnectionState
from softswitch.settings.exchange.users import HttpUser
from softswitch.telemetry import log as telemetry
from softswitch.telemetry.loop_lag import LoopLag
from tests.calls.numbers.test_trunks import trunk
from tests.http.v1.asking import asks

SOURCES = Path(__file__).parents[4] / "softswitch"
USERS = (
    HttpUser(username="admin"),
    HttpUser(username="viewer", role="viewer"),
    HttpUser(username="crm", role="application", extensions=("1000",)),
)
REPORT = WorkerReport(
    legs=2, ports_free=40, ports_quarantined=0, packets_in=5, packets_out=6, bad=0, forged=0,
    repeated=0, withheld=0, refused=0, cpu_seconds=1.5, tick_late_ms=0.1, tick_late_max_ms=0.46,
    ticks_skipped=0, faults=0,
)  # fmt: skip


class Clinic:
    """A switch whose parts are well, or not."""

    def __init__(self) -> None:
        self.health = Health()
        self.health.status = SwitchStatus.READY
        self.carrier = trunk("carrier")
        self.storage = {"database": "up", "disk": "up", "call_records_waiting": 0}
        self.connections = {"sms": ConnectionState(True)}
        self.certificates: dict[str, float] = {"server.pem": 4_000_000_000.0}
        self.worker = Mock(pid=4711, report=REPORT, load=0.25, ports=(10_000, 10_999))
        self.calls = Mock(terms=Mock(calls=10), __len__=lambda _: self.up)
        self.up = 3
        self.facts = HealthFacts(
            health=self.health,
            calls=self.calls,
            registrations=Mock(__len__=lambda _: 7),
            trunks=Trunks([self.carrier]),
            media=Mock(workers=[self.worker], restarts=1),
            loop_lag=LoopLag(),
            connections=lambda: self.connections,
            storage=lambda: self.storage,
            free_space=lambda: {"database": 10**9},
            certificates=lambda: self.certificates,
            domain="example.org",
            listens=lambda: ["udp:127.0.0.1:5060"],
        )
        users = Users({user.username: "pw" for user in USERS}, settings=USERS)
        self.routes: list[web.RouteDef] = HealthApi(self.facts, users).routes()

    async def shown(self, query: str = "") -> Any:
        status, shown = await asks(self.routes, "GET", f"/health{query}", user="viewer")
        assert status == 200, shown
        return shown


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as the program sets it up, and as it was before afterwards."""
    before = structlog.get_config()
    handlers = logging.root.handlers[:]
    written = io.StringIO()
    telemetry.configure(stream=written)
    yield written
    structlog.configure(**before)
    logging.root.handlers[:] = handlers


async def test_a_switch_that_is_well() -> None:
    clinic = Clinic()
    shown = await clinic.shown()
    assert shown["problems"] == []
    assert (shown["status"], shown["calls"], shown["most_calls"]) == ("ready", 3, 10)
    assert (shown["registrations"], shown["worker_restarts"]) == (7, 1)
    assert shown["workers"] == [{
        "pid": 4711, "legs": 2, "ports": "10000-10999", "ports_free": 40, "load": 0.25,
        "cpu_seconds": 1.5, "packets_in": 5, "packets_out": 6, "late": 0.5, "ticks_skipped": 0,
    }]  # fmt: skip
    assert shown["database"] == {
        "state": "up", "disk": "up", "free": {"database": 10**9}, "call_records_waiting": 0,
    }  # fmt: skip
    assert shown["memory"] > 1_000_000
    assert re.fullmatch(r"[0-9.]+.*", shown["version"])


async def test_all_that_is_wrong_is_told_with_what_to_do() -> None:
    clinic = Clinic()
    clinic.health.status = SwitchStatus.DRAINING
    clinic.storage = {"database": "away", "disk": "short", "call_records_waiting": 3}
    clinic.connections = {"sms": ConnectionState(False, "no bind")}
    clinic.carrier.enter(TrunkState.REFUSED, "403 Forbidden")
    clinic.certificates = {"server.pem": 1.0}
    clinic.up, clinic.worker.load = 9, 0.95
    shown = await clinic.shown()
    told = " | ".join(each["what"] for each in shown["problems"])
    for part in (
        "the switch is draining", "the database does not answer", "a disk has little room",
        "trunk carrier is refused: 403 Forbidden", "connection sms is down: no bind",
        "9 calls of 10", "media worker 4711 has 95%", "server.pem ends at 1970",
    ):  # fmt: skip
        assert part in told
    assert all(each["advice"] for each in shown["problems"])
    assert (shown["trunks_down"], shown["connections_down"]) == (["carrier"], {"sms": "no bind"})
    assert (shown["database"]["state"], shown["database"]["call_records_waiting"]) == ("away", 3)


async def test_the_last_warnings_of_the_log_are_shown_with_advice(log: io.StringIO) -> None:
    said = structlog.get_logger("softswitch.trunks")
    for _ in range(3):
        said.warning("outside line", trunk="<b>carrier</b>", reason="a=ice-pwd:secret")
    said.info("nothing to see")
    logging.getLogger("x").error("media worker %s died, a new one starts", 7)
    newest, before = (await Clinic().shown("?recent=2"))["recent"]
    assert newest["event"] == "media worker 7 died, a new one starts"
    assert newest["advice"] == ADVICE["media worker"]
    assert (before["event"], before["count"], before["level"]) == ("outside line", 3, "warning")
    assert before["facts"] == {"trunk": "<b>carrier</b>", "reason": "a=ice-pwd:***"}
    assert "secret" not in str(newest) + str(before)
    assert (await Clinic().shown("?recent=0"))["recent"] == []


async def test_a_late_loop_is_a_problem() -> None:
    clinic = Clinic()
    clinic.facts.loop_lag.watch()
    await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    clinic.facts.loop_lag._due = loop.time() - 0.2
    clinic.facts.loop_lag._look()
    shown = await clinic.shown()
    clinic.facts.loop_lag.close()
    assert shown["loop_lag"] >= 200
    assert "the event loop was" in shown["problems"][0]["what"]


async def test_the_node() -> None:
    status, shown = await asks(Clinic().routes, "GET", "/nodes")
    assert status == 200
    (node,) = shown["nodes"]
    assert (node["node"], node["pid"], node["calls"], node["load"]) == (1, os.getpid(), 3, 0.25)


async def test_rights_and_wrong_queries() -> None:
    routes = Clinic().routes
    assert (await asks(routes, "GET", "/health", user="crm"))[0] == 403
    for query in ("?recent=201", "?recent=x", "?lines=3"):
        assert (await asks(routes, "GET", f"/health{query}"))[0] == 400


def test_the_advice_is_about_lines_that_are_written() -> None:
    text = "\n".join(file.read_text() for file in SOURCES.rglob("*.py") if file.stem != "advice")
    for beginning in ADVICE:
        assert re.search(rf'"{re.escape(beginning)}', text), beginning
    assert advice_for("call quality") == ADVICE["call quality"]
    assert advice_for("something else") == ""
