"""The lead shows that they are there, by distance or by the code that only the user knows."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.order.domain.arrival import CODE_TRIES_MAX
from services.order.storage.history import OrderHistory
from shared.contracts.order import OrderArrived
from shared.kit.ids import new_id
from tests.services.order.given import MONG_KOK
from tests.services.order.works import AWAY, THERE, Works
from tests.support.service import as_json


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04d}"


async def test_near_the_first_stop_the_lead_arrives(works: Works) -> None:
    order = await works.departed()
    view = as_json(await works.step(order, "arrive", body=THERE))

    [told] = await works.told(order, OrderArrived)
    _, visit, [lead, mate] = await works.rows(order)
    assert view["arrived_by"] == "distance"
    assert visit.arrived_at == lead.arrived_at == datetime.fromisoformat(view["arrived_at"])
    assert visit.arrived_by == "distance"
    assert mate.arrived_at is None
    assert [crew.worked for crew in told.crew] == [True, False]
    assert told.late_seconds < 0  # The job starts the day after tomorrow.


async def test_how_late_somebody_is_is_told(own_works: Works) -> None:
    order = await own_works.departed()
    _, visit, _ = await own_works.rows(order)
    late = visit.starts_at + timedelta(minutes=7) - own_works.running.clock.now()
    await own_works.running.pass_time(seconds=late.total_seconds())
    as_json(await own_works.step(order, "arrive", body=THERE))

    [told] = await own_works.told(order, OrderArrived)
    assert 7 * 60 <= told.late_seconds < 8 * 60


async def _rescue(own_works: Works) -> dict[str, Any]:
    """A tow for the lead that was paid two minutes ago."""
    order = await own_works.shop.paid()
    await own_works.running.pass_time(minutes=2)
    return order


async def _comes(works: Works, order: dict[str, Any], after_minutes: float) -> int:
    """The lead sets out and is there after so many minutes; how late that was told to be."""
    as_json(await works.step(order, "depart"))
    await works.running.pass_time(minutes=after_minutes)
    there = {**MONG_KOK["point"], "accuracy_m": 5}  # type: ignore[dict-item]
    as_json(await works.step(order, "arrive", body=there))
    return int((await works.told(order, OrderArrived))[-1].late_seconds)


async def test_a_rescue_is_late_by_what_was_promised_not_by_the_drive(own_works: Works) -> None:
    order = await _rescue(own_works)
    promised_at = own_works.shop.now + timedelta(minutes=15)
    as_json(await own_works.shop.assign(order, own_works.lead, promised_at=promised_at))

    seen = (await own_works.shop.detail(order))["visits"][0]["positions"][0]["promised_at"]
    assert datetime.fromisoformat(seen) == promised_at
    assert (await own_works.job(order))["crew"][0]["promised_at"] == seen
    assert -200 < await _comes(own_works, order, 12) < -160


async def test_a_promise_that_was_broken_counts(own_works: Works) -> None:
    order = await _rescue(own_works)
    promised_at = own_works.shop.now + timedelta(minutes=15)
    as_json(await own_works.shop.assign(order, own_works.lead, promised_at=promised_at))

    assert 5 * 60 <= await _comes(own_works, order, 20) < 6 * 60


async def test_who_takes_over_is_late_by_their_own_promise(own_works: Works) -> None:
    order = await _rescue(own_works)
    soon = own_works.shop.now + timedelta(minutes=5)
    as_json(await own_works.shop.assign(order, own_works.lead, promised_at=soon))
    as_json(await own_works.step(order, "cancel", body={"reason": "ill"}))
    seat = (await own_works.shop.detail(order))["visits"][0]["positions"][0]
    assert seat["promised_at"] is None

    await own_works.running.pass_time(minutes=30)
    own_works.lead = new_id()
    own = own_works.shop.now + timedelta(minutes=20)
    as_json(await own_works.shop.assign(order, own_works.lead, promised_at=own))
    assert -200 < await _comes(own_works, order, 17) < -160


async def test_a_planned_job_counts_from_its_start(own_works: Works) -> None:
    order = await own_works.shop.paid(own_works.shop.cleaning)
    for number, worker in enumerate((own_works.lead, own_works.mate), 1):
        promised_at = own_works.shop.now + timedelta(minutes=30)
        as_json(await own_works.shop.assign(order, worker, number, promised_at=promised_at))
    as_json(await own_works.step(order, "depart"))
    _, visit, _ = await own_works.rows(order)
    early = visit.starts_at - timedelta(minutes=4) - own_works.running.clock.now()
    await own_works.running.pass_time(seconds=early.total_seconds())
    as_json(await own_works.step(order, "arrive", body=THERE))

    [told] = await own_works.told(order, OrderArrived)
    assert -4 * 60 <= told.late_seconds < -3 * 60


async def test_an_instant_without_its_zone_is_refused_by_name(works: Works) -> None:
    order = await works.shop.paid()
    naive = works.shop.now.replace(tzinfo=None)
    refused = await works.shop.assign(order, works.lead, promised_at=naive)

    assert (refused.status_code, "promised_at" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("shown", "reason"), [(AWAY, "too_far"), ({**THERE, "accuracy_m": 151}, "inaccurate")]
)
async def test_elsewhere_or_unsure_the_code_is_asked_for(
    works: Works, shown: dict[str, float], reason: str
) -> None:
    order = await works.departed()
    refused = await works.step(order, "arrive", body=shown)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/arrival-not-shown")
    assert refused.json()["reason"] == reason
    assert await works.state(order) == "en_route"


async def test_the_users_code_is_enough_wherever_the_phone_believes_to_be(works: Works) -> None:
    order = await works.departed()
    code = await works.start_code(order)
    view = as_json(await works.step(order, "arrive", body={"start_code": code}))

    _, visit, _ = await works.rows(order)
    assert (view["arrived_by"], visit.arrived_by) == ("start_code", "start_code")
    assert await works.state(order) == "arrived"


async def test_after_five_wrong_codes_even_the_right_one_is_refused(works: Works) -> None:
    order = await works.departed()
    code = await works.start_code(order)
    left = []
    for _ in range(CODE_TRIES_MAX):
        answer = await works.step(order, "arrive", body={"start_code": wrong(code)})
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/start-code-wrong")
        left.append(answer.json()["tries_left"])
    locked = await works.step(order, "arrive", body={"start_code": code})

    assert left == [4, 3, 2, 1, 0]
    assert locked.json()["type"].endswith("/start-code-locked")
    assert await works.state(order) == "en_route"
    as_json(await works.step(order, "arrive", body=THERE))  # Being there still counts.


async def test_a_retry_of_a_wrong_code_is_counted_once(works: Works) -> None:
    order, key = await works.departed(), new_id()
    body = {"start_code": wrong(await works.start_code(order))}
    answers = [await works.step(order, "arrive", body=body, key=key) for _ in range(3)]

    row, _, _ = await works.rows(order)
    assert [answer.json()["tries_left"] for answer in answers] == [4, 4, 4]
    assert row.start_tries == 1


@pytest.mark.race("order_with_crew_for_update")
async def test_guesses_at_once_are_all_counted(works: Works) -> None:
    order = await works.departed()
    body = {"start_code": wrong(await works.start_code(order))}
    answers = await asyncio.gather(*(works.step(order, "arrive", body=body) for _ in range(12)))

    codes = sorted(answer.json()["type"].rpartition("/")[2] for answer in answers)
    row, _, _ = await works.rows(order)
    assert codes == ["start-code-locked"] * 7 + ["start-code-wrong"] * 5
    assert row.start_tries == CODE_TRIES_MAX


async def test_only_the_lead_arrives(works: Works) -> None:
    order = await works.departed()
    refused = await works.step(order, "arrive", works.mate, THERE)

    assert (refused.status_code, await works.state(order)) == (403, "en_route")


async def test_the_history_keeps_how_it_was_shown_but_no_position(works: Works) -> None:
    order = await works.arrived()
    row, _, _ = await works.rows(order)
    async with works.running.begin() as tx:
        last = await tx.session.get(OrderHistory, (row.shard, row.id, row.version))
    assert last is not None
    assert (last.what, last.facts) == ("arrive", {"proof": {"by": "distance", "distance_m": 0}})
