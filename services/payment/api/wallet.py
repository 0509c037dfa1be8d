"""HTTP for a worker's wallet."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.payment.domain.ledger import PostingKind
from services.payment.storage.ledger import wallet_balances, wallet_entries
from services.payment.storage.payables import coming_sums, coming_to
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.money import Currency, Money
from shared.kit.web import ReadDep, WorkerCaller

router = APIRouter(prefix="/wallet", tags=["wallet"])

COMING_SHOWN_MAX = 100
Limit = Annotated[int, Query(ge=1, le=100)]


class ComingView(BaseModel):
    """Pay that is yours once the work is accepted; by silence at `release_at`, when completed.

    Once accepted `release_at` is past, and it is coming until the bank has paid it out. What the
    user is given back meanwhile makes it smaller.
    """

    order_id: OrderId
    visit_number: int
    position: int
    amount: Money
    release_at: datetime | None


class WalletView(BaseModel):
    """What you have earned, and what is coming; one sum a currency."""

    available: list[Money]
    coming_total: list[Money]
    coming: list[ComingView]


class WalletEntryView(BaseModel):
    """One movement of your balance; a positive amount came in."""

    id: UUID
    at: datetime
    kind: PostingKind
    order_id: OrderId
    amount: Money


class WalletPage(BaseModel):
    """A page, newest first; `next_cursor` asks for the next, null at the end."""

    items: list[WalletEntryView]
    next_cursor: UUID | None


@router.get("")
async def get_wallet(caller: WorkerCaller, read: ReadDep) -> WalletView:
    """Your balance, and the pay of orders you hold: the first hundred, with their sum."""
    worker_id = WorkerId(caller.id)
    async with read() as tx:
        # What is released between the readings may show in both, but never in neither.
        shares = await coming_to(tx, worker_id, COMING_SHOWN_MAX)
        total = await coming_sums(tx, worker_id)
        available = await wallet_balances(tx, worker_id)
    coming = [
        ComingView(
            order_id=share.order_id,
            visit_number=share.visit_number,
            position=share.position,
            amount=share.net,
            release_at=share.release_at,
        )
        for share in shares
    ]
    nothing = [Money.zero(Currency.HKD)]
    return WalletView(available=available or nothing, coming_total=total, coming=coming)


@router.get("/entries")
async def get_entries(
    caller: WorkerCaller,
    read: ReadDep,
    currency: Currency = Currency.HKD,
    cursor: UUID | None = None,
    limit: Limit = 20,
) -> WalletPage:
    """Every movement of your balance, newest first."""
    async with read() as tx:
        rows = await wallet_entries(tx, WorkerId(caller.id), currency, cursor, limit)
    items = [
        WalletEntryView(
            id=row["id"],
            at=row["posted_at"],
            kind=row["kind"],
            order_id=row["order_id"],
            amount=Money(row["amount_minor"], Currency(row["currency"])),
        )
        for row in rows
    ]
    return WalletPage(items=items, next_cursor=items[-1].id if len(items) == limit else None)
