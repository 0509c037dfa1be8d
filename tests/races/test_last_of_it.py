"""What only one can have: an hour of a worker's calendar, the last coupon of a campaign."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import httpx
import pytest

from shared.contracts.worker import SlotBooked
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.races.contest import Contest
from tests.services.promotion.given import assert_conserved, campaign, claim
from tests.services.worker.given import approved, book, code_of, job, tomorrow

ROUNDS = (60, 300)
SIDES = ("early", "late")
Ask = Callable[[], Awaitable[httpx.Response]]


def _contest() -> Contest:
    return Contest(dict.fromkeys(SIDES, 0.002), Random(5))


async def _meet(contest: Contest, asks: dict[str, Ask]) -> dict[str, httpx.Response]:
    """Both at once, or nearly; the favoured side of this round first."""
    favoured = SIDES[contest.rounds % 2]
    after, barrier = contest.delays(favoured), asyncio.Barrier(len(asks))

    async def one(side: str) -> httpx.Response:
        await barrier.wait()
        await asyncio.sleep(after[side])
        return await asks[side]()

    answers = dict(zip(asks, await asyncio.gather(*map(one, asks)), strict=True))
    [winner] = [side for side, answer in answers.items() if answer.is_success]
    contest.note(winner)
    if winner != favoured:
        contest.widen(favoured)
    return answers


@pytest.mark.race("take_slot")
async def test_of_two_overlapping_bookings_one_wins(service: ServiceFixture) -> None:
    run, contest = await service("worker"), _contest()
    worker = await approved(run)
    while contest.goes_on(*ROUNDS):
        starts_at = tomorrow(run) + timedelta(days=contest.rounds % 300)
        jobs = [job(worker, starts_at), job(worker, starts_at + timedelta(minutes=119))]
        asks: dict[str, Ask] = {
            side: lambda body=body: book(run, body)  # type: ignore[misc]
            for side, body in zip(SIDES, jobs, strict=True)
        }
        answers = await _meet(contest, asks)
        assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
        assert {code_of(lost) for lost in answers.values() if lost.is_error} == {"slot-taken"}
    print(f"two overlapping bookings: {contest}")  # noqa: T201 - the race says so.

    assert contest.is_fair, contest
    assert len(await run.told(SlotBooked)) == contest.rounds


@pytest.mark.race("campaign_for_update")
async def test_of_two_users_one_gets_the_last_coupon(service: ServiceFixture) -> None:
    run, contest = await service("promotion"), _contest()
    while contest.goes_on(*ROUNDS):
        code = await campaign(run, f"last-{contest.rounds}", issue_limit=1)
        asks: dict[str, Ask] = {
            side: lambda: claim(run, new_id(), code)  # noqa: B023 - asked within the round.
            for side in SIDES
        }
        answers = await _meet(contest, asks)
        assert sorted(answer.status_code for answer in answers.values()) == [201, 409]
        lost = {code_of(answer) for answer in answers.values() if answer.is_error}
        assert lost == {"campaign-exhausted"}
    print(f"the last coupon: {contest}")  # noqa: T201 - the race says so.

    assert contest.is_fair, contest
    await assert_conserved(run)
