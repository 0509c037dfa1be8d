"""A claim cut anywhere is finished or undone by its timer, never left half done."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.dispatch.domain.offer import Claim
from services.dispatch.domain.ports import Assignments, Calendar
from shared.contracts.dispatch import JobAssigned, SearchEscalated
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import Scene, cancelled, released, scene
from tests.support.service import as_json


class Cut(BaseException):
    """The process died here."""


class Cutting:
    """Both ports, with the process dying once before or after a step."""

    def __init__(self, here: Scene, step: str) -> None:
        self._calendar: Calendar = here.dispatch.kit.ports["calendar"]
        self._assignments: Assignments = here.dispatch.kit.ports["assignments"]
        self._left = {step}

    def _at(self, step: str) -> None:
        if step in self._left:
            self._left.clear()
            raise Cut

    async def book(self, claim: Claim) -> None:
        self._at("claimed")
        await self._calendar.book(claim)
        self._at("booked")

    async def assign(self, claim: Claim) -> None:
        await self._assignments.assign(claim)
        self._at("assigned")

    async def release(self, claim: Claim) -> None:
        self._at("refused")
        await self._calendar.release(claim)
        self._at("released")


def cut_at(here: Scene, step: str) -> Callable[[], None]:
    """The next accept dies at this step; calling what is returned mends the process."""
    whole = dict(here.dispatch.kit.ports)
    cutting = Cutting(here, step)
    here.dispatch.kit.ports |= {"calendar": cutting, "assignments": cutting}
    return lambda: here.dispatch.kit.ports.update(whole)


@pytest.mark.parametrize("step", ["claimed", "booked", "assigned"])
async def test_a_claim_cut_after_a_step_is_finished_by_the_timer(
    service: ServiceFixture, step: str
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        key, mend = new_id(), cut_at(here, step)
        with pytest.raises(Cut):
            await here.accept(worker, offer["id"], key)
        mend()
        assert await here.states() == ["claiming"]
        meanwhile = await here.accept(worker, offer["id"], key)
        assert meanwhile.status_code == 409
        assert meanwhile.headers["Retry-After"] == "1"

        await here.dispatch.pass_time(seconds=6)

        assert await here.states() == ["accepted"]
        assert await here.states("searches") == ["filled"]
        assert list(here.peers.booked) == list(here.peers.assigned.values()) == [offer["id"]]
        assert len(await here.dispatch.told(JobAssigned)) == 1
        answer = await here.accept(worker, offer["id"], key)
        assert as_json(answer)["state"] == "accepted"
        assert answer.headers["Idempotent-Replayed"] == "true"


async def test_an_answer_cut_off_after_the_last_step_is_given_again(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        key = new_id()
        first = as_json(await here.accept(worker, offer["id"], key))  # Never seen by the worker.

        assert as_json(await here.accept(worker, offer["id"], key)) == first
        assert await here.dispatch.pass_time(seconds=6) == 0
        assert len(await here.dispatch.told(JobAssigned)) == 1


@pytest.mark.parametrize("step", ["claimed", "booked", "refused", "released"])
async def test_a_claim_on_a_cancelled_order_is_undone_by_the_timer_wherever_it_was_cut(
    service: ServiceFixture, step: str
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        mend = cut_at(here, step)
        here.peers.cancelled.add(str(order.order_id))
        with pytest.raises(Cut):
            await here.accept(worker, offer["id"])
        mend()
        await here.dispatch.tell(cancelled(order))
        assert await here.states() == ["claiming"]

        await here.dispatch.pass_time(seconds=6)

        assert await here.states() == ["lost"]
        assert await here.states("searches") == ["closed"]
        assert here.peers.booked == {}
        assert here.peers.assigned == {}
        assert await here.dispatch.told(JobAssigned) == []


@pytest.mark.parametrize("call", ["book", "assign"])
async def test_one_lost_answer_is_asked_for_again_within_the_request(
    service: ServiceFixture, call: str
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.lose_after[call] = 1

        assert as_json(await here.accept(worker, offer["id"]))["state"] == "accepted"
        assert here.peers.calls[call] == 2
        assert list(here.peers.booked) == [offer["id"]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["book", "assign"])
async def test_a_call_without_an_answer_is_no_refusal_and_the_timer_repeats_it(
    service: ServiceFixture, call: str, when: str
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        (here.peers.lose_before if when == "before" else here.peers.lose_after)[call] = 2

        unclear = await here.accept(worker, offer["id"])

        assert unclear.status_code == 503
        assert "Retry-After" in unclear.headers
        assert await here.states() == ["claiming"]
        await here.dispatch.pass_time(seconds=6)
        assert await here.states() == ["accepted"]
        assert list(here.peers.booked) == list(here.peers.assigned.values()) == [offer["id"]]


async def test_a_claim_that_is_repeated_keeps_to_the_first_promise(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.lose_before["assign"] = 2
        await here.accept(worker, offer["id"])
        await here.dispatch.pass_time(minutes=3)

        assert await here.states() == ["accepted"]
        assert len(here.peers.promises) == 3
        assert len(set(here.peers.promises)) == 1


async def test_a_release_without_an_answer_is_repeated_before_the_claim_is_lost(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        here.peers.cancelled.add(str(order.order_id))
        here.peers.lose_after["release"] = 2

        assert (await here.accept(worker, offer["id"])).status_code == 503
        assert await here.states() == ["claiming"]
        await here.dispatch.pass_time(seconds=6)
        assert (await here.states())[0] == "lost"
        assert here.peers.booked == {}


async def test_a_booking_delayed_beyond_the_undo_finds_the_tombstone(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        here.peers.hold_back["book"] = 2
        assert (await here.accept(worker, offer["id"])).status_code == 503
        here.peers.cancelled.add(str(order.order_id))
        await here.dispatch.pass_time(seconds=6)
        assert (await here.states())[0] == "lost"

        assert here.peers.let_come() == [409, 409]
        assert here.peers.booked == {}


async def test_a_booking_delayed_beyond_a_refused_booking_finds_the_tombstone_too(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.hold_back["book"] = 1
        here.peers.busy_workers.add(str(worker))
        assert (await here.accept(worker, offer["id"])).json()["reason"] == "slot-taken"
        here.peers.busy_workers.clear()

        assert here.peers.let_come() == [409]


async def test_two_calls_that_met_are_no_refusal(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.passing["book"] = 1

        assert (await here.accept(worker, offer["id"])).status_code == 503
        await here.dispatch.pass_time(seconds=6)
        assert await here.states() == ["accepted"]


async def test_request_and_timer_at_the_same_time_accept_once(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.gate = asyncio.Event()

        asked = asyncio.create_task(here.accept(worker, offer["id"]))
        await here.peers.called("book", 1)
        timer = asyncio.create_task(here.dispatch.pass_time(seconds=6))
        await here.peers.called("book", 2)
        here.peers.gate.set()
        answer, _ = await asyncio.gather(asked, timer)

        assert as_json(answer)["state"] == "accepted"
        assert await here.states() == ["accepted"]
        assert len(await here.dispatch.told(JobAssigned)) == 1
        assert list(here.peers.booked) == [offer["id"]]


async def test_a_job_released_while_its_claim_hangs_is_not_accepted_afterwards(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        mend = cut_at(here, "assigned")
        with pytest.raises(Cut):
            await here.accept(worker, offer["id"])
        mend()
        await here.dispatch.tell(released(order, offer, worker))

        await here.dispatch.pass_time(seconds=6)

        assert await here.states() == ["released"]
        assert await here.states("searches") == ["searching"]
        assert await here.dispatch.told(JobAssigned) == []


async def _leaves_while_the_claim_hangs(here: Scene, worker: UUID) -> Any:
    """The order has assigned the worker and let them go; here the claim is lost by then."""
    [offer] = await here.offers(worker)
    mend = cut_at(here, "assigned")
    with pytest.raises(Cut):
        await here.accept(worker, offer["id"])
    mend()
    here.peers.assigned.clear()
    here.peers.left.add(offer["id"])
    await here.dispatch.pass_time(seconds=6)
    assert (await here.states())[0] == "lost"
    return offer


async def test_who_left_while_their_claim_hung_is_not_asked_again(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid(search_until=here.now + timedelta(minutes=1))
        offer = await _leaves_while_the_claim_hangs(here, worker)
        assert await here.states() == ["lost", "offered"]

        news = released(order, offer, worker)
        await here.dispatch.tell_twice(news)
        await here.dispatch.run_due()

        assert await here.states() == ["released", "cancelled"]
        assert await here.states("searches") == ["searching"]
        assert (await here.rounds(order))[-1]["rejected"]["refused_before"] == 1
        assert await here.dispatch.pass_time(minutes=9)
        assert await here.dispatch.told(SearchEscalated) == []
        await here.dispatch.tell(news)  # Told anew, under another id.
        await here.dispatch.pass_time(minutes=2)
        assert len(await here.dispatch.told(SearchEscalated)) == 1


async def test_who_was_asked_after_a_lost_claim_keeps_the_offer_and_the_search_its_time(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        order = await here.paid(search_until=here.now + timedelta(minutes=1))
        offer = await _leaves_while_the_claim_hangs(here, first)

        await here.dispatch.tell_twice(released(order, offer, first))

        assert len(await here.offers(second)) == 1
        assert await here.states() == ["released", "offered"]
        assert await here.states("searches") == ["offered"]
        await here.dispatch.pass_time(minutes=9)
        assert await here.dispatch.told(SearchEscalated) == []


async def test_who_took_the_job_after_a_lost_claim_keeps_it(service: ServiceFixture) -> None:
    async with scene(service) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        order = await here.paid()
        offer = await _leaves_while_the_claim_hangs(here, first)
        [mine] = await here.offers(second)
        await here.accept(second, mine["id"])

        await here.dispatch.tell_twice(released(order, offer, first))
        await here.dispatch.run_due()

        assert await here.states() == ["released", "accepted"]
        assert await here.states("searches") == ["filled"]
