"""Orders that live through accidents: each step is asked until it is answered, by one key.

A caller that hears nothing asks again with the same Idempotency-Key; that must neither lose an
order nor make a second one.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.journeys.cast import SHA_TIN, Place, answers_of, offering_of, photograph
from tests.journeys.stage import JourneyFailed, Person, Stage

PATIENCE_SECONDS = 120
PAUSE_SECONDS = (0.3, 2.0)
LOST = (httpx.TransportError, httpx.TimeoutException)
PASSING = {429, 500, 502, 503, 504}


@dataclass
class Life:
    """One order, from placing to acceptance, and what was acknowledged of it."""

    stage: Stage
    user: Person
    crew: dict[str, Person]
    offering: dict[str, Any]
    may_end: asyncio.Event
    rng: random.Random
    order_id: str = ""
    acknowledged: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    async def live(self) -> None:
        """Place, pay, be served, accept. Raises JourneyFailed when what was promised is lost."""
        quote = await self._post(self.user, "/price-quotes", self._wish())
        body = {"quote_id": quote["quote_id"], "hash": quote["hash"]}
        order = await self._post(self.user, "/orders", body)
        self.order_id = order["id"]
        self._note("placed")
        await self._pause()
        await self._pay()
        lead = await self._until_assigned()
        await self._serve(lead)
        await self.may_end.wait()
        await self._post(self.user, f"/orders/{self.order_id}/accept", {})
        self._note("accepted")
        await self._until_state("pending_review")

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
        self._note("paid")

    async def _until_assigned(self) -> Person:
        async def look() -> Any:
            for offer in await self._open_offers():
                worker = self.crew[offer["worker"]]
                await worker.post(f"/offers/{offer['id']}/accept", {"eta_seconds": 600})
            order = await self.user.get(f"/orders/{self.order_id}")
            return order if order["state"] == "assigned" else None

        order = await self._until("assigned", look)
        self._note("assigned")
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
        await self._pause()
        await self._step(lead, "depart", {})
        await self._pause()
        await self._step(lead, "arrive", SHA_TIN.point | {"accuracy_m": 10.0})
        job = await self._get(lead, f"/jobs/{self.order_id}")
        await self._photos(lead, job, "before_start", "before")
        await self._step(lead, "start", {"answers": answers_of(job, "before_start")})
        await self._pause()
        await self._photos(lead, job, "before_completion", "after")
        done = answers_of(job, "during") | answers_of(job, "before_completion")
        await self._step(lead, "complete", {"answers": done})
        self._note("completed")

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

    async def _until_state(self, state: str) -> None:
        async def look() -> bool:
            return bool((await self.user.get(f"/orders/{self.order_id}"))["state"] == state)

        await self._until(state, look)

    async def _until(self, what: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask until there is an answer; silence and passing faults are what accidents look like."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = await ask()
                if answer is not None and answer is not False:
                    return answer
            except LOST as lost:
                self._count(type(lost).__name__)
            except JourneyFailed as refused:
                if not self._is_passing(refused):
                    raise
                self._count(refused.code)
            if time.monotonic() > until:
                raise JourneyFailed(f"{self.order_id or 'an order'}: {what} never came")
            await asyncio.sleep(0.25)

    def _is_passing(self, refused: JourneyFailed) -> bool:
        still = ("request-still-running", "concurrent-change", "token-refused", "offer-")
        return refused.status in PASSING or any(word in refused.code for word in still)

    def _count(self, fault: str) -> None:
        self.faults[fault] = self.faults.get(fault, 0) + 1

    def _note(self, what: str) -> None:
        self.acknowledged.append(what)

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.uniform(*PAUSE_SECONDS))


def ring(count: int) -> list[Place]:
    """Places around the car, near enough for the first radius."""
    return [
        SHA_TIN.moved(150 + 70 * (n % 20), 120 * (n // 20) + 60 * (n % 3)) for n in range(count)
    ]


async def car_to_tow(person: Person) -> dict[str, Any]:
    """The offering that all these lives order."""
    return await offering_of(person, "towing", "tow_private_car")
