"""Business time, where somebody else moves it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import shared.kit.clock as clock_module
from shared.kit.clock import OffsetClock, follow, offset_at, wall_now


@contextlib.asynccontextmanager
async def holder(
    *answers: dict[str, float] | None,
) -> AsyncIterator[tuple[str, list[str], asyncio.Event]]:
    """Who holds the time: these answers in turn (None is a fault), then silence; what was asked."""
    asked, silent = list[str](), asyncio.Event()
    left = iter(answers)

    async def tell(request: web.Request) -> web.Response:
        asked.append(request.query_string)
        try:
            answer = next(left)
        except StopIteration:
            silent.set()
            await asyncio.sleep(60)
            raise
        if answer is None:
            raise web.HTTPServiceUnavailable
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/__sandbox/clock", tell)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), asked, silent


async def test_the_time_is_learnt_as_soon_as_its_holder_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock_module, "RETRY_SECONDS", 0.01)
    async with (
        holder(None, {}, {"offset_seconds": 3600.0}) as (url, asked, _),
        aiohttp.ClientSession() as session,
    ):
        assert await offset_at(session, url, {}) == 3600
        assert asked == [""] * 3


async def test_a_follower_asks_for_what_is_later_than_it_knows_and_never_goes_back() -> None:
    clock = OffsetClock()
    told = [{"offset_seconds": seconds} for seconds in (60.0, 7200.0, 10.0)]
    async with holder(*told) as (url, asked, silent), aiohttp.ClientSession() as session:
        following = asyncio.create_task(follow(clock, session, url, "order"))
        await silent.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert asked[:3] == ["process=order", "process=order&after=60.0", "process=order&after=7200.0"]
    assert clock.now() - wall_now() > timedelta(seconds=7199)
