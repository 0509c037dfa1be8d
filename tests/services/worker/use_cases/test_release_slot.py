"""Taking a booking back, also before it came."""

import asyncio
from datetime import timedelta

import httpx

from shared.contracts.worker import SlotBooked, SlotReleased
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.worker.given import approved, book, code_of, job, race, release, tomorrow
from tests.support.service import Running, as_json


async def test_ten_equal_releases_are_told_once(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    answers = await asyncio.gather(*(release(run, body) for _ in range(10)))
    assert {answer.text for answer in answers} == {'{"released":true}'}
    [told] = await run.told(SlotReleased)
    assert (str(told.offer_id), told.taken_back) == (body["offer_id"], True)


async def test_releases_of_an_unknown_offer_tell_nobody(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    answers = await asyncio.gather(*(release(run, body) for _ in range(10)))
    assert {answer.text for answer in answers} == {'{"released":false}'}
    assert await run.told(SlotReleased) == []


async def test_of_a_booking_and_its_release_the_slot_is_free_in_the_end(run: Running) -> None:
    worker = await approved(run)
    released_first = rounds = 0
    # Wider and wider apart, until either side has been first in a tenth of at least 40 rounds.
    while rounds < 40 or not rounds // 10 <= released_first <= rounds - rounds // 10:
        n, rounds = rounds, rounds + 1
        assert n < 400, f"after 400 rounds the release was first {released_first} times"
        body = job(worker, tomorrow(run) + timedelta(hours=n))

        async def accept(body: dict[str, object] = body) -> httpx.Response:
            return await book(run, body)

        async def give_up(body: dict[str, object] = body) -> httpx.Response:
            return await release(run, body)

        pair = (accept, give_up) if n % 2 else (give_up, accept)
        answers = await race("booking_for_update", *pair, apart=0.001 * (n % 5) * (1 + n // 40))
        refused = [code_of(answer) for answer in answers if answer.is_error]
        assert refused in ([], ["booking-released"])
        released_first += bool(refused)
        assert code_of(await book(run, body)) == "booking-released"
    booked, freed = await run.told(SlotBooked), await run.told(SlotReleased)
    assert {event.offer_id for event in booked} == {event.offer_id for event in freed}
    assert len(booked) == len(freed) == rounds - released_first


async def test_a_release_is_of_ones_own_booking(run: Running) -> None:
    worker, other = await approved(run), await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    foreign = run.internal(Caller(other, Role.WORKER), "dispatch")
    path = f"/internal/bookings/{body['offer_id']}/release"
    asked = {"worker_id": body["worker_id"], "order_id": body["order_id"]}
    answer = await run.http.post(path, json=asked, headers=foreign)
    assert code_of(answer) == "worker-not-found"
    wrong = body | {"order_id": str(new_id())}
    assert code_of(await release(run, wrong)) == "offer-booked-otherwise"
    assert await run.told(SlotReleased) == []
