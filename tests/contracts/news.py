"""One event for each pair of a service and what it listens to, with the rows that it is about.

A pair without one fails ``test_told_twice``.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contracts.dispatch import SearchEscalated
from shared.contracts.ids import OfferId, OrderId, RefundId, UserId, VisitId, WorkerId
from shared.contracts.order import (
    CancelReason,
    OrderAccepted,
    OrderArrived,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderReleased,
    OrderReviewed,
)
from shared.contracts.payment import Refunded
from shared.contracts.shapes import Crew
from shared.contracts.worker import CreditChanged, Skill, SlotBooked, SlotReleased, WorkerApproved
from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.races.stands import Stands
from tests.services.dispatch import given as at_dispatch
from tests.services.order.works import others
from tests.services.payment.world import World, hkd
from tests.services.promotion import given as at_promotion
from tests.services.user.news import NEWS as PEOPLE_HEAR
from tests.services.user.people import log_in_by_wechat
from tests.services.worker import given as at_worker
from tests.support.service import as_json

FREE = Money.zero(Currency.HKD)

Make = Callable[[Stands], Awaitable[Event]]
NEWS: dict[tuple[str, str], Make] = {}


def news(service: str, type: str) -> Callable[[Make], Make]:
    """Register how an event comes about that a service listens to."""

    def register(make: Make) -> Make:
        NEWS[service, type] = make
        return make

    return register


def _people_hear(event: Event) -> Make:
    async def make(stands: Stands) -> Event:
        await stands.user()
        return event

    return make


for piece in PEOPLE_HEAR:
    if piece.kinds:
        NEWS["user", piece.event.type] = _people_hear(piece.event)


@news("user", "worker.approved.v1")
async def an_account_becomes_a_worker(stands: Stands) -> Event:
    ming = await log_in_by_wechat(await stands.user(), f"twice-{new_id()}")
    return WorkerApproved(worker_id=WorkerId(ming.account_id))


@news("order", "payment.captured.v1")
async def an_order_is_paid(stands: Stands) -> Event:
    shop = others(await stands.order()).shop
    return shop.captured(await shop.placed())


@news("order", "payment.unpaid.v1")
async def an_order_is_not_paid(stands: Stands) -> Event:
    shop = others(await stands.order()).shop
    return shop.unpaid(await shop.placed())


@news("order", "payment.refunded.v1")
async def money_went_back(stands: Stands) -> Event:
    shop = others(await stands.order()).shop
    order = OrderId(UUID((await shop.paid())["id"]))
    some = Money(1_000, Currency.HKD)
    refund = RefundId(new_id())
    return Refunded(
        order_id=order, user_id=UserId(shop.user), refund_id=refund, amount=some, full=False
    )


@news("order", "dispatch.escalated.v1")
async def nobody_was_found(stands: Stands) -> Event:
    shop = others(await stands.order()).shop
    order = OrderId(UUID((await shop.paid())["id"]))
    return SearchEscalated(order_id=order, user_id=UserId(shop.user))


@news("order", "worker.profile_changed.v1")
@news("dispatch", "worker.profile_changed.v1")
async def a_worker_is_known(stands: Stands) -> Event:
    await stands.order()
    await stands.dispatch()
    return at_dispatch.profile(new_id())


async def _booked(stands: Stands) -> tuple[WorkerId, OfferId, OrderId, VisitId]:
    run = await stands.worker()
    worker = await at_worker.approved(run)
    body = at_worker.job(worker, at_worker.tomorrow(run))
    as_json(await at_worker.book(run, body))
    return worker, *at_worker.ids_of(body)


@news("worker", "order.released.v1")
async def a_booked_worker_leaves(stands: Stands) -> Event:
    worker, offer, order, visit = await _booked(stands)
    return OrderReleased(
        **at_worker.about(order),
        visit_id=visit,
        positions=[1],
        workers=[worker],
        offers=[offer],
        reason="ill",
        breach=True,
    )


@news("worker", "order.cancelled.v1")
async def a_booked_order_ends(stands: Stands) -> Event:
    _, _, order, _ = await _booked(stands)
    about = at_worker.about(order)
    return OrderCancelled(**about, reason=CancelReason.USER, was_paid=True, fee=FREE)


@news("worker", "order.completed.v1")
async def a_booked_visit_is_done(stands: Stands) -> Event:
    _, _, order, visit = await _booked(stands)
    at = at_worker.tomorrow(await stands.worker()) + timedelta(minutes=40)
    return OrderCompleted(**at_worker.about(order), visit_id=visit, ended_at=at, accept_until=at)


async def _with_crew(stands: Stands) -> tuple[dict[str, Any], VisitId]:
    """What an order with one worker's crew carries."""
    worker, visit = await at_worker.approved(await stands.worker()), VisitId(new_id())
    crew = at_worker.crew_of(visit, worker)
    return at_worker.about(OrderId(new_id()), crew), visit


@news("worker", "order.arrived.v1")
async def a_lead_comes_late(stands: Stands) -> Event:
    about, visit = await _with_crew(stands)
    return OrderArrived(**about, visit_id=visit, late_seconds=1_200)


@news("worker", "order.accepted.v1")
async def a_job_is_accepted(stands: Stands) -> Event:
    about, _ = await _with_crew(stands)
    return OrderAccepted(**about, automatic=False, payable=FREE)


@news("worker", "order.reviewed.v1")
async def a_job_is_rated(stands: Stands) -> Event:
    about, _ = await _with_crew(stands)
    return OrderReviewed(**about, rating=2, scores={"skill": 2})


@news("dispatch", "order.paid.v1")
async def workers_are_wanted(stands: Stands) -> Event:
    return at_dispatch.paid((await stands.dispatch()).now)


@news("dispatch", "order.cancelled.v1")
async def a_search_ends(stands: Stands) -> Event:
    here = await stands.dispatch()
    return at_dispatch.cancelled(await here.paid_quietly())


async def _taken(stands: Stands) -> tuple[Any, dict[str, Any], UUID]:
    """An order, the offer by which a worker took it, and the worker."""
    here = await stands.dispatch()
    skill = f"towing_{new_id().hex[-8:]}"
    worker = await here.worker(skills=[Skill(code=skill, level=3)])
    order = await here.paid(skill=skill)
    [offer] = await here.offers(worker)
    return order, as_json(await here.accept(worker, offer["id"])), worker


@news("dispatch", "order.released.v1")
async def a_position_is_open_again(stands: Stands) -> Event:
    return at_dispatch.released(*(await _taken(stands)))


@news("dispatch", "order.completed.v1")
async def a_worker_is_free_again(stands: Stands) -> Event:
    order, _, _ = await _taken(stands)
    return at_dispatch.completed(order, (await stands.dispatch()).now)


@news("dispatch", "worker.credit_changed.v1")
async def a_credit_falls(stands: Stands) -> Event:
    worker = await (await stands.dispatch()).worker()
    return CreditChanged(worker_id=WorkerId(worker), credit=63.5, before=80.0, cause="breach")


async def _slot(stands: Stands) -> SlotBooked:
    now = (await stands.dispatch()).now
    return SlotBooked(
        worker_id=WorkerId(new_id()),
        order_id=OrderId(new_id()),
        offer_id=OfferId(new_id()),
        visit_id=VisitId(new_id()),
        starts_at=now,
        ends_at=now + timedelta(hours=2),
    )


@news("dispatch", "worker.slot_booked.v1")
async def a_calendar_fills(stands: Stands) -> Event:
    return await _slot(stands)


@news("dispatch", "worker.slot_released.v1")
async def a_slot_ends_early(stands: Stands) -> Event:
    slot = await _slot(stands)
    await (await stands.dispatch()).dispatch.tell(slot)
    ids = {name: getattr(slot, name) for name in ("worker_id", "order_id", "offer_id")}
    early = slot.starts_at + timedelta(hours=1)
    return SlotReleased(**ids, free_from=early, taken_back=False)


@news("payment", "order.placed.v1")
async def an_order_may_be_paid(stands: Stands) -> Event:
    return (await stands.payment()).order()


@news("payment", "order.cancelled.v1")
async def a_paid_order_ends(stands: Stands) -> Event:
    world = await stands.payment()
    placed, _ = await world.captured()
    about = world.about(placed, "cancelled")
    return OrderCancelled(**about, reason=CancelReason.USER, was_paid=True, fee=hkd(0))


async def _crewed(world: World) -> tuple[dict[str, Any], list[Crew]]:
    """What the news of an order carry that is paid and about to be worked."""
    placed, _ = await world.captured()
    crew = world.crew(placed, True)
    visit = placed.visits[0].visit_id
    return world.about(placed, "any") | {"visit_id": visit}, crew


@news("payment", "order.assigned.v1")
async def pay_is_coming(stands: Stands) -> Event:
    about, crew = await _crewed(await stands.payment())
    return OrderAssigned(**about, crew=crew)


@news("payment", "order.released.v1")
async def pay_is_not_coming(stands: Stands) -> Event:
    world = await stands.payment()
    about, crew = await _crewed(world)
    await world.payment.tell(OrderAssigned(**about, crew=crew))
    return OrderReleased(
        **about,
        positions=[1],
        workers=[crew[0].worker_id],
        offers=[OfferId(new_id())],
        reason="ill",
        breach=True,
    )


@news("payment", "order.completed.v1")
async def pay_has_a_day(stands: Stands) -> Event:
    world = await stands.payment()
    about, crew = await _crewed(world)
    await world.payment.tell(OrderAssigned(**about, crew=crew))
    now = world.payment.clock.now()
    until = now + timedelta(hours=48)
    return OrderCompleted(**about, crew=crew, ended_at=now, accept_until=until)


@news("payment", "order.accepted.v1")
async def pay_is_due(stands: Stands) -> Event:
    world = await stands.payment()
    placed, _ = await world.captured()
    crew, about = world.crew(placed, True), world.about(placed, "pending_review")
    return OrderAccepted(**about, crew=crew, automatic=False, payable=placed.payable)


@news("promotion", "user.registered.v1")
async def somebody_is_new(stands: Stands) -> Event:
    run = await stands.promotion()
    code = await at_promotion.campaign(run, f"new-{new_id().hex[-8:]}", claimable=False)
    await at_promotion.pack(run, code)
    return at_promotion.registered(new_id())


async def _held(stands: Stands) -> tuple[OrderId, UUID]:
    """An order that holds a coupon, and its user."""
    run, user = await stands.promotion(), new_id()
    code = await at_promotion.campaign(run, f"held-{new_id().hex[-8:]}")
    order, _ = await at_promotion.held(run, user, code)
    return order, user


@news("promotion", "order.paid.v1")
async def a_coupon_is_used_up(stands: Stands) -> Event:
    return at_promotion.paid(*(await _held(stands)))


@news("promotion", "order.cancelled.v1")
async def a_coupon_is_free_again(stands: Stands) -> Event:
    return at_promotion.cancelled(*(await _held(stands)), was_paid=False)


@news("promotion", "payment.refunded.v1")
async def a_coupon_comes_back(stands: Stands) -> Event:
    order, user = await _held(stands)
    await (await stands.promotion()).tell(at_promotion.paid(order, user))
    return at_promotion.refunded(order, user)
