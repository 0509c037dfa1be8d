"""One open offer: 64 accepts, the user's cancel and its expiry, on dispatch, worker and order."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.dispatch import JobAssigned
from shared.contracts.shapes import Point
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.races.contest import Contest
from tests.races.courier import Courier
from tests.services.order.given import MONG_KOK, Shop, shop
from tests.services.order.peers import peers
from tests.services.worker.given import approved
from tests.support.service import Running, as_json

PLACE = Point(**MONG_KOK["point"])  # type: ignore[arg-type]
ROUNDS, EACH = (15, 90), 32
ANSWER_SECONDS = 16  # Then a rescue's offer is over.
NEWS_SECONDS = 0.4  # What an event may take on its way.
CLAIM_SECONDS = 6  # Then a claim that was cut is taken up.
HEAD_STARTS = {"accept": 0.5, "cancel": 0.5, "expire": 0.2}  # With less they never win.
SIDES = tuple(HEAD_STARTS)
WINNER = {"accepted": "accept", "cancelled": "cancel", "lost": "cancel", "expired": "expire"}


@dataclass
class Three:
    """Dispatch, worker and order, each on a port; the courier carries their news."""

    dispatch: Running
    worker: Running
    shop: Shop
    courier: Courier
    crowd: httpx.AsyncClient

    async def offered(self) -> "Offered":
        """A paid order, and the offer that the one worker near it has been made."""
        account = await approved(self.worker, base=PLACE.model_dump(), districts=["YT"])
        await self.courier.carry()
        await self.present(account, True)
        mine = dataclasses.replace(self.shop, user=new_id())
        order = await mine.paid()
        await self.courier.carry()
        await self.dispatch.run_due()
        headers = self.dispatch.bearer(account, Role.WORKER)
        page = as_json(await self.dispatch.http.get("/workers/me/offers", headers=headers))
        [offer] = page["items"]
        return Offered(self, mine, order, account, offer["id"])

    async def present(self, account: UUID, online: bool) -> None:
        headers = self.dispatch.bearer(account, Role.WORKER)
        body = {"online": online}
        as_json(await self.dispatch.http.put("/workers/me/presence", json=body, headers=headers))
        if online:
            here = PLACE.model_dump() | {"accuracy_m": 9}
            path = "/workers/me/positions"
            said = await self.dispatch.http.post(path, json=here, headers=headers)
            assert said.status_code == 204

    def advance(self, **of: float) -> None:
        """All three clocks together."""
        until = self.dispatch.clock.offset_seconds + timedelta(**of).total_seconds()
        for each in (self.dispatch, self.worker, self.shop.running):
            each.clock.advance_to(until)


@dataclass
class Offered:
    """One offer that many want at once."""

    three: Three
    shop: Shop
    order: dict[str, Any]
    account: UUID
    offer_id: str

    async def accepts(self, after: float) -> list[httpx.Response]:
        """Its worker under 32 keys, and 32 workers who do not hold it."""
        await asyncio.sleep(after)
        pairs = [(self._accept(self.account), self._accept(new_id())) for _ in range(EACH)]
        return list(await asyncio.gather(*(asked for pair in pairs for asked in pair)))

    async def _accept(self, account: UUID) -> httpx.Response:
        headers = self.three.dispatch.headers(account, Role.WORKER)
        path = f"/offers/{self.offer_id}/accept"
        return await self.three.crowd.post(path, json={"eta_seconds": 600}, headers=headers)

    async def cancels(self, after: float, dice: Random) -> httpx.Response:
        """The user changes their mind; dispatch and worker hear of it, either before the other."""
        await asyncio.sleep(after)
        answer = await self.shop.cancel(self.order)
        await self.three.courier.carry(lambda: dice.uniform(0, NEWS_SECONDS))
        return answer

    async def expires(self, after: float) -> None:
        await asyncio.sleep(after)
        self.three.advance(seconds=ANSWER_SECONDS)
        await self.three.dispatch.run_due()

    async def comes_to_rest(self) -> None:
        """Whatever was cut is finished or undone, and everybody has heard of it."""
        self.three.advance(seconds=CLAIM_SECONDS)
        for each in (self.three.dispatch, self.three.worker):
            await each.run_due()
        await self.three.courier.carry()

    async def state(self) -> str:
        """How the offer ended."""
        sql = "SELECT state FROM offers WHERE id = $1"
        async with self.three.dispatch.begin() as tx:
            [row] = await tx.run(sql, UUID(self.offer_id))
        return str(row["state"])

    async def is_booked(self) -> bool:
        """Whether the worker's calendar holds the job; a released booking is none."""
        sql = "SELECT state FROM bookings WHERE order_id = $1 AND state <> 'released'"
        async with self.three.worker.begin() as tx:
            rows = await tx.run(sql, UUID(self.order["id"]))
        assert len(rows) <= 1
        return bool(rows)

    async def held_by(self) -> tuple[str, str | None]:
        """The order's state, and the offer that fills its position."""
        sql = (
            "SELECT o.state, p.offer_id FROM orders o JOIN positions p"
            " ON p.shard = o.shard AND p.order_id = o.id WHERE o.id = $1"
        )
        async with self.shop.running.begin() as tx:
            [row] = await tx.run(sql, UUID(self.order["id"]))
        return row["state"], row["offer_id"] and str(row["offer_id"])

    async def ends(self) -> None:
        """The order is over if nobody took it; the worker goes home."""
        if (await self.held_by())[0] == "pending_dispatch":
            as_json(await self.shop.cancel(self.order))
            await self.three.courier.carry()
        await self.three.present(self.account, False)


@pytest.fixture
async def three(service: ServiceFixture) -> AsyncIterator[Three]:
    """Each on a database of its own; they call each other by their own clients."""
    async with peers() as both:
        urls = {"USER_URL": both.url, "PROMOTION_URL": both.url}
        order = await service("order", serve=True, **urls)
        worker = await service("worker", serve=True)
        urls = {"WORKER_URL": worker.url, "ORDER_URL": order.url}
        dispatch = await service("dispatch", serve=True, pool_size=40, **urls)
        limits = httpx.Limits(max_connections=2 * EACH)
        async with httpx.AsyncClient(base_url=dispatch.url, timeout=40, limits=limits) as crowd:
            courier = Courier([order, worker, dispatch])
            yield Three(dispatch, worker, await shop(order, both), courier, crowd)


@pytest.mark.timeout(200)
@pytest.mark.race("offer_for_update")
@pytest.mark.race("offers_held_for_update")
async def test_accepts_a_cancel_and_an_expiry_have_one_outcome(three: Three) -> None:
    """Each side is first in turn; its head start grows until it has won its tenth."""
    contest = Contest(dict(HEAD_STARTS), Random(11))
    while contest.goes_on(*ROUNDS):
        favoured = SIDES[contest.rounds % 3]
        offered, after = await three.offered(), contest.delays(favoured)
        answers, cancelled, _ = await asyncio.gather(
            offered.accepts(after["accept"]),
            offered.cancels(after["cancel"], contest.dice),
            offered.expires(after["expire"]),
        )
        await offered.comes_to_rest()
        state = await offered.state()
        contest.note(WINNER[state])
        if WINNER[state] != favoured:
            contest.widen(favoured)

        await _is_one_outcome(offered, state, cancelled)
        _was_told_once(answers, state)
        await offered.ends()
    print(f"64 accepts, cancel, expiry: {contest}")  # noqa: T201 - the race says so.

    assert contest.is_fair, contest
    assert len(await three.dispatch.told(JobAssigned)) == contest.won["accept"]
    await _nothing_is_left(three)


async def _is_one_outcome(offered: Offered, state: str, cancelled: httpx.Response) -> None:
    """Offer, calendar and order say the same."""
    taken = state == "accepted"
    assert await offered.is_booked() == taken
    at, held = await offered.held_by()
    assert held == (offered.offer_id if taken else None)
    assert cancelled.status_code in (200, 409), cancelled.text
    expected = "assigned" if taken else "cancelled" if cancelled.is_success else "pending_dispatch"
    assert at == expected
    assert not (cancelled.is_success and taken)


def _was_told_once(answers: list[httpx.Response], state: str) -> None:
    """One accept at most is told yes, and no stranger is told anything."""
    mine = Counter(answer.status_code for answer in answers[::2])
    others = Counter(answer.status_code for answer in answers[1::2])
    # On a machine under load some are told to come again; nobody is told two things.
    assert mine.keys() <= {200, 409, 410, 503}, mine
    assert others.keys() <= {404, 503}, others
    assert mine[200] == (state == "accepted") or (mine[200] == 0 and mine[503]), mine


async def _nothing_is_left(three: Three) -> None:
    """No claim half done, no offer's timer, no order whose search goes on."""
    async with three.dispatch.begin() as tx:
        assert not await tx.run("SELECT FROM timers WHERE kind IN ('expire', 'claim', 'search')")
        assert not await tx.run("SELECT FROM offers WHERE state IN ('offered', 'claiming')")
        open_searches = "SELECT FROM searches WHERE state NOT IN ('filled', 'closed')"
        assert not await tx.run(open_searches)
    async with three.worker.begin() as tx:
        assert not await tx.run("SELECT FROM inbox_keys WHERE parked > 0")
