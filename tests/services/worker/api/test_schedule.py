"""Hours and area over HTTP."""

import pytest

from shared.contracts.worker import ProfileChanged, Shift
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.worker.given import approved, code_of, get, put
from tests.support.service import Running, as_json

NIGHT = {"weekday": 6, "starts": "22:00", "ends": "06:00"}
MORNING = {"weekday": 0, "starts": "06:00", "ends": "12:00"}


async def test_hours_are_kept_in_order_and_told(run: Running) -> None:
    worker = await approved(run)
    answer = await put(run, worker, "schedule", {"shifts": [NIGHT, MORNING]})

    assert as_json(answer) == {"shifts": [MORNING, NIGHT]}
    assert await get(run, worker, "schedule") == {"shifts": [MORNING, NIGHT]}
    profile = (await run.told(ProfileChanged))[-1]
    assert profile.shifts == [Shift(**MORNING), Shift(**NIGHT)]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"starts": "05:00"}, "shifts-overlap", "shifts.1"),
        ({"starts": "25:00"}, "shift-invalid", "shifts.1.starts"),
        ({"weekday": 7}, "invalid-request", "body.shifts.1.weekday"),
        ({"weekday": "0"}, "invalid-request", "body.shifts.1.weekday"),
        ({"colour": 1}, "invalid-request", "body.shifts.1.colour"),
    ],
)
async def test_bad_hours_are_refused_by_field(
    run: Running, change: dict[str, object], code: str, field: str
) -> None:
    worker = await approved(run)
    before = await get(run, worker, "schedule")
    answer = await put(run, worker, "schedule", {"shifts": [NIGHT, MORNING | change]})
    assert (answer.status_code, code_of(answer)) == (422, code)
    assert answer.json()["field"] == field
    assert await get(run, worker, "schedule") == before


async def test_an_area_is_set_and_told(run: Running) -> None:
    worker = await approved(run)
    area = {"base": {"lat": 22.3, "lng": 114.2}, "radius_m": 5000, "districts": ["KT", "EA"]}
    answer = as_json(await put(run, worker, "service-area", area))

    assert answer == area | {"districts": ["EA", "KT"]}
    assert await get(run, worker, "service-area") == answer
    profile = (await run.told(ProfileChanged))[-1]
    assert (profile.radius_m, profile.districts, profile.base.lat) == (5000, ["EA", "KT"], 22.3)


async def test_a_worker_who_never_applied_has_no_schedule(run: Running) -> None:
    answer = await put(run, new_id(), "schedule", {"shifts": []})
    assert (answer.status_code, code_of(answer)) == (404, "worker-not-found")
    user = run.bearer(new_id(), Role.USER)
    assert (await run.http.get("/workers/me/schedule", headers=user)).status_code == 403
