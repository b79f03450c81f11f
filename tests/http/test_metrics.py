"""Metrics as Prometheus reads them."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.metrics import metrics_routes
from softswitch.telemetry.metrics import Distribution, Metric


async def test_counters_gauges_labels_and_histograms() -> None:
    metrics = [
        Metric("plain_total", "A counter", lambda: 3),
        Metric("each", "A gauge", lambda: {"a": 1, "b": 2}, "name"),
        Metric("score", "A histogram", lambda: Distribution((1.5, 4.0), [1, 0, 2], 9.5)),
    ]
    app = web.Application()
    app.add_routes(metrics_routes(metrics))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        text = await (await client.get("/metrics")).text()
    lines = [line for line in text.splitlines() if line.startswith("softswitch_")]
    assert lines == [
        "softswitch_plain_total 3.0",
        'softswitch_each{name="a"} 1.0',
        'softswitch_each{name="b"} 2.0',
        'softswitch_score_bucket{le="1.5"} 1.0',
        'softswitch_score_bucket{le="4.0"} 1.0',
        'softswitch_score_bucket{le="+Inf"} 3.0',
        "softswitch_score_count 3.0",
        "softswitch_score_sum 9.5",
    ]
