"""Staff's desk for packs over HTTP."""

from tests.services.promotion.given import STAFF, campaign, code_of, pack, put, staff_get
from tests.support.service import Running, as_json


async def test_a_pack_is_put_once_and_read(run: Running) -> None:
    await campaign(run, "aa")
    await campaign(run, "bb")
    body = {"campaigns": ["bb", "aa"], "reason": "a welcome, 6123 4567"}

    first = as_json(await put(run, "packs/welcome", body))
    again = as_json(await put(run, "packs/welcome", body))

    assert (first["changed"], again["changed"]) == (True, False)
    seen = await staff_get(run, "packs/welcome")
    assert (seen["campaigns"], seen["changed_by"]) == (["aa", "bb"], str(STAFF))
    assert seen["reason"] == "a welcome, 6*** **67"


async def test_a_pack_of_unknown_campaigns_is_refused(run: Running) -> None:
    await campaign(run, "aa")
    await pack(run, "aa")
    body = {"campaigns": ["aa", "nowhere"], "reason": "a slip"}
    answer = await put(run, "packs/welcome", body)
    assert (answer.status_code, code_of(answer)) == (404, "campaign-not-found")
    assert (await staff_get(run, "packs/welcome"))["campaigns"] == ["aa"]


async def test_an_empty_pack_is_none(run: Running) -> None:
    answer = await put(run, "packs/welcome", {"campaigns": [], "reason": "nothing"})
    assert (answer.status_code, answer.json()["field"]) == (422, "body.campaigns")
