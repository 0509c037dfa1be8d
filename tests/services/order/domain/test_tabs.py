"""The tabs of the list of orders."""

from services.order.domain.order import OrderState
from services.order.domain.tabs import CODE_SHOWN, STATES, Tab


def test_every_state_before_the_end_is_under_exactly_one_tab() -> None:
    ended = {OrderState.COMPLETED, OrderState.CANCELLED, OrderState.CLOSED}
    placed = [state for states in STATES.values() for state in states]
    assert len(placed) == len(set(placed))
    assert set(placed) == set(OrderState) - ended


def test_all_and_after_sales_go_by_something_else_than_the_state() -> None:
    assert set(Tab) - set(STATES) == {Tab.ALL, Tab.AFTER_SALES}


def test_the_start_code_is_shown_only_while_it_can_be_used() -> None:
    assert OrderState.ASSIGNED in CODE_SHOWN
    assert not CODE_SHOWN & {OrderState.PENDING_DISPATCH, OrderState.IN_SERVICE}
