"""The three calls of the order service."""

from uuid import UUID

from services.order.clients.promotion import PromotionBenefits
from services.order.domain.ports import Basket
from shared.contracts.promotion import BenefitsLocked, BenefitsReleased
from shared.contracts.shapes import Funder
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.promotion.given import (
    OFFERING,
    ask,
    assert_conserved,
    basket,
    campaign,
    claimed,
    code_of,
    hkd,
    lock,
    quote,
    release,
    state_of,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_a_quote_without_names_takes_the_best_coupon(run: Running) -> None:
    user = new_id()
    await campaign(run, "fifty")
    await campaign(run, "tenth", kind="percent_off", value=1_000, funder="worker")
    fifty, tenth = await claimed(run, user, "fifty"), await claimed(run, user, "tenth")

    answer = await quote(run, user)

    amount = sum_of(8_000)
    assert answer["applied"] == [
        {"coupon_id": str(tenth), "code": "tenth", "amount": amount, "funder": "worker"}
    ]
    assert answer["skipped"] == [
        {"coupon_id": str(fifty), "code": "fifty", "reason": "one_per_order"}
    ]
    assert await state_of(run, user, tenth) == "issued"


async def test_a_quote_says_why_a_coupon_does_not_count(run: Running) -> None:
    user, stranger = new_id(), new_id()
    await campaign(run, "fifty")
    await campaign(run, "towing-only", categories=["towing"])
    theirs = await claimed(run, stranger, "fifty")
    towing = await claimed(run, user, "towing-only")
    nowhere = new_id()

    answer = await quote(run, user, [nowhere, towing, theirs])

    assert answer["applied"] == []
    reasons = {UUID(skip["coupon_id"]): skip["reason"] for skip in answer["skipped"]}
    assert reasons == {nowhere: "not_found", theirs: "not_found", towing: "other_category"}


async def test_no_coupon_named_is_no_coupon_used(run: Running) -> None:
    user = new_id()
    await campaign(run)
    await claimed(run, user)
    assert await quote(run, user, []) == {"applied": [], "skipped": []}


async def test_a_lock_told_twice_is_made_once_and_answers_the_same(run: Running) -> None:
    user, order = new_id(), new_id()
    await campaign(run, "fifty")
    await campaign(run, "sixty", value=6_000)
    fifty, sixty = await claimed(run, user, "fifty"), await claimed(run, user, "sixty")

    first = as_json(await lock(run, user, order, fifty, sixty))
    again = as_json(await lock(run, user, order, sixty, fifty))

    assert first == again
    assert [each["coupon_id"] for each in first["applied"]] == [str(sixty)]
    assert [each["reason"] for each in first["skipped"]] == ["one_per_order"]
    [told] = await run.told(BenefitsLocked)
    assert (told.order_id, told.coupons, told.discount) == (order, [sixty], hkd(6_000))
    assert await state_of(run, user, sixty) == "locked"
    assert await state_of(run, user, fifty) == "issued"
    await assert_conserved(run)


async def test_an_order_holds_one_basket_only(run: Running) -> None:
    user, order = new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, order, coupon))

    other = await lock(run, user, order, coupon, list_price=sum_of(90_000))

    assert (other.status_code, code_of(other)) == (409, "locked-otherwise")


async def test_a_coupon_held_by_one_order_is_refused_to_another(run: Running) -> None:
    user = new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, new_id(), coupon))

    refused = await lock(run, user, new_id(), coupon)

    assert (refused.status_code, code_of(refused)) == (409, "coupon-not-usable")
    assert refused.json()["reason"] == "held_by_another_order"
    assert len(await run.told(BenefitsLocked)) == 1


async def test_a_release_frees_the_coupon_once_and_for_all(run: Running) -> None:
    user, order = new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, order, coupon))

    for _ in range(2):
        assert as_json(await release(run, user, order)) == {"released": True}

    assert await state_of(run, user, coupon) == "issued"
    [told] = await run.told(BenefitsReleased)
    assert told.coupons == [coupon]
    refused = await lock(run, user, order, coupon)
    assert (refused.status_code, code_of(refused)) == (409, "lock-released")
    as_json(await lock(run, user, new_id(), coupon))
    await assert_conserved(run)


async def test_a_release_that_comes_first_refuses_the_lock(run: Running) -> None:
    user, order = new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)

    for _ in range(2):
        assert as_json(await release(run, user, order)) == {"released": False}

    refused = await lock(run, user, order, coupon)
    assert (refused.status_code, code_of(refused)) == (409, "lock-released")
    assert await state_of(run, user, coupon) == "issued"
    assert await run.told(BenefitsReleased) == []


async def test_nobody_touches_another_persons_order(run: Running) -> None:
    user, stranger, order = new_id(), new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, order, coupon))

    for answer in (await release(run, stranger, order), await lock(run, stranger, order, coupon)):
        assert (answer.status_code, code_of(answer)) == (404, "benefits-not-found")
    assert await state_of(run, user, coupon) == "locked"


async def test_only_users_hold_coupons(run: Running) -> None:
    user, order = new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    body = basket(order_id=str(order), coupon_ids=[str(coupon)])
    answer = await ask(run, user, "lock", body, Role.WORKER)
    assert (answer.status_code, code_of(answer)) == (403, "move-forbidden")


async def test_a_body_that_breaks_the_schema_is_refused_by_field(run: Running) -> None:
    for change, field in (
        ({"list_price": sum_of(-1)}, "body.list_price.minor"),
        ({"list_price": {"minor": "80000", "currency": "HKD"}}, "body.list_price.minor"),
        ({"list_price": sum_of(1, "USD")}, "body.list_price.currency"),
        ({"category": "'; DROP"}, "body.category"),
        ({"coupon_ids": ["x"]}, "body.coupon_ids.0"),
        ({"more": 1}, "body.more"),
    ):
        answer = await ask(run, new_id(), "quote", basket(coupon_ids=None) | change)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_user_token_opens_no_internal_route(run: Running) -> None:
    body = basket(coupon_ids=None)
    headers = run.bearer(new_id(), Role.USER)
    answer = await run.http.post("/internal/benefits/quote", json=body, headers=headers)
    assert answer.status_code == 401


async def test_the_order_services_own_client_reads_every_answer(service: ServiceFixture) -> None:
    run = await service("promotion", serve=True)
    order = await service("order", PROMOTION_URL=run.url)
    client = PromotionBenefits(order.kit.peer("promotion", run.url))
    user = Caller(new_id(), Role.USER)
    await campaign(run)
    coupon, order_id = await claimed(run, user.id), new_id()
    wanted = Basket("cleaning", OFFERING, hkd(80_000))

    quoted = await client.quote(user, wanted, None)
    held = await client.lock(user, order_id, wanted, [coupon])
    await client.release(user, order_id)

    assert quoted == held
    [benefit] = held.applied
    assert (benefit.coupon_id, benefit.amount, benefit.funder) == (
        coupon,
        hkd(5_000),
        Funder.PLATFORM,
    )
    assert await state_of(run, user.id, coupon) == "issued"
