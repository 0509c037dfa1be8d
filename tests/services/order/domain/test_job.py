"""The crew sees the door while the job is theirs, and a day longer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from services.order.domain.job import (
    ON_DUTY,
    SHOWN_SECONDS,
    NotInCrew,
    check_fixed_price,
    held_by,
    is_open_to_crew,
    lead_of,
    require_lead,
)
from services.order.domain.order import OrderState
from services.order.domain.refusals import LeadOnly
from shared.contracts.ids import WorkerId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused

ENDED = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Seat:
    visit_number: int
    number: int
    worker_id: WorkerId | None


LEAD, MATE, LATER = new_id(), new_id(), new_id()
CREW = [Seat(1, 2, MATE), Seat(1, 1, LEAD), Seat(2, 1, LATER), Seat(2, 2, None)]


def test_the_lead_holds_the_first_position_of_the_visit() -> None:
    assert [lead_of(CREW, visit).worker_id for visit in (1, 2)] == [LEAD, LATER]
    assert require_lead(Caller(LEAD, Role.WORKER), CREW, 1) is CREW[1]
    for worker, visit in ((MATE, 1), (LEAD, 2)):
        with pytest.raises(LeadOnly):
            require_lead(Caller(worker, Role.WORKER), CREW, visit)


def test_who_holds_a_position_of_another_visit_is_not_in_this_crew() -> None:
    assert held_by(Caller(MATE, Role.WORKER), CREW, 1) is CREW[0]
    with pytest.raises(NotInCrew):
        held_by(Caller(MATE, Role.WORKER), CREW, 2)


def test_what_is_priced_by_a_quotation_is_not_simply_started() -> None:
    check_fixed_price(False, OrderState.ARRIVED)
    with pytest.raises(MoveRefused) as refused:
        check_fixed_price(True, OrderState.ARRIVED)
    assert "fixed-price offering" in refused.value.facts["guard"]


@pytest.mark.parametrize("state", OrderState)
def test_without_an_end_only_the_states_on_duty_show_it(state: OrderState) -> None:
    assert is_open_to_crew(state, None, ENDED) == (state in ON_DUTY)


@pytest.mark.parametrize(("seconds", "shown"), [(0, True), (-1, True), (1, False), (None, True)])
def test_it_closes_a_day_after_the_end(seconds: int | None, shown: bool) -> None:
    late = timedelta(seconds=SHOWN_SECONDS + (seconds or 0))
    now = ENDED + (late if seconds != 0 else late - timedelta(microseconds=1))
    if seconds is None:
        now = ENDED
    assert is_open_to_crew(OrderState.PENDING_REVIEW, ENDED, now) == shown
