"""`GET /metrics`: figures for Prometheus, read from plain counters when somebody asks.

Nothing is measured twice: the parts count what they do in integers of their own, and a scrape reads
them. So the figures cost nothing while nobody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Distribution(NamedTuple):
    """The value of a histogram."""

    bounds: Sequence[float]
    "The upper bounds of the classes, ascending; what is beyond has a class more."
    counts: Sequence[int]
    "How many are in each class, one more than there are bounds."
    total: float
    "The sum of all values."


class Metric(NamedTuple):
    """One metric: what it is, and where its value comes from."""

    name: str
    "Without the prefix `softswitch_`; a name that ends in `_total` is a counter."
    text: str
    "What the scraper's human reads."
    read: Callable[[], float | Mapping[str, float] | Distribution]
    "The value, one value for each value of the label, or a histogram."
    label: str | None = None
    "The name of the label, where `read` returns several values."


class _Metrics(Collector):
    """Reads all figures at a scrape."""

    def __init__(self, figures: Iterable[Metric]) -> None:
        self._figures = tuple(figures)

    def describe(self) -> Iterable[MetricFamily]:
        """Nothing: the registry need not read the figures before they exist."""
        return ()

    def collect(self) -> Iterable[MetricFamily]:
        """Read every figure."""
        for figure in self._figures:
            yield _family(figure)


def _family(figure: Metric) -> MetricFamily:
    value = figure.read()
    if isinstance(value, Distribution):
        return _histogram(figure, value)
    labels = [figure.label] if figure.label else []
    is_counter = figure.name.endswith("_total")
    kind = CounterMetricFamily if is_counter else GaugeMetricFamily
    family = kind(f"softswitch_{figure.name.removesuffix('_total')}", figure.text, labels=labels)
    if isinstance(value, Mapping):
        for name, number in value.items():
            family.add_metric([name], number)
    else:
        family.add_metric([], value)
    return family


def _histogram(figure: Metric, value: Distribution) -> MetricFamily:
    family = HistogramMetricFamily(f"softswitch_{figure.name}", figure.text)
    bounds = [*map(floatToGoString, value.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(value.counts), strict=True))
    family.add_metric([], buckets, value.total)
    return family


def metrics_routes(figures: Iterable[Metric]) -> list[web.RouteDef]:
    """Serve the figures, beside those of the process (CPU, memory, open files)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Metrics(figures))

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return [web.get("/metrics", metrics)]
