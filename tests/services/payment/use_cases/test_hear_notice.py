"""A notice is taken in once, and only if it is about something of ours."""

from uuid import UUID

import pytest

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Notice, NoticeRefused, RefundAnswer, RefundStanding
from services.payment.use_cases.hear_notice import hear_notice
from shared.contracts.payment import Refunded
from shared.kit.ids import new_id
from tests.services.payment.world import World, hkd


async def test_a_refund_notice_must_match_in_every_part(world: World) -> None:
    placed, view = await world.captured()
    await world.cancel(placed)
    number = (await world.money(placed))["refunds"][0]["id"].replace("-", "")
    paid = UUID(view["payment_id"]).hex
    done = RefundStanding.SUCCEEDED
    wrong = [
        RefundAnswer(new_id().hex, done, "5", placed.payable, paid),
        RefundAnswer("nonsense", done, "5", placed.payable, paid),
        RefundAnswer(number, done, "5", hkd(1), paid),
        RefundAnswer(number, done, "5", placed.payable, new_id().hex),
    ]
    for answer in wrong:
        with pytest.raises(NoticeRefused):
            async with world.payment.begin() as tx:
                notice = Notice(str(new_id()), str(new_id()), "REFUND.SUCCESS", refund=answer)
                await hear_notice(tx, ChannelName.WECHAT, notice)

    good = RefundAnswer(number, done, "5", placed.payable, paid)
    for nonce in ("one", "two"):
        async with world.payment.begin() as tx:
            notice = Notice("same", nonce, "REFUND.SUCCESS", refund=good)
            await hear_notice(tx, ChannelName.WECHAT, notice)
    assert len(await world.payment.told(Refunded)) == 1


async def test_a_nonce_signs_one_notice_only(world: World) -> None:
    async with world.payment.begin() as tx:
        await hear_notice(tx, ChannelName.WECHAT, Notice("a", "nonce", "OTHER"))
    with pytest.raises(NoticeRefused):
        async with world.payment.begin() as tx:
            await hear_notice(tx, ChannelName.WECHAT, Notice("b", "nonce", "OTHER"))
