"""The order's table of moves, compared with its CSV and tried everywhere."""

import csv
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.order.domain import order as module
from services.order.domain.order import BUILT, OrderMove, OrderState
from shared.contracts import order as contracts
from shared.kit.caller import Role
from shared.kit.events import EVENTS
from shared.kit.states import MoveForbidden, MoveRefused

ROWS = list(csv.DictReader((Path(module.__file__).parent / "order-moves.csv").open()))


def test_the_table_is_the_csv_row_by_row() -> None:
    assert [move.name for move in OrderMove] == [row["move"] for row in ROWS]
    for move, row in zip(OrderMove, ROWS, strict=True):
        assert {state.name for state in OrderState if state in move.sources} == set(
            row["from"].split()
        )
        assert (move.target.name if move.target else "=") == row["to"]
        assert {role.name for role in move.allowed} == set(row["roles"].split())
        assert (move.guard, move.effect, move.tells) == (row["guard"], row["effect"], row["tells"])


def test_there_are_forty_moves_and_no_two_share_a_row() -> None:
    assert len(list(OrderMove)) == len(OrderMove.__members__) == 40


@pytest.mark.parametrize(("move", "state", "role"), list(product(OrderMove, OrderState, Role)))
def test_a_move_happens_exactly_where_the_table_says(
    move: OrderMove, state: OrderState, role: Role
) -> None:
    order = SimpleNamespace(state=state)
    if role not in move.allowed:
        with pytest.raises(MoveForbidden):
            move.apply(order, by=role)
        assert order.state is state
    elif state not in move.sources:
        with pytest.raises(MoveRefused) as refused:
            move.apply(order, by=role)
        assert move.label not in refused.value.facts["allowed"]
        assert order.state is state
    else:
        move.apply(order, by=role)
        assert order.state is (move.target or state)


def test_every_state_but_the_ends_has_a_way_out_and_every_state_a_way_in() -> None:
    left = {state for move in OrderMove for state in move.sources}
    assert set(OrderState) - left == {OrderState.CANCELLED, OrderState.CLOSED}
    assert {move.target for move in OrderMove} - {None} == set(OrderState)


def test_every_built_move_tells_an_event_of_the_contract() -> None:
    assert contracts
    for move in BUILT:
        assert f"{move.tells}.v1" in EVENTS
