"""Ten equal calls of one service by another, at once: the ids in them make them one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conventions.test_routes import cases, is_internal, methods_of
from tests.races.stands import Stands, counts, more_rows, stands
from tests.services.order.works import others
from tests.services.promotion import given as at_promotion
from tests.services.worker import given as at_worker
from tests.support.service import Running, as_json

EQUAL = 10
READS = {("promotion", "/internal/benefits/quote")}  # A POST only because of its long question.
ROUTES = sorted(
    (service, route.path)
    for service, route in cases()
    if is_internal(route) and "POST" in methods_of(route)
)


@dataclass(frozen=True)
class Call:
    """What a sister service asks for somebody."""

    path: str
    by: str
    caller: Caller
    body: dict[str, Any]


@pytest.fixture(scope="module")
async def all_six() -> AsyncIterator[Stands]:
    async with stands("equal-calls") as opened:
        yield opened


async def _assignment(stands: Stands) -> Call:
    shop = others(await stands.order()).shop
    order, worker = await shop.paid(), new_id()
    visit = order["visits"][0]["id"]
    body = {"offer_id": str(new_id()), "worker_id": str(worker), "visit_id": visit, "position": 1}
    path = f"/internal/orders/{order['id']}/assign"
    return Call(path, "dispatch", Caller(worker, Role.WORKER), body)


async def _booking(stands: Stands) -> Call:
    run = await stands.worker()
    worker = await at_worker.approved(run)
    body = at_worker.job(worker, at_worker.tomorrow(run))
    return Call("/internal/bookings", "dispatch", Caller(worker, Role.WORKER), body)


async def _booking_taken_back(stands: Stands) -> Call:
    run, booking = await stands.worker(), await _booking(stands)
    as_json(await at_worker.book(run, booking.body))
    path = f"/internal/bookings/{booking.body['offer_id']}/release"
    body = {name: booking.body[name] for name in ("worker_id", "order_id")}
    return Call(path, "dispatch", booking.caller, body)


async def _lock(stands: Stands) -> Call:
    run, user = await stands.promotion(), new_id()
    code = await at_promotion.campaign(run, f"call-{new_id().hex[-8:]}")
    coupon = await at_promotion.claimed(run, user, code)
    body = at_promotion.basket(order_id=str(new_id()), coupon_ids=[str(coupon)])
    return Call("/internal/benefits/lock", "order", Caller(user, Role.USER), body)


async def _lock_taken_back(stands: Stands) -> Call:
    run, lock = await stands.promotion(), await _lock(stands)
    order, [coupon] = UUID(lock.body["order_id"]), lock.body["coupon_ids"]
    as_json(await at_promotion.lock(run, lock.caller.id, order, UUID(coupon)))
    body = {"order_id": str(order)}
    return Call("/internal/benefits/release", "order", lock.caller, body)


EXAMPLES: dict[tuple[str, str], Callable[[Stands], Awaitable[Call]]] = {
    ("order", "/internal/orders/{order_id}/assign"): _assignment,
    ("worker", "/internal/bookings"): _booking,
    ("worker", "/internal/bookings/{offer_id}/release"): _booking_taken_back,
    ("promotion", "/internal/benefits/lock"): _lock,
    ("promotion", "/internal/benefits/release"): _lock_taken_back,
}


def test_every_internal_post_has_its_example() -> None:
    assert set(EXAMPLES) | READS == set(ROUTES)


@pytest.mark.parametrize(("service", "route"), EXAMPLES, ids=lambda part: part)
async def test_ten_equal_calls_do_once_what_one_does(
    all_six: Stands, service: str, route: str
) -> None:
    run = await all_six.running(service)
    alone, crowd = [await EXAMPLES[service, route](all_six) for _ in range(2)]
    before = await counts(run)
    as_json(await _ask(run, alone))
    of_one = more_rows(before, await counts(run))

    before = await counts(run)
    answers = await asyncio.gather(*(_ask(run, crowd) for _ in range(EQUAL)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert more_rows(before, await counts(run)) == of_one != {}


async def _ask(run: Running, call: Call) -> httpx.Response:
    headers = run.internal(call.caller, call.by)
    return await run.http.post(call.path, json=call.body, headers=headers)
