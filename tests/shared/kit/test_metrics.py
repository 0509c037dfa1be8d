"""The metrics page, and the watch over the event loop."""

import asyncio
import contextlib
import time

from shared.kit import metrics


def test_the_page_shows_every_metric_by_its_name() -> None:
    metrics.http_requests_total.labels("GET", "/orders/{order_id}", "200").inc()
    metrics.http_request_seconds.labels("GET", "/orders/{order_id}").observe(0.01)
    metrics.consumer_lag.labels("jajaya.order", "0").set(3)
    metrics.dead_events.labels("keep_order").set(1)
    metrics.peer_calls_total.labels("order", "ok").inc()
    metrics.events_handled_total.labels("keep_order", "done").inc()
    page = metrics.render().decode()
    for name in (
        'http_requests_total{method="GET",route="/orders/{order_id}",status="200"}',
        'http_request_seconds_bucket{le="0.01",method="GET",route="/orders/{order_id}"}',
        "outbox_unsent",
        "outbox_oldest_seconds",
        'consumer_lag{partition="0",topic="jajaya.order"} 3.0',
        'dead_events{handler="keep_order"} 1.0',
        "timers_overdue",
        "loop_lag_seconds",
        "db_pool_in_use",
        'peer_calls_total{outcome="ok",peer="order"}',
        'events_handled_total{handler="keep_order",outcome="done"}',
    ):
        assert name in page


async def test_a_blocked_loop_shows_as_lag() -> None:
    watch = asyncio.create_task(metrics.watch_loop_lag())
    await asyncio.sleep(0.1)
    time.sleep(0.4)  # noqa: ASYNC251 - This is the fault that the watch must see.
    await asyncio.sleep(0.1)
    lag = metrics.REGISTRY.get_sample_value("loop_lag_seconds")
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    assert lag is not None
    assert lag > 0.1
