"""HTTP for a user's refunds."""

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World
from tests.support.service import as_json


async def test_a_user_pages_through_their_own_refunds(world: World) -> None:
    placed, _ = await world.captured()
    staff = world.payment
    for amount in (10_000, 20_000, 30_000):
        body = {"order_id": str(placed.order_id), "amount_minor": amount, "reason": "late"}
        headers = staff.headers(new_id(), Role.STAFF)
        as_json(await staff.http.post("/staff/payment/refunds", json=body, headers=headers))

    mine = world.payment.bearer(placed.user_id, Role.USER)
    first = as_json(await world.payment.http.get("/refunds?limit=2", headers=mine))
    assert [item["amount"]["minor"] for item in first["items"]] == [30_000, 20_000]
    path = f"/refunds?limit=2&cursor={first['next_cursor']}"
    rest = as_json(await world.payment.http.get(path, headers=mine))
    assert [item["amount"]["minor"] for item in rest["items"]] == [10_000]
    assert rest["next_cursor"] is None

    others = world.payment.bearer(new_id(), Role.USER)
    assert as_json(await world.payment.http.get("/refunds", headers=others))["items"] == []
    too_many = await world.payment.http.get("/refunds?limit=101", headers=mine)
    assert too_many.status_code == 422
