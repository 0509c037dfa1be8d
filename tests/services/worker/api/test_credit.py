"""A worker's credit over HTTP."""

from shared.contracts.ids import OrderId, VisitId
from shared.contracts.order import OrderReleased, OrderReviewed
from shared.kit.ids import new_id
from tests.services.worker.given import about, approved, crew_of, get
from tests.support.service import Running


async def test_a_new_worker_has_the_score_of_the_priors(run: Running) -> None:
    worker = await approved(run)
    seen = await get(run, worker, "credit")
    assert seen == {
        "credit": 89.75,
        "jobs_done": 0,
        "orders_counted": 0,
        "terms": {"completion": 0.95, "rating": 4.6, "complaints": 0.02, "on_time": 0.9},
        "events": [],
        "next_cursor": None,
    }


async def test_every_movement_names_cause_and_order(run: Running) -> None:
    worker = await approved(run)
    order, visit = OrderId(new_id()), VisitId(new_id())
    breach = {"visit_id": visit, "positions": [1], "workers": [worker], "offers": []}
    await run.tell(OrderReleased(**about(order), **breach, reason="worker", breach=True))
    crew = crew_of(visit, worker)
    await run.tell(OrderReviewed(**about(order, crew), rating=2, scores={}))

    seen = await get(run, worker, "credit", limit=1)
    [latest] = seen["events"]
    assert (latest["cause"], latest["value"], latest["order_id"]) == ("rated", 2, str(order))
    assert latest["after"] == seen["credit"]
    older = await get(run, worker, "credit", cursor=seen["next_cursor"])
    [first] = older["events"]
    assert (first["cause"], first["before"], first["after"]) == (
        "breached",
        89.75,
        latest["before"],
    )
    assert seen["orders_counted"] == 1
