"""A job under way: its crew, their photos, and the steps from the assignment to the review."""

import dataclasses
import io
import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from PIL import Image

from services.order.storage.orders import Order, Position, Visit, order_of
from shared.contracts.ids import WorkerId
from shared.kit.caller import SYSTEM, Role
from shared.kit.events import Event
from shared.kit.ids import new_id, shard_of
from shared.privacy.sealing import erase_subject
from tests.services.order.given import MONG_KOK, SHA_TIN, WORDS, Shop, offering, shop
from tests.services.order.peers import Peers
from tests.support.service import Running, as_json

THERE = {**SHA_TIN["point"], "accuracy_m": 20}  # type: ignore[dict-item]
AWAY = {"lat": 22.2819, "lng": 114.1581, "accuracy_m": 20}
CHECKLIST: list[dict[str, Any]] = [
    {"stage": "before_start", "code": "keys", "label": WORDS, "kind": "yes_no"},
    {"stage": "before_start", "code": "front", "label": WORDS, "kind": "photo"},
    {"stage": "during", "code": "rooms", "label": WORDS, "kind": "number"},
    {
        "stage": "before_completion",
        "code": "floor",
        "label": WORDS,
        "kind": "choice",
        "choices": ["dry", "wet"],
    },
    {
        "stage": "before_completion",
        "code": "remark",
        "label": WORDS,
        "kind": "choice",
        "choices": ["none"],
        "required": False,
    },
]

CHECKED: dict[str, Any] = {
    "category": "moving",
    "name": WORDS,
    "description": WORDS,
    "rescue": True,
    "stops": ["pick_up", "drop_off"],
    "positions": [{"weight": 1, "skill": "moving"}],
    "duration_minutes": 60,
    "checklist": CHECKLIST,
    "book": {
        "unit": "visit",
        "base_minor": 50_000,
        "reference": {"floor_minor": 0, "ceiling_minor": 1_000_000, "source": "test"},
    },
}

_colours = itertools.count(1)


def picture(size: tuple[int, int] = (64, 48), kind: str = "JPEG", **how: Any) -> bytes:
    """A picture unlike every one before it."""
    number = next(_colours)
    image = Image.new("RGB", size, (number % 256, 40, 40))
    for x in range(24):  # The number in black and white, so that no encoder can lose it.
        shade = 255 * (number >> x & 1)
        image.paste((shade, shade, shade), (x * 2, 0, x * 2 + 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


@dataclass
class Works:
    """The order service with the object store, and a crew of two: the lead and a mate."""

    shop: Shop
    checked: UUID  # An offering with a checklist, for one worker.
    lead: WorkerId = field(default_factory=new_id)
    mate: WorkerId = field(default_factory=new_id)

    @property
    def running(self) -> Running:
        return self.shop.running

    @property
    def http(self) -> httpx.AsyncClient:
        return self.shop.running.http

    def as_worker(self, worker: WorkerId | None = None, key: object = None) -> dict[str, str]:
        return self.running.headers(worker or self.lead, Role.WORKER, key=key)

    async def assigned(self) -> dict[str, Any]:
        """A cleaning whose crew is complete."""
        return await self.shop.assigned(self.shop.cleaning, [self.lead, self.mate])

    async def checked_in_at(self) -> dict[str, Any]:
        """The lead has arrived, alone, at a job with a checklist."""
        order = await self.shop.placed(offering_id=str(self.checked))
        await self.running.tell(self.shop.captured(order))
        order = await self.shop.detail(order)
        as_json(await self.shop.assign(order, self.lead))
        as_json(await self.step(order, "depart"))
        pick_up = {**MONG_KOK["point"], "accuracy_m": 5}  # type: ignore[dict-item]
        as_json(await self.step(order, "arrive", body=pick_up))
        return order

    async def step(
        self,
        order: dict[str, Any],
        what: str,
        worker: WorkerId | None = None,
        body: Any = None,
        key: object = None,
    ) -> httpx.Response:
        """One POST of a worker under /jobs."""
        headers = self.as_worker(worker, key)
        return await self.http.post(f"/jobs/{order['id']}/{what}", json=body, headers=headers)

    async def send(
        self,
        order: dict[str, Any],
        stage: str = "after",
        worker: WorkerId | None = None,
        photo: bytes | None = None,
        key: object = None,
        **fields: str,
    ) -> httpx.Response:
        """Upload a photo."""
        return await self.http.post(
            f"/jobs/{order['id']}/evidence",
            data={"stage": stage, **fields},
            files={"photo": ("photo.bin", photo or picture())},
            headers=self.as_worker(worker, key),
        )

    async def departed(self) -> dict[str, Any]:
        order = await self.assigned()
        as_json(await self.step(order, "depart"))
        return order

    async def arrived(self) -> dict[str, Any]:
        order = await self.departed()
        as_json(await self.step(order, "arrive", body=THERE))
        return order

    async def started(self) -> dict[str, Any]:
        order = await self.arrived()
        as_json(await self.step(order, "start", body={}))
        return order

    async def completed(self) -> dict[str, Any]:
        order = await self.started()
        as_json(await self.send(order))
        as_json(await self.step(order, "complete", body={}))
        return order

    async def accepted(self) -> dict[str, Any]:
        order = await self.completed()
        as_json(await self.accept(order))
        return order

    async def accept(self, order: dict[str, Any], key: object = None) -> httpx.Response:
        headers = self.shop.as_user(key)
        return await self.http.post(f"/orders/{order['id']}/accept", headers=headers)

    async def review(
        self, order: dict[str, Any], key: object = None, rating: int = 5, **also: Any
    ) -> httpx.Response:
        return await self.http.post(
            f"/orders/{order['id']}/review",
            json={"rating": rating, **also},
            headers=self.shop.as_user(key),
        )

    async def job(self, order: dict[str, Any], worker: WorkerId | None = None) -> Any:
        headers = self.as_worker(worker)
        return as_json(await self.http.get(f"/jobs/{order['id']}", headers=headers))

    async def forget_user(self) -> None:
        """What a user's wish to be forgotten does here."""
        async with self.running.begin() as tx:
            await erase_subject(tx, self.shop.user)

    async def told(self, order: dict[str, Any], *types: type[Event]) -> list[Any]:
        """What the service has told of this order, in order; only these types, if named."""
        every = await self.running.told(*types)
        return [event for event in every if str(event.key()) == order["id"]]

    async def state(self, order: dict[str, Any]) -> str:
        return await self.shop.state(order)

    async def rows(self, order: dict[str, Any]) -> tuple[Order, Visit, list[Position]]:
        """The order, its visit and its positions as they are stored."""
        order_id = UUID(order["id"])
        async with self.running.begin() as tx:
            found = await order_of(tx, SYSTEM, order_id)
            visit_id = UUID(order["visits"][0]["id"])
            visit = await tx.session.get(Visit, (shard_of(order_id), visit_id))
            seats = [
                await tx.session.get(Position, (shard_of(order_id), visit_id, number))
                for number in range(1, len(order["visits"][0]["positions"]) + 1)
            ]
        assert visit is not None
        return found, visit, [seat for seat in seats if seat is not None]

    async def start_code(self, order: dict[str, Any]) -> str:
        return str((await self.shop.detail(order))["start_code"])


async def works(running: Running) -> Works:
    """A shop with a user and a crew of their own in the order service."""
    opened = await shop(running, Peers())
    return Works(opened, await offering(running, "move_home", CHECKED))


def others(works: Works) -> Works:
    """Another user and crew in the same shop."""
    return Works(dataclasses.replace(works.shop, user=new_id()), works.checked)
