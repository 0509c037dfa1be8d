"""The calendar under fire: overlaps, equal calls, tombstones."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from shared.contracts.worker import SlotBooked
from tests.services.worker.given import (
    approved,
    book,
    code_of,
    decide,
    job,
    put,
    race,
    release,
    tomorrow,
)
from tests.support.service import Running, as_json

ROUNDS = 60


async def test_of_two_overlapping_bookings_one_wins_each_time(run: Running) -> None:
    """From a barrier whose offsets are shifted until either side has won a tenth of the rounds."""
    worker = await approved(run)
    first_won = 0
    for n in range(ROUNDS):
        starts_at = tomorrow(run) + timedelta(days=n)
        bodies = [job(worker, starts_at), job(worker, starts_at + timedelta(minutes=119))]

        async def first(body: dict[str, Any] = bodies[0]) -> httpx.Response:
            return await book(run, body)

        async def second(body: dict[str, Any] = bodies[1]) -> httpx.Response:
            return await book(run, body)

        ahead = n % 2 == 0
        pair = (first, second) if ahead else (second, first)
        answers = await race("take_slot", *pair, apart=0.001 * (n % 3))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [lost] = [answer for answer in answers if answer.status_code == 409]
        assert code_of(lost) == "slot-taken"
        won = answers.index(next(answer for answer in answers if answer.is_success))
        first_won += (won == 0) == ahead
    assert ROUNDS / 10 <= first_won <= ROUNDS * 9 / 10
    assert len(await run.told(SlotBooked)) == ROUNDS


async def test_of_thirty_overlapping_bookings_one_wins(run: Running) -> None:
    worker = await approved(run)
    starts_at = tomorrow(run)
    bodies = [job(worker, starts_at + timedelta(minutes=n)) for n in range(30)]
    answers = await asyncio.gather(*(book(run, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 29
    assert {code_of(answer) for answer in answers if answer.is_error} == {"slot-taken"}


async def test_ten_equal_calls_are_one_booking(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    answers = await asyncio.gather(*(book(run, body) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    [told] = await run.told(SlotBooked)
    assert str(told.offer_id) == body["offer_id"]
    assert told.starts_at == tomorrow(run) - timedelta(minutes=15)
    assert told.ends_at == tomorrow(run) + timedelta(hours=2, minutes=15)


async def test_the_way_between_two_jobs_counts_once_for_each(run: Running) -> None:
    worker = await approved(run)
    as_json(await book(run, job(worker, tomorrow(run), hours=2)))
    too_close = tomorrow(run) + timedelta(hours=2, minutes=29)
    assert code_of(await book(run, job(worker, too_close))) == "slot-taken"
    as_json(await book(run, job(worker, too_close + timedelta(minutes=1))))


async def test_another_worker_is_not_in_the_way(run: Running) -> None:
    one, two = await approved(run), await approved(run)
    for worker in (one, two):
        as_json(await book(run, job(worker, tomorrow(run))))


async def test_a_released_offer_never_books_again(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    as_json(await release(run, body))
    assert code_of(await book(run, body)) == "booking-released"

    early = job(worker, tomorrow(run))
    assert as_json(await release(run, early)) == {"released": False}
    refused = await book(run, early)
    assert (refused.status_code, code_of(refused)) == (409, "booking-released")
    as_json(await book(run, job(worker, tomorrow(run))))  # The slot itself is free.


async def test_an_offer_books_one_thing_only(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    other = job(worker, tomorrow(run), hours=3, offer_id=body["offer_id"])
    assert code_of(await book(run, other)) == "offer-booked-otherwise"


async def test_the_same_call_gets_its_answer_though_the_worker_works_no_more(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    first = await book(run, body)
    as_json(await put(run, worker, "schedule", {"shifts": []}))
    assert (await book(run, body)).text == first.text
    as_json(await decide(run, worker, "suspend"))
    assert (await book(run, body)).text == first.text

    refused = await book(run, job(worker, tomorrow(run) + timedelta(days=1)))
    assert (code_of(refused), refused.json()["reason"]) == ("worker-not-available", "suspended")
    assert len(await run.told(SlotBooked)) == 1


async def test_a_night_job_fits_a_night_shift(run: Running) -> None:
    worker = await approved(run)
    nights = [{"weekday": day, "starts": "22:00", "ends": "06:00"} for day in range(7)]
    as_json(await put(run, worker, "schedule", {"shifts": nights}))
    eleven_at_night = tomorrow(run, 15)
    as_json(await book(run, job(worker, eleven_at_night, hours=6)))
    refused = await book(run, job(worker, eleven_at_night + timedelta(days=1), hours=8))
    assert refused.json()["reason"] == "hours"


async def test_the_database_itself_refuses_an_overlap(run: Running) -> None:
    worker = await approved(run)
    as_json(await book(run, job(worker, tomorrow(run))))
    sql = (
        "INSERT INTO bookings (id, worker_id, order_id, visit_id, job_starts_at, job_ends_at, slot)"
        " SELECT gen_random_uuid(), worker_id, order_id, visit_id, job_starts_at, job_ends_at, slot"
        " FROM bookings"
    )
    with pytest.raises(asyncpg.ExclusionViolationError):
        async with run.begin() as tx:
            await tx.run(sql)
