"""A lock's table of moves."""

from itertools import product
from types import SimpleNamespace

import pytest

from services.promotion.domain.lock import LockMove, LockState
from shared.kit.caller import Role
from shared.kit.states import MoveForbidden, MoveRefused


@pytest.mark.parametrize(("move", "state", "role"), list(product(LockMove, LockState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: LockMove, state: LockState, role: Role
) -> None:
    lock = SimpleNamespace(state=state)
    if role in move.allowed and state in move.sources:
        move.apply(lock, by=role)
        assert lock.state is move.target
        return
    refusal = MoveRefused if role in move.allowed else MoveForbidden
    with pytest.raises(refusal):
        move.apply(lock, by=role)
    assert lock.state is state


def test_a_released_lock_is_released_for_ever() -> None:
    assert not any(LockState.RELEASED in move.sources for move in LockMove)
