"""The two services that order calls, as far as it knows them: small peers on real ports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from deploy.local.ports import any_free

PROBLEM_JSON = "application/problem+json"


def problem(status: int, code: str, **facts: Any) -> web.Response:
    """A refusal as our services answer it."""
    body = {"type": f"https://api.jajaya.hk/problems/{code}", "title": code, "status": status}
    return web.Response(status=status, body=orjson.dumps(body | facts), content_type=PROBLEM_JSON)


@dataclass
class Peers:
    """Addresses by id, coupons by id with what they take off; locks as promotion keeps them."""

    url: str = ""
    addresses: dict[str, Any] = field(default_factory=dict)
    coupons: dict[str, int] = field(default_factory=dict)
    locks: dict[str, list[str]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    silent: int = 0  # The next calls are executed, and their answers lost.
    away: int = 0  # The next calls are not executed.
    deaf: int = 0  # The next releases are not executed.
    before_lock: asyncio.Event | None = None  # A lock waits for it.

    async def address(self, request: web.Request) -> web.Response:
        known = self.addresses.get(request.match_info["id"])
        return web.json_response(known) if known else problem(404, "address-not-found")

    async def quote(self, request: web.Request) -> web.Response:
        asked = await request.json()
        chosen = asked["coupon_ids"]
        return web.json_response(self._benefits(list(self.coupons) if chosen is None else chosen))

    async def lock(self, request: web.Request) -> web.Response:
        self.calls.append("lock")
        asked = await request.json()
        if self.before_lock is not None:
            await self.before_lock.wait()
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        order = asked["order_id"]
        held = {id for other, ids in self.locks.items() if other != order for id in ids}
        gone = [id for id in asked["coupon_ids"] if id in held or id not in self.coupons]
        if order in self.released or gone:
            return problem(409, "coupon-not-available", coupons=gone)
        self.locks[order] = asked["coupon_ids"]
        return self._maybe_lost(web.json_response(self._benefits(asked["coupon_ids"])))

    async def release(self, request: web.Request) -> web.Response:
        self.calls.append("release")
        if self.deaf:
            self.deaf -= 1
            return web.Response(status=503)
        order = (await request.json())["order_id"]
        self.released.add(order)
        return web.json_response({"released": self.locks.pop(order, None) is not None})

    def _maybe_lost(self, answer: web.Response) -> web.Response:
        if self.silent:
            self.silent -= 1
            return web.Response(status=502)
        return answer

    def _benefits(self, chosen: list[str]) -> dict[str, Any]:
        applied = [
            {
                "coupon_id": id,
                "code": "WELCOME",
                "amount": {"minor": self.coupons[id], "currency": "HKD"},
                "funder": "platform",
            }
            for id in chosen
            if id in self.coupons
        ]
        skipped = [
            {"coupon_id": id, "code": "?", "reason": "unknown"}
            for id in chosen
            if id not in self.coupons
        ]
        return {"applied": applied, "skipped": skipped}


@contextlib.asynccontextmanager
async def peers() -> AsyncIterator[Peers]:
    """Both peers on one port of their own."""
    both = Peers()
    app = web.Application()
    app.router.add_get("/internal/addresses/{id}", both.address)
    app.router.add_post("/internal/benefits/quote", both.quote)
    app.router.add_post("/internal/benefits/lock", both.lock)
    app.router.add_post("/internal/benefits/release", both.release)
    runner = web.AppRunner(app)
    await runner.setup()
    number = any_free()
    await web.TCPSite(runner, "127.0.0.1", number).start()
    both.url = f"http://127.0.0.1:{number}"
    try:
        yield both
    finally:
        await runner.cleanup()
