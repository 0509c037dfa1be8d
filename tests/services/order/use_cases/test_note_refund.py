"""Money that went back."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from services.order.use_cases.note_refund import note_refund
from shared.contracts.ids import OrderId, RefundId
from shared.kit.database import origin_of
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.order.given import Shop


async def _refund(shop: Shop, order_id: str, minor: int) -> None:
    async with shop.running.begin() as tx:
        amount = Money(minor, Currency.HKD)
        await note_refund(tx, OrderId(UUID(order_id)), RefundId(new_id()), amount)


async def test_refunds_add_up_and_never_above_what_was_paid(shop: Shop) -> None:
    order = await shop.paid()
    await _refund(shop, order["id"], 30_000)
    await _refund(shop, order["id"], 50_000)
    assert (await shop.detail(order))["refunded"]["minor"] == 80_000
    with pytest.raises(Exception, match="refunded_in_range") as refused:
        await _refund(shop, order["id"], 1)
    assert isinstance(origin_of(refused.value), asyncpg.CheckViolationError)


@pytest.mark.race("order_for_update")
async def test_refunds_told_at_once_are_all_counted(shop: Shop) -> None:
    order = await shop.paid()
    await asyncio.gather(*(_refund(shop, order["id"], 1_000) for _ in range(8)))
    assert (await shop.detail(order))["refunded"]["minor"] == 8_000
