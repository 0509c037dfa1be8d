"""A receipt counts only if it is about an attempt of ours in every part."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import NoticeRefused, Receipt
from services.payment.use_cases.hear_receipt import hear_receipt
from shared.contracts.payment import PaymentCaptured
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.payment.world import World, hkd


async def test_each_part_is_held_against_our_own_row(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    number = UUID(view["payment_id"]).hex
    good = Receipt(number, "42", hkd(100_000), str(placed.order_id), placed.pay_until)
    wrong = [
        replace(good, number=new_id().hex),
        replace(good, number="not-a-number"),
        replace(good, number=number.upper()),
        replace(good, amount=hkd(99_999)),
        replace(good, amount=Money(100_000, Currency.CNY)),
        replace(good, order_id=str(new_id())),
    ]
    for receipt in wrong:
        with pytest.raises(NoticeRefused):
            async with world.payment.begin() as tx:
                await hear_receipt(tx, ChannelName.WECHAT, receipt)
    with pytest.raises(NoticeRefused):
        async with world.payment.begin() as tx:
            await hear_receipt(tx, ChannelName.NONE, good)
    assert await world.payment.told(PaymentCaptured) == []

    async with world.payment.begin() as tx:
        await hear_receipt(tx, ChannelName.WECHAT, good)
    assert len(await world.payment.told(PaymentCaptured)) == 1
