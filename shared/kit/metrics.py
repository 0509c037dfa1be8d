"""What Prometheus reads at ``/metrics``; labels are route templates and names, never ids."""

import asyncio
import time
from collections import deque
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

SAMPLE_SECONDS, SAMPLES_KEPT = 0.25, 60
_ROUTE = ("method", "route")
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
render = partial(generate_latest, REGISTRY)
"""The page Prometheus scrapes, in its text format."""


def _counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(name, help, labels, registry=REGISTRY)


def _gauge(name: str, help: str, *labels: str) -> Gauge:
    return Gauge(name, help, labels, registry=REGISTRY)


http_requests_total = _counter("http_requests_total", "Answers.", "method", "route", "status")
http_request_seconds = Histogram(
    "http_request_seconds", "Time to answer.", _ROUTE, registry=REGISTRY, buckets=_BUCKETS
)
outbox_unsent = _gauge("outbox_unsent", "Events told and not yet sent.")
outbox_oldest_seconds = _gauge("outbox_oldest_seconds", "Age of the oldest unsent event.")
consumer_lag = _gauge("consumer_lag", "Records not yet read.", "topic", "partition")
dead_events = _gauge("dead_events", "Events parked until redelivered.", "handler")
timers_overdue = _gauge("timers_overdue", "Timers due and not yet run.")
loop_lag_seconds = _gauge("loop_lag_seconds", "Worst delay of the event loop of late.")
db_pool_in_use = _gauge("db_pool_in_use", "Database connections in use.")
peer_calls_total = _counter("peer_calls_total", "Calls to other services.", "peer", "outcome")
events_handled_total = _counter("events_handled_total", "Events heard.", "handler", "outcome")


async def watch_loop_lag() -> None:
    """Measure how late the event loop wakes us, until cancelled; the worst of 15 s is shown."""
    samples: deque[float] = deque(maxlen=SAMPLES_KEPT)
    while True:
        asked_at = time.monotonic()
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append(max(0.0, time.monotonic() - asked_at - SAMPLE_SECONDS))
        loop_lag_seconds.set(max(samples))
