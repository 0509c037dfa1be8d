"""Worker and order as dispatch meets them: two books behind the internal calls, told to misbehave.

They refuse as the real ones do: a tombstone refuses a late booking, a filled position a second
worker, a cancelled order everybody.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


def _refusal(code: str) -> web.Response:
    body = {"type": f"https://api.jajaya.hk/problems/{code}", "title": code, "status": 409}
    return web.json_response(body, status=409, content_type="application/problem+json")


@dataclass
class Peers:
    """Both sister services on one port."""

    url: str = ""
    booked: dict[str, dict[str, Any]] = field(default_factory=dict)  # By offer.
    tombs: set[str] = field(default_factory=set)
    assigned: dict[tuple[str, str, int], str] = field(default_factory=dict)  # Offer by position.
    promises: list[str] = field(default_factory=list)  # Of each call to assign, heard or not.
    cancelled: set[str] = field(default_factory=set)  # Orders.
    left: set[str] = field(default_factory=set)  # Offers that the order has let go again.
    calls: Counter[str] = field(default_factory=Counter)
    busy_workers: set[str] = field(default_factory=set)  # Their calendar refuses.
    lose_before: Counter[str] = field(default_factory=Counter)  # Calls cut before executing.
    lose_after: Counter[str] = field(default_factory=Counter)  # Answers dropped after executing.
    held_back: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hold_back: Counter[str] = field(default_factory=Counter)  # Calls that come late.
    passing: Counter[str] = field(default_factory=Counter)  # Answered "concurrent-change" first.
    gate: asyncio.Event | None = None

    def book(self, body: dict[str, Any]) -> web.Response:
        offer_id = body["offer_id"]
        if offer_id in self.tombs:
            return _refusal("booking-released")
        if offer_id not in self.booked:
            if body["worker_id"] in self.busy_workers:
                return _refusal("slot-taken")
            self.booked[offer_id] = body
        return web.json_response({"offer_id": offer_id})

    def release(self, body: dict[str, Any]) -> web.Response:
        was = self.booked.pop(body["offer_id"], None)
        self.tombs.add(body["offer_id"])
        return web.json_response({"released": was is not None})

    def assign(self, body: dict[str, Any]) -> web.Response:
        place = (body["order_id"], body["visit_id"], body["position"])
        if body["order_id"] in self.cancelled:
            return _refusal("move-refused")
        if body["offer_id"] in self.left:
            return _refusal("offer-released")
        if self.assigned.setdefault(place, body["offer_id"]) != body["offer_id"]:
            return _refusal("position-filled")
        return web.json_response({"state": "assigned", "complete": True})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        kind = "book" if parts[-1] == "bookings" else parts[-1]
        body = await request.json()
        body |= {"offer_id": parts[2]} if kind == "release" else {}
        body |= {"order_id": parts[2]} if kind == "assign" else {}
        self.calls[kind] += 1
        if kind == "assign":
            self.promises.append(body["promised_at"])
        if self.gate is not None:
            await self.gate.wait()
        if self.passing[kind] > 0:
            self.passing[kind] -= 1
            return _refusal("concurrent-change")
        if self.lose_before[kind] > 0:
            self.lose_before[kind] -= 1
            return self._cut(request)
        if self.hold_back[kind] > 0:
            self.hold_back[kind] -= 1
            self.held_back.append((kind, body))
            return self._cut(request)
        done = self.do(kind, body)
        if self.lose_after[kind] > 0:
            self.lose_after[kind] -= 1
            return self._cut(request)
        return done

    async def called(self, kind: str, times: int) -> None:
        """Wait until a call has come so often."""
        while self.calls[kind] < times:  # noqa: ASYNC110 - plain, and only a test waits.
            await asyncio.sleep(0.01)

    def do(self, kind: str, body: dict[str, Any]) -> web.Response:
        return {"book": self.book, "release": self.release, "assign": self.assign}[kind](body)

    def let_come(self) -> list[int]:
        """The calls held back arrive now; how each is answered."""
        late, self.held_back = self.held_back, []
        return [self.do(kind, body).status for kind, body in late]

    def _cut(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@asynccontextmanager
async def serving() -> AsyncIterator[Peers]:
    """Both peers on a free port."""
    peers = Peers()
    app = web.Application()
    app.router.add_post("/{tail:.*}", peers.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    [(host, port)] = [address[:2] for address in runner.addresses]
    peers.url = f"http://{host}:{port}"
    yield peers
    await runner.cleanup()
