"""Staff ask why."""

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene
from tests.support.service import as_json


async def test_rounds_and_offers_of_an_order_page_by_page(service: ServiceFixture) -> None:
    async with scene(service) as here:
        near = await here.worker(metres=300)
        await here.worker(metres=4_000)
        order = await here.paid()
        [offer] = await here.offers(near)
        await here.decline(near, offer["id"])
        await here.dispatch.run_due()
        headers = here.dispatch.bearer(new_id(), Role.STAFF)
        seen, cursor = [], None
        while True:
            query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            url = f"/staff/dispatch/orders/{order.order_id}/rounds"
            page = as_json(await here.dispatch.http.get(url, params=query, headers=headers))
            seen += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break

        assert [one["radius_m"] for one in seen] == [3_000, 5_000]
        assert [bool(one["offer_id"]) for one in seen] == [True, True]
        offers = await here.rounds(order, "offers")
        assert [one["state"] for one in offers] == ["declined", "offered"]


async def test_only_staff_may_look(service: ServiceFixture) -> None:
    async with scene(service) as here:
        for kind in ("rounds", "offers"):
            url = f"/staff/dispatch/orders/{new_id()}/{kind}"
            headers = here.dispatch.bearer(new_id(), Role.WORKER, Role.USER)
            assert (await here.dispatch.http.get(url, headers=headers)).status_code == 403
            staff = here.dispatch.bearer(new_id(), Role.STAFF)
            assert as_json(await here.dispatch.http.get(url, headers=staff))["items"] == []
