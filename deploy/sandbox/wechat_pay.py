"""WeChat Pay v3 on its Hong Kong wire: order, query, close, refund, refund query, certificates."""

import sqlite3
from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.sandbox.notify import Notifier
from deploy.sandbox.wechat_bodies import CloseBody, RefundBody, TradeBody, parsed
from deploy.sandbox.wechat_book import (
    close_trade,
    open_refund,
    open_trade,
    refund,
    refunds_of,
    settle_due,
    trade,
    trade_paid_as,
)
from deploy.sandbox.wechat_views import refund_answer, refund_view, refunds_page, trade_view
from deploy.sandbox.wechat_wire import Call, Desk, Refused, certificates

REFUNDS_MAX = 20


def check_merchant(merchant: dict[str, Any], mchid: str | None, appid: str | None = None) -> None:
    """The merchant named must be the one who signed."""
    if mchid != merchant["mchid"]:
        raise Refused("MCH_NOT_EXISTS", "商户号不存在", field="mchid")
    if appid is not None and appid != merchant["appid"]:
        raise Refused("APPID_MCHID_NOT_MATCH", "appid与mchid不匹配", field="appid")


def router(desk: Desk, notifier: Notifier) -> APIRouter:
    """Every route of the network that the fleet calls."""
    routes = APIRouter(prefix="/v3")
    add_trades(routes, desk)
    add_refunds(routes, desk, notifier)

    def read_certificates(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        return certificates(desk.keys)

    @routes.get("/global/certificates")
    @routes.get("/certificates")
    async def get_certificates(request: Request) -> Response:
        """The platform's certificates, sealed with the APIv3 key."""
        return await desk.serve(request, read_certificates)

    return routes


def add_trades(routes: APIRouter, desk: Desk) -> None:
    """Order, query by either number, close."""
    merchant = desk.keys.wechat_pay

    def order(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        body = parsed(TradeBody, call.raw)
        check_merchant(merchant, body.mchid, body.appid)
        return {"prepay_id": open_trade(db, body, call.now)}

    def query(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        check_merchant(merchant, call.query.get("mchid"))
        by_id = call.path.get("transaction_id")
        found = trade_paid_as(db, by_id) if by_id else trade(db, call.path["number"], call.now)
        if found is None:
            raise Refused("ORDER_NOT_EXIST", "订单不存在")
        return trade_view(found, merchant)

    def close(db: sqlite3.Connection, call: Call) -> None:
        check_merchant(merchant, parsed(CloseBody, call.raw).mchid)
        close_trade(db, call.path["number"], call.now)

    @routes.post("/global/transactions/jsapi")
    async def post_order(request: Request) -> Response:
        """Prepare a payment: answers the prepay_id for the mini-program."""
        return await desk.serve(request, order)

    @routes.get("/global/transactions/out-trade-no/{number}")
    @routes.get("/global/transactions/id/{transaction_id}")
    async def get_order(request: Request) -> Response:
        """How a payment stands."""
        return await desk.serve(request, query)

    @routes.post("/global/transactions/out-trade-no/{number}/close")
    async def post_close(request: Request) -> Response:
        """Close an unpaid order."""
        return await desk.serve(request, close, 204)


def add_refunds(routes: APIRouter, desk: Desk, notifier: Notifier) -> None:
    """Refund, query by either number, list those of an order."""
    merchant, keys = desk.keys.wechat_pay, desk.keys

    def ask(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        body = parsed(RefundBody, call.raw)
        check_merchant(merchant, body.mchid, body.appid)
        made, paid = open_refund(db, body, call.now, call.faults)
        return refund_answer(made, paid)

    def query(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        check_merchant(merchant, call.query.get("mchid"))
        settle_due(db, keys, call.now)
        column, number = next(iter(call.path.items()))
        return found_refund(db, column, number, call.now)

    def list_all(db: sqlite3.Connection, call: Call) -> dict[str, Any]:
        check_merchant(merchant, call.query.get("mchid"))
        settle_due(db, keys, call.now)
        by_id = call.query.get("transaction_id")
        number = call.query.get("out_trade_no", "")
        paid = trade_paid_as(db, by_id) if by_id else trade(db, number, call.now)
        if paid is None:
            raise Refused("RESOURCE_NOT_EXISTS", "订单不存在")
        offset, count = page(call)
        rows = refunds_of(db, paid["out_trade_no"], offset, count)
        total = "SELECT count(*) FROM refunds WHERE out_trade_no = ?"
        parts = db.execute(total, (paid["out_trade_no"],)).fetchone()[0]
        return refunds_page(rows, paid, parts, merchant)

    @routes.post("/global/refunds")
    async def post_refund(request: Request) -> Response:
        """Ask for a refund."""
        answer = await desk.serve(request, ask)
        notifier.wake()
        return answer

    @routes.get("/global/refunds/out-refund-no/{out_refund_no}")
    @routes.get("/global/refunds/id/{refund_id}")
    async def get_refund(request: Request) -> Response:
        """How one refund stands."""
        return await desk.serve(request, query)

    @routes.get("/global/refunds")
    async def get_refunds(request: Request) -> Response:
        """All refunds of one order."""
        return await desk.serve(request, list_all)


def found_refund(db: sqlite3.Connection, column: str, number: str, now: float) -> dict[str, Any]:
    """One refund by either number, shown with its trade."""
    found = refund(db, column, number)
    if found is None:
        raise Refused("RESOURCE_NOT_EXISTS", "退款单不存在")
    paid = trade(db, found["out_trade_no"], now)
    assert paid is not None
    return refund_view(found, paid)


def page(call: Call) -> tuple[int, int]:
    """The page asked for."""
    offset, count = call.query.get("offset", "0"), call.query.get("count", "10")
    wholes = offset.isascii() and offset.isdigit() and count.isascii() and count.isdigit()
    if not wholes or len(offset) > 9 or not 1 <= int(count[:9]) <= REFUNDS_MAX:
        raise Refused("PARAM_ERROR", "参数错误", field="/query/count", location="query")
    return int(offset), int(count)
