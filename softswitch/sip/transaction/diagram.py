"""The figures drawn from their tables, as Mermaid diagrams and as tables in Markdown.

RFC 3261 Figures 5 to 8, as RFC 6026 replaces them. `python -m softswitch.calls.endings.diagram`
prints them, below the states of a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from softswitch.sip.transaction.client import FIGURE_6
from softswitch.sip.transaction.invite_client import FIGURE_5
from softswitch.sip.transaction.invite_server import FIGURE_7
from softswitch.sip.transaction.machine import M, State, Table
from softswitch.sip.transaction.server import FIGURE_8
from softswitch.sip.transaction.timers import Timer


class Arrow(NamedTuple):
    """One row of a table of states."""

    state: str
    event: str
    next: str
    actions: str = ""


def chapter(title: str, first: str, arrows: Iterable[Arrow]) -> str:
    """Draw a table of states below a heading; `first` is the state that all begin with."""
    arrows = list(arrows)
    return f"## {title}\n\n```mermaid\n{_diagram(first, arrows)}```\n\n{_table(arrows)}\n"


def _diagram(first: str, arrows: list[Arrow]) -> str:
    """Mermaid text: one line for all events that lead from one state to another."""
    events: dict[tuple[str, str], list[str]] = {}
    for arrow in arrows:
        events.setdefault((arrow.state, arrow.next), []).append(arrow.event)
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {a} --> {b}: {'<br/>'.join(names)}" for (a, b), names in events.items()]
    left = {arrow.state for arrow in arrows}
    final = dict.fromkeys(arrow.next for arrow in arrows if arrow.next not in left)
    lines += [f"    {state} --> [*]" for state in final]
    return "".join(f"{line}\n" for line in lines)


def _table(arrows: list[Arrow]) -> str:
    """Markdown; without a column for actions where there are none."""
    columns = 4 if any(arrow.actions for arrow in arrows) else 3
    head = Arrow("state", "event", "next state", "actions")
    rows = [head, Arrow(*["---"] * 4), *arrows]
    return "".join(f"| {' | '.join(row[:columns])} |\n" for row in rows)


def figure(table: Table[M]) -> Iterator[Arrow]:
    """The rows of a figure, in its order."""
    for state, rows in table.items():
        for event, row in rows.items():
            name = f"Timer {event}" if event in Timer.__members__ else str(event)
            actions = (action.__name__.replace("_", " ") for action in row.actions)
            yield Arrow(state, name, row.state, ", ".join(actions))


def figures() -> str:
    """All four, a chapter each."""
    return "\n".join(
        (
            chapter("The INVITE client transaction (Figure 5)", State.START, figure(FIGURE_5)),
            chapter("The client transaction (Figure 6)", State.START, figure(FIGURE_6)),
            chapter("The INVITE server transaction (Figure 7)", State.START, figure(FIGURE_7)),
            chapter("The server transaction (Figure 8)", State.START, figure(FIGURE_8)),
        )
    )
