"""Orders at any point of their lives, made as users, payment and dispatch make them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx

from services.order.domain.catalogue import OfferingTerms
from services.order.storage.catalogue import CategoryRow, OfferingRow, PriceVersion
from services.order.storage.quotes import Quote, quote_of
from shared.contracts.ids import OfferId, OrderId, UserId, WorkerId
from shared.contracts.payment import PaymentCaptured, PaymentUnpaid
from shared.contracts.shapes import PositionPay
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction
from tests.services.order.peers import Peers
from tests.support.service import Running, as_json

T = TypeVar("T")
WORDS = {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"}
MONG_KOK = {"point": {"lat": 22.3193, "lng": 114.1694}, "district": "YT"}
SHA_TIN = {"point": {"lat": 22.3814, "lng": 114.1877}, "district": "ST"}
SECRET_LINES = {
    "estate": "太古城",
    "building": "Juniper Mansion",
    "block": "5",
    "floor": "SECRETFLOOR",
    "flat": "SECRETFLAT",
}


def _terms(category: str, stops: list[str], crew: int, rescue: bool) -> dict[str, Any]:
    skill = "towing" if rescue else "cleaning"
    return {
        "category": category,
        "name": WORDS,
        "description": WORDS,
        "rescue": rescue,
        **({"equipment": "flatbed"} if rescue else {}),
        "stops": stops,
        "positions": [{"weight": 60 - 20 * n, "skill": skill, "level": 2} for n in range(crew)],
        "duration_minutes": 90,
        "book": {
            "unit": "visit",
            "base_minor": 80_000,
            "quantity_max": 3,
            "per_unit_minor": 10_000,
            "included": 1,
            "reference": {"floor_minor": 0, "ceiling_minor": 1_000_000, "source": "test"},
        },
    }


@dataclass
class Shop:
    """The order service with two offerings, its peers, and a user who wants something."""

    running: Running
    peers: Peers
    user: UUID
    towing: UUID
    cleaning: UUID

    @property
    def http(self) -> httpx.AsyncClient:
        return self.running.http

    @property
    def now(self) -> datetime:
        return self.running.clock.now()

    def as_user(self, key: object = None, user: UUID | None = None) -> dict[str, str]:
        return self.running.headers(user or self.user, Role.USER, key=key)

    def as_staff(self) -> dict[str, str]:
        return self.running.headers(new_id(), Role.STAFF)

    def asks(self, offering: UUID | None = None, **also: Any) -> dict[str, Any]:
        """The body of a price quote: towing now, or cleaning tomorrow."""
        if offering == self.cleaning:
            stops = [{"kind": "site", **SHA_TIN, "lines": SECRET_LINES}]
            starts_at = (self.now + timedelta(days=2)).isoformat()
            body: dict[str, Any] = {
                "offering_id": str(self.cleaning),
                "stops": stops,
                "starts_at": starts_at,
            }
        else:
            stops = [{"kind": "pick_up", **MONG_KOK}, {"kind": "drop_off", **SHA_TIN}]
            body = {"offering_id": str(self.towing), "stops": stops, "starts_at": None}
        return {**body, "coupon_ids": [], **also}

    async def quote(self, offering: UUID | None = None, **also: Any) -> dict[str, Any]:
        asked = self.asks(offering, **also)
        answer = await self.http.post("/price-quotes", json=asked, headers=self.as_user())
        view: dict[str, Any] = as_json(answer)
        return view

    async def post_order(self, quote: dict[str, Any], key: object = None) -> httpx.Response:
        body = {"quote_id": quote["quote_id"], "hash": quote["hash"]}
        return await self.http.post("/orders", json=body, headers=self.as_user(key))

    async def placed(self, offering: UUID | None = None, **also: Any) -> dict[str, Any]:
        view: dict[str, Any] = as_json(await self.post_order(await self.quote(offering, **also)))
        return view

    def captured(self, order: dict[str, Any], minor: int | None = None) -> PaymentCaptured:
        amount = order["payable"]["minor"] if minor is None else minor
        return PaymentCaptured(
            order_id=OrderId(UUID(order["id"])),
            user_id=UserId(self.user),
            amount=Money(amount, Currency.HKD),
            channel="wechat",
            commission=Money(8_000, Currency.HKD),
            commission_rule=1,
            pay=[PositionPay(visit_number=1, position=1, net=Money(72_000, Currency.HKD))],
        )

    def unpaid(self, order: dict[str, Any]) -> PaymentUnpaid:
        return PaymentUnpaid(order_id=OrderId(UUID(order["id"])), user_id=UserId(self.user))

    async def paid(self, offering: UUID | None = None) -> dict[str, Any]:
        order = await self.placed(offering)
        await self.running.tell(self.captured(order))
        return await self.detail(order)

    async def assign(
        self,
        order: dict[str, Any],
        worker: WorkerId,
        position: int = 1,
        offer: OfferId | None = None,
        visit: str = "",
        promised_at: datetime | None = None,
    ) -> httpx.Response:
        """What dispatch does when a worker has accepted and is booked."""
        visit = visit or (await self.detail(order))["visits"][0]["id"]
        body = {
            "offer_id": str(offer or new_id()),
            "worker_id": str(worker),
            "visit_id": visit,
            "position": position,
        }
        if promised_at is not None:
            body["promised_at"] = promised_at.isoformat()
        return await self.http.post(
            f"/internal/orders/{order['id']}/assign",
            json=body,
            headers=self.running.internal(Caller(worker, Role.WORKER), "dispatch"),
        )

    async def assigned(
        self, offering: UUID | None = None, crew: list[WorkerId] | None = None
    ) -> dict[str, Any]:
        """A paid order whose every position is filled; ``crew`` holds the lead first."""
        order = await self.paid(offering)
        seats = order["visits"][0]["positions"]
        for seat, worker in zip(seats, crew or [new_id() for _ in seats], strict=True):
            as_json(await self.assign(order, worker, seat["number"]))
        return await self.detail(order)

    async def cancel(self, order: dict[str, Any], key: object = None) -> httpx.Response:
        """The user changes their mind."""
        path, body = f"/orders/{order['id']}/cancel", {"reason": "changed my mind"}
        return await self.http.post(path, json=body, headers=self.as_user(key))

    async def detail(self, order: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.get(f"/orders/{order['id']}", headers=self.as_user())
        view: dict[str, Any] = as_json(answer)
        return view

    async def state(self, order: dict[str, Any]) -> str:
        return str((await self.detail(order))["state"])


async def known_quote(tx: Transaction, quote_id: UUID) -> Quote:
    """A price quote that is kept still."""
    quote = await quote_of(tx, quote_id)
    assert quote is not None
    return quote


async def offering(running: Running, code: str, terms: dict[str, Any]) -> UUID:
    """An offering of the catalogue, on sale from now on."""
    checked = OfferingTerms.model_validate(terms)
    kept = checked.as_json()
    async with running.begin() as tx:
        words = {"name": terms["name"], "description": terms["description"]}
        tx.add(CategoryRow(code=checked.category, rank=0, is_on=True, terms=words))
        await tx.session.flush()
        row = OfferingRow(
            id=new_id(),
            code=code,
            category=checked.category,
            rank=0,
            on_sale=True,
            districts=[],
            terms={name: part for name, part in kept.items() if name != "book"},
            tokens=[],
        )
        tx.add(row)
        await tx.session.flush()
        tx.add(
            PriceVersion(
                offering_id=row.id,
                version=1,
                effective_at=tx.now,
                book=kept["book"],
                written_at=tx.now,
                written_by=new_id(),
                reason="test",
            )
        )
    return row.id


async def shop(running: Running, peers: Peers) -> Shop:
    """A shop with one rescue of two stops and one job for a crew of two."""
    towing = await offering(
        running, "tow_car", _terms("towing", ["pick_up", "drop_off"], 1, rescue=True)
    )
    cleaning = await offering(running, "deep_clean", _terms("cleaning", ["site"], 2, rescue=False))
    return Shop(running, peers, new_id(), towing, cleaning)


async def race(lock: str, *contenders: Callable[[], Awaitable[T]], apart: float = 0) -> list[T]:
    """Contenders for one lock, let go from a barrier; the later ones that many seconds later."""
    assert lock.endswith("_for_update")
    barrier = asyncio.Barrier(len(contenders))

    async def run(place: int, contend: Callable[[], Awaitable[T]]) -> T:
        await barrier.wait()
        await asyncio.sleep(place * apart)
        return await contend()

    return await asyncio.gather(*(run(place, one) for place, one in enumerate(contenders)))


async def waiters(shop: Shop, number: int) -> None:
    """Until so many statements wait for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(3), shop.running.begin.alone() as tx:
        while (await tx.run(waiting))[0][0] < number:  # noqa: ASYNC110 - a wait has no event.
            await asyncio.sleep(0.01)
