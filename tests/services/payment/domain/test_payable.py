"""What an order asks to be paid moves exactly as its table says."""

from dataclasses import dataclass
from itertools import product

import pytest

from services.payment.domain.payable import PayableMove, PayableState
from shared.kit.caller import Role
from shared.kit.states import MoveForbidden, MoveRefused


@dataclass
class Thing:
    state: PayableState


@pytest.mark.parametrize(("move", "state", "role"), list(product(PayableMove, PayableState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: PayableMove, state: PayableState, role: Role
) -> None:
    thing = Thing(state)
    if role not in move.allowed:
        with pytest.raises(MoveForbidden):
            move.apply(thing, by=role)
    elif state not in move.sources:
        with pytest.raises(MoveRefused):
            move.apply(thing, by=role)
    else:
        move.apply(thing, by=role)
        assert thing.state is (move.target or state)
        return
    assert thing.state is state


def test_captured_and_unpaid_never_follow_each_other() -> None:
    assert PayableState.UNPAID not in PayableMove.CAPTURE.sources
    assert PayableState.CAPTURED not in PayableMove.EXPIRE.sources
