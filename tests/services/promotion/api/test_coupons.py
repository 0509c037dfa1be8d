"""A user's coupons over HTTP."""

import asyncio
from uuid import UUID

import httpx

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    NAMES,
    assert_conserved,
    campaign,
    claim,
    claimed,
    code_of,
    coupons,
    held,
    patiently,
    staff_get,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_a_user_sees_their_coupons_and_no_others(run: Running) -> None:
    user = new_id()
    await campaign(run, categories=["cleaning"], max_discount=sum_of(4_000))
    coupon = await claimed(run, user)
    await claimed(run, new_id())

    [seen] = await coupons(run, user)

    assert UUID(seen["id"]) == coupon
    assert (seen["code"], seen["state"], seen["order_id"]) == ("fifty-off", "issued", None)
    assert (seen["kind"], seen["value"], seen["categories"]) == ("amount_off", 5_000, ["cleaning"])
    assert (seen["minimum"], seen["max_discount"]) == (sum_of(0), sum_of(4_000))
    assert seen["name"] == NAMES["zh-HK"]


async def test_names_come_in_the_language_asked_for(run: Running) -> None:
    user = new_id()
    await campaign(run)
    await claimed(run, user)
    headers = run.bearer(user, Role.USER) | {"Accept-Language": "en-GB"}
    page = as_json(await run.http.get("/coupons", headers=headers))
    assert page["items"][0]["name"] == NAMES["en"]


async def test_the_list_is_paged_by_key_the_last_first(run: Running) -> None:
    user = new_id()
    mine = []
    for n in range(5):
        mine.append(str(await claimed(run, user, await campaign(run, f"campaign-{n}"))))

    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        headers = run.bearer(user, Role.USER)
        page = as_json(await run.http.get("/coupons", params=query, headers=headers))
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == mine[::-1]


async def test_one_state_can_be_asked_for(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    assert await coupons(run, user, state="issued") == []
    [seen] = await coupons(run, user, state="locked")
    assert (seen["id"], seen["order_id"]) == (str(coupon), str(order_id))


async def test_ten_equal_claims_give_one_coupon(run: Running) -> None:
    user, key = new_id(), new_id()
    await campaign(run)

    answers = await asyncio.gather(*(claim(run, user, "fifty-off", key) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await coupons(run, user)) == 1
    assert (await staff_get(run, "campaigns/fifty-off"))["issued_count"] == 1


async def _claim_patiently(run: Running) -> httpx.Response:
    user, key = new_id(), new_id()
    return await patiently(lambda: claim(run, user, "fifty-off", key))


async def test_of_64_claims_as_many_succeed_as_there_are_coupons(run: Running) -> None:
    await campaign(run, issue_limit=7)

    answers = await asyncio.gather(*(_claim_patiently(run) for _ in range(64)))

    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 57
    refusals = {code_of(answer) for answer in answers if answer.is_error}
    assert refusals == {"campaign-exhausted"}
    seen = await staff_get(run, "campaigns/fifty-off")
    assert (seen["issued_count"], seen["remaining"]) == (7, 0)
    await assert_conserved(run)


async def test_the_last_coupon_goes_to_one_of_64(run: Running) -> None:
    await campaign(run, issue_limit=1)
    answers = await asyncio.gather(*(_claim_patiently(run) for _ in range(64)))
    assert [answer.status_code for answer in answers].count(201) == 1
    await assert_conserved(run)


async def test_a_claim_needs_a_key_and_a_known_shape(run: Running) -> None:
    user = new_id()
    body = {"campaign": "fifty-off"}
    bare = await run.http.post("/coupons/claim", json=body, headers=run.bearer(user, Role.USER))
    assert (bare.status_code, code_of(bare)) == (400, "idempotency-key-missing")
    for wrong in ({"campaign": "X"}, {"campaign": 5}, {}, body | {"units": 2}):
        headers = run.headers(user, Role.USER)
        answer = await run.http.post("/coupons/claim", json=wrong, headers=headers)
        assert (answer.status_code, code_of(answer)) == (422, "invalid-request")
