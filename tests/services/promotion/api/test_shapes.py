"""Cursors, limits and codes that are out of shape."""

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.promotion.given import STAFF
from tests.support.service import Running

OUT_OF_SHAPE = [
    ("/coupons", {"limit": "0"}, "query.limit"),
    ("/coupons", {"limit": "101"}, "query.limit"),
    ("/coupons", {"cursor": "x"}, "query.cursor"),
    ("/coupons", {"state": "lost"}, "query.state"),
    ("/promotions", {"cursor": "x" * 41}, "query.cursor"),
    ("/staff/promotion/campaigns", {"limit": "1e3"}, "query.limit"),
    ("/staff/promotion/campaigns/Bad_Code", {}, "path.code"),
    ("/staff/promotion/campaigns/ab/versions", {"cursor": "0"}, "query.cursor"),
    ("/staff/promotion/packs/-", {}, "path.code"),
]


async def test_what_is_out_of_shape_is_refused_by_field(run: Running) -> None:
    headers = run.bearer(STAFF, Role.USER, Role.STAFF)
    for path, query, field in OUT_OF_SHAPE:
        answer = await run.http.get(path, params=query, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_foreign_cursor_never_breaks_a_list(run: Running) -> None:
    headers = run.bearer(new_id(), Role.USER)
    for cursor in ("\x00", "%", "'; DROP TABLE campaigns"):
        answer = await run.http.get("/promotions", params={"cursor": cursor}, headers=headers)
        assert answer.status_code in {200, 422}
