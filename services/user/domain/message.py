"""What people are told when something happens: who, in which box, with which facts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from shared.contracts.dispatch import JobAssigned, SearchEscalated
from shared.contracts.ids import AccountId, OrderId
from shared.contracts.order import (
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderPlaced,
    OrderReleased,
)
from shared.contracts.payment import LateCaptured, Refunded, RefundFailed, Settled
from shared.contracts.promotion import PackIssued
from shared.contracts.worker import WorkerApproved
from shared.kit.errors import NotFound
from shared.kit.events import Event
from shared.kit.money import Money

MessageId = NewType("MessageId", UUID)


class Box(StrEnum):
    """Where a message lies: news of the platform, or of one's own orders and jobs."""

    SYSTEM = "system"
    SERVICE = "service"


class MessageNotFound(NotFound):
    """There is no such message, or it is not yours."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One message before it is kept. Facts are plain JSON and hold nothing personal."""

    recipient: UUID
    kind: str  # Chooses the text.
    order_id: OrderId | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    box: Box = Box.SERVICE


def drafts_for(event: Event) -> list[Draft]:
    """The messages that an event causes: one a recipient, none where there is nothing to say."""
    match event:
        case OrderEvent():
            drafts = [_to_user(event), *_to_workers(event)]
        case JobAssigned():
            drafts = [Draft(event.worker_id, "job.assigned", event.order_id)]
        case SearchEscalated():
            drafts = [Draft(event.user_id, "search.escalated", event.order_id)]
        case Settled():
            drafts = list(_settled(event))
        case LateCaptured() | RefundFailed() | Refunded():
            drafts = list(_money(event))
        case PackIssued():
            facts = {"count": len(event.coupons)}
            drafts = [Draft(event.account_id, "pack.issued", None, facts, Box.SYSTEM)]
        case WorkerApproved():
            drafts = [Draft(event.worker_id, "worker.approved", box=Box.SYSTEM)]
        case _:
            drafts = []
    first: dict[UUID, Draft] = {}
    for draft in drafts:
        first.setdefault(draft.recipient, draft)
    return list(first.values())


def _to_user(event: OrderEvent) -> Draft:
    """What the user reads about their order; the kind is the event's type without its version."""
    kind = event.type.rpartition(".")[0]
    facts = _order_facts(event)
    match event:
        case OrderPlaced():
            facts |= {"pay_until": _instant(event.pay_until), "payable": _money_fact(event.payable)}
        case OrderCancelled():
            kind = f"{kind}.{event.reason}"
            facts |= {"fee": _money_fact(event.fee)}
        case OrderCompleted():
            facts |= {"accept_until": _instant(event.accept_until)}
    return Draft(AccountId(event.user_id), kind, event.order_id, facts)


def _to_workers(event: OrderEvent) -> Iterator[Draft]:
    """What workers read: that a job of theirs is gone."""
    facts = _order_facts(event)
    match event:
        case OrderCancelled():
            for worker in dict.fromkeys(crew.worker_id for crew in event.crew):
                yield Draft(worker, "job.cancelled", event.order_id, facts)
        case OrderReleased():
            for worker in dict.fromkeys(event.workers):
                yield Draft(worker, "job.released", event.order_id, facts)


def _settled(event: Settled) -> Iterator[Draft]:
    """Each worker reads what they earned with the order, over all their positions."""
    earned: dict[UUID, Money] = {}
    for share in event.shares:
        so_far = earned.get(share.worker_id, Money.zero(share.net.currency))
        earned[share.worker_id] = so_far + share.net
    for worker, net in earned.items():
        if net:
            yield Draft(worker, "job.settled", event.order_id, {"net": _money_fact(net)})


def _money(event: LateCaptured | RefundFailed | Refunded) -> Iterator[Draft]:
    """The user reads where their money is; a refund of nothing is no news."""
    kinds = {
        LateCaptured: "payment.late_captured",
        RefundFailed: "payment.refund_failed",
        Refunded: "payment.refunded",
    }
    if event.amount:
        facts = {"amount": _money_fact(event.amount)}
        yield Draft(event.user_id, kinds[type(event)], event.order_id, facts)


def _order_facts(event: OrderEvent) -> dict[str, Any]:
    return {"number": event.number, "offering": event.offering_name}


def _money_fact(money: Money) -> dict[str, Any]:
    return {"minor": money.minor, "currency": str(money.currency)}


def _instant(at: datetime) -> dict[str, Any]:
    return {"at": at.isoformat()}
