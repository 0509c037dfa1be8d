"""Builders: paid orders, workers who are near, dispatch between its two sister services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.dispatch.domain.hours import HONG_KONG
from services.dispatch.domain.places import EARTH_M
from shared.contracts.order import (
    CancelReason,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderReleased,
)
from shared.contracts.shapes import (
    Point,
    PositionPay,
    PositionSpec,
    Stop,
    Urgency,
    VisitSpec,
)
from shared.contracts.worker import ProfileChanged, Shift, Skill, SlotBooked
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.conftest import ServiceFixture
from tests.services.dispatch.peers import Peers, serving
from tests.support.service import Running, as_json

SHA_TIN = Point(lat=22.383, lng=114.19)
ALL_DAY = [Shift(weekday=day, starts="00:00", ends="00:00") for day in range(7)]
HKD = Currency.HKD


def north(point: Point, metres: float) -> Point:
    """A place some way further north."""
    return Point(lat=point.lat + metres / EARTH_M * 57.29577951, lng=point.lng)


def profile(worker_id: UUID, **changed: Any) -> ProfileChanged:
    """A worker who may take any towing or cleaning job around Sha Tin at any time."""
    facts: dict[str, Any] = {
        "worker_id": worker_id,
        "approved": True,
        "suspended": False,
        "display_name": "陳**",
        "skills": [Skill(code="towing", level=3), Skill(code="cleaning", level=3)],
        "equipment": ["flatbed"],
        "districts": [],
        "base": SHA_TIN,
        "radius_m": 40_000,
        "shifts": ALL_DAY,
        "days_off": [],
        "travel_buffer_seconds": 900,
        "credit": 80.0,
        "jobs_done": 12,
    }
    return ProfileChanged(**(facts | changed))


def shift(starts_at: datetime, ends_at: datetime) -> Shift:
    """Working hours, whole minutes, of the weekday that the first instant falls on."""
    first, last = (one.astimezone(HONG_KONG) for one in (starts_at, ends_at))
    return Shift(weekday=first.weekday(), starts=f"{first:%H:%M}", ends=f"{last:%H:%M}")


def paid(now: datetime, *, crew: int = 1, **changed: Any) -> OrderPaid:
    """A paid order in Sha Tin: a tow at once, unless told otherwise."""
    urgency = changed.get("urgency", Urgency.RESCUE)
    starts_at = changed.pop("starts_at", now)
    skill = changed.pop("skill", "towing")
    level = changed.pop("level", 2)
    price = Money(800_00, HKD)
    visit = VisitSpec(
        visit_id=new_id(),
        number=1,
        starts_at=starts_at,
        ends_at=starts_at + changed.pop("lasts", timedelta(hours=1)),
        stops=[Stop(kind="site", point=changed.pop("point", SHA_TIN), district="ST")],
        positions=[
            PositionSpec(number=number, weight=1, skill=skill, level=level)
            for number in range(1, crew + 1)
        ],
    )
    net = Money(680_00, HKD).split([1] * crew)
    facts: dict[str, Any] = {
        "order_id": new_id(),
        "user_id": new_id(),
        "number": "JA-7K3M-92Q4",
        "state": "pending_dispatch",
        "offering_name": {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"},
        "category": "towing",
        "offering_id": new_id(),
        "list_price": price,
        "discounts": [],
        "payable": price,
        "commissionable": price,
        "commission": Money(120_00, HKD),
        "commission_rule": 1,
        "pay": [
            PositionPay(visit_number=1, position=number, net=part)
            for number, part in enumerate(net, 1)
        ],
        "visits": [visit],
        "urgency": urgency,
        "search_until": now + timedelta(minutes=10),
    }
    return OrderPaid(**(facts | changed))


def _of(order: OrderPaid, state: str) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "user_id": order.user_id,
        "number": order.number,
        "state": state,
        "offering_name": order.offering_name,
    }


def cancelled(order: OrderPaid) -> OrderCancelled:
    return OrderCancelled(
        **_of(order, "cancelled"),
        reason=CancelReason.USER,
        was_paid=True,
        fee=Money.zero(HKD),
    )


def released(order: OrderPaid, offer: dict[str, Any], worker_id: UUID) -> OrderReleased:
    return OrderReleased(
        **_of(order, "pending_dispatch"),
        visit_id=order.visits[0].visit_id,
        positions=[offer["position"]],
        workers=[worker_id],
        offers=[UUID(offer["id"])],
        reason="ill",
        breach=True,
    )


def completed(order: OrderPaid, at: datetime) -> OrderCompleted:
    return OrderCompleted(
        **_of(order, "pending_acceptance"),
        visit_id=order.visits[0].visit_id,
        ended_at=at,
        accept_until=at + timedelta(hours=48),
    )


@dataclass
class Scene:
    """Dispatch, its two sister services, and workers."""

    dispatch: Running
    peers: Peers
    workers: list[UUID] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.dispatch.clock.now()

    async def worker(self, metres: float = 500, **changed: Any) -> UUID:
        """A worker who is online, some way north of the job."""
        worker_id: UUID = changed.pop("worker_id", None) or new_id()
        point = changed.pop("point", north(SHA_TIN, metres))
        await self.dispatch.tell(profile(worker_id, **changed))
        await self.online(worker_id)
        await self.at(worker_id, point)
        self.workers.append(worker_id)
        return worker_id

    async def online(self, worker_id: UUID, online: bool = True) -> Any:
        headers = self.dispatch.bearer(worker_id, Role.WORKER)
        body = {"online": online}
        return as_json(
            await self.dispatch.http.put("/workers/me/presence", json=body, headers=headers)
        )

    async def at(self, worker_id: UUID, point: Point) -> None:
        headers = self.dispatch.bearer(worker_id, Role.WORKER)
        body = {"lat": point.lat, "lng": point.lng, "accuracy_m": 10}
        answer = await self.dispatch.http.post("/workers/me/positions", json=body, headers=headers)
        assert answer.status_code == 204, answer.text

    async def paid(self, **facts: Any) -> OrderPaid:
        """An order that was paid, and its first rounds."""
        order = paid(self.now, **facts)
        await self.dispatch.tell(order)
        await self.dispatch.run_due()
        return order

    async def paid_quietly(self, **facts: Any) -> OrderPaid:
        """An order that was paid, its first rounds still due."""
        order = paid(self.now, **facts)
        await self.dispatch.tell(order)
        return order

    async def taken(self, worker_id: UUID, since: datetime, until: datetime) -> None:
        """A time in the worker's calendar, travel buffer included, is told as booked."""
        ids = {"worker_id": worker_id, "offer_id": new_id(), "order_id": new_id()}
        await self.dispatch.tell(
            SlotBooked(**ids, visit_id=new_id(), starts_at=since, ends_at=until)
        )

    async def finish(self, order: OrderPaid) -> None:
        """The order is cancelled, so that its workers are free again."""
        await self.dispatch.tell(cancelled(order))
        await self.dispatch.run_due()

    async def offers(self, worker_id: UUID, only_open: bool = True) -> list[dict[str, Any]]:
        answer = await self.dispatch.http.get(
            "/workers/me/offers",
            params={"only_open": only_open},
            headers=self.dispatch.bearer(worker_id, Role.WORKER),
        )
        shown: list[dict[str, Any]] = as_json(answer)["items"]
        return shown

    async def holder(self) -> tuple[UUID, dict[str, Any]]:
        """The one worker who has an open offer, and it."""
        async with self.dispatch.begin() as tx:
            sql = "SELECT worker_id FROM offers WHERE state = 'offered'"
            [row] = await tx.run(sql)
        [offer] = await self.offers(row["worker_id"])
        return row["worker_id"], offer

    async def accept(
        self, worker_id: UUID, offer_id: str, key: object = None, eta_seconds: int = 600
    ) -> Any:
        return await self.dispatch.http.post(
            f"/offers/{offer_id}/accept",
            json={"eta_seconds": eta_seconds},
            headers=self.dispatch.headers(worker_id, Role.WORKER, key=key),
        )

    async def decline(self, worker_id: UUID, offer_id: str, key: object = None) -> Any:
        return await self.dispatch.http.post(
            f"/offers/{offer_id}/decline",
            json={"reason": "too_far"},
            headers=self.dispatch.headers(worker_id, Role.WORKER, key=key),
        )

    async def states(self, table: str = "offers") -> list[str]:
        async with self.dispatch.begin() as tx:
            return [row[0] for row in await tx.run(f"SELECT state FROM {table} ORDER BY id")]

    async def rounds(self, order: OrderPaid, kind: str = "rounds") -> list[dict[str, Any]]:
        answer = await self.dispatch.http.get(
            f"/staff/dispatch/orders/{order.order_id}/{kind}",
            params={"limit": 100},
            headers=self.dispatch.bearer(new_id(), Role.STAFF),
        )
        shown: list[dict[str, Any]] = as_json(answer)["items"]
        return shown


@asynccontextmanager
async def scene(service: ServiceFixture, **settings: Any) -> AsyncIterator[Scene]:
    """Dispatch between two peers that speak the internal calls."""
    async with serving() as peers:
        chosen: dict[str, Any] = {"position_every_seconds": 0}
        chosen |= {"WORKER_URL": peers.url, "ORDER_URL": peers.url} | settings
        yield Scene(await service("dispatch", **chosen), peers)
