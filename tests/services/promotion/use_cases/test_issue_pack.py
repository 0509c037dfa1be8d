"""Packs whose campaigns run out."""

import asyncio

from services.promotion.use_cases.issue_pack import issue_pack
from shared.contracts.ids import AccountId
from shared.contracts.promotion import PackIssued
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claimed,
    coupons,
    pack,
    registered,
    staff_get,
)
from tests.support.service import Running


async def test_what_has_run_out_is_left_out_and_the_rest_is_given(run: Running) -> None:
    await campaign(run, "few", issue_limit=1)
    await campaign(run, "many")
    await pack(run, "few", "many")
    first, second = new_id(), new_id()
    for user in (first, second):
        await run.tell_twice(registered(user))

    assert sorted(each["code"] for each in await coupons(run, first)) == ["few", "many"]
    assert [each["code"] for each in await coupons(run, second)] == ["many"]
    await assert_conserved(run)


async def test_who_has_their_share_of_a_campaign_gets_no_more_of_it(run: Running) -> None:
    user = new_id()
    await campaign(run, "aa")
    await campaign(run, "twice", per_person=2)
    await pack(run, "aa", "twice", "twice", "twice")
    await claimed(run, user, "aa")

    await run.tell_twice(registered(user))

    assert sorted(each["code"] for each in await coupons(run, user)) == ["aa", "twice", "twice"]
    assert (await staff_get(run, "campaigns/twice"))["remaining"] == 98
    await assert_conserved(run)


async def test_without_a_pack_nothing_is_told(run: Running) -> None:
    await run.tell_twice(registered(new_id()))
    assert await run.told(PackIssued) == []


async def test_ten_at_once_give_one_pack(run: Running) -> None:
    account = AccountId(new_id())
    await campaign(run, "aa", per_person=5)
    await pack(run, "aa")

    async def give() -> int:
        async with run.begin() as tx:
            return len(await issue_pack(tx, SYSTEM, account, "welcome"))

    given = await asyncio.gather(*(give() for _ in range(10)))

    assert sorted(given) == [0] * 9 + [1]
    assert len(await run.told(PackIssued)) == 1
    await assert_conserved(run)
