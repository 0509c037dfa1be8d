"""What falls due."""

import pytest

from tests.services.order.given import Shop


async def _timers(shop: Shop) -> list[str]:
    async with shop.running.begin() as tx:
        return [row[0] for row in await tx.run("SELECT kind FROM timers")]


async def test_an_order_that_payment_left_undecided_raises_an_alert_and_nothing_else(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    order = await shop.placed()
    await shop.running.pass_time(minutes=19, seconds=50)
    assert "payment_undecided" not in capsys.readouterr().out
    await shop.running.pass_time(seconds=15)
    assert "payment_undecided" in capsys.readouterr().out
    assert await shop.state(order) == "pending_payment"


async def test_a_decided_order_leaves_no_timer_behind(shop: Shop) -> None:
    paid, unpaid = await shop.placed(), await shop.placed()
    assert await _timers(shop) == ["pay_alert", "pay_alert"]
    await shop.running.tell(shop.captured(paid))
    await shop.running.tell(shop.unpaid(unpaid))
    assert await _timers(shop) == []
