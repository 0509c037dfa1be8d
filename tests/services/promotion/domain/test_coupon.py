"""A coupon's table of moves."""

from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace

import pytest

from services.promotion.domain.coupon import (
    RETURN_GRACE,
    CouponMove,
    CouponState,
    expiry_after_return,
)
from shared.kit.caller import Role
from shared.kit.states import MoveForbidden, MoveRefused


@pytest.mark.parametrize(("move", "state", "role"), list(product(CouponMove, CouponState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: CouponMove, state: CouponState, role: Role
) -> None:
    coupon = SimpleNamespace(state=state)
    if role in move.allowed and state in move.sources:
        move.apply(coupon, by=role)
        assert coupon.state is move.target
        return
    refusal = MoveRefused if role in move.allowed else MoveForbidden
    with pytest.raises(refusal):
        move.apply(coupon, by=role)
    assert coupon.state is state


def test_nothing_leaves_the_end_and_no_staff_moves_a_coupon() -> None:
    assert not any(CouponState.EXPIRED in move.sources for move in CouponMove)
    assert not any(Role.STAFF in move.allowed for move in CouponMove)


def test_a_returned_coupon_lasts_a_week_at_least() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    over, soon, later = (now + timedelta(days=days) for days in (-3, 2, 40))
    assert expiry_after_return(over, now) == now + RETURN_GRACE
    assert expiry_after_return(soon, now) == now + RETURN_GRACE
    assert expiry_after_return(later, now) == later
