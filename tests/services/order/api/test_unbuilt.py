"""Every move that is not built has a door that refuses by role, by state, then as not built."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest

from services.order.domain.order import BUILT, OrderMove, OrderState
from shared.kit.caller import Role
from shared.kit.ids import new_id, shard_of
from tests.services.order.given import Shop

UNBUILT = [move for move in OrderMove if move not in BUILT]

DOORS: dict[OrderMove, tuple[Role, str]] = {
    OrderMove.WORKER_NO_SHOW_REDISPATCH: (Role.USER, "/orders/{id}/worker-no-show/redispatch"),
    OrderMove.WORKER_NO_SHOW_CANCEL: (Role.USER, "/orders/{id}/worker-no-show/cancel"),
    OrderMove.RESCHEDULE: (Role.USER, "/orders/{id}/reschedule"),
    OrderMove.RESUME_REDISPATCH: (Role.USER, "/orders/{id}/resume"),
    OrderMove.USER_NO_SHOW: (Role.WORKER, "/jobs/{id}/user-no-show"),
    OrderMove.BEGIN_DIAGNOSIS: (Role.WORKER, "/jobs/{id}/diagnose"),
    OrderMove.SUBMIT_QUOTATION: (Role.WORKER, "/orders/{id}/quotations"),
    OrderMove.APPROVE: (Role.USER, "/orders/{id}/quotations/1/approve"),
    OrderMove.APPROVE_WITH_TOPUP: (Role.USER, "/orders/{id}/quotations/1/approve-with-topup"),
    OrderMove.DECLINE: (Role.USER, "/orders/{id}/quotations/1/decline"),
    OrderMove.RAISE_VARIATION: (Role.WORKER, "/orders/{id}/variations"),
    OrderMove.APPROVE_VARIATION: (Role.USER, "/orders/{id}/variations/1/approve"),
    OrderMove.REJECT_VARIATION: (Role.USER, "/orders/{id}/variations/1/reject"),
    OrderMove.ACCEPT_MILESTONE: (Role.USER, "/orders/{id}/milestones/1/accept"),
    OrderMove.STOP_WORK: (Role.USER, "/orders/{id}/stop"),
    OrderMove.REJECT_WORK: (Role.USER, "/orders/{id}/reject"),
}
STAFF_DOOR = "/staff/order/orders/{id}/moves/"


def test_the_moves_that_are_not_built_are_these() -> None:
    assert {move.name for move in UNBUILT} == {
        "CANCEL_LATE", "REASSIGN", "WORKER_NO_SHOW_REDISPATCH", "WORKER_NO_SHOW_CANCEL",
        "RESCHEDULE", "WEATHER_SUSPEND", "RESUME_ASSIGNED", "RESUME_REDISPATCH", "USER_NO_SHOW",
        "BEGIN_DIAGNOSIS", "SUBMIT_QUOTATION", "APPROVE", "APPROVE_WITH_TOPUP", "CAPTURE_TOPUP",
        "TOPUP_TIMEOUT", "DECLINE", "EXPIRE_QUOTATION", "RAISE_VARIATION", "APPROVE_VARIATION",
        "CAPTURE_VARIATION", "REJECT_VARIATION", "EXPIRE_VARIATION", "ACCEPT_MILESTONE",
        "STOP_WORK", "REJECT_WORK", "CLOSE_REFUNDED",
    }  # fmt: skip


def test_whoever_may_make_a_move_that_is_not_built_has_a_door() -> None:
    cancel = {OrderMove.CANCEL_LATE}  # Its door is /orders/{id}/cancel.
    for move in UNBUILT:
        for role in move.allowed & {Role.USER, Role.WORKER}:
            assert move in cancel or DOORS[move][0] is role


async def _put(shop: Shop, order: dict[str, Any], state: OrderState) -> None:
    """An order where no built move leads to: set past the table, as only a test may."""
    over = "$3" if state is OrderState.CANCELLED else "NULL"
    async with shop.running.begin() as tx:
        sql = f"UPDATE orders SET state = $2, cancelled_at = {over} WHERE id = $1"
        values = [UUID(order["id"]), state.value]
        await tx.run(sql, *values, *([tx.now] if over == "$3" else []))


async def _picture(shop: Shop) -> list[str]:
    async with shop.running.begin() as tx:
        rows = await tx.run("SELECT o::text FROM orders o UNION ALL SELECT h::text FROM"
                            " order_history h UNION ALL SELECT b::text FROM outbox b")  # fmt: skip
    return sorted(row[0] for row in rows)


def _expected(move: OrderMove, state: OrderState, role: Role) -> tuple[int, str]:
    if role not in move.allowed:
        return 403, "move-forbidden"
    return 409, "move-not-built" if state in move.sources else "move-refused"


async def test_each_door_answers_by_state_and_changes_nothing(shop: Shop) -> None:
    worker = new_id()
    order = await shop.assigned(crew=[worker])
    for state in OrderState:
        await _put(shop, order, state)
        before = await _picture(shop)
        for move, (role, path) in DOORS.items():
            account = worker if role is Role.WORKER else shop.user
            headers = shop.running.headers(account, role)
            answer = await shop.http.post(path.format(id=order["id"]), headers=headers)
            code = answer.json()["type"].rpartition("/")[2]
            assert (answer.status_code, code) == _expected(move, state, role), (move, state)
        assert await _picture(shop) == before


async def test_the_staff_door_answers_for_every_move_by_role_then_state(shop: Shop) -> None:
    order = await shop.placed()
    states = (OrderState.PENDING_PAYMENT, OrderState.ASSIGNED, OrderState.SUSPENDED)
    for state, move in product(states, UNBUILT):
        await _put(shop, order, state)
        path = STAFF_DOOR.format(id=order["id"]) + move.label
        answer = await shop.http.post(path, headers=shop.as_staff())
        code = answer.json()["type"].rpartition("/")[2]
        assert (answer.status_code, code) == _expected(move, state, Role.STAFF), (move, state)
    built = await shop.http.post(
        STAFF_DOOR.format(id=order["id"]) + "capture", headers=shop.as_staff()
    )
    assert built.status_code == 422


@pytest.mark.parametrize(
    ("state", "code"),
    [(OrderState.COMPLETED, "move-not-built"), (OrderState.PENDING_PAYMENT, "move-refused")],
)
async def test_an_after_sales_case_cannot_be_opened_yet(
    shop: Shop, state: OrderState, code: str
) -> None:
    order = await shop.placed()
    await _put(shop, order, state)
    path = f"/orders/{order['id']}/after-sales"
    answer = await shop.http.post(path, headers=shop.as_user())
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, code)


async def test_doors_of_strangers_orders_are_not_there(shop: Shop) -> None:
    order = await shop.placed()
    stranger = new_id()
    assert shard_of(stranger) != shard_of(shop.user)
    for role, path in DOORS.values():
        headers = shop.running.headers(stranger, role)
        answer = await shop.http.post(path.format(id=order["id"]), headers=headers)
        assert answer.status_code == 404
