"""Days off against bookings."""

from datetime import timedelta

import httpx
import pytest

from services.worker.domain.schedule import hong_kong_day
from shared.contracts.worker import ProfileChanged
from tests.services.worker.given import approved, book, code_of, get, job, post, race, tomorrow
from tests.support.service import Running, as_json


async def test_no_days_off_over_a_booked_job_but_over_its_ways(run: Running) -> None:
    worker = await approved(run)
    starts_at = tomorrow(run, 16) + timedelta(hours=24)  # Midnight in Hong Kong.
    as_json(await book(run, job(worker, starts_at)))
    day = hong_kong_day(starts_at)

    that_day = {"first_on": day.isoformat(), "last_on": day.isoformat()}
    refused = await post(run, worker, "time-off", that_day)
    assert (refused.status_code, code_of(refused)) == (409, "booked-in-time-off")
    before = (day - timedelta(days=1)).isoformat()
    as_json(await post(run, worker, "time-off", {"first_on": before, "last_on": before}))


async def test_a_note_is_kept_without_numbers_of_people(run: Running) -> None:
    worker = await approved(run)
    day = (hong_kong_day(run.clock.now()) + timedelta(days=3)).isoformat()
    body = {"first_on": day, "last_on": day, "note": "call my wife on 9123 4567"}
    taken = as_json(await post(run, worker, "time-off", body))
    assert taken["note"].startswith("call my wife on ")
    assert "4567" not in taken["note"].replace(" ", "")
    async with run.begin() as tx:
        [row] = await tx.run("SELECT note FROM time_off")
    assert row["note"] == taken["note"]


@pytest.mark.parametrize("hour", [23, 0, 12])
async def test_a_job_that_touches_a_day_off_is_refused(run: Running, hour: int) -> None:
    """A job of four hours from a quarter to, over the edge of the day or inside it."""
    worker = await approved(run)
    day = hong_kong_day(run.clock.now()) + timedelta(days=3)
    off = {"first_on": day.isoformat(), "last_on": day.isoformat()}
    as_json(await post(run, worker, "time-off", off))
    midnight = tomorrow(run, 16).replace(year=day.year, month=day.month, day=day.day)
    midnight -= timedelta(days=1)
    starts_at = midnight + timedelta(hours=hour, minutes=-15)

    refused = await book(run, job(worker, starts_at, hours=4))
    assert (code_of(refused), refused.json()["reason"]) == ("worker-not-available", "day_off")


async def test_of_a_booking_and_a_day_off_at_once_one_wins(run: Running) -> None:
    worker = await approved(run)
    booked = 0
    for n in range(2, 18):
        starts_at = tomorrow(run, 2) + timedelta(days=n)
        day = hong_kong_day(starts_at).isoformat()
        body = job(worker, starts_at)

        async def take(day: str = day) -> httpx.Response:
            return await post(run, worker, "time-off", {"first_on": day, "last_on": day})

        async def accept(body: dict[str, object] = body) -> httpx.Response:
            return await book(run, body)

        pair = (take, accept) if n % 2 else (accept, take)
        answers = await race("worker_for_update", *pair, apart=0.002 * (n % 4))
        assert sorted(answer.is_success for answer in answers) == [False, True]
        booked += any(a.is_success and "offer_id" in a.text for a in answers)
    assert len((await get(run, worker, "bookings", limit=100))["items"]) == booked
    days_off = {day.on for day in (await run.told(ProfileChanged))[-1].days_off}
    assert len(days_off) == 16 - booked
    assert 0 < booked < 16
