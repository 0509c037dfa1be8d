"""The tabs of the list of orders, and where the start code is shown."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.order.domain.arrival import CHECK_IN_STATES
from services.order.domain.order import OrderState
from services.order.domain.tabs import STATES, Tab, shows_code


@dataclass
class Seat:
    """A position of a crew."""

    visit_number: int
    arrived_at: datetime | None = None


HERE = datetime(2026, 12, 1, tzinfo=UTC)


def test_every_state_before_the_end_is_under_exactly_one_tab() -> None:
    ended = {OrderState.COMPLETED, OrderState.CANCELLED, OrderState.CLOSED}
    placed = [state for states in STATES.values() for state in states]
    assert len(placed) == len(set(placed))
    assert set(placed) == set(OrderState) - ended


def test_all_and_after_sales_go_by_something_else_than_the_state() -> None:
    assert set(Tab) - set(STATES) == {Tab.ALL, Tab.AFTER_SALES}


def test_the_start_code_is_shown_wherever_it_can_be_used() -> None:
    crew = [Seat(1, HERE), Seat(1)]
    shown = {state for state in OrderState if shows_code(state, crew, 1)}
    assert shown == CHECK_IN_STATES | {OrderState.ASSIGNED}


def test_when_the_work_has_begun_it_is_shown_to_who_is_still_to_come() -> None:
    for state in (OrderState.IN_SERVICE, OrderState.VARIATION_PENDING):
        assert not shows_code(state, [Seat(1, HERE), Seat(1, HERE), Seat(2)], 1)
        assert shows_code(state, [Seat(1, HERE), Seat(2, HERE), Seat(2)], 2)
