"""The board for Grafana and the alerts for Prometheus name metrics and labels that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from softswitch.app.application import Application
from softswitch.settings.passwords import collect
from tests.app.test_application import get, settings
from tests.app.test_metrics import METRICS

FOLDER = Path(__file__).parents[2] / "config/monitoring"
BOARD = json.loads((FOLDER / "grafana.json").read_text())
RULES = re.findall(r"expr: (.+)", (FOLDER / "alerts.yml").read_text())
LABELS = {f"softswitch_{name}": label for name, _, label in METRICS}
OF_PROMETHEUS = {"le", "job", "instance"}
NAME = re.compile(r"\b(?:softswitch|process)_[a-z_]+")


def board_expressions() -> Iterator[str]:
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


EXPRESSIONS = [*board_expressions(), *RULES]


def metric_of(name: str) -> str:
    """The metric of a series: a histogram has several."""
    return re.sub(r"_(bucket|count|sum)$", "", name)


async def test_every_metric_of_board_and_alerts_is_served(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    application = await Application.start(wanted, collect(wanted))
    try:
        _, text = await get(application, "/metrics")
    finally:
        await application.stop()
    served = set(re.findall(r"(?m)^# TYPE (\S+)", text))
    variables = [each["query"]["query"] for each in BOARD["templating"]["list"][1:]]
    named = {metric_of(name) for each in (*EXPRESSIONS, *variables) for name in NAME.findall(each)}
    assert named - served == set()
    assert len(named) > 50


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_counters_are_shown_as_rates_and_labels_are_those_of_the_metric(expression: str) -> None:
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")
    names = NAME.findall(expression)
    assert names or expression.startswith("up{")
    for name in names:
        if name.endswith(("_total", "_bucket")):
            assert re.search(rf"(rate|increase)\({name}", expression), name
    for labels in re.findall(r"by \(([a-z_, ]+)\)", expression):
        for label in set(re.split(", *", labels)) - OF_PROMETHEUS:
            assert [LABELS[metric_of(name)] for name in names] == [label]


def test_legends_name_labels_of_their_metric() -> None:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            (name, *_) = NAME.findall(target["expr"])
            shown = re.findall(r"{{(\w+)}}", target["legendFormat"])
            assert shown in ([], [LABELS.get(name)]), panel["title"]
            if LABELS.get(name) and "sum(" not in target["expr"] and panel["type"] != "stat":
                assert shown or re.search(r"(sum|min|count)", target["expr"]), panel["title"]


def test_panels_neither_overlap_nor_leave_the_board() -> None:
    taken: set[tuple[int, int]] = set()
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
