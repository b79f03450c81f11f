"""The drawn figures: what a drawing looks like, and that the page in `docs/` is up to date."""

from __future__ import annotations

from pathlib import Path

from softswitch.calls.endings.diagram import document
from softswitch.sip.transaction.diagram import Arrow, chapter, figure
from softswitch.sip.transaction.server import FIGURE_8

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "states.md").read_text() == document(), (
        "python -m softswitch.calls.endings.diagram > docs/states.md"
    )


def test_a_drawing() -> None:
    arrows = [Arrow("On", "press", "Off"), Arrow("On", "pull", "Off"), Arrow("On", "wait", "On")]
    assert chapter("A lamp", "On", arrows) == (
        "## A lamp\n\n```mermaid\nstateDiagram-v2\n    [*] --> On\n"
        "    On --> Off: press<br/>pull\n    On --> On: wait\n    Off --> [*]\n```\n\n"
        "| state | event | next state |\n| --- | --- | --- |\n| On | press | Off |\n"
        "| On | pull | Off |\n| On | wait | On |\n\n"
    )


def test_a_row_of_a_figure() -> None:
    arrow = Arrow("TRYING", "send 2xx", "COMPLETED", "send, release, start J")
    assert arrow in list(figure(FIGURE_8))
