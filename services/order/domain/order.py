"""An order's life as one table: its states, its moves, and the refusals that guard them. Pure."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from shared.kit.caller import Role
from shared.kit.states import Move


class OrderState(StrEnum):
    """Where an order is; the comment says whose turn it is."""

    PENDING_PAYMENT = "pending_payment"  # The user's: to pay.
    PENDING_DISPATCH = "pending_dispatch"  # Dispatch's: to find workers.
    ASSIGNED = "assigned"  # The lead's: to depart.
    EN_ROUTE = "en_route"  # The lead's: to arrive.
    ARRIVED = "arrived"  # The lead's: to start, or to diagnose.
    DIAGNOSING = "diagnosing"  # The lead's: to quote.
    SUSPENDED = "suspended"  # The weather's; then the user's, to choose a new time.
    QUOTED = "quoted"  # The user's: to approve or decline.
    PENDING_TOPUP = "pending_topup"  # The user's: to pay the rest.
    IN_SERVICE = "in_service"  # The lead's: to work.
    VARIATION_PENDING = "variation_pending"  # The user's: to answer the extra quotation.
    PENDING_ACCEPTANCE = "pending_acceptance"  # The user's: to accept the work.
    PENDING_REVIEW = "pending_review"  # The user's: to rate.
    COMPLETED = "completed"  # Nobody's, unless a case is opened.
    CANCELLED = "cancelled"  # Nobody's: the end before the work.
    CLOSED = "closed"  # Nobody's: the end after a full refund.


_S = OrderState
_R = Role
_NOWHERE: AbstractSet[OrderState] = frozenset()


# fmt: off
class OrderMove(Move):
    """Every legal change of an order's state: from, to, who may, guard, effect, what is told.

    A target of None stays where it is; no source means that the move creates the order.
    """

    def __init__(
        self,
        sources: AbstractSet[StrEnum],
        target: StrEnum | None,
        allowed: AbstractSet[Role],
        guard: str,
        effect: str,
        tells: str,
    ) -> None:
        super().__init__(sources, target, allowed, guard)
        self.effect = effect
        self.tells = tells

    PLACE = (
        _NOWHERE, _S.PENDING_PAYMENT, {_R.USER, _R.STAFF},
        "price quote's hash is current; benefits locked",
        "pay_until = 15 min (flash sale 5)",
        "order.placed",
    )
    CAPTURE = (
        {_S.PENDING_PAYMENT}, _S.PENDING_DISPATCH, {_R.SYSTEM},
        "captured sum = payable, same currency (payable 0 or enterprise credit: payment"
        " tells captured at once on order.placed, without a channel)",
        "escrow +; benefits redeemed; search deadline set",
        "order.paid",
    )
    PAY_TIMEOUT = (
        {_S.PENDING_PAYMENT}, _S.CANCELLED, {_R.SYSTEM},
        "payment told unpaid (it asked the channel and closed every attempt)",
        "benefits released",
        "order.cancelled",
    )
    CANCEL_FREE = (
        {_S.PENDING_PAYMENT, _S.PENDING_DISPATCH, _S.SUSPENDED},
        _S.CANCELLED, {_R.USER, _R.STAFF, _R.SYSTEM},
        "SYSTEM: 24 h after escalation, or 72 h suspended, without a choice of the user",
        "full refund; benefits returned",
        "order.cancelled",
    )
    CANCEL_LATE = (
        {_S.ASSIGNED, _S.EN_ROUTE, _S.ARRIVED}, _S.CANCELLED, {_R.USER, _R.STAFF},
        "fee previewed by the matrix of 4.4, preview = charge",
        "refund less fee; fee shared worker/platform",
        "order.cancelled",
    )
    ASSIGN = (
        {_S.PENDING_DISPATCH}, _S.ASSIGNED, {_R.SYSTEM},
        "every position of the next visit is filled by a booked worker",
        "",
        "order.assigned",
    )
    WORKER_CANCEL = (
        {_S.ASSIGNED, _S.EN_ROUTE, _S.ARRIVED}, _S.PENDING_DISPATCH, {_R.WORKER},
        "reason; any worker of the visit, for their own position",
        "breach event; price and start kept; that worker excluded; other positions kept",
        "order.released",
    )
    REASSIGN = (
        {_S.ASSIGNED, _S.EN_ROUTE, _S.ARRIVED}, _S.PENDING_DISPATCH, {_R.STAFF},
        "reason",
        "as WORKER_CANCEL without breach",
        "order.released",
    )
    WORKER_NO_SHOW_REDISPATCH = (
        {_S.ASSIGNED, _S.EN_ROUTE}, _S.PENDING_DISPATCH, {_R.USER, _R.SYSTEM},
        "start + 30 min and not arrived",
        "compensation coupon; breach event",
        "order.released",
    )
    WORKER_NO_SHOW_CANCEL = (
        {_S.ASSIGNED, _S.EN_ROUTE}, _S.CANCELLED, {_R.USER},
        "start + 30 min and not arrived",
        "full refund; compensation coupon; breach event",
        "order.cancelled",
    )
    RESCHEDULE = (
        {_S.PENDING_DISPATCH, _S.ASSIGNED}, None, {_R.USER, _R.STAFF},
        "conflict-free; at most 2; under 24 h the worker consents; earliest fee window "
        "ever entered stays",
        "optional fee",
        "order.rescheduled",
    )
    WEATHER_SUSPEND = (
        {_S.PENDING_DISPATCH, _S.ASSIGNED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE},
        _S.SUSPENDED, {_R.SYSTEM, _R.STAFF},
        "Observatory rule 6.10",
        "no fee for anyone; bookings released",
        "order.suspended",
    )
    RESUME_ASSIGNED = (
        {_S.SUSPENDED}, _S.ASSIGNED, {_R.SYSTEM, _R.STAFF},
        "same worker is free at the new time and agrees",
        "",
        "order.resumed",
    )
    RESUME_REDISPATCH = (
        {_S.SUSPENDED}, _S.PENDING_DISPATCH, {_R.SYSTEM, _R.STAFF, _R.USER},
        "new time chosen",
        "",
        "order.resumed",
    )
    DEPART = (
        {_S.ASSIGNED}, _S.EN_ROUTE, {_R.WORKER},
        "lead of the visit",
        "",
        "order.departed",
    )
    ARRIVE = (
        {_S.EN_ROUTE}, _S.ARRIVED, {_R.WORKER},
        "distance <= 250 m and accuracy <= 150 m, else the user's 4-digit start code",
        "",
        "order.arrived",
    )
    USER_NO_SHOW = (
        {_S.ARRIVED}, _S.CANCELLED, {_R.WORKER},
        "waited >= 15 min (rescue 10) and >= 2 logged contact attempts; rescue: outcome"
        " GOA",
        "call-out fee kept",
        "order.cancelled",
    )
    BEGIN_DIAGNOSIS = (
        {_S.ARRIVED}, _S.DIAGNOSING, {_R.WORKER},
        "quotation-type offering",
        "visit fee earned",
        "order.diagnosing",
    )
    SUBMIT_QUOTATION = (
        {_S.DIAGNOSING, _S.QUOTED}, _S.QUOTED, {_R.WORKER},
        "every line quantity x unit price = total; above the price book's maximum: "
        "justification",
        "validity timer 30 min on site / 72 h survey",
        "order.quoted",
    )
    APPROVE = (
        {_S.QUOTED}, _S.IN_SERVICE, {_R.USER},
        "version hash equal; sum held >= total",
        "",
        "order.started",
    )
    APPROVE_WITH_TOPUP = (
        {_S.QUOTED}, _S.PENDING_TOPUP, {_R.USER},
        "version hash equal; sum held < total",
        "top-up timer 15 min",
        "order.topup_requested",
    )
    CAPTURE_TOPUP = (
        {_S.PENDING_TOPUP}, _S.IN_SERVICE, {_R.SYSTEM},
        "captured sum >= total",
        "escrow +",
        "order.started",
    )
    TOPUP_TIMEOUT = (
        {_S.PENDING_TOPUP}, _S.QUOTED, {_R.SYSTEM},
        "payment told unpaid",
        "",
        "order.topup_expired",
    )
    DECLINE = (
        {_S.DIAGNOSING, _S.QUOTED, _S.PENDING_TOPUP}, _S.CANCELLED, {_R.USER, _R.STAFF},
        "",
        "refund less visit fee",
        "order.cancelled",
    )
    EXPIRE_QUOTATION = (
        {_S.QUOTED}, _S.CANCELLED, {_R.SYSTEM},
        "validity over",
        "refund less visit fee",
        "order.cancelled",
    )
    START = (
        {_S.ARRIVED}, _S.IN_SERVICE, {_R.WORKER},
        "fixed-price offering; checklist 'before' complete",
        "",
        "order.started",
    )
    RAISE_VARIATION = (
        {_S.IN_SERVICE}, _S.VARIATION_PENDING, {_R.WORKER},
        "sum above 1.5 x first estimate or above the price book's p90: second opinion "
        "offered",
        "timer 30 min",
        "order.variation_raised",
    )
    APPROVE_VARIATION = (
        {_S.VARIATION_PENDING}, _S.IN_SERVICE, {_R.USER},
        "sum held >= new total",
        "",
        "order.variation_approved",
    )
    CAPTURE_VARIATION = (
        {_S.VARIATION_PENDING}, _S.IN_SERVICE, {_R.SYSTEM},
        "approved and captured",
        "escrow +",
        "order.variation_approved",
    )
    REJECT_VARIATION = (
        {_S.VARIATION_PENDING}, _S.IN_SERVICE, {_R.USER},
        "original scope goes on",
        "",
        "order.variation_rejected",
    )
    EXPIRE_VARIATION = (
        {_S.VARIATION_PENDING}, _S.IN_SERVICE, {_R.SYSTEM},
        "30 min without an answer",
        "original scope goes on",
        "order.variation_rejected",
    )
    ACCEPT_MILESTONE = (
        {_S.IN_SERVICE}, None, {_R.USER, _R.SYSTEM},
        "milestone delivered; first milestone <= 30 %",
        "partial release",
        "order.milestone_accepted",
    )
    STOP_WORK = (
        {_S.IN_SERVICE, _S.VARIATION_PENDING}, _S.PENDING_ACCEPTANCE, {_R.USER, _R.STAFF},
        "reason; sum for the work done agreed or ruled",
        "final sum lowered",
        "order.completed",
    )
    COMPLETE = (
        {_S.IN_SERVICE}, _S.PENDING_ACCEPTANCE, {_R.WORKER},
        "mandatory checklist items and at least one 'after' photo",
        "final sum fixed; auto-accept timer",
        "order.completed",
    )
    ACCEPT = (
        {_S.PENDING_ACCEPTANCE}, _S.PENDING_REVIEW, {_R.USER},
        "",
        "escrow to worker and commission; points earn; warranty starts",
        "order.accepted",
    )
    AUTO_ACCEPT = (
        {_S.PENDING_ACCEPTANCE}, _S.PENDING_REVIEW, {_R.SYSTEM},
        "48 h (72 h renovation, wrap, postpartum); no open case",
        "as ACCEPT",
        "order.accepted",
    )
    REJECT_WORK = (
        {_S.PENDING_ACCEPTANCE}, None, {_R.USER},
        "reason and photo",
        "opens a quality case; release blocked",
        "order.case_opened",
    )
    REVIEW = (
        {_S.PENDING_REVIEW}, _S.COMPLETED, {_R.USER},
        "one per order",
        "bonus points",
        "order.reviewed",
    )
    CLOSE_REVIEW = (
        {_S.PENDING_REVIEW}, _S.COMPLETED, {_R.SYSTEM},
        "15 d without a review",
        "no rating is made up",
        "order.completed_unreviewed",
    )
    CLOSE_REFUNDED = (
        {_S.PENDING_ACCEPTANCE, _S.PENDING_REVIEW, _S.COMPLETED}, _S.CLOSED, {_R.STAFF, _R.SYSTEM},
        "ruling of a case: full refund",
        "everything reversed pro rata",
        "order.closed",
    )
# fmt: on


BUILT: frozenset[OrderMove] = frozenset(
    {
        OrderMove.PLACE,
        OrderMove.CAPTURE,
        OrderMove.PAY_TIMEOUT,
        OrderMove.CANCEL_FREE,
        OrderMove.ASSIGN,
        OrderMove.WORKER_CANCEL,
        OrderMove.DEPART,
        OrderMove.ARRIVE,
        OrderMove.START,
        OrderMove.COMPLETE,
        OrderMove.ACCEPT,
        OrderMove.AUTO_ACCEPT,
        OrderMove.REVIEW,
        OrderMove.CLOSE_REVIEW,
    }
)
"""The moves of a fixed-price job; every other one answers ``move-not-built``."""

CASE_STATES: frozenset[OrderState] = frozenset(
    set(OrderState)
    - {
        OrderState.PENDING_PAYMENT,
        OrderState.PENDING_DISPATCH,
        OrderState.CANCELLED,
        OrderState.CLOSED,
    }
)
"""From the assignment to the end an after-sales case may be opened."""
