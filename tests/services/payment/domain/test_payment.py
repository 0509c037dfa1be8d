"""An attempt moves exactly as its table says, and is polled by the plan."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.payment.domain.payment import (
    PaymentMove,
    PaymentState,
    channel_number,
    next_poll_at,
)
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden, MoveRefused

START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Thing:
    state: PaymentState


@pytest.mark.parametrize(("move", "state", "role"), list(product(PaymentMove, PaymentState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: PaymentMove, state: PaymentState, role: Role
) -> None:
    thing = Thing(state)
    if role in move.allowed and state in move.sources:
        move.apply(thing, by=role)
        assert thing.state is move.target
        return
    with pytest.raises((MoveForbidden, MoveRefused)):
        move.apply(thing, by=role)
    assert thing.state is state


def test_the_channel_is_asked_by_the_plan_until_only_the_deadline_is_left() -> None:
    asked, now = [], START
    while (at := next_poll_at(START, now)) is not None:
        asked.append((at - START).total_seconds())
        now = at
    assert asked == [5, 15, 30, 60, 180, 600]
    assert next_poll_at(START, START + timedelta(hours=1)) is None


def test_the_number_at_the_channel_has_at_most_32_characters() -> None:
    assert len(channel_number(new_id())) == 32
