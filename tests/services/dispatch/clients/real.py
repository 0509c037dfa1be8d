"""Dispatch between the real worker and order services, news carried by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts.order import OrderPaid
from shared.contracts.shapes import Point
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Role
from tests.conftest import ServiceFixture
from tests.services.order.given import MONG_KOK, Shop, shop
from tests.services.order.peers import peers
from tests.services.worker.given import approved
from tests.support.service import Running, as_json

PLACE = Point(**MONG_KOK["point"])  # type: ignore[arg-type]


@dataclass
class Fleet:
    """Three services and a worker who is near."""

    dispatch: Running
    worker: Running
    shop: Shop
    account: UUID

    async def offered(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A paid order and the offer made for it."""
        order = await self.shop.paid()
        for event in await self.shop.running.told(OrderPaid):
            await self.dispatch.tell(event)
        await self.dispatch.run_due()
        headers = self.dispatch.bearer(self.account, Role.WORKER)
        page = as_json(await self.dispatch.http.get("/workers/me/offers", headers=headers))
        [offer] = page["items"]
        return order, offer

    async def accept(self, offer: dict[str, Any]) -> Any:
        return await self.dispatch.http.post(
            f"/offers/{offer['id']}/accept",
            json={"eta_seconds": 600},
            headers=self.dispatch.headers(self.account, Role.WORKER),
        )


@asynccontextmanager
async def fleet(service: ServiceFixture) -> AsyncIterator[Fleet]:
    """Each on a database of its own; worker and order on real ports."""
    async with peers() as both:
        urls = {"USER_URL": both.url, "PROMOTION_URL": both.url}
        order = await service("order", serve=True, **urls)
        worker = await service("worker", serve=True)
        dispatch = await service("dispatch", WORKER_URL=worker.url, ORDER_URL=order.url)
        area = {"base": PLACE.model_dump(), "districts": ["YT"]}
        account = await approved(worker, **area)
        for event in await worker.told(ProfileChanged):
            await dispatch.tell(event)
        headers = dispatch.bearer(account, Role.WORKER)
        body = {"online": True}
        as_json(await dispatch.http.put("/workers/me/presence", json=body, headers=headers))
        place = PLACE.model_dump() | {"accuracy_m": 9}
        said = await dispatch.http.post("/workers/me/positions", json=place, headers=headers)
        assert said.status_code == 204
        yield Fleet(dispatch, worker, await shop(order, both), account)
