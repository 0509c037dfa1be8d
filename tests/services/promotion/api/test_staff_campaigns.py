"""Staff's desk for campaigns over HTTP."""

from deploy.demo.promotion import campaigns, packs
from shared.contracts.promotion import PackIssued
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    STAFF,
    campaign,
    code_of,
    coupons,
    held,
    plan,
    put,
    registered,
    staff_get,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_the_same_put_again_changes_nothing(run: Running) -> None:
    body = plan()
    first = as_json(await put(run, "campaigns/fifty-off", body))
    again = as_json(await put(run, "campaigns/fifty-off", body))
    assert (first.pop("changed"), again.pop("changed")) == (True, False)
    assert first == again
    assert again["version"] == 1


async def test_staff_read_planned_against_given_and_spent(run: Running) -> None:
    await campaign(run, issue_limit=10, budget=sum_of(20_000))
    await held(run, new_id())

    seen = await staff_get(run, "campaigns/fifty-off")

    assert (seen["issued_count"], seen["remaining"]) == (1, 9)
    assert (seen["spent"], seen["budget_left"]) == (sum_of(5_000), sum_of(15_000))
    assert (await staff_get(run, "campaigns"))["items"] == [seen]


async def test_each_decision_is_kept_with_name_and_reason(run: Running) -> None:
    await campaign(run)
    await campaign(run, value=6_000, reason="more for the rain, says 6123 4567")

    page = await staff_get(run, "campaigns/fifty-off/versions", limit=1)
    [newest] = page["items"]
    assert (newest["version"], newest["reason"]) == (2, "more for the rain, says 6*** **67")
    assert (newest["actor"], newest["plan"]["value"]) == (str(STAFF), 6_000)
    rest = await staff_get(run, "campaigns/fifty-off/versions", cursor=page["next_cursor"])
    assert [each["plan"]["value"] for each in rest["items"]] == [5_000]


async def test_what_contradicts_itself_is_refused_by_field(run: Running) -> None:
    for changes, field in (
        ({"kind": "percent_off", "value": 10_001}, "value"),
        ({"minimum": sum_of(1, "CNY")}, "minimum.currency"),
        ({"value": "5000"}, "body.value"),
        ({"reason": " "}, "body.reason"),
        ({"names": {"en": "one"}}, "body.names"),
        ({"surprise": 1}, "body.surprise"),
    ):
        answer = await put(run, "campaigns/fifty-off", plan(**changes))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await staff_get(run, "campaigns"))["items"] == []


async def test_unknown_campaigns_and_other_roles_are_refused(run: Running) -> None:
    headers = run.bearer(STAFF, Role.STAFF)
    for path in ("campaigns/none", "campaigns/none/versions", "packs/none"):
        answer = await run.http.get(f"/staff/promotion/{path}", headers=headers)
        assert answer.status_code == 404
    headers = run.bearer(STAFF, Role.USER)
    answer = await run.http.put(
        "/staff/promotion/campaigns/fifty-off", json=plan(), headers=headers
    )
    assert (answer.status_code, code_of(answer)) == (403, "role-missing")


async def test_the_demo_data_is_taken_and_welcomes_a_user(run: Running) -> None:
    for path, body in [*campaigns(), *packs(), *campaigns(), *packs()]:
        as_json(await put(run, path.removeprefix("/staff/promotion/"), body))
    user = new_id()

    await run.tell_twice(registered(user))

    codes = sorted(each["code"] for each in await coupons(run, user))
    assert codes == ["clean-100", "first-order-20", "repair-50"]
    assert len(await run.told(PackIssued)) == 1
