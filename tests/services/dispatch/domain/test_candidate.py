"""Who is passed over, and why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.dispatch.domain.candidate import Candidate, Job, Reject, rejects
from services.dispatch.domain.hours import HONG_KONG, Interval
from services.dispatch.domain.search import SearchRules
from shared.contracts.shapes import Point, Urgency
from shared.contracts.worker import Shift
from shared.kit.ids import new_id

NOW = datetime(2026, 11, 2, 10, tzinfo=HONG_KONG).astimezone(UTC)
HERE, NEAR, FAR = (
    Point(lat=22.383, lng=114.19),
    Point(lat=22.39, lng=114.19),
    Point(lat=22.43, lng=114.19),
)
RULES = SearchRules()
ALL_DAY = [Shift(weekday=day, starts="00:00", ends="00:00") for day in range(7)]


def at(clock: str) -> datetime:
    """Some time of that Monday in Hong Kong."""
    return datetime.fromisoformat(f"2026-11-02T{clock}").replace(tzinfo=HONG_KONG)


JOB = Job(
    order_id=new_id(),
    user_id=new_id(),
    visit_id=new_id(),
    position=1,
    urgency=Urgency.RESCUE,
    skill="towing",
    level=2,
    equipment="flatbed",
    point=HERE,
    district="ST",
    time=Interval(NOW, NOW + timedelta(hours=1)),
)
ABLE = Candidate(
    worker_id=new_id(),
    online=True,
    approved=True,
    suspended=False,
    skills={"towing": 2},
    equipment=frozenset({"flatbed"}),
    districts=frozenset({"ST"}),
    base=NEAR,
    radius_m=8_000,
    shifts=ALL_DAY,
    days_off=[],
    buffer=timedelta(minutes=15),
    position=NEAR,
    located_at=NOW,
    idle_since=NOW,
    credit=80,
    offers_accepted=0,
    offers_declined=0,
    offers_expired=0,
    busy=[],
    jobs_that_day=0,
    has_open_offer=False,
    offers_of_order=0,
    refused_order=False,
)


def why(worker: Candidate, job: Job = JOB, radius_m: int = 3_000) -> list[Reject]:
    return rejects(job, worker, radius_m, NOW, RULES)


def test_a_worker_whom_nothing_stands_against_may_come() -> None:
    assert why(ABLE) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"online": False}, Reject.OFFLINE),
        ({"approved": False}, Reject.NOT_APPROVED),
        ({"suspended": True}, Reject.SUSPENDED),
        ({"worker_id": JOB.user_id}, Reject.OWN_ORDER),
        ({"skills": {"cleaning": 5}}, Reject.SKILL),
        ({"skills": {"towing": 1}}, Reject.LEVEL),
        ({"equipment": frozenset({"wheel_lift"})}, Reject.EQUIPMENT),
        ({"districts": frozenset({"TP"})}, Reject.DISTRICT),
        ({"radius_m": 100}, Reject.RADIUS),
        ({"position": FAR}, Reject.STEP),
        ({"shifts": [Shift(weekday=0, starts="09:00", ends="11:00")]}, Reject.HOURS),
        ({"days_off": [date(2026, 11, 2)]}, Reject.HOURS),
        ({"busy": [Interval(NOW, NOW + timedelta(minutes=1))]}, Reject.BOOKED),
        ({"has_open_offer": True}, Reject.OPEN_OFFER),
        ({"refused_order": True}, Reject.REFUSED_BEFORE),
        ({"offers_of_order": 1}, Reject.ASKED_BEFORE),
        ({"located_at": NOW - timedelta(seconds=121)}, Reject.STALE_POSITION),
        ({"position": None, "located_at": None}, Reject.NO_POSITION),
    ],
)
def test_each_reason_alone_passes_a_worker_over(changed: dict[str, Any], code: Reject) -> None:
    assert why(replace(ABLE, **changed)) == [code]


def test_two_offers_for_one_order_are_enough() -> None:
    widest = RULES.radius_steps_m[-1]
    assert why(replace(ABLE, offers_of_order=1), radius_m=widest) == []
    assert why(replace(ABLE, offers_of_order=2), radius_m=widest) == [Reject.OFFERED_MAX]


def test_every_reason_is_said_not_only_the_first() -> None:
    assert why(replace(ABLE, online=False, suspended=True, has_open_offer=True)) == [
        Reject.OFFLINE,
        Reject.SUSPENDED,
        Reject.OPEN_OFFER,
    ]


def test_no_district_means_everywhere_within_the_radius() -> None:
    assert why(replace(ABLE, districts=frozenset())) == []


def test_a_position_two_minutes_old_still_counts() -> None:
    assert why(replace(ABLE, located_at=NOW - timedelta(seconds=120))) == []


def test_a_scheduled_job_is_reached_from_home_and_needs_no_position() -> None:
    tomorrow = replace(JOB, urgency=Urgency.SCHEDULED)
    unseen = replace(ABLE, position=None, located_at=None)
    assert why(unseen, tomorrow) == []
    assert why(replace(unseen, base=FAR), tomorrow) == [Reject.STEP]
    assert why(replace(ABLE, position=FAR), tomorrow) == []


def booked(starts: str, ends: str) -> list[Interval]:
    """A booking as the calendar tells it: with a quarter of an hour on either side."""
    return [Interval(at(starts), at(ends)).widened(timedelta(minutes=15))]


def job_at(starts: str, ends: str) -> Job:
    return replace(JOB, urgency=Urgency.SCHEDULED, time=Interval(at(starts), at(ends)))


def test_overlap_is_judged_by_the_whole_interval_not_by_the_hour_of_the_start() -> None:
    """Features 7.1: a job from 10 to 13 h stands against one at 11 h."""
    worker = replace(ABLE, busy=booked("10:00", "13:00"))
    assert why(worker, job_at("11:00", "12:00")) == [Reject.BOOKED]
    assert why(worker, job_at("08:00", "10:30")) == [Reject.BOOKED]
    assert why(worker, job_at("12:59", "14:00")) == [Reject.BOOKED]


def test_adjacent_jobs_are_allowed_when_the_travel_between_fits() -> None:
    worker = replace(ABLE, busy=booked("10:00", "13:00"))
    assert why(worker, job_at("13:00", "14:00")) == [Reject.BOOKED]
    assert why(worker, job_at("13:30", "14:00")) == []


def test_times_are_instants_so_one_source_serves_all() -> None:
    """Features 7.2: two spellings of one time never matched."""
    utc = [Interval(i.starts_at.astimezone(UTC), i.ends_at.astimezone(UTC))
           for i in booked("10:00", "13:00")]  # fmt: skip
    assert why(replace(ABLE, busy=utc), job_at("11:00", "12:00")) == [Reject.BOOKED]


def test_the_buffer_must_lie_within_working_hours_too() -> None:
    day = replace(ABLE, shifts=[Shift(weekday=0, starts="09:00", ends="18:00")])
    assert why(day, job_at("11:00", "17:45")) == []
    assert why(day, job_at("11:00", "17:46")) == [Reject.HOURS]


def test_a_rescue_now_does_not_ask_for_hours_that_are_past() -> None:
    just_begun = replace(ABLE, shifts=[Shift(weekday=0, starts="10:00", ends="18:00")])
    assert why(just_begun) == []


def test_a_long_job_is_refused_when_it_only_begins_before_time_off() -> None:
    """OCA field-service 1382: 08:45 and four hours, off from 09:00."""
    morning = replace(ABLE, shifts=[Shift(weekday=0, starts="06:00", ends="09:00")])
    tuesday = [
        replace(JOB, urgency=Urgency.SCHEDULED, time=Interval(s, s + timedelta(hours=4)))
        for s in [at("08:45") + timedelta(days=7)]
    ]
    assert [why(morning, job) for job in tuesday] == [[Reject.HOURS]]
