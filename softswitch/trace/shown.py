"""A trace as readers get it: its lines made readable and masked, a page of them at a time."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.trace.lines import AnyLine, Fact, LineKind, SipMessage
from softswitch.trace.masking import masked
from softswitch.trace.traces import call_id_of

Moment = Annotated[
    str, Meta(description="UTC with microseconds, such as 2026-11-30T23:00:00.123456Z.")
]


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at: Moment
    kind: LineKind
    party: Annotated[str, Meta(description="The number that it concerns; empty for the whole.")]
    direction: Annotated[
        str, Meta(description="in for what came, out for what was sent, or empty.")
    ]
    what: Annotated[str, Meta(description="What happened: of a SIP message its first line.")]
    facts: Annotated[Mapping[str, Fact], Meta(description="Who, whom, how long, and why.")]
    text: Annotated[str, Meta(description="The whole SIP message, its secrets as asterisks.")] = ""


class TraceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the trace of a call, a message or an alarm."""

    call_id: Annotated[str, Meta(description="The id of the call, message or alarm.")]
    began: Moment
    ended: Annotated[Moment | None, Meta(description="Null while it goes on.")]
    truncated: Annotated[int, Meta(description="Lines that were lost, as there was no room.")]
    total: Annotated[int, Meta(description="Lines on all pages.")]
    offset: Annotated[int, Meta(description="How many lines stand before the first of these.")]
    lines: list[ShownLine]


def moment(at: float) -> str:
    """A Unix time as readers get it."""
    shown = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return shown.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def show_lines(lines: Iterable[AnyLine], parties: Mapping[str, str]) -> list[ShownLine]:
    """Lines as readers get them; `parties` say whose dialogs have which Call-IDs."""
    return [show_line(line, parties) for line in lines]


def show_line(line: AnyLine, parties: Mapping[str, str]) -> ShownLine:
    """One line."""
    if isinstance(line, SipMessage):
        return _show_message(line, parties)
    return ShownLine(
        at=moment(line.at),
        kind=LineKind(line.kind),
        party=line.party,
        direction=line.direction,
        what=line.what,
        facts=line.facts,
    )


def _show_message(message: SipMessage, parties: Mapping[str, str]) -> ShownLine:
    octets = masked(message.octets)
    text = octets.decode("utf-8", "backslashreplace")
    sip_call_id = call_id_of(octets).decode("utf-8", "surrogateescape")
    flow = message.flow
    return ShownLine(
        at=moment(message.at),
        kind=LineKind.SIP,
        party=parties.get(sip_call_id, ""),
        direction="out" if message.is_sent else "in",
        what=first_line(text),
        facts={
            "transport": flow.transport,
            "local": _address(flow.local),
            "remote": _address(flow.remote),
            "octets": len(message.octets),
        },
        text=text,
    )


def first_line(text: str) -> str:
    """The first line of a SIP message, without the version."""
    start = text.partition("\r\n")[0]
    return start.removeprefix("SIP/2.0 ").removesuffix(" SIP/2.0")


def _address(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
