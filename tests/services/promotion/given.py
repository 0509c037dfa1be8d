"""Campaigns, coupons, orders and events for the tests of the promotion service."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx

from shared.contracts.ids import AccountId, OfferingId, OrderId, RefundId, UserId
from shared.contracts.order import CancelReason, OrderCancelled, OrderPaid
from shared.contracts.payment import Refunded
from shared.contracts.shapes import Urgency
from shared.contracts.user import UserRegistered
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.invariants.coupons import CONSERVED
from tests.support.service import Running, as_json

T = TypeVar("T")
STAFF = new_id()
OFFERING = OfferingId(new_id())
NAMES = {"zh-HK": "減價", "zh-CN": "减价", "en": "Money off"}


def hkd(minor: int) -> Money:
    """An amount in Hong Kong cents."""
    return Money(minor, Currency.HKD)


def sum_of(minor: int, currency: str = "HKD") -> dict[str, Any]:
    """An amount on the wire."""
    return {"minor": minor, "currency": currency}


def plan(**changes: Any) -> dict[str, Any]:
    """A body that staff put: HK$50 off anything, claimed by users."""
    now = datetime.now(UTC)
    return {
        "names": NAMES,
        "kind": "amount_off",
        "value": 5_000,
        "minimum": sum_of(0),
        "funder": "platform",
        "claimable": True,
        "issue_limit": 100,
        "budget": sum_of(10_000_000),
        "per_person": 1,
        "valid_days": 30,
        "starts_at": (now - timedelta(days=1)).isoformat(),
        "ends_at": (now + timedelta(days=400)).isoformat(),
        "reason": "a test",
    } | changes


async def put(run: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    """What staff put."""
    headers = run.bearer(STAFF, Role.STAFF)
    return await run.http.put(f"/staff/promotion/{path}", json=body, headers=headers)


async def staff_get(run: Running, path: str, **query: Any) -> Any:
    """What staff read."""
    headers = run.bearer(STAFF, Role.STAFF)
    return as_json(await run.http.get(f"/staff/promotion/{path}", params=query, headers=headers))


async def campaign(run: Running, code: str = "fifty-off", **changes: Any) -> str:
    """A campaign as it is or with these changes."""
    as_json(await put(run, f"campaigns/{code}", plan(**changes)))
    return code


async def pack(run: Running, *codes: str, name: str = "welcome") -> None:
    """A pack of these campaigns."""
    as_json(await put(run, f"packs/{name}", {"campaigns": list(codes), "reason": "a test"}))


async def claim(run: Running, user: UUID, code: str, key: object = None) -> httpx.Response:
    """The call with which a user takes a coupon."""
    headers = run.headers(user, Role.USER, key=key)
    return await run.http.post("/coupons/claim", json={"campaign": code}, headers=headers)


async def claimed(run: Running, user: UUID, code: str = "fifty-off") -> UUID:
    """A coupon that the user took."""
    return UUID(as_json(await claim(run, user, code))["id"])


async def coupons(run: Running, user: UUID, **query: Any) -> list[dict[str, Any]]:
    """What the user sees of their coupons."""
    headers = run.bearer(user, Role.USER)
    items: list[dict[str, Any]] = as_json(
        await run.http.get("/coupons", params={"limit": 100, **query}, headers=headers)
    )["items"]
    return items


async def state_of(run: Running, user: UUID, coupon: UUID) -> str:
    """How a coupon stands."""
    [found] = [each for each in await coupons(run, user) if each["id"] == str(coupon)]
    return str(found["state"])


def basket(**changes: Any) -> dict[str, Any]:
    """What is ordered: HK$800 of cleaning."""
    return {
        "category": "cleaning",
        "offering_id": str(OFFERING),
        "list_price": sum_of(80_000),
    } | changes


async def ask(
    run: Running, user: UUID, what: str, body: dict[str, Any], role: Role = Role.USER
) -> httpx.Response:
    """A call that the order service makes for a user."""
    headers = run.internal(Caller(user, role), "order")
    return await run.http.post(f"/internal/benefits/{what}", json=body, headers=headers)


async def quote(
    run: Running, user: UUID, coupon_ids: Sequence[UUID] | None = None, **changes: Any
) -> Any:
    """What would count for an order."""
    named = None if coupon_ids is None else [str(id) for id in coupon_ids]
    return as_json(await ask(run, user, "quote", basket(coupon_ids=named, **changes)))


async def lock(
    run: Running, user: UUID, order_id: UUID, *coupon_ids: UUID, **changes: Any
) -> httpx.Response:
    """The call that holds coupons for an order."""
    named = [str(id) for id in coupon_ids]
    body = basket(order_id=str(order_id), coupon_ids=named, **changes)
    return await ask(run, user, "lock", body)


async def release(run: Running, user: UUID, order_id: UUID) -> httpx.Response:
    """The call that frees what an order holds."""
    return await ask(run, user, "release", {"order_id": str(order_id)})


async def held(run: Running, user: UUID, code: str = "fifty-off") -> tuple[OrderId, UUID]:
    """An order of the user that holds a coupon of a campaign, and the coupon."""
    coupon, order_id = await claimed(run, user, code), OrderId(new_id())
    as_json(await lock(run, user, order_id, coupon))
    return order_id, coupon


def registered(user: UUID) -> UserRegistered:
    return UserRegistered(account_id=AccountId(user))


def _about(order_id: UUID, user: UUID, state: str) -> dict[str, Any]:
    return {
        "order_id": OrderId(order_id),
        "user_id": UserId(user),
        "number": "JA-7K3M-92Q4",
        "state": state,
        "offering_name": NAMES,
    }


def paid(order_id: UUID, user: UUID) -> OrderPaid:
    return OrderPaid(
        **_about(order_id, user, "pending_dispatch"),
        category="cleaning",
        offering_id=OFFERING,
        list_price=hkd(80_000),
        discounts=[],
        payable=hkd(75_000),
        commissionable=hkd(75_000),
        commission=hkd(7_500),
        commission_rule=1,
        pay=[],
        visits=[],
        urgency=Urgency.SCHEDULED,
        search_until=datetime.now(UTC),
    )


def cancelled(order_id: UUID, user: UUID, *, was_paid: bool) -> OrderCancelled:
    reason = CancelReason.USER if was_paid else CancelReason.PAY_TIMEOUT
    about = _about(order_id, user, "cancelled")
    return OrderCancelled(**about, reason=reason, was_paid=was_paid, fee=hkd(0))


def refunded(order_id: UUID, user: UUID, *, full: bool = True, late: bool = False) -> Refunded:
    return Refunded(
        order_id=OrderId(order_id),
        user_id=UserId(user),
        refund_id=RefundId(new_id()),
        amount=hkd(75_000),
        full=full,
        late=late,
    )


def code_of(answer: httpx.Response) -> str:
    """The code of a problem document."""
    return str(answer.json()["type"]).rpartition("/")[2]


async def patiently(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer of a call that is sent again while the service says that it is too busy."""
    for _ in range(100):
        answer = await call()
        if answer.status_code != 503:
            break
        await asyncio.sleep(0.1)
    return answer


async def race(lock: str, *contenders: Callable[[], Awaitable[T]], apart: float = 0) -> list[T]:
    """Contenders for one lock, let go from a barrier; the later ones that many seconds later."""
    barrier = asyncio.Barrier(len(contenders))

    async def one(place: int, contend: Callable[[], Awaitable[T]]) -> T:
        await barrier.wait()
        await asyncio.sleep(place * apart)
        return await contend()

    assert lock.endswith("_for_update")
    return await asyncio.gather(*(one(place, each) for place, each in enumerate(contenders)))


async def assert_conserved(run: Running) -> None:
    """Issued - remaining = coupons; budget - left = what live locks take off; nothing half held."""
    async with run.begin() as tx:
        for rule, broken in CONSERVED.items():
            assert list(await tx.run(broken)) == [], rule
