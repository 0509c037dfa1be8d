"""One of each event that people are told of, with the kinds of message it causes in order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.dispatch import JobAssigned, JobOffered, SearchEscalated
from shared.contracts.order import (
    CancelReason,
    OrderAccepted,
    OrderArrived,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderCompletedUnreviewed,
    OrderDeparted,
    OrderPaid,
    OrderPlaced,
    OrderReleased,
    OrderReviewed,
    OrderStarted,
)
from shared.contracts.payment import (
    LateCaptured,
    Refunded,
    RefundFailed,
    Settled,
    WorkerShare,
)
from shared.contracts.promotion import PackIssued
from shared.contracts.shapes import Crew, Urgency
from shared.contracts.worker import WorkerApproved
from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.user.people import Person
from tests.support.service import Running, as_json

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
USER, LEAD, SECOND = new_id(), new_id(), new_id()
ORDER, VISIT = new_id(), new_id()
HKD = Money(388_00, Currency.HKD)
NOTHING = Money.zero(Currency.HKD)


@dataclass
class News:
    """An event and what people hear of it."""

    event: Event
    kinds: list[str]

    @property
    def id(self) -> str:
        return f"{self.event.type}-{len(self.kinds)}"


def crew_of(*workers: Any) -> list[Crew]:
    """These workers as the crew of the visit."""
    return [
        Crew(visit_id=VISIT, visit_number=1, position=position, worker_id=worker)
        for position, worker in enumerate(workers, 1)
    ]


def about(**more: Any) -> dict[str, Any]:
    """What every order event carries."""
    return {
        "order_id": ORDER,
        "user_id": USER,
        "number": "JA-7K3M-92Q4",
        "state": "any",
        "offering_name": {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"},
        "crew": crew_of(LEAD, SECOND),
    } | more


PRICED: dict[str, Any] = {
    "category": "towing",
    "offering_id": new_id(),
    "list_price": HKD,
    "discounts": [],
    "payable": HKD,
    "commissionable": HKD,
}
OF_ORDER: dict[str, Any] = {"order_id": ORDER, "user_id": USER}


def cancelled(reason: CancelReason, *workers: Any) -> OrderCancelled:
    """An order that ended early, with the crew that it had."""
    return OrderCancelled(
        **about(crew=crew_of(*workers)), reason=reason, was_paid=bool(workers), fee=NOTHING
    )


def share(worker: Any, position: int) -> WorkerShare:
    """A worker's part of a settlement."""
    return WorkerShare(visit_number=1, position=position, net=HKD, worker_id=worker, worked=True)


NEWS = [
    News(
        OrderPlaced(**about(), **PRICED, visits=[], pay_until=LATER),
        ["order.placed"],
    ),
    News(
        OrderPaid(
            **about(),
            **PRICED,
            commission=HKD,
            commission_rule=1,
            pay=[],
            visits=[],
            urgency=Urgency.RESCUE,
            search_until=LATER,
        ),
        ["order.paid"],
    ),
    News(cancelled(CancelReason.PAY_TIMEOUT), ["order.cancelled.pay_timeout"]),
    News(
        cancelled(CancelReason.USER, LEAD, SECOND),
        ["order.cancelled.user", "job.cancelled", "job.cancelled"],
    ),
    News(cancelled(CancelReason.STAFF, LEAD), ["order.cancelled.staff", "job.cancelled"]),
    News(cancelled(CancelReason.NO_WORKER), ["order.cancelled.no_worker"]),
    News(OrderAssigned(**about(), visit_id=VISIT), ["order.assigned"]),
    News(
        OrderReleased(
            **about(crew=crew_of(LEAD)),
            visit_id=VISIT,
            positions=[2],
            workers=[SECOND],
            offers=[],
            reason="ill",
            breach=True,
        ),
        ["order.released", "job.released"],
    ),
    News(OrderDeparted(**about(), visit_id=VISIT), ["order.departed"]),
    News(OrderArrived(**about(), visit_id=VISIT, late_seconds=0), ["order.arrived"]),
    News(OrderStarted(**about(), visit_id=VISIT), ["order.started"]),
    News(
        OrderCompleted(**about(), visit_id=VISIT, ended_at=NOW, accept_until=LATER),
        ["order.completed"],
    ),
    News(OrderAccepted(**about(), automatic=False, payable=HKD), ["order.accepted"]),
    News(OrderReviewed(**about(), rating=5, scores={}), ["order.reviewed"]),
    News(OrderCompletedUnreviewed(**about()), ["order.completed_unreviewed"]),
    News(LateCaptured(**OF_ORDER, amount=HKD, refund_id=new_id()), ["payment.late_captured"]),
    News(
        Refunded(**OF_ORDER, refund_id=new_id(), amount=HKD, full=True),
        ["payment.refunded"],
    ),
    News(Refunded(**OF_ORDER, refund_id=new_id(), amount=NOTHING, full=True), []),
    News(
        RefundFailed(**OF_ORDER, refund_id=new_id(), amount=HKD, reason="closed"),
        ["payment.refund_failed"],
    ),
    News(
        Settled(
            **OF_ORDER,
            shares=[share(LEAD, 1), share(LEAD, 2), share(SECOND, 3)],
            commission=HKD,
        ),
        ["job.settled", "job.settled"],
    ),
    News(
        JobAssigned(**OF_ORDER, offer_id=new_id(), worker_id=LEAD, visit_id=VISIT, position=1),
        ["job.assigned"],
    ),
    News(SearchEscalated(**OF_ORDER), ["search.escalated"]),
    News(PackIssued(account_id=USER, pack="welcome", coupons=[new_id()]), ["pack.issued"]),
    News(WorkerApproved(worker_id=LEAD), ["worker.approved"]),
    News(
        JobOffered(
            **OF_ORDER,
            offer_id=new_id(),
            worker_id=LEAD,
            visit_id=VISIT,
            position=1,
            net_pay=HKD,
            expires_at=LATER,
        ),
        [],
    ),
]


async def assign(user: Running, person: Person) -> None:
    """A worker takes an order of this person."""
    event = OrderAssigned(**about(user_id=person.account_id, order_id=new_id()), visit_id=VISIT)
    await user.tell(event)


async def issue(user: Running, person: Person) -> None:
    """Coupons come to this person."""
    pack = PackIssued(account_id=person.account_id, pack="welcome", coupons=[new_id()] * 3)
    await user.tell(pack)


async def page(user: Running, person: Person, query: str = "", **headers: str) -> Any:
    """Somebody's messages, as they read them."""
    url = f"/me/messages{query}"
    return as_json(await user.http.get(url, headers=person.headers() | headers))
