"""HTTP for a user's refunds."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.payment.domain.payment import ChannelName
from services.payment.domain.refund import RefundReason, RefundState
from services.payment.storage.refunds import refunds_to
from shared.contracts.ids import OrderId, RefundId, UserId
from shared.kit.money import Money
from shared.kit.web import ReadDep, UserCaller

router = APIRouter(prefix="/refunds", tags=["refunds"])

Limit = Annotated[int, Query(ge=1, le=100)]


class RefundView(BaseModel):
    """Money on its way back to where it came from."""

    model_config = ConfigDict(from_attributes=True)

    id: RefundId
    order_id: OrderId
    channel: ChannelName
    amount: Money
    reason: RefundReason
    state: RefundState
    requested_at: datetime
    ended_at: datetime | None


class RefundPage(BaseModel):
    """A page, newest first; `next_cursor` asks for the next, null at the end."""

    items: list[RefundView]
    next_cursor: RefundId | None


@router.get("")
async def get_refunds(
    caller: UserCaller, read: ReadDep, cursor: RefundId | None = None, limit: Limit = 20
) -> RefundPage:
    """Your refunds, newest first."""
    async with read() as tx:
        rows = await refunds_to(tx, UserId(caller.id), cursor, limit)
    items = [RefundView.model_validate(row) for row in rows]
    return RefundPage(items=items, next_cursor=items[-1].id if len(items) == limit else None)
