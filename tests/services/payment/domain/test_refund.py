"""A refund moves exactly as its table says, and is never forgotten."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.payment.domain.refund import RefundMove, RefundState, next_poll_at
from shared.kit.caller import Role
from shared.kit.states import MoveForbidden, MoveRefused

START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Thing:
    state: RefundState


@pytest.mark.parametrize(("move", "state", "role"), list(product(RefundMove, RefundState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: RefundMove, state: RefundState, role: Role
) -> None:
    thing = Thing(state)
    if role in move.allowed and state in move.sources:
        move.apply(thing, by=role)
        assert thing.state is move.target
        return
    with pytest.raises((MoveForbidden, MoveRefused)):
        move.apply(thing, by=role)
    assert thing.state is state


def test_the_channel_is_asked_every_minute_at_first_and_daily_in_the_end() -> None:
    assert next_poll_at(START, START) == START + timedelta(minutes=1)
    assert next_poll_at(START, START + timedelta(minutes=5)) == START + timedelta(minutes=10)
    late = START + timedelta(days=9)
    assert next_poll_at(START, late) == late + timedelta(days=1)
