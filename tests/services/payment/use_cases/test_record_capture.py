"""Money that a channel says was paid goes into escrow, once."""

from services.payment.storage.payables import Payable
from shared.contracts.payment import LateCaptured, PaymentCaptured, Refunded
from tests.services.payment.world import World, coupon, hkd


async def test_a_paid_order_is_in_escrow_and_its_net_pay_is_told(world: World) -> None:
    placed, _ = await world.captured(100_000, weights=(2, 1))

    [told] = await world.payment.told(PaymentCaptured)
    assert told.amount == hkd(100_000)
    assert told.commission == hkd(12_000)  # Towing: 12 %.
    assert [pay.net for pay in told.pay] == [hkd(58_667), hkd(29_333)]
    assert await world.balances(placed) == {
        "asset:channel:wechat:clearing": -100_000,
        "liab:escrow:order:*": 100_000,
    }
