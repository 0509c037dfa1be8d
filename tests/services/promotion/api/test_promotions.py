"""What users can claim at present."""

from typing import Any

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claimed,
    held,
    plan,
    release,
    sum_of,
)
from tests.support.service import Running, as_json


async def listed(run: Running, **query: Any) -> Any:
    headers = run.bearer(new_id(), Role.USER)
    return as_json(await run.http.get("/promotions", params=query, headers=headers))


async def test_only_what_can_be_claimed_now_is_listed(run: Running) -> None:
    await campaign(run, "open")
    await campaign(run, "in-packs", claimable=False)
    await campaign(run, "used-up", issue_limit=1)
    await claimed(run, new_id(), "used-up")
    await campaign(run, "to-come", starts_at=plan()["ends_at"], ends_at="2099-01-01T00:00:00Z")

    page = await listed(run)

    assert [each["code"] for each in page["items"]] == ["open"]
    await run.pass_time(days=401)
    assert [each["code"] for each in (await listed(run))["items"]] == ["to-come"]


async def test_a_campaign_without_money_is_listed_again_when_some_comes_back(run: Running) -> None:
    await campaign(run, "open")
    await campaign(run, "spent", budget=sum_of(5_000))
    user = new_id()
    order_id, _ = await held(run, user, "spent")

    assert [each["code"] for each in (await listed(run))["items"]] == ["open"]
    as_json(await release(run, user, order_id))
    assert [each["code"] for each in (await listed(run))["items"]] == ["open", "spent"]
    await assert_conserved(run)


async def test_the_list_is_paged_by_code(run: Running) -> None:
    for code in ("cc", "aa", "bb"):
        await campaign(run, code)
    first = await listed(run, limit=2)
    second = await listed(run, limit=2, cursor=first["next_cursor"])
    codes = [each["code"] for page in (first, second) for each in page["items"]]
    assert codes == ["aa", "bb", "cc"]
    assert second["next_cursor"] is None
