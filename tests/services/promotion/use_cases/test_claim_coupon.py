"""Who may claim what, and how often."""

import asyncio

from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claim,
    claimed,
    code_of,
    coupons,
    held,
    plan,
    staff_get,
    sum_of,
)
from tests.support.service import Running


async def test_a_person_gets_no_more_than_the_campaign_allows(run: Running) -> None:
    user = new_id()
    await campaign(run, per_person=2)

    answers = await asyncio.gather(*(claim(run, user, "fifty-off") for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 8
    assert {code_of(a) for a in answers if a.is_error} == {"coupon-limit-reached"}
    assert len(await coupons(run, user)) == 2
    assert (await staff_get(run, "campaigns/fifty-off"))["remaining"] == 98
    await assert_conserved(run)


async def test_a_campaign_gives_within_its_window_only(run: Running) -> None:
    body = plan()
    await campaign(run, "to-come", starts_at=body["ends_at"], ends_at="2099-01-01T00:00:00Z")
    await campaign(run, "open")

    refused = await claim(run, new_id(), "to-come")
    assert (refused.status_code, code_of(refused)) == (409, "campaign-not-open")
    await run.pass_time(days=401)
    await claimed(run, new_id(), "to-come")
    refused = await claim(run, new_id(), "open")
    assert (refused.status_code, code_of(refused)) == (409, "campaign-not-open")


async def test_what_comes_in_packs_cannot_be_claimed(run: Running) -> None:
    await campaign(run, "in-packs", claimable=False)
    for code in ("in-packs", "nowhere"):
        refused = await claim(run, new_id(), code)
        assert (refused.status_code, code_of(refused)) == (404, "campaign-not-found")


async def test_a_spent_budget_ends_the_giving(run: Running) -> None:
    await campaign(run, budget=sum_of(5_000))
    await held(run, new_id())
    refused = await claim(run, new_id(), "fifty-off")
    assert (refused.status_code, code_of(refused)) == (409, "campaign-exhausted")
