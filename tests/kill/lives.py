"""Orders that live through accidents: each step is asked until it is answered, by one key.

A caller that hears nothing asks again with the same Idempotency-Key; that must neither lose an
order nor make a second one.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.journeys.cast import SHA_TIN, Place, answers_of, offering_of, photograph
from tests.journeys.stage import JourneyFailed, Person, Stage

PATIENCE_SECONDS = 120
PAUSE_SECONDS = (0.0, 2.0)
PAID_AFTER_MAX = (
    4  # Deaths. A worker's position counts for two minutes, and then the job is theirs.
)
STEPS_ON_SITE = ("depart", "arrive", "start", "complete")
LOST = (httpx.TransportError, httpx.TimeoutException)
PASSING = {429, 502, 503, 504}


class Deaths:
    """How many processes were killed so far; who waits goes on with the next."""

    def __init__(self, count: int) -> None:
        self._begun = [asyncio.Event() for _ in range(count + 1)]
        self._begun[0].set()

    def begin(self, number: int) -> None:
        self._begun[number].set()

    async def wait(self, number: int) -> None:
        await self._begun[number].wait()


def course(accepted_after: int, rng: random.Random) -> dict[str, int]:
    """After how many deaths a life takes each of its steps: spread out, some on the same one."""
    paid = rng.randint(0, PAID_AFTER_MAX)
    lasts, parts = accepted_after - paid, len(STEPS_ON_SITE)
    worked = {
        step: paid + rng.randint(lasts * n // parts, lasts * (n + 1) // parts)
        for n, step in enumerate(STEPS_ON_SITE)
    }
    return {"pay": paid, **worked, "accept": accepted_after, "review": accepted_after}


@dataclass
class Life:
    """One order, from placing to review, and what was acknowledged of it."""

    stage: Stage
    user: Person
    crew: dict[str, Person]
    offering: dict[str, Any]
    deaths: Deaths
    course: dict[str, int]
    rng: random.Random
    order_id: str = ""
    asked: int = 0  # How often it has asked for anything.
    has_ended: bool = False
    acknowledged: list[str] = field(default_factory=list)  # The moves, as the timeline calls them.
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def is_under_way(self) -> bool:
        """Whether its order is placed and has steps ahead."""
        return bool(self.order_id) and not self.has_ended

    async def live(self) -> None:
        """Place, pay, be served, accept, see it paid out, review.

        Raises JourneyFailed when what was promised is lost.
        """
        quote = await self._post(self.user, "/price-quotes", self._wish())
        body = {"quote_id": quote["quote_id"], "hash": quote["hash"]}
        order = await self._post(self.user, "/orders", body)
        self.order_id = order["id"]
        self._note("place")
        await self._turn("pay")
        await self._pay()
        lead = await self._until_assigned()
        await self._serve(lead)
        await self._turn("accept")
        await self._post(self.user, f"/orders/{self.order_id}/accept", {})
        self._note("accept")
        await self._until("paid out", lambda: self._is_paid_out(lead))
        await self._turn("review")
        await self._post(self.user, f"/orders/{self.order_id}/review", {"rating": 5})
        self._note("review")
        await self._all_is_kept()
        self.has_ended = True

    async def _turn(self, step: str) -> None:
        """Wait for the step's death, and a moment: some ask while it dies, some while it starts."""
        await self.deaths.wait(self.course[step])
        await asyncio.sleep(self.rng.uniform(*PAUSE_SECONDS))

    async def _is_paid_out(self, lead: Person) -> bool:
        page = await lead.get("/wallet/entries")
        return any(entry["order_id"] == self.order_id for entry in page["items"])

    async def _all_is_kept(self) -> None:
        """Whatever was acknowledged stands in the order's timeline, which ends as it should."""
        timeline = (await self._get(self.user, f"/orders/{self.order_id}/timeline"))["entries"]
        lost = set(self.acknowledged) - {entry["what"] for entry in timeline}
        if lost or timeline[-1]["after"] != "completed":
            raise JourneyFailed(f"{self.order_id} lost {lost}; it is {timeline[-1]['after']}")

    def _wish(self) -> dict[str, Any]:
        drop = SHA_TIN.moved(2_000, 500)
        return {
            "offering_id": self.offering["id"],
            "starts_at": None,
            "stops": [
                {"kind": "pick_up", "point": SHA_TIN.point, "district": "ST"},
                {"kind": "drop_off", "point": drop.point, "district": "ST"},
            ],
            "coupon_ids": [],
        }

    async def _pay(self) -> None:
        code = f"sandbox-{self.user.name}.{time.time_ns()}"
        body = {"order_id": self.order_id, "channel": "wechat", "wechat_code": code}
        payment = await self._post(self.user, "/payments", body)
        prepay_id = payment["wechat"]["package"].removeprefix("prepay_id=")

        async def in_wechat() -> bool:
            act = f"{self.stage.sandbox}/__sandbox/wechat/pay"
            answer = await self.stage.http.post(act, json={"prepay_id": prepay_id})
            return answer.is_success or "PAID" in answer.text

        await self._until("paid in WeChat", in_wechat)
        self._note("capture")

    async def _until_assigned(self) -> Person:
        async def look() -> Any:
            for offer in await self._open_offers():
                worker = self.crew[offer["worker"]]
                await worker.post(f"/offers/{offer['id']}/accept", {"eta_seconds": 600})
            order = await self.user.get(f"/orders/{self.order_id}")
            return order if order["state"] == "assigned" else None

        order = await self._until("assigned", look)
        self._note("assign")
        held = order["visits"][0]["positions"][0]["worker"]["id"]
        return self.crew[held]

    async def _open_offers(self) -> list[dict[str, Any]]:
        """Offers for this order that are open with anybody of the crew, as the topics told."""
        found = []
        for heard in self.stage.heard:
            if heard.type == "dispatch.offered.v1" and heard.key == self.order_id:
                worker = self.crew.get(heard.body["worker_id"])
                if worker is None or heard.seen:
                    continue
                page = await worker.get("/workers/me/offers")
                mine = [o for o in page["items"] if o["id"] == heard.body["offer_id"]]
                if mine and mine[0]["state"] == "offered":
                    found.append({"id": mine[0]["id"], "worker": worker.account_id})
                else:
                    heard.seen = True
        return found

    async def _serve(self, lead: Person) -> None:
        await self._turn("depart")
        await self._step(lead, "depart", {})
        await self._turn("arrive")
        await self._step(lead, "arrive", SHA_TIN.point | {"accuracy_m": 10.0})
        await self._turn("start")
        job = await self._get(lead, f"/jobs/{self.order_id}")
        await self._photos(lead, job, "before_start", "before")
        await self._step(lead, "start", {"answers": answers_of(job, "before_start")})
        await self._turn("complete")
        await self._photos(lead, job, "before_completion", "after")
        done = answers_of(job, "during") | answers_of(job, "before_completion")
        await self._step(lead, "complete", {"answers": done})

    async def _photos(self, lead: Person, job: dict[str, Any], when: str, stage: str) -> None:
        for item in job["checklist"]:
            if item["kind"] == "photo" and item["stage"] == when:
                await self._until(f"photo {item['code']}", self._photo(lead, stage, item["code"]))

    def _photo(self, lead: Person, stage: str, code: str) -> Callable[[], Awaitable[bool]]:
        key = str(uuid4())

        async def send() -> bool:
            await photograph(lead, self.order_id, stage, code, key)
            return True

        return send

    async def _step(self, worker: Person, what: str, body: dict[str, Any]) -> None:
        await self._post(worker, f"/jobs/{self.order_id}/{what}", body)
        self._note(what)

    async def _post(self, who: Person, path: str, body: dict[str, Any]) -> Any:
        key = str(uuid4())
        return await self._until(path, lambda: who.ask("POST", path, body, key=key))

    async def _get(self, who: Person, path: str) -> Any:
        return await self._until(path, lambda: who.get(path))

    async def _until(self, what: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask until there is an answer; silence and passing faults are what accidents look like."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.asked += 1
            try:
                answer = await ask()
                if answer is not None and answer is not False:
                    return answer
            except LOST as lost:
                self.faults[type(lost).__name__] += 1
            except JourneyFailed as refused:
                if not self._is_passing(refused):
                    raise
                self.faults[refused.code or str(refused.status)] += 1
            if time.monotonic() > until:
                raise JourneyFailed(f"{self.order_id}: {what} never came, but {dict(self.faults)}")
            await asyncio.sleep(0.25)

    def _is_passing(self, refused: JourneyFailed) -> bool:
        still = ("request-still-running", "concurrent-change", "token-refused", "offer-")
        return refused.status in PASSING or any(word in refused.code for word in still)

    def _note(self, what: str) -> None:
        self.acknowledged.append(what)


def ring(count: int) -> list[Place]:
    """Places around the car, near enough for the first radius."""
    return [
        SHA_TIN.moved(150 + 70 * (n % 20), 120 * (n // 20) + 60 * (n % 3)) for n in range(count)
    ]


async def car_to_tow(person: Person) -> dict[str, Any]:
    """The offering that all these lives order."""
    return await offering_of(person, "towing", "tow_private_car")
