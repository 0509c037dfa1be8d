"""Arrivals: near enough by a good fix, or by the code, and only so many tries."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.order.domain.arrival import (
    ACCURACY_MAX_M,
    CHECK_IN_STATES,
    CODE_TRIES_MAX,
    DISTANCE_MAX_M,
    ArrivalNotShown,
    ArrivedBy,
    Fix,
    StartCodeLocked,
    check_fix,
    check_in_open,
    distance_m,
    expected_at,
    is_start_code,
    proof_of,
)
from services.order.domain.order import OrderState
from shared.kit.states import MoveRefused

LAT, LNG = 22.3193, 114.1694
METRE = 1 / 111_195  # Degrees of latitude.
hong_kong = st.tuples(st.floats(22.13, 22.57), st.floats(113.82, 114.45))


def test_a_known_distance_comes_out() -> None:
    """Star Ferry, Central to Tsim Sha Tsui: about 1.4 km."""
    assert distance_m(22.2870, 114.1617, 22.2937, 114.1688) == pytest.approx(1_043, abs=5)
    assert distance_m(0, 0, 0, 180) == round(math.pi * 6_371_009)


@given(hong_kong, hong_kong)
def test_it_is_as_far_there_as_back(here: tuple[float, float], there: tuple[float, float]) -> None:
    assert distance_m(*here, *there) == distance_m(*there, *here) >= 0
    assert distance_m(*here, *here) == 0


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "good"),
    [
        (0, 0, True),
        (DISTANCE_MAX_M, ACCURACY_MAX_M, True),
        (DISTANCE_MAX_M + 1, ACCURACY_MAX_M, False),
        (DISTANCE_MAX_M, ACCURACY_MAX_M + 0.1, False),
        (0, 5_000, False),
        (5_000, 0, False),
    ],
)
def test_a_fix_counts_up_to_both_limits(metres: int, accuracy_m: float, good: bool) -> None:
    fix = Fix(LAT + metres * METRE, LNG, accuracy_m)
    if good:
        assert check_fix(fix, LAT, LNG) == metres
    else:
        with pytest.raises(ArrivalNotShown):
            check_fix(fix, LAT, LNG)


def test_a_code_is_right_or_wrong_until_the_tries_are_used() -> None:
    assert is_start_code("0417", "0417", CODE_TRIES_MAX - 1)
    assert not is_start_code("0418", "0417", 0)
    with pytest.raises(StartCodeLocked):
        is_start_code("0417", "0417", CODE_TRIES_MAX)


def test_proof_is_by_what_was_shown() -> None:
    near = proof_of(Fix(LAT, LNG, 5), LAT, LNG, "0417", CODE_TRIES_MAX)
    told = proof_of("0417", LAT, LNG, "0417", 4)

    assert near is not None
    assert told is not None
    assert (near.by, near.distance_m) == (ArrivedBy.DISTANCE, 0)
    assert (told.by, told.distance_m) == (ArrivedBy.START_CODE, None)
    assert proof_of("1111", LAT, LNG, "0417", 0) is None


@dataclass(frozen=True)
class Seat:
    """Who took a position at which minute of the day, and when they promised to be there."""

    assigned: int | None
    promised: int | None = None
    visit_number: int = 1

    @property
    def assigned_at(self) -> datetime | None:
        return None if self.assigned is None else minute(self.assigned)

    @property
    def promised_at(self) -> datetime | None:
        return None if self.promised is None else minute(self.promised)


def minute(number: int) -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("lead", "others", "expected"),
    [
        (Seat(10), [], 60),
        (Seat(10, 25), [], 60),
        (Seat(58, 75), [], 75),
        (Seat(58, 75), [Seat(59, 200)], 76),  # The lead's own promise, from the crew's last.
        (Seat(58, 75), [Seat(88, 90)], 105),
        (Seat(10, 25), [Seat(40, 41)], 60),
        (Seat(58, 75), [Seat(None), Seat(500, 600, visit_number=2)], 75),
    ],
)
def test_a_lead_is_expected_at_the_start_or_a_promised_drive_after_the_crew_was_complete(
    lead: Seat, others: list[Seat], expected: int
) -> None:
    assert expected_at(minute(60), lead, [lead, *others]) == minute(expected)


@pytest.mark.parametrize("state", OrderState)
def test_the_crew_checks_in_from_the_departure_until_the_work_is_done(state: OrderState) -> None:
    if state in CHECK_IN_STATES:
        check_in_open(state)
    else:
        with pytest.raises(MoveRefused):
            check_in_open(state)
