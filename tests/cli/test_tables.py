"""Tables fit the terminal, and leave out what matters less."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from softswitch.cli.asking import ask
from softswitch.cli.main import app
from softswitch.cli.tables import TableColumn, print_table, printable

COLUMNS = (
    TableColumn("id"),
    TableColumn("name", folds=True),
    TableColumn("why", leaves=1),
    TableColumn("rarely", leaves=2),
)
ROWS = [("1vQHKd3x", "Eva Lang", "no answer", "x" * 20), ("2", "[bold]Ben\x1b[31m", "busy", "")]


def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: str
) -> list[str]:
    monkeypatch.setenv("COLUMNS", width)
    print_table(COLUMNS, ROWS)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        ("", "id name why rarely"),  # for a file or a pipe
        ("80", "id name why rarely"),
        ("50", "id name why"),
        ("32", "id name"),
        ("24", "id name"),
    ],
)
def test_columns_by_width(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    width: str,
    titles: str,
) -> None:
    lines = printed(monkeypatch, capsys, width)
    assert lines[0].split() == titles.split()
    assert all(len(line) <= int(width or "80") for line in lines)
    assert "1vQHKd3x" in lines[2]
    if not width:
        assert len(lines) == 4, "a row a line"


def test_nothing_that_callers_choose_steers_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join(printed(monkeypatch, capsys, "80"))
    assert "\x1b" not in text
    assert "[bold]Ben" in text
    assert printable("a\x1bb\nc") == "a\ufffdb\ufffdc"


CALL = {
    "id": "1vQHKd3x",
    "started_at": "2026-11-30T08:15:00.123456Z",
    "answered_at": "2026-11-30T08:15:05Z",
    "caller": "+4930123456789",
    "dialed": "+493098765432",
    "destination": "carrier of the second floor",
    "outcome": "answered",
    "talk_seconds": 95.2,
}
ENTRY = {
    "name": "1100-1199",
    "fixed": False,
    "entry": {"range": "1100-1199", "members": ["1000", "1001"], "ring_time": 20},
    "changed_by": "admin",
    "changed_at": "2026-11-30T08:15:00Z",
}
BAN = {
    "service": "PROVISIONING",
    "source": "2001:db8:1234:5678::/64",
    "account": "1000",
    "seconds": 300,
    "until": "2026-11-30T08:15:00Z",
    "dropped": 12,
}
MESSAGE = {
    "create_date": "2026-11-30 08:15:00",
    "from_address": "ben.the.long@example.org",
    "to_address": "eva.the.long@example.org",
    "status": "SENT",
    "text": "hello " * 40,
    "error": "",
}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("history",), {"calls": [CALL, {**CALL, "answered_at": None, "outcome": ""}]}),
        (("bans",), {"bans": [BAN]}),
        (("bans", "list"), {"bans": [BAN]}),
        (("extensions", "list"), {"entries": [ENTRY], "total": 1}),
        (("messages", "list"), {"messages": [MESSAGE]}),
    ],
)
def test_every_listing_fits_80_columns(
    words: tuple[str, ...], answer: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_ask", lambda *_, **__: {**answer, "data": answer})
    result = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) >= 3
    if words == ("history",):
        assert lines[2].split()[-1] == "1vQHKd3x"
        assert "1:35" in lines[2]
        assert "lasts" in lines[-1]
