"""Changing a campaign while its coupons are about."""

import asyncio

from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claim,
    claimed,
    code_of,
    held,
    plan,
    put,
    quote,
    race,
    staff_get,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_a_coupon_keeps_what_it_was_given_with(run: Running) -> None:
    early, late = new_id(), new_id()
    await campaign(run, value=5_000)
    await claimed(run, early)
    await campaign(run, value=1_000, categories=["towing"])
    await claimed(run, late)

    assert (await quote(run, early))["applied"][0]["amount"] == sum_of(5_000)
    assert (await quote(run, late))["skipped"][0]["reason"] == "other_category"
    towing = await quote(run, late, category="towing")
    assert towing["applied"][0]["amount"] == sum_of(1_000)


async def test_limits_shrink_down_to_what_is_given_and_spent(run: Running) -> None:
    await campaign(run, issue_limit=10, budget=sum_of(50_000))
    await held(run, new_id())

    for changes, field in (({"issue_limit": 0}, "issue_limit"), ({"budget": sum_of(1)}, "budget")):
        answer = await put(run, "campaigns/fifty-off", plan(**changes))
        assert (answer.status_code, code_of(answer)) == (422, "plan-invalid")
        assert answer.json()["field"] == field
    await campaign(run, issue_limit=1, budget=sum_of(5_000))

    seen = await staff_get(run, "campaigns/fifty-off")
    assert (seen["remaining"], seen["budget_left"]) == (0, sum_of(0))
    await assert_conserved(run)


async def test_claims_race_a_change_of_the_limit_and_every_count_is_exact(run: Running) -> None:
    await campaign(run, issue_limit=20)
    for limit in (20, 14, 30):

        async def change(limit: int = limit) -> int:
            body = plan(issue_limit=limit)
            return (await put(run, "campaigns/fifty-off", body)).status_code

        async def take() -> int:
            return (await claim(run, new_id(), "fifty-off")).status_code

        answers = await race("campaign_for_update", *[take] * 4, change, *[take] * 4)
        assert set(answers) <= {200, 201, 409, 422}
        await assert_conserved(run)
    assert (await staff_get(run, "campaigns/fifty-off"))["issued_count"] > 0


async def test_one_of_two_first_puts_makes_the_campaign(run: Running) -> None:
    bodies = [plan(value=1_000), plan(value=2_000)]
    answers = await asyncio.gather(*(put(run, "campaigns/fifty-off", body) for body in bodies))
    assert {answer.status_code for answer in answers} <= {200, 409}
    seen = await staff_get(run, "campaigns/fifty-off/versions")
    assert len(seen["items"]) == sum(answer.is_success for answer in answers)
    as_json(await put(run, "campaigns/fifty-off", plan(value=3_000)))
