"""HTTP for staff: an order's money, refunds, settlements and the trial balance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt, computed_field

from services.payment.api.refunds import Limit, RefundView
from services.payment.domain.ledger import PostingKind
from services.payment.domain.payable import PayableNotFound, PayableState
from services.payment.domain.payment import ChannelName, PaymentState
from services.payment.domain.refund import (
    RefundNotFound,
    RefundState,
    RefundTooLarge,
    refund_number,
)
from services.payment.domain.settlement import SettlementNotFound, SettlementState
from services.payment.storage.ledger import escrow_of, lines_of, trial_balance
from services.payment.storage.payables import capture_of, payable
from services.payment.storage.payments import payments_of
from services.payment.storage.refunds import refunds_in, refunds_of
from services.payment.storage.settlements import settlement_of
from services.payment.use_cases.request_refund import request_refund
from services.payment.use_cases.retry_refund import retry_refund
from services.payment.use_cases.retry_settlement import retry_settlement
from shared.contracts.ids import AccountId, OrderId, PaymentId, RefundId, UserId
from shared.kit.money import Currency, Money
from shared.kit.once import KeyUsedForAnotherRequest
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import IdempotencyKeyMissing, OnceDep, ReadDep, StaffCaller, problems
from shared.texts import Printable

router = APIRouter(prefix="/staff/payment", tags=["staff"])

_ONCE = (IdempotencyKeyMissing, KeyUsedForAnotherRequest, MoveRefused, MoveForbidden)


class View(BaseModel):
    """Read from a row."""

    model_config = ConfigDict(from_attributes=True)


class AttemptView(View):
    """One attempt to pay."""

    id: PaymentId
    channel: ChannelName
    amount: Money
    state: PaymentState
    created_at: datetime
    expires_at: datetime
    transaction_id: str | None
    paid_at: datetime | None


class StaffRefundView(RefundView):
    """A refund with what staff need to know of it."""

    payment_id: PaymentId
    late: bool
    note: str
    requested_by: AccountId | None
    channel_refund_id: str
    tries: int
    problem: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def channel_number(self) -> str:
        """Our number of it at the channel: what to look for in the merchant's console."""
        return refund_number(self.id, self.tries)


class SettlementView(View):
    """How the escrow was divided."""

    id: UUID
    state: SettlementState
    shares: list[dict[str, Any]]
    commission: Money
    to_user: Money
    to_promotion: Money
    top_up: Money  # The platform's discounts, paid into the sub-account before it is divided.
    topped_up_at: datetime | None
    executed_at: datetime | None
    problem: str


class CaptureView(View):
    """What was captured, and the commission as it was worked out then."""

    payment_id: PaymentId
    amount: Money
    commission: Money
    commission_rule: int
    captured_at: datetime


class LedgerLineView(BaseModel):
    """One entry: a credit is positive, a debit negative."""

    transfer_id: UUID
    kind: PostingKind
    at: datetime
    account: str
    amount: Money


class OrderMoneyView(BaseModel):
    """Everything about the money of one order."""

    order_id: OrderId
    user_id: UserId
    number: str
    category: str
    state: PayableState
    payable: Money
    refunded: Money
    pay_until: datetime
    escrow: Money
    capture: CaptureView | None
    attempts: list[AttemptView]
    refunds: list[StaffRefundView]
    settlement: SettlementView | None
    ledger: list[LedgerLineView]


class RefundRequest(BaseModel):
    """Which order, how much, and why."""

    model_config = ConfigDict(extra="forbid")

    order_id: OrderId
    amount_minor: StrictInt | None = Field(
        None, ge=1, le=10**12, description="Cents; without it, all that is left."
    )
    reason: Printable = Field(min_length=3, max_length=200)


class RetryRequest(BaseModel):
    """Why to try again."""

    model_config = ConfigDict(extra="forbid")

    reason: Printable = Field(min_length=3, max_length=200)


class StaffRefundPage(BaseModel):
    """A page, oldest first; `next_cursor` asks for the next, null at the end."""

    items: list[StaffRefundView]
    next_cursor: RefundId | None


class TrialLine(BaseModel):
    """Debits and credits of one group of accounts."""

    account: str
    currency: Currency
    debit_minor: int
    credit_minor: int


class TrialBalance(BaseModel):
    """The whole ledger: debits equal credits in each currency."""

    lines: list[TrialLine]
    balanced: bool


@router.get("/orders/{order_id}", responses=problems(PayableNotFound))
async def get_order(order_id: OrderId, caller: StaffCaller, read: ReadDep) -> OrderMoneyView:
    """Attempts, capture, ledger, refunds and settlement of one order.

    Start here when somebody asks where their money is: `escrow` is what is still held, `ledger` how
    it came to be so.
    """
    async with read() as tx:
        row = await payable(tx, caller, order_id)
        capture = await capture_of(tx, order_id)
        settled = await settlement_of(tx, order_id)
        return OrderMoneyView(
            order_id=row.order_id,
            user_id=row.user_id,
            number=row.number,
            category=row.category,
            state=row.state,
            payable=row.payable,
            refunded=row.refunded,
            pay_until=row.pay_until,
            escrow=await escrow_of(tx, order_id, row.payable.currency),
            capture=CaptureView.model_validate(capture) if capture else None,
            attempts=[AttemptView.model_validate(one) for one in await payments_of(tx, order_id)],
            refunds=[StaffRefundView.model_validate(r) for r in await refunds_of(tx, order_id)],
            settlement=SettlementView.model_validate(settled) if settled else None,
            ledger=_ledger(await lines_of(tx, order_id)),
        )


def _ledger(rows: Sequence[Any]) -> list[LedgerLineView]:
    return [
        LedgerLineView(
            transfer_id=row["transfer_id"],
            kind=row["kind"],
            at=row["posted_at"],
            account=row["code"],
            amount=Money(row["amount_minor"], Currency(row["currency"])),
        )
        for row in rows
    ]


@router.get("/refunds")
async def get_refunds(
    caller: StaffCaller,
    read: ReadDep,
    state: Annotated[RefundState, Query()] = RefundState.ABNORMAL,
    cursor: RefundId | None = None,
    limit: Limit = 20,
) -> StaffRefundPage:
    """Refunds in one state, oldest first. `abnormal` and `failed` ones wait for you."""
    async with read() as tx:
        rows = await refunds_in(tx, state, cursor, limit)
    items = [StaffRefundView.model_validate(row) for row in rows]
    return StaffRefundPage(items=items, next_cursor=items[-1].id if len(items) == limit else None)


@router.post(
    "/refunds", status_code=201, responses=problems(PayableNotFound, RefundTooLarge, *_ONCE)
)
async def post_refund(
    body: Annotated[
        RefundRequest,
        Body(
            openapi_examples={
                "part": {
                    "summary": "HK$50 back for a late arrival",
                    "value": {
                        "order_id": "01890000-0000-7000-8000-000000000001",
                        "amount_minor": 5000,
                        "reason": "arrived 40 minutes late",
                    },
                },
                "all": {
                    "summary": "Everything that is left",
                    "value": {
                        "order_id": "01890000-0000-7000-8000-000000000001",
                        "reason": "work could not be done",
                    },
                },
            }
        ),
    ],
    caller: StaffCaller,
    once: OnceDep,
) -> StaffRefundView:
    """Refund part or all of a paid order that is not settled yet; commission shrinks with it."""
    return await once(
        StaffRefundView, request_refund, caller, body.order_id, body.amount_minor, body.reason
    )


@router.post(
    "/refunds/{refund_id}/retry",
    responses=problems(RefundNotFound, PayableNotFound, *_ONCE),
)
async def post_retry_refund(
    refund_id: RefundId, body: RetryRequest, caller: StaffCaller, once: OnceDep
) -> StaffRefundView:
    """Send a failed refund again, or ask again about an abnormal one: it is never paid twice.

    `failed` with the problem `closed`: the channel gave up for want of money in our account there;
    fill it first, then this asks for the refund under a new number. Any other problem of a `failed`
    one: the channel never took it; the number stays. `abnormal`: the user's card is dead and the
    channel holds the money; give it back in the merchant's console (look for `channel_number`),
    then this learns how it ended. Until then it comes back as `abnormal`.
    """
    return await once(StaffRefundView, retry_refund, caller, refund_id, body.reason)


@router.post(
    "/orders/{order_id}/settlement/retry",
    responses=problems(SettlementNotFound, PayableNotFound, *_ONCE),
)
async def post_retry_settlement(
    order_id: OrderId, body: RetryRequest, caller: StaffCaller, once: OnceDep
) -> SettlementView:
    """Send a settlement that the bank refused to it again, under its old id."""
    return await once(SettlementView, retry_settlement, caller, order_id, body.reason)


@router.get("/trial-balance")
async def get_trial_balance(caller: StaffCaller, read: ReadDep) -> TrialBalance:
    """Debits and credits of the whole ledger by group of accounts. It reads every entry."""
    async with read() as tx:
        rows = await trial_balance(tx)
    lines = [
        TrialLine(
            account=row["account"],
            currency=row["currency"],
            debit_minor=row["debit_minor"] or 0,
            credit_minor=row["credit_minor"] or 0,
        )
        for row in rows
    ]
    sums: dict[Currency, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.debit_minor - line.credit_minor
    return TrialBalance(lines=lines, balanced=not any(sums.values()))
