"""What operators see and do: tables and JSON of what `/v1` answers, and ids that are cut short."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from softswitch.cli.asking import ask
from softswitch.cli.main import app
from softswitch.cli.operating.lists import lasting, since
from tests.cli.commands import run

PARTY = {
    "number": "1000", "name": "Eva\x1b[31m Lang", "extension": "1000", "trunk": "", "holds": False,
    "held": False, "muted": False, "quality": None,
}  # fmt: skip
CALL = {
    "id": "1vQHKd3x", "state": "InCall", "since": "2026-11-30T08:15:00Z", "states": [],
    "started_at": "2026-11-30T08:15:00Z", "answered_at": None, "dialed": "0301234567",
    "caller": {**PARTY, "holds": True, "quality": {"mos": 4.36}},
    "callee": {**PARTY, "number": "+4930123", "name": "", "trunk": "carrier", "muted": True},
    "script": {"name": "config/menu.xml", "extension": "600", "line": 3, "command": "UserInput"},
    "recordings": 0, "chain": "1vQHKd3x",
}  # fmt: skip
OTHER = {**CALL, "id": "1vQHAAAA"}
REGISTRATION = {
    "id": 7, "number": "1000", "contact": "sip:1000@192.0.2.7", "source": "192.0.2.7:5060",
    "local": "192.0.2.1:5060", "transport": "udp", "user_agent": "Yealink SIP-T46S 66.86.0.15",
    "instance": "", "registered_at": "2026-11-30T08:15:00Z", "expires_at": "2026-11-30T09:15:00Z",
    "expires": 3599, "q": 1.0, "path": [], "reach": "silent", "round_trip": 12.5,
    "answered_at": None,
}  # fmt: skip
TRUNK = {
    "name": "carrier", "state": "refused", "since": "2026-11-30T08:15:00Z",
    "reason": "403 Forbidden: the account is locked until the bill is paid", "last_fault": None,
    "registers": True, "server": "sip.example.net", "ways": [], "calls": 2, "most_calls": 30,
    "incoming": 12, "outgoing": 9, "failures": 1,
}  # fmt: skip
RECORDING = {
    "id": "2026-11-30~1vQHKd3x.mp3", "file": "2026-11-30/1vQHKd3x.mp3", "format": "mp3",
    "size": 123456, "changed_at": "2026-11-30T08:15:00Z", "finished": False, "call": "1vQHKd3x",
    "source": "1000", "destination": "+493012345678", "url": "",
}  # fmt: skip
ALARM = {
    "id": "17", "received_at": "2026-11-30T08:15:00Z", "call_id": "1vQHKd3x", "caller": "1500",
    "account": "1234", "qualifier": "NewEvent", "code": "130", "name": "Burglary",
    "partition": "01", "zone": "015", "digits": "1234181130010158", "acknowledged": None,
}  # fmt: skip
HEALTH: dict[str, Any] = {
    "status": "ready", "version": "1.2", "uptime": 3725, "domain": "x",
    "listens": ["udp:127.0.0.1:5060", "http:127.0.0.1:9509"], "calls": 3, "most_calls": 2000,
    "registrations": 12, "loop_lag": 2.5, "memory": 181_000_000, "problems": [], "recent": [],
    "workers": [{"load": 0.25, "legs": 6}], "database": {"state": "up", "disk": "up"},
}  # fmt: skip
LISTS = [
    (("calls",), {"calls": [CALL, OTHER], "total": 2}, "calls"),
    (("registrations",), {"registrations": [REGISTRATION], "total": 1}, "registrations"),
    (("registrations", "list"), {"registrations": [REGISTRATION], "total": 1}, "registrations"),
    (("trunks", "state"), {"trunks": [TRUNK]}, "trunks"),
    (("recordings",), {"recordings": [RECORDING], "total": 1}, "recordings"),
    (("recordings", "list"), {"recordings": [RECORDING], "total": 1}, "recordings"),
    (("alarms",), {"alarms": [ALARM], "total": 1}, "alarms"),
    (("alarms", "list"), {"alarms": [ALARM], "total": 1}, "alarms"),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, object]]:
    """What the switch is asked: methods, paths and bodies; it knows two calls."""
    heard: list[tuple[str, str, object]] = []

    def answer(
        _config: object, _user: object, method: str, target: str, body: object = None, **_: object
    ) -> dict[str, Any]:
        if method != "GET":
            heard.append((method, target.partition("?")[0], body))
        return {**CALL, "calls": [CALL, OTHER], "total": 2}

    monkeypatch.setattr(ask, "_ask", answer)
    return heard


@pytest.mark.parametrize(("words", "answer", "rows"), LISTS)
@pytest.mark.parametrize("width", ["80", "200"])
def test_every_list_fits_the_window_and_is_there_as_json(
    words: tuple[str, ...],
    answer: dict[str, object],
    rows: str,
    width: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ask, "_ask", lambda *_, **__: answer)
    told = CliRunner().invoke(app, words, env={"COLUMNS": width})
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert len(lines) >= 3
    assert max(map(len, lines)) <= int(width)
    assert "\x1b" not in told.stdout
    told = CliRunner().invoke(app, (*words, "--json"))
    assert json.loads(told.stdout) == answer[rows]


@pytest.mark.parametrize(("words", "answer", "rows"), LISTS)
def test_a_list_of_nothing_says_so(
    words: tuple[str, ...],
    answer: dict[str, object],
    rows: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ask, "_ask", lambda *_, **__: {**answer, rows: [], "total": 0})
    code, told, err = run(*words)
    assert (code, err, len(told.splitlines())) == (0, "", 1)
    assert json.loads(run(*words, "--json")[1]) == []


def test_what_is_seen_of_a_call(asked: list[tuple[str, str, object]]) -> None:
    told = CliRunner().invoke(app, ("calls",), env={"COLUMNS": "200"}).stdout
    assert "1000 (Eva\ufffd[31m Lang, on hold)" in told
    assert "+4930123 (at carrier, muted)" in told
    assert "4.4 / –" in told
    assert "UserInput config/menu.xml:3" in told


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (("hangup", "1vQHKd3x"), "DELETE", "/v1/calls/1vQHKd3x", None),
        (("hangup", "1vQHK"), "DELETE", "/v1/calls/1vQHKd3x", None),
        (("transfer", "1vQHK", "1002"), "POST", "/v1/calls/1vQHKd3x/transfer", {"target": "1002"}),
        (
            ("transfer", "1vQHKd3x", "--with", "1vQHA", "--leaves", "caller"),
            "POST",
            "/v1/calls/1vQHKd3x/transfer",
            {"target_call": "1vQHAAAA", "transferor": "caller"},
        ),
    ],
)
def test_what_is_done_to_calls(
    words: tuple[str, ...],
    method: str,
    path: str,
    body: object,
    asked: list[tuple[str, str, object]],
) -> None:
    code, _, err = run(*words)
    assert (code, err) == (0, "")
    assert asked == [(method, path, body)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("hangup", "nosuch"), 1, "no call 'nosuch' is up; `softswitch calls` lists those"),
        (("hangup", "1vQ"), 1, "no call '1vQ' is up"),
        (("hangup", "1vQH"), 1, "1vQH begins the ids 1vQHKd3x, 1vQHAAAA, expected more of it"),
        (("transfer", "1vQHKd3x"), 2, "expected a number, or --with another call"),
        (("transfer", "1vQHKd3x", "1", "--with", "1vQHA"), 2, "expected a number, or --with"),
        (
            ("transfer", "1vQHKd3x", "1", "--leaves", "nobody"),
            2,
            "--leaves cannot be 'nobody', expected caller or callee",
        ),
    ],
)
def test_what_cannot_be_done_to_calls(
    words: tuple[str, ...], code: int, said: str, asked: list[tuple[str, str, object]]
) -> None:
    ended, out, err = run(*words)
    assert (ended, out) == (code, "")
    assert err.startswith(said)
    assert asked == []


def test_the_status_tells_what_is_wrong_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "_ask", lambda *_, **__: HEALTH)
    code, told, _ = run("status")
    assert code == 0
    assert told.startswith("softswitch 1.2 is ready, for 1:02:05\n")
    assert "1 (25% of a core, 6 legs)" in told
    wrong = {"what": "trunk carrier is down", "advice": "see its account"}
    line = {
        "at": "2026-11-30T08:15:00Z", "level": "error", "event": "no route", "facts": {},
        "count": 3, "advice": "add one",
    }  # fmt: skip
    monkeypatch.setattr(
        ask, "_ask", lambda *_, **__: {**HEALTH, "problems": [wrong], "recent": [line]}
    )
    code, told, _ = run("status")
    assert code == 1
    assert "wrong: trunk carrier is down\n       see its account\n" in told
    assert "error: no route (3 times)\n       add one\n" in told
    assert json.loads(run("status", "--json")[1])["problems"] == [wrong]


def complete(line: str) -> list[str]:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    told = CliRunner().invoke(
        app, env={"_SOFTSWITCH_COMPLETE": "complete_bash", **words}, prog_name="softswitch"
    )
    return told.stdout.split()


def test_the_shell_completes_calls_that_are_up(asked: list[tuple[str, str, object]]) -> None:
    assert complete("softswitch hangup 1vQ") == ["1vQHKd3x", "1vQHAAAA"]
    assert complete("softswitch transfer 1vQHK") == ["1vQHKd3x"]
    assert complete("softswitch calls 2") == []


def test_the_shell_completes_nothing_where_no_switch_answers() -> None:
    assert complete("softswitch hangup 1 --config /nowhere") == []
    assert complete("softswitch hangup 1") == []


def test_times_are_told_as_people_do() -> None:
    assert [lasting(each) for each in (-1, 5, 65.4, 3725, 200_000)] == [
        "0:00",
        "0:05",
        "1:05",
        "1:02:05",
        "2 days",
    ]
    assert since(None) == ""
    assert since((datetime.now(UTC) - timedelta(days=3)).isoformat()) == "3 days"


@pytest.mark.parametrize(
    ("entries", "is_told"),
    [
        ({"phones": {"added": 1, "changed": 0, "removed": 0}}, True),
        ({"users": {"added": 2, "changed": 0, "removed": 0}}, True),
        ({"phones": {"added": 0, "changed": 1, "removed": 0}}, False),
        ({"trunks": {"added": 1, "changed": 0, "removed": 0}}, False),
        ({}, False),
    ],
)
def test_a_reload_tells_where_new_random_passwords_are(
    entries: dict[str, dict[str, int]],
    is_told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text(f'[storage]\nurl = "sqlite:///{tmp_path}/switch.db"\n')
    monkeypatch.setattr(ask, "_ask", lambda *_, **__: {"entries": entries, "after_restart": []})
    code, told, _ = run("reload", "--config", str(file))
    assert (code, f"are in {tmp_path}/passwords.json)" in told) == (0, is_told)


def test_who_dials_is_asked_for_by_the_name_of_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    targets: list[str] = []

    def answer(
        _config: object, _user: object, _method: str, target: str, *_: object, **__: object
    ) -> dict[str, Any]:
        targets.append(target)
        return {}

    monkeypatch.setattr(ask, "_ask", answer)
    run("route", "1", "--from", "4444", "--json")
    assert targets == ["/v1/route?number=1&from=4444"]
