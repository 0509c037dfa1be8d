"""Days off over HTTP."""

import asyncio
from datetime import timedelta

from services.worker.domain.schedule import hong_kong_day
from shared.contracts.worker import ProfileChanged
from shared.kit.ids import new_id
from tests.services.worker.given import approved, code_of, get, post
from tests.support.service import Running, as_json


def days(run: Running, first: int, last: int) -> dict[str, str]:
    today = hong_kong_day(run.clock.now())
    return {
        "first_on": (today + timedelta(days=first)).isoformat(),
        "last_on": (today + timedelta(days=last)).isoformat(),
    }


async def test_days_off_are_taken_listed_told_and_given_back(run: Running) -> None:
    worker = await approved(run)
    off = days(run, 3, 5)
    taken = as_json(await post(run, worker, "time-off", off | {"note": "family"}))

    assert taken["state"] == "taken"
    told = (await run.told(ProfileChanged))[-1].days_off
    assert [day.on.isoformat() for day in told][::2] == [off["first_on"], off["last_on"]]
    assert len(told) == 3
    assert (await get(run, worker, "time-off"))["items"] == [taken]

    back = as_json(await post(run, worker, f"time-off/{taken['id']}/cancel", {}))
    assert back["state"] == "cancelled"
    assert (await run.told(ProfileChanged))[-1].days_off == []
    again = await post(run, worker, f"time-off/{taken['id']}/cancel", {})
    assert code_of(again) == "move-refused"


async def test_the_same_days_are_taken_once_even_in_a_race(run: Running) -> None:
    worker = await approved(run)
    asks = [post(run, worker, "time-off", days(run, 1, 1 + n)) for n in range(6)]
    answers = await asyncio.gather(*asks)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {code_of(a) for a in answers if a.status_code == 409} == {"time-off-overlaps"}


async def test_days_off_of_others_are_not_there(run: Running) -> None:
    worker, other = await approved(run), await approved(run)
    taken = as_json(await post(run, worker, "time-off", days(run, 1, 1)))
    answer = await post(run, other, f"time-off/{taken['id']}/cancel", {})
    assert (answer.status_code, code_of(answer)) == (404, "time-off-not-found")
    nowhere = await post(run, worker, f"time-off/{new_id()}/cancel", {})
    assert nowhere.status_code == 404


async def test_days_off_are_paged(run: Running) -> None:
    worker = await approved(run)
    for day in range(1, 4):
        as_json(await post(run, worker, "time-off", days(run, day, day)))
    first = await get(run, worker, "time-off", limit=2)
    second = await get(run, worker, "time-off", limit=2, cursor=first["next_cursor"])
    assert (len(first["items"]), len(second["items"])) == (2, 1)
    assert second["next_cursor"] is None


async def test_days_in_the_past_are_refused_by_field(run: Running) -> None:
    worker = await approved(run)
    answer = await post(run, worker, "time-off", days(run, -1, 2))
    assert (answer.status_code, code_of(answer)) == (422, "time-off-invalid")
    assert answer.json()["field"] == "first_on"
