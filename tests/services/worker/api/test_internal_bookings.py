"""What dispatch asks of the calendar."""

import pytest

from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.worker.given import approved, book, code_of, job, release, tomorrow
from tests.support.service import Running, as_json


async def test_a_booking_answers_with_the_slot(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    answer = as_json(await book(run, body))
    assert answer["offer_id"] == body["offer_id"]
    assert answer["starts_at"].endswith("T01:45:00Z")
    assert answer["ends_at"].endswith("T04:15:00Z")
    assert as_json(await release(run, body)) == {"released": True}


async def test_a_worker_books_for_nobody_else(run: Running) -> None:
    worker, other = await approved(run), await approved(run)
    answer = await book(run, job(worker, tomorrow(run)), Caller(other, Role.WORKER))
    assert (answer.status_code, code_of(answer)) == (404, "worker-not-found")


async def test_people_cannot_call_it(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    person = run.bearer(worker, Role.WORKER)
    for headers in ({}, person):
        answer = await run.http.post("/internal/bookings", json=body, headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_at": "2030-03-02T10:00:00"}, "body.starts_at"),
        ({"offer_id": "x"}, "body.offer_id"),
        ({"colour": "red"}, "body.colour"),
        ({"ends_at": "1990-03-02T10:00:00Z"}, "ends_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, "ends_at"),
    ],
)
async def test_bad_input_names_its_field(run: Running, change: dict[str, str], field: str) -> None:
    worker = await approved(run)
    answer = await book(run, job(worker, tomorrow(run)) | change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_an_unknown_worker_is_not_booked(run: Running) -> None:
    answer = await book(run, job(new_id(), tomorrow(run)))
    assert (answer.status_code, code_of(answer)) == (404, "worker-not-found")
