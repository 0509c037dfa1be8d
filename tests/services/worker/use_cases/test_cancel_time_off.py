"""Giving days off back."""

from datetime import timedelta

import httpx

from services.worker.domain.schedule import hong_kong_day
from shared.contracts.worker import ProfileChanged
from tests.services.worker.given import approved, book, code_of, job, post, race, tomorrow
from tests.support.service import Running, as_json


async def test_the_day_can_be_booked_again(run: Running) -> None:
    worker = await approved(run)
    starts_at = tomorrow(run) + timedelta(days=2)
    day = hong_kong_day(starts_at).isoformat()
    off = as_json(await post(run, worker, "time-off", {"first_on": day, "last_on": day}))
    as_json(await post(run, worker, f"time-off/{off['id']}/cancel", {}))
    as_json(await book(run, job(worker, starts_at)))


async def test_days_off_are_given_back_once(run: Running) -> None:
    worker = await approved(run)
    day = (hong_kong_day(run.clock.now()) + timedelta(days=2)).isoformat()
    off = as_json(await post(run, worker, "time-off", {"first_on": day, "last_on": day}))
    told = len(await run.told(ProfileChanged))

    async def cancel() -> httpx.Response:
        return await post(run, worker, f"time-off/{off['id']}/cancel", {})

    answers = await race("time_off_for_update", *[cancel] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {code_of(a) for a in answers if a.status_code == 409} == {"move-refused"}
    assert len(await run.told(ProfileChanged)) == told + 1
