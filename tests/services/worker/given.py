"""Workers, jobs and events for the tests of the worker service."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import httpx

from shared.contracts.ids import OfferId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.shapes import Crew
from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.ids import new_id
from tests.support.service import Running, as_json

T = TypeVar("T")
STAFF = new_id()
ALL_WEEK = [{"weekday": day, "starts": "00:00", "ends": "00:00"} for day in range(7)]
NAMES = {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"}
_numbers = count(100_001)


def new_hkid() -> str:
    """A valid number that no other test person has."""
    digits = f"{next(_numbers):06d}"
    total = 36 * 9 + 25 * 8 + sum(int(d) * w for d, w in zip(digits, range(7, 1, -1), strict=True))
    return f"P{digits}({'0123456789A'[(11 - total % 11) % 11]})"


def application(**changes: Any) -> dict[str, Any]:
    """A body that ``POST /workers`` takes."""
    return {
        "legal_name": "陳大文",
        "display_name": "陳師傅",
        "id_document": {"kind": "hkid", "number": new_hkid()},
        "skills": [{"code": "towing", "level": 4}, {"code": "jump_start", "level": 2}],
        "equipment": ["flatbed"],
        "base": {"lat": 22.383, "lng": 114.19},
        "radius_m": 8000,
        "districts": ["ST", "TP"],
    } | changes


async def applied(run: Running, account: UUID | None = None, **changes: Any) -> WorkerId:
    """A person who has applied."""
    account = account or new_id()
    headers = run.headers(account, Role.USER)
    as_json(await run.http.post("/workers", json=application(**changes), headers=headers))
    return WorkerId(account)


async def decide(
    run: Running, worker_id: UUID, decision: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    """A decision of staff, as they send it."""
    body = body or {"reason": "seen in person"}
    headers = run.headers(STAFF, Role.STAFF)
    return await run.http.post(f"/staff/worker/{worker_id}/{decision}", json=body, headers=headers)


GRANT = {
    "skills": [{"code": "towing", "level": 3}],
    "equipment": ["flatbed"],
    "reason": "seen in person",
}


async def approved(run: Running, **changes: Any) -> WorkerId:
    """A worker who may take jobs at any hour."""
    worker = await applied(run, **changes)
    as_json(await decide(run, worker, "approve", GRANT))
    as_json(await put(run, worker, "schedule", {"shifts": ALL_WEEK}))
    return worker


async def put(run: Running, worker: UUID, what: str, body: dict[str, Any]) -> httpx.Response:
    """A change that the worker makes."""
    headers = run.bearer(worker, Role.WORKER)
    return await run.http.put(f"/workers/me/{what}", json=body, headers=headers)


async def get(run: Running, worker: UUID, what: str, **query: Any) -> Any:
    """What the worker sees of themselves."""
    headers = run.bearer(worker, Role.WORKER)
    return as_json(await run.http.get(f"/workers/me/{what}", params=query, headers=headers))


async def post(run: Running, worker: UUID, what: str, body: dict[str, Any]) -> httpx.Response:
    """A POST that the worker makes, with a key of its own."""
    headers = run.headers(worker, Role.WORKER)
    return await run.http.post(f"/workers/me/{what}", json=body, headers=headers)


def job(worker: WorkerId, starts_at: datetime, hours: float = 2, **changes: Any) -> dict[str, Any]:
    """A body with which dispatch books: a job that begins then."""
    ends_at = starts_at + timedelta(hours=hours)
    return {
        "offer_id": str(new_id()),
        "worker_id": str(worker),
        "order_id": str(new_id()),
        "visit_id": str(new_id()),
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
    } | changes


async def book(run: Running, body: dict[str, Any], caller: Caller | None = None) -> httpx.Response:
    """The call that dispatch makes."""
    caller = caller or Caller(UUID(body["worker_id"]), Role.WORKER)
    headers = run.internal(caller, "dispatch")
    return await run.http.post("/internal/bookings", json=body, headers=headers)


async def release(run: Running, body: dict[str, Any]) -> httpx.Response:
    """The call with which dispatch gives a booking back."""
    headers = run.internal(SYSTEM, "dispatch")
    path = f"/internal/bookings/{body['offer_id']}/release"
    asked = {"worker_id": body["worker_id"], "order_id": body["order_id"]}
    return await run.http.post(path, json=asked, headers=headers)


def tomorrow(run: Running, hour: int = 2) -> datetime:
    """An hour of tomorrow, UTC; 2 is ten in the morning in Hong Kong."""
    day = run.clock.now() + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def about(order_id: OrderId, crew: Sequence[Crew] = (), state: str = "any") -> dict[str, Any]:
    """What every order event carries."""
    return {
        "order_id": order_id,
        "user_id": UserId(new_id()),
        "number": "JA-7K3M-92Q4",
        "state": state,
        "offering_name": NAMES,
        "crew": list(crew),
    }


def crew_of(visit_id: VisitId, *workers: WorkerId, worked: bool = True) -> list[Crew]:
    """A crew in order, the lead first."""
    return [
        Crew(visit_id=visit_id, visit_number=1, position=n, worker_id=worker, worked=worked)
        for n, worker in enumerate(workers, 1)
    ]


def ids_of(body: dict[str, Any]) -> tuple[OfferId, OrderId, VisitId]:
    """The ids of a job's body."""
    return (
        OfferId(UUID(body["offer_id"])),
        OrderId(UUID(body["order_id"])),
        VisitId(UUID(body["visit_id"])),
    )


def code_of(answer: httpx.Response) -> str:
    """The code of a problem document."""
    return str(answer.json()["type"]).rpartition("/")[2]


async def race(lock: str, *contenders: Callable[[], Awaitable[T]], apart: float = 0) -> list[T]:
    """Contenders for one lock, let go from a barrier; the later ones that many seconds later."""
    barrier = asyncio.Barrier(len(contenders))

    async def run(place: int, contend: Callable[[], Awaitable[T]]) -> T:
        await barrier.wait()
        await asyncio.sleep(place * apart)
        return await contend()

    assert lock.endswith(("_for_update", "_for_booking", "slot"))
    return await asyncio.gather(*(run(place, one) for place, one in enumerate(contenders)))
