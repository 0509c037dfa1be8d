"""One example of each idempotent route: who asks what of which thing, made ready for it.

A route without an example here fails ``test_equal_posts``.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from services.order.domain.order import OrderMove
from shared.contracts.worker import Skill
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.races.stands import Stands
from tests.services.order.api.test_unbuilt import DOORS, STAFF_DOOR
from tests.services.order.works import THERE, Works, others, picture
from tests.services.payment.api.test_staff_commission import GOOD as RULE
from tests.services.promotion.given import campaign
from tests.services.user.people import ADDRESS, log_in_by_wechat
from tests.services.worker.given import GRANT, application, applied, approved, decide, post
from tests.support.service import as_json

STAFF = new_id()
_numbers = count(1)


@dataclass(frozen=True)
class Post:
    """One POST that may be made, and a body that says something else."""

    path: str
    account: UUID
    role: Role
    body: Any = None
    other: Any = None
    photo: bytes | None = None
    is_built: bool = True  # Else it answers 409 move-not-built, as often as it is sent.


Example = Callable[[Stands], Awaitable[Post]]
EXAMPLES: dict[tuple[str, str], Example] = {}


def example(service: str, route: str) -> Callable[[Example], Example]:
    """Register the example of a route."""

    def register(make: Example) -> Example:
        EXAMPLES[service, route] = make
        return make

    return register


def because(reason: str = "seen in person") -> dict[str, str]:
    return {"reason": reason}


@example("user", "/me/addresses")
async def an_address(stands: Stands) -> Post:
    ming = await log_in_by_wechat(await stands.user(), f"equal-{new_id()}")
    changed = ADDRESS | {"label": "elsewhere"}
    return Post("/me/addresses", ming.account_id, Role.USER, ADDRESS, changed)


async def _works(stands: Stands) -> Works:
    """A user and a crew that no other example has."""
    return others(await stands.order())


@example("order", "/orders")
async def a_placing(stands: Stands) -> Post:
    shop = (await _works(stands)).shop
    first, second = [await shop.quote() for _ in range(2)]
    one, other = [{"quote_id": each["quote_id"], "hash": each["hash"]} for each in (first, second)]
    return Post("/orders", shop.user, Role.USER, one, other)


@example("order", "/staff/order/orders")
async def a_placing_by_staff(stands: Stands) -> Post:
    shop = (await _works(stands)).shop
    quote = await shop.quote()
    body = {"user_id": str(shop.user), "quote_id": quote["quote_id"], "hash": quote["hash"]}
    one, other = [body | because(reason) for reason in ("on the phone", "cannot use the app")]
    return Post("/staff/order/orders", STAFF, Role.STAFF, one, other)


@example("order", "/orders/{order_id}/cancel")
async def a_cancel(stands: Stands) -> Post:
    shop = (await _works(stands)).shop
    order = await shop.placed()
    path = f"/orders/{order['id']}/cancel"
    return Post(path, shop.user, Role.USER, because("changed my mind"), because("too dear"))


@example("order", "/staff/order/orders/{order_id}/cancel")
async def a_cancel_by_staff(stands: Stands) -> Post:
    order = await (await _works(stands)).shop.placed()
    path = f"/staff/order/orders/{order['id']}/cancel"
    return Post(path, STAFF, Role.STAFF, because("asked by phone"), because("asked by mail"))


@example("order", "/orders/{order_id}/accept")
async def an_acceptance(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.completed()
    return Post(f"/orders/{order['id']}/accept", works.shop.user, Role.USER)


@example("order", "/orders/{order_id}/review")
async def a_review(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.accepted()
    path = f"/orders/{order['id']}/review"
    return Post(path, works.shop.user, Role.USER, {"rating": 5}, {"rating": 4})


@example("order", "/jobs/{order_id}/depart")
async def a_departure(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.assigned()
    return Post(f"/jobs/{order['id']}/depart", works.lead, Role.WORKER)


@example("order", "/jobs/{order_id}/arrive")
async def an_arrival(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.departed()
    other = THERE | {"accuracy_m": 30}
    return Post(f"/jobs/{order['id']}/arrive", works.lead, Role.WORKER, THERE, other)


@example("order", "/jobs/{order_id}/check-in")
async def a_check_in(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.departed()
    other = THERE | {"accuracy_m": 30}
    return Post(f"/jobs/{order['id']}/check-in", works.mate, Role.WORKER, THERE, other)


@example("order", "/jobs/{order_id}/start")
async def a_start(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.arrived()
    return Post(f"/jobs/{order['id']}/start", works.lead, Role.WORKER, {}, {"answers": {}})


@example("order", "/jobs/{order_id}/evidence")
async def a_photo(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.started()
    path, stages = f"/jobs/{order['id']}/evidence", ({"stage": "after"}, {"stage": "during"})
    return Post(path, works.lead, Role.WORKER, *stages, photo=picture())


@example("order", "/jobs/{order_id}/complete")
async def a_completion(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.started()
    as_json(await works.send(order))
    return Post(f"/jobs/{order['id']}/complete", works.lead, Role.WORKER, {}, {"answers": {}})


@example("order", "/jobs/{order_id}/cancel")
async def a_worker_who_leaves(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.assigned()
    path = f"/jobs/{order['id']}/cancel"
    return Post(path, works.lead, Role.WORKER, because("ill"), because("the truck"))


@example("order", "/staff/order/orders/{order_id}/start-code")
async def a_start_code(stands: Stands) -> Post:
    order = await (await _works(stands)).departed()
    path = f"/staff/order/orders/{order['id']}/start-code"
    return Post(path, STAFF, Role.STAFF, because(), because("on the phone"))


@example("order", "/orders/{order_id}/after-sales")
async def a_case(stands: Stands) -> Post:
    works = await _works(stands)
    order = await works.assigned()
    path = f"/orders/{order['id']}/after-sales"
    return Post(path, works.shop.user, Role.USER, is_built=False)


def _unbuilt(move: OrderMove, role: Role, door: str) -> Example:
    """An order where the move would be legal: set past the table, as only a test may."""

    async def make(stands: Stands) -> Post:
        works = await _works(stands)
        order = await works.assigned()
        state = min(move.sources, default="assigned")
        async with works.running.begin() as tx:
            sql = "UPDATE orders SET state = $2 WHERE id = $1"
            await tx.run(sql, UUID(order["id"]), str(state))
        who = {Role.USER: works.shop.user, Role.WORKER: works.lead, Role.STAFF: STAFF}[role]
        return Post(door.format(id=order["id"]), who, role, is_built=False)

    return make


def _template(door: str) -> str:
    """The path of a door as the route declares it."""
    named = re.sub(r"(quotations|variations)/1", r"\1/{version}", door)
    return named.replace("milestones/1", "milestones/{number}").replace("{id}", "{order_id}")


for move, (role, door) in DOORS.items():
    EXAMPLES["order", _template(door)] = _unbuilt(move, role, door)
_staff_door = STAFF_DOOR + OrderMove.WEATHER_SUSPEND.label
_staff_move = _unbuilt(OrderMove.WEATHER_SUSPEND, Role.STAFF, _staff_door)
EXAMPLES["order", _template(STAFF_DOOR) + "{move}"] = _staff_move


@example("worker", "/workers")
async def an_application(stands: Stands) -> Post:
    await stands.worker()
    asked = application()
    return Post("/workers", new_id(), Role.USER, asked, asked | {"radius_m": 5_000})


def _decision(decision: str, body: dict[str, Any], *before: str) -> Example:
    """A decision of staff about somebody who has just applied, after these other decisions."""

    async def make(stands: Stands) -> Post:
        run = await stands.worker()
        who = await applied(run)
        for earlier in before:
            as_json(await decide(run, who, earlier, GRANT if earlier == "approve" else None))
        path = f"/staff/worker/{who}/{decision}"
        return Post(path, STAFF, Role.STAFF, body, body | because("seen again"))

    return make


EXAMPLES |= {
    ("worker", "/staff/worker/{worker_id}/approve"): _decision("approve", GRANT),
    ("worker", "/staff/worker/{worker_id}/reject"): _decision("reject", because()),
    ("worker", "/staff/worker/{worker_id}/grant"): _decision("grant", GRANT, "approve"),
    ("worker", "/staff/worker/{worker_id}/suspend"): _decision("suspend", because(), "approve"),
    ("worker", "/staff/worker/{worker_id}/reinstate"): _decision(
        "reinstate", because(), "approve", "suspend"
    ),
}


async def _days_off(stands: Stands) -> tuple[UUID, dict[str, str], dict[str, str]]:
    run = await stands.worker()
    first, last = [(run.clock.now() + timedelta(days=n)).date().isoformat() for n in (3, 4)]
    worker = await approved(run)
    return worker, {"first_on": first, "last_on": first}, {"first_on": first, "last_on": last}


@example("worker", "/workers/me/time-off")
async def days_off(stands: Stands) -> Post:
    worker, short, longer = await _days_off(stands)
    return Post("/workers/me/time-off", worker, Role.WORKER, short, longer)


@example("worker", "/workers/me/time-off/{time_off_id}/cancel")
async def days_off_given_back(stands: Stands) -> Post:
    worker, short, _ = await _days_off(stands)
    taken = as_json(await post(await stands.worker(), worker, "time-off", short))
    return Post(f"/workers/me/time-off/{taken['id']}/cancel", worker, Role.WORKER)


async def _offer(stands: Stands) -> tuple[UUID, str]:
    """A worker with a skill that nobody else has, and the offer of a job that asks for it."""
    here = await stands.dispatch()
    skill = f"towing_{next(_numbers)}"
    worker = await here.worker(skills=[Skill(code=skill, level=3)])
    await here.paid(skill=skill)
    [offer] = await here.offers(worker)
    return worker, offer["id"]


@example("dispatch", "/offers/{offer_id}/accept")
async def an_accepted_offer(stands: Stands) -> Post:
    worker, offer = await _offer(stands)
    bodies = ({"eta_seconds": 600}, {"eta_seconds": 660})
    return Post(f"/offers/{offer}/accept", worker, Role.WORKER, *bodies)


@example("dispatch", "/offers/{offer_id}/decline")
async def a_declined_offer(stands: Stands) -> Post:
    worker, offer = await _offer(stands)
    return Post(
        f"/offers/{offer}/decline", worker, Role.WORKER, because("too_far"), because("unavailable")
    )


@example("payment", "/payments")
async def a_payment(stands: Stands) -> Post:
    placed = await (await stands.payment()).place()
    about = {"order_id": str(placed.order_id), "channel": "wechat"}
    one, other = [about | {"wechat_code": f"sandbox-{placed.user_id}.{n}"} for n in range(2)]
    return Post("/payments", placed.user_id, Role.USER, one, other)


@example("payment", "/staff/payment/commission-rules")
async def a_rule(stands: Stands) -> Post:
    await stands.payment()
    return Post("/staff/payment/commission-rules", STAFF, Role.STAFF, RULE, RULE | because())


@example("payment", "/staff/payment/refunds")
async def a_refund(stands: Stands) -> Post:
    placed, _ = await (await stands.payment()).captured()
    body = {"order_id": str(placed.order_id), "amount_minor": 5_000} | because()
    return Post("/staff/payment/refunds", STAFF, Role.STAFF, body, body | {"amount_minor": 6_000})


@example("payment", "/staff/payment/refunds/{refund_id}/retry")
async def a_refund_tried_again(stands: Stands) -> Post:
    world = await stands.payment()
    placed, _ = await world.captured()
    await world.cancel(placed)
    async with world.payment.begin() as tx:  # The channel said no, for good.
        await tx.run("DELETE FROM timers WHERE kind = 'send_refund'")
        sql = "UPDATE refunds SET state = 'failed' WHERE order_id = $1 RETURNING id"
        [row] = await tx.run(sql, placed.order_id)
    path = f"/staff/payment/refunds/{row['id']}/retry"
    return Post(path, STAFF, Role.STAFF, because("new card"), because("funded"))


@example("payment", "/staff/payment/orders/{order_id}/settlement/retry")
async def a_settlement_tried_again(stands: Stands) -> Post:
    world = await stands.payment()
    placed, _ = await world.captured()
    await world.accept(placed, world.crew(placed, True))
    async with world.payment.begin() as tx:  # The bank said no.
        await tx.run("DELETE FROM timers WHERE kind = 'settle'")
        sql = "UPDATE settlements SET state = 'refused' WHERE order_id = $1"
        await tx.run(sql, placed.order_id)
    path = f"/staff/payment/orders/{placed.order_id}/settlement/retry"
    return Post(path, STAFF, Role.STAFF, because("funded"), because("asked twice"))


@example("promotion", "/coupons/claim")
async def a_coupon(stands: Stands) -> Post:
    run = await stands.promotion()
    one, other = [await campaign(run, f"equal-{next(_numbers)}") for _ in range(2)]
    return Post("/coupons/claim", new_id(), Role.USER, {"campaign": one}, {"campaign": other})
