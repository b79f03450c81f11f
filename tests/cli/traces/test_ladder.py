"""Ladders, as a terminal shows them."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.cli.traces.ladder import ladder
from softswitch.cli.traces.trace import followed


def sip(party: str, direction: str, what: str) -> dict[str, Any]:
    facts = {"remote": "192.0.2.1:5060"}
    return {
        "at": "2026-11-30T23:00:00.123456Z",
        "kind": "sip",
        "party": party,
        "direction": direction,
        "what": what,
        "facts": facts,
        "text": "",
    }


def note(kind: str, what: str, party: str = "", **facts: object) -> dict[str, Any]:
    line = sip(party, "", what)
    return {**line, "kind": kind, "facts": facts}


CALL = [
    sip("1000", "in", "INVITE sip:1001@pbx"),
    note("note", "call", "1000", caller="1000", dialled="1001"),
    sip("1001", "out", "INVITE sip:1001@192.0.2.2"),
    sip("1001", "in", "200 OK"),
    sip("1000", "out", "200 OK"),
    note("sound", "play ended", "1000", file="a b.wav", milliseconds=400),
]


def test_messages_are_arrows_in_the_direction_in_which_they_went() -> None:
    head, invite, call, out, answer, to_caller, sound = ladder(CALL, 80)
    assert head.split() == ["1000", "switch", "1001"]
    middle = head.index("switch") + 3
    assert 0 < invite.index("INVITE") < invite.index("▶") < middle < invite.rindex("│")
    assert out.index("│") < middle <= out.index("INVITE") - 3 < out.index("▶")
    assert middle <= answer.index("◀") < answer.index("200 OK")
    assert to_caller.index("◀") < to_caller.index("200 OK") < middle
    assert call.endswith("- 1000 call caller=1000 dialled=1001")
    assert sound.endswith('~ 1000 play ended file="a b.wav" milliseconds=400')


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("parties", [0, 1, 2, 3, 9])
def test_no_line_is_wider_than_the_terminal(width: int, parties: int) -> None:
    lines = [sip(f"{number}" * 30, "out", "X" * 300) for number in range(parties)]
    lines += [sip("", "in", "OPTIONS sip:a"), note("script", "Play", text="y" * 500)]
    drawn = list(ladder(lines, width))
    assert len(drawn) == len(lines) + 1
    assert max(map(len, drawn)) <= max(width, 60)


def test_nothing_steers_the_terminal() -> None:
    lines = [sip("\x1b[2J", "in", "INV\x1b[31mITE x"), note("note", "\x07", fact="\x1b]0;a\x07")]
    for drawn in (*ladder(lines, 80), *(followed({**line, "call_id": "\x1b"}) for line in lines)):
        assert drawn.isprintable()


def test_lines_of_all_calls_name_their_call() -> None:
    shown = [followed({**line, "call_id": "C1"}).partition(" ")[2] for line in CALL]
    assert shown[0] == "[C1] switch ◀ 1000 INVITE"
    assert shown[2] == "[C1] switch ▶ 1001 INVITE"
    assert shown[3] == "[C1] switch ◀ 1001 200 OK"
    assert shown[1] == "[C1] - 1000 call caller=1000 dialled=1001"
