"""Metrics: how many requests there were, and how long they took, over all worker processes."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""The upper bounds of the latency histogram's buckets."""

NO_ROUTE = "(none)"
"""The route of a request that found none; a label for each path would be one for each typo."""

_values: Any = values
_Collector: Any = MultiProcessCollector


class Metrics:
    """What one process has seen; if `shared`, what all have that share PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, *, shared: bool) -> None:
        # The library looks for the folder when it is imported, which is before `serve` makes it.
        _values.ValueClass = _values.get_value_class()
        self._shared = shared
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "todo_api_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "todo_api_request_seconds",
            "Seconds from the head of a request to the head of its answer.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self._registry,
        )

    def saw(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request that was answered with `status` after `seconds`."""
        route = route or NO_ROUTE
        method = method if route != NO_ROUTE else "(any)"
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Return all that was counted, in Prometheus' text format 0.0.4."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            _Collector(registry)
        return generate_latest(registry)
