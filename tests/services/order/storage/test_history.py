"""What a history leads to, and whether it is all of it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.order.domain.order import OrderState
from services.order.storage.history import OrderHistory, fold, history_of, leads_to, note_on_order
from services.order.storage.locking import order_for_update
from services.order.storage.orders import order_of
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM, Role
from tests.services.order.given import Shop

UNPAID, PAID, ASSIGNED = (
    OrderState.PENDING_PAYMENT,
    OrderState.PENDING_DISPATCH,
    OrderState.ASSIGNED,
)


def row(number: int, before: OrderState | None, after: OrderState) -> OrderHistory:
    return OrderHistory(
        shard=0,
        order_id=OrderId(UUID(int=1)),
        number=number,
        at=datetime(2026, 12, 1, tzinfo=UTC),
        actor=UUID(int=2),
        role=Role.SYSTEM,
        what="test",
        before=before,
        after=after,
    )


PLACED, CAPTURED, NOTED, FILLED = (
    row(1, None, UNPAID),
    row(2, UNPAID, PAID),
    row(3, PAID, PAID),
    row(4, PAID, ASSIGNED),
)


@pytest.mark.parametrize(
    ("history", "state", "version", "is_all"),
    [
        ([PLACED, CAPTURED, NOTED, FILLED], ASSIGNED, 4, True),
        ([PLACED, CAPTURED, NOTED, FILLED], PAID, 3, True),  # Moved on since it was read.
        ([PLACED, CAPTURED, NOTED, FILLED], PAID, 4, False),
        ([PLACED, CAPTURED, FILLED], ASSIGNED, 4, False),  # A note is gone.
        ([PLACED, CAPTURED, NOTED], PAID, 4, False),
        ([PLACED, NOTED, FILLED], ASSIGNED, 3, False),
        ([CAPTURED, NOTED], PAID, 2, False),
        ([], UNPAID, 0, False),
    ],
)
def test_a_history_is_whole_or_not(
    history: list[OrderHistory], state: OrderState, version: int, is_all: bool
) -> None:
    assert leads_to(history, state, version) is is_all


def test_a_history_with_a_gap_leads_nowhere() -> None:
    assert fold([PLACED, NOTED]) is None


async def test_what_happens_after_an_order_was_read_is_not_in_its_history(shop: Shop) -> None:
    order_id = UUID((await shop.paid())["id"])
    async with shop.running.begin() as tx:
        order = await order_of(tx, SYSTEM, order_id)
        async with shop.running.begin() as other:
            await note_on_order(
                other, await order_for_update(other, SYSTEM, order_id), "seen", SYSTEM
            )
        history = await history_of(tx, order)

    assert [entry.what for entry in history] == ["place", "capture"]
    assert leads_to(history, order.state, order.version)
