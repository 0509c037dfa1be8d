"""What people do in WeChat, and what an observer may read: not part of the network's wire."""

import sqlite3
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from deploy.sandbox.faults import told
from deploy.sandbox.notices import envelope, listing, resend
from deploy.sandbox.notify import Notifier
from deploy.sandbox.store import fact, remember
from deploy.sandbox.wechat_book import (
    REFUND_DELAY_SECONDS,
    pay_trade,
    refund,
    settle_due,
    settle_refund,
    trade,
)
from deploy.sandbox.wechat_views import trade_view
from deploy.sandbox.wechat_wire import Desk, Refused, encoded, hk_time

Number = Annotated[str, Field(min_length=1, max_length=64)]
T = TypeVar("T")


class Act(BaseModel):
    """A body of ours: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Pay(Act):
    """Which order the user pays."""

    prepay_id: Number | None = None
    out_trade_no: Number | None = None

    @model_validator(mode="after")
    def one_number(self) -> "Pay":
        """Exactly one of the two names the order."""
        if (self.prepay_id is None) == (self.out_trade_no is None):
            raise ValueError("give either prepay_id or out_trade_no")
        return self


class Resend(Act):
    """Whose notices are owed once more."""

    out_trade_no: Number


class EndRefund(Act):
    """How a refund that hangs shall end; an abnormal one only well."""

    out_refund_no: Number
    refund_state: Literal["SUCCESS", "CLOSED", "ABNORMAL"] = "SUCCESS"


class Rules(Act):
    """Rules of the network that a test may lift or stretch."""

    refund_spacing: StrictBool | None = None
    refund_delay_seconds: Annotated[float, Field(ge=0, le=30 * 86_400)] | None = None


class Forge(Act):
    """A notice to be sealed and signed as the platform would, and handed over instead of sent."""

    event_type: Annotated[str, Field(max_length=64)] = "TRANSACTION.SUCCESS"
    plain: dict[str, Any]
    age_seconds: float = 0
    platform_mode: Literal["public_key", "certificate"] | None = None


def router(desk: Desk, notifier: Notifier) -> APIRouter:
    """The acts of users and the observers' books."""
    routes = APIRouter(prefix="/__sandbox/wechat")
    add_acts(routes, desk, notifier)
    add_books(routes, desk)
    add_rules(routes, desk)
    return routes


async def refused_plainly(desk: Desk, act: Callable[[sqlite3.Connection], T]) -> T | Response:
    """Act, or answer the refusal as 409 with the network's code."""
    try:
        return await desk.store.run(act)
    except Refused as refused:
        return told(refused.body, 409)


def add_acts(routes: APIRouter, desk: Desk, notifier: Notifier) -> None:
    """Pay, end a refund, send notices again."""

    @routes.post("/pay", response_model=None)
    async def pay(body: Pay) -> dict[str, Any] | Response:
        """The user pays in WeChat."""

        def act(db: sqlite3.Connection) -> dict[str, Any]:
            now = desk.clock.now()
            number = body.out_trade_no or numbered(db, body.prepay_id or "")
            known = trade(db, number, now)
            if known is None:
                raise Refused("ORDER_NOT_EXIST", "订单不存在")
            return trade_view(pay_trade(db, desk.keys, known, now), desk.keys.wechat_pay)

        answer = await refused_plainly(desk, act)
        notifier.wake()
        return answer

    @routes.post("/refunds/end", response_model=None)
    async def end_refund(body: EndRefund) -> dict[str, Any] | Response:
        """A refund that hangs comes to an end, or the merchant mends an abnormal one by hand.

        The Hong Kong wire has no call for the latter: it is done in the merchant's console.
        """

        def act(db: sqlite3.Connection) -> dict[str, Any]:
            known = refund(db, "out_refund_no", body.out_refund_no)
            endable = {"PROCESSING"} | ({"ABNORMAL"} if body.refund_state == "SUCCESS" else set())
            if known is None or known["refund_state"] not in endable:
                raise Refused("RESOURCE_NOT_EXISTS", "没有处理中的退款单")
            settle_refund(db, desk.keys, known, body.refund_state, desk.clock.now())
            return {"out_refund_no": body.out_refund_no, "refund_state": body.refund_state}

        answer = await refused_plainly(desk, act)
        notifier.wake()
        return answer

    @routes.post("/resend")
    async def send_again(body: Resend) -> dict[str, int]:
        """Every notice of an order is owed once more, the lost ones too."""
        now = desk.clock.now()
        count = await desk.store.run(lambda db: resend(db, body.out_trade_no, now))
        notifier.wake()
        return {"notices": count}


def numbered(db: sqlite3.Connection, prepay_id: str) -> str:
    """The order number a prepay_id was made for."""
    query = "SELECT out_trade_no FROM trades WHERE prepay_id = ?"
    row = db.execute(query, (prepay_id,)).fetchone()
    return "" if row is None else str(row["out_trade_no"])


def add_books(routes: APIRouter, desk: Desk) -> None:
    """The network's own book, and what became of each notice."""

    @routes.get("/book")
    async def book(out_trade_no: Annotated[str | None, Query(max_length=64)] = None) -> Any:
        """Trades and refunds as the network knows them, of one order or of all."""
        now = desk.clock.now()

        def read(db: sqlite3.Connection) -> dict[str, Any]:
            settle_due(db, desk.keys, now)
            return whole_book(db, out_trade_no)

        return await desk.store.run(read)

    @routes.get("/notices")
    async def notices(out_trade_no: Annotated[str, Query(max_length=64)]) -> Any:
        """The notices of one order, tries and answers included."""
        return {"notices": await desk.store.run(lambda db: listing(db, out_trade_no))}

    @routes.post("/forge")
    async def forge(body: Forge) -> dict[str, Any]:
        """Any facts as a notice with a true seal and a true signature, for tests that lie."""
        instant = desk.clock.now() - body.age_seconds
        content = encoded(envelope(desk.keys, body.event_type, body.plain, instant))
        certified = desk.keys.certificate_serial
        public_key_id = desk.keys.wechat_pay["platform"]["public_key_id"]
        serials = {"certificate": certified, "public_key": public_key_id, None: None}
        headers = desk.signature_headers(content, instant, serials[body.platform_mode])
        return {"headers": headers, "body": content.decode()}


def whole_book(db: sqlite3.Connection, out_trade_no: str | None) -> dict[str, Any]:
    """Every paid or unpaid trade with its refunds, and sums per currency."""
    where, given = ("WHERE out_trade_no = ?", [out_trade_no]) if out_trade_no else ("", [])
    trades = db.execute(f"SELECT * FROM trades {where} ORDER BY created_at", given).fetchall()
    refunds = db.execute(f"SELECT * FROM refunds {where} ORDER BY created_at", given).fetchall()
    totals: dict[str, dict[str, int]] = {}
    for row in trades:
        sums = totals.setdefault(row["currency"], {"captured": 0, "refunded": 0})
        sums["captured"] += row["total"] if row["transaction_id"] else 0
        sums["refunded"] += row["refunded"]
    return {
        "transactions": [trade_line(row) for row in trades],
        "refunds": [refund_line(row) for row in refunds],
        "totals": totals,
    }


def trade_line(row: sqlite3.Row) -> dict[str, Any]:
    """One trade of the book."""
    kept = ("out_trade_no", "transaction_id", "attach", "openid", "trade_state", "currency")
    return {key: row[key] for key in kept} | {
        "total_minor": row["total"],
        "refunded_minor": row["refunded"],
        "success_time": None if row["success_at"] is None else hk_time(row["success_at"]),
    }


def refund_line(row: sqlite3.Row) -> dict[str, Any]:
    """One refund of the book."""
    kept = ("out_refund_no", "refund_id", "out_trade_no", "refund_state")
    return {key: row[key] for key in kept} | {
        "amount_minor": row["amount"],
        "create_time": hk_time(row["created_at"]),
        "success_time": None if row["success_at"] is None else hk_time(row["success_at"]),
    }


def add_rules(routes: APIRouter, desk: Desk) -> None:
    """The rules that a test may lift."""

    def read(db: sqlite3.Connection) -> dict[str, Any]:
        delay = fact(db, "refund_delay_seconds", str(REFUND_DELAY_SECONDS))
        spacing = fact(db, "refund_spacing", "on") == "on"
        return {"refund_spacing": spacing, "refund_delay_seconds": float(delay)}

    @routes.get("/rules")
    async def get_rules() -> Any:
        """The rules in force."""
        return await desk.store.run(read)

    @routes.put("/rules")
    async def put_rules(body: Rules) -> Any:
        """Change what is given, leave the rest."""

        def write(db: sqlite3.Connection) -> dict[str, Any]:
            if body.refund_spacing is not None:
                remember(db, "refund_spacing", "on" if body.refund_spacing else "off")
            if body.refund_delay_seconds is not None:
                remember(db, "refund_delay_seconds", str(body.refund_delay_seconds))
            return read(db)

        return await desk.store.run(write)
