"""`GET /metrics`: the metrics of all parts, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

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

from softswitch.commands.base.codes import Code, CommandError
from softswitch.guard.rights import NotAllowed, Right
from softswitch.http.users import Users, challenge
from softswitch.telemetry.metrics import Distribution, Metric

PREFIX = "softswitch_"
"What all names begin with."


def metrics_routes(metrics: Iterable[Metric], users: Users | None = None) -> list[web.RouteDef]:
    """Serve the metrics, beside those of the process (CPU, memory, open files).

    To everybody, or to those of the `users` who may see what there is.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_MetricsCollector(metrics))

    async def scrape(request: web.Request) -> web.Response:
        if users is not None and (refusal := _refusal(request, users)) is not None:
            return refusal
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return [web.get("/metrics", scrape)]


def _refusal(request: web.Request, users: Users) -> web.Response | None:
    """What is answered to who may not see them; None for who may."""
    try:
        users.of_request(request, {}).require(Right.SEE)
    except NotAllowed as error:
        return web.Response(status=403, text=str(error))
    except CommandError as error:
        if error.code is Code.FORBIDDEN_ADDRESS:
            return web.Response(status=403, text=error.message)
        return web.Response(status=401, text=error.message, headers=challenge(request))
    return None


class _MetricsCollector(Collector):
    """Reads all metrics at a scrape."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def describe(self) -> Iterable[MetricFamily]:
        """Nothing: the registry need not read the metrics when it is made."""
        return ()

    def collect(self) -> Iterable[MetricFamily]:
        """Read every metric."""
        return map(_family, self._metrics)


def _family(metric: Metric) -> MetricFamily:
    value = metric.read()
    if isinstance(value, Distribution):
        return _histogram(metric, value)
    labels = [metric.label] if metric.label else []
    is_counter = metric.name.endswith("_total")
    kind = CounterMetricFamily if is_counter else GaugeMetricFamily
    family = kind(f"{PREFIX}{metric.name.removesuffix('_total')}", metric.text, labels=labels)
    if isinstance(value, Mapping):
        for name, number in value.items():
            family.add_metric([name], number)
    else:
        family.add_metric([], value)
    return family


def _histogram(metric: Metric, value: Distribution) -> MetricFamily:
    family = HistogramMetricFamily(f"{PREFIX}{metric.name}", metric.text)
    bounds = [*map(floatToGoString, value.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(value.counts), strict=True))
    family.add_metric([], buckets, value.total)
    return family
