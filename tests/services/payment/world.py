"""Builders for payment's tests: orders as the order service tells them, and users who pay."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from shared.contracts.ids import OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.order import (
    CancelReason,
    OrderAccepted,
    OrderAssigned,
    OrderCancelled,
    OrderPlaced,
)
from shared.contracts.shapes import (
    Crew,
    Discount,
    Funder,
    Point,
    PositionSpec,
    Stop,
    VisitSpec,
)
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.support.service import Running, as_json

NAME = {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"}
PAY_MINUTES = 15
WAITING = """
SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def hkd(minor: int) -> Money:
    return Money(minor, Currency.HKD)


def coupon(minor: int, funder: Funder = Funder.PLATFORM, code: str = "WELCOME") -> Discount:
    return Discount(code=code, amount=hkd(minor), funder=funder)


@dataclass
class World:
    """The service, the sandbox it pays at, and a way to move both clocks together."""

    payment: Running
    sandbox: httpx.AsyncClient

    async def place(
        self,
        list_minor: int = 100_000,
        *discounts: Discount,
        weights: tuple[int, ...] = (1,),
        category: str = "towing",
        pay_minutes: float = PAY_MINUTES,
        commissionable: int | None = None,
    ) -> OrderPlaced:
        """Tell payment of a placed order."""
        placed = self.order(
            list_minor,
            *discounts,
            weights=weights,
            category=category,
            pay_minutes=pay_minutes,
            commissionable=commissionable,
        )
        await self.payment.tell(placed)
        return placed

    def order(
        self,
        list_minor: int = 100_000,
        *discounts: Discount,
        weights: tuple[int, ...] = (1,),
        category: str = "towing",
        pay_minutes: float = PAY_MINUTES,
        commissionable: int | None = None,
    ) -> OrderPlaced:
        """An order as the order service would tell it."""
        now = self.payment.clock.now()
        off = sum(discount.amount.minor for discount in discounts)
        positions = [
            PositionSpec(number=number, weight=weight, skill="tow", level=1)
            for number, weight in enumerate(weights, 1)
        ]
        stop = Stop(kind="site", point=Point(lat=22.3, lng=114.2), district="ST")
        visit = VisitSpec(
            visit_id=VisitId(new_id()),
            number=1,
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            stops=[stop],
            positions=positions,
        )
        return OrderPlaced(
            order_id=OrderId(new_id()),
            user_id=UserId(new_id()),
            number="JA-7K3M-92Q4",
            state="pending_payment",
            offering_name=NAME,
            category=category,
            offering_id=OfferingId(new_id()),
            list_price=hkd(list_minor),
            discounts=list(discounts),
            payable=hkd(list_minor - off),
            commissionable=hkd(list_minor if commissionable is None else commissionable),
            visits=[visit],
            pay_until=now + timedelta(minutes=pay_minutes),
        )

    async def begin_paying(self, placed: OrderPlaced, key: object = None) -> dict[str, Any]:
        """The user opens WeChat's pay sheet."""
        answer = await self.ask_to_pay(placed, key)
        view: dict[str, Any] = as_json(answer)
        return view

    async def ask_to_pay(self, placed: OrderPlaced, key: object = None) -> httpx.Response:
        body = {
            "order_id": str(placed.order_id),
            "channel": "wechat",
            "wechat_code": f"sandbox-{placed.user_id}.{new_id()}",
        }
        headers = self.payment.headers(placed.user_id, Role.USER, key=key)
        return await self.payment.http.post("/payments", json=body, headers=headers)

    async def pay_at_wechat(self, payment_id: str) -> dict[str, Any]:
        """The user pays in WeChat; the network will notify, or not if it was told so."""
        body = {"out_trade_no": UUID(payment_id).hex}
        paid: dict[str, Any] = as_json(await self.sandbox.post("/__sandbox/wechat/pay", json=body))
        return paid

    async def notice(
        self, plain: dict[str, Any], event_type: str = "TRANSACTION.SUCCESS", **also: Any
    ) -> tuple[dict[str, str], bytes]:
        """A notice as the network would seal and sign it."""
        body = {"event_type": event_type, "plain": plain, **also}
        forged = as_json(await self.sandbox.post("/__sandbox/wechat/forge", json=body))
        return forged["headers"], forged["body"].encode()

    async def notify(self, headers: dict[str, str], body: bytes) -> httpx.Response:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"Content-Type", b"application/json"))
        return await self.payment.http.post("/payments/notify/wechat", content=body, headers=raw)

    async def tell_paid(self, paid: dict[str, Any]) -> httpx.Response:
        """Hand over the notice of a payment, as the network words it."""
        plain = {**paid, "transaction_id": paid["id"]}
        return await self.notify(*await self.notice(plain))

    async def captured(self, *args: Any, **also: Any) -> tuple[OrderPlaced, dict[str, Any]]:
        """A placed order that is paid."""
        placed = await self.place(*args, **also)
        view = await self.begin_paying(placed)
        answer = await self.tell_paid(await self.pay_at_wechat(view["payment_id"]))
        assert answer.status_code == 204, answer.text
        return placed, view

    async def cancel(self, placed: OrderPlaced, fee_minor: int = 0) -> None:
        """Tell payment, twice, that the order was cancelled."""
        await self.payment.tell_twice(
            OrderCancelled(
                **self.about(placed, "cancelled"),
                reason=CancelReason.USER,
                was_paid=True,
                fee=hkd(fee_minor),
            )
        )

    def about(self, placed: OrderPlaced, state: str) -> dict[str, Any]:
        """What every order event carries."""
        return {
            "order_id": placed.order_id,
            "user_id": placed.user_id,
            "number": placed.number,
            "state": state,
            "offering_name": NAME,
        }

    def crew(self, placed: OrderPlaced, *worked: bool) -> list[Crew]:
        """A worker for each position."""
        visit = placed.visits[0]
        return [
            Crew(
                visit_id=visit.visit_id,
                visit_number=visit.number,
                position=number,
                worker_id=WorkerId(new_id()),
                worked=came,
            )
            for number, came in enumerate(worked, 1)
        ]

    async def assign(self, placed: OrderPlaced, crew: list[Crew]) -> None:
        about = self.about(placed, "assigned")
        visit_id = placed.visits[0].visit_id
        await self.payment.tell_twice(OrderAssigned(**about, crew=crew, visit_id=visit_id))

    async def accept(self, placed: OrderPlaced, crew: list[Crew]) -> None:
        """Tell payment, twice, that the user accepted the work."""
        about = self.about(placed, "pending_review")
        event = OrderAccepted(**about, crew=crew, automatic=False, payable=placed.payable)
        await self.payment.tell_twice(event)

    async def pass_time(self, **of: float) -> None:
        """Move both clocks on and run what falls due."""
        seconds = timedelta(**of).total_seconds()
        moved = await self.sandbox.post("/__sandbox/clock/advance", json={"seconds": seconds})
        self.payment.clock.advance_to(as_json(moved)["offset_seconds"])
        await self.payment.run_due()

    async def wallet(self, worker_id: WorkerId) -> dict[str, Any]:
        """What the worker sees of their money."""
        headers = self.payment.bearer(worker_id, Role.WORKER)
        view: dict[str, Any] = as_json(await self.payment.http.get("/wallet", headers=headers))
        return view

    async def coming(self, worker_id: WorkerId) -> list[int]:
        """The pay that is coming to the worker; their sum of it says the same."""
        wallet = await self.wallet(worker_id)
        amounts: list[int] = [share["amount"]["minor"] for share in wallet["coming"]]
        assert sum(total["minor"] for total in wallet["coming_total"]) == sum(amounts)
        return amounts

    async def fault(self, route: str, kind: str, **also: Any) -> None:
        """Tell the sandbox to go wrong, in this way only."""
        await self.faults({"route": route, "kind": kind, **also})

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Tell the sandbox to go wrong in these ways."""
        (await self.sandbox.put("/__sandbox/faults", json=list(rules))).raise_for_status()

    async def lock_waited_for(self, by: int = 1) -> None:
        """Until some transaction, or so many, waits for the lock of another."""
        for _ in range(500):
            async with self.payment.begin() as tx:
                if len(await tx.run(WAITING)) >= by:
                    return
            await asyncio.sleep(0.01)
        raise AssertionError("nobody waits")

    async def money(self, placed: OrderPlaced) -> dict[str, Any]:
        """Everything staff see of the order's money."""
        headers = self.payment.bearer(new_id(), Role.STAFF)
        path = f"/staff/payment/orders/{placed.order_id}"
        view: dict[str, Any] = as_json(await self.payment.http.get(path, headers=headers))
        return view

    async def balances(self, placed: OrderPlaced) -> dict[str, int]:
        """Sum of the order's entries by account, zeros left out; ids in codes as ``*``."""
        sums: dict[str, int] = {}
        for line in (await self.money(placed))["ledger"]:
            code = line["account"].replace(str(placed.order_id), "*")
            sums[code] = sums.get(code, 0) + line["amount"]["minor"]
        return {code: minor for code, minor in sums.items() if minor}

    async def book(self, placed: OrderPlaced) -> dict[str, Any]:
        """The bank's own lines about the order."""
        path = f"/__sandbox/bank/book?order_id={placed.order_id}"
        book: dict[str, Any] = as_json(await self.sandbox.get(path))
        return book
