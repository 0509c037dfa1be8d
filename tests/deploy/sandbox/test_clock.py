"""One clock: it only grows, is durable, and an advance waits for whoever follows."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from deploy.sandbox import clock as clock_module
from deploy.sandbox.app import Sandbox
from tests.deploy.sandbox.world import Merchant

CLOCK = "/__sandbox/clock"


async def advance(http: httpx.AsyncClient, seconds: float) -> dict[str, object]:
    """Move on."""
    answer = await http.post(f"{CLOCK}/advance", json={"seconds": seconds})
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def follow(http: httpx.AsyncClient, name: str, seen: list[float]) -> None:
    """Follow the clock as a process does."""
    answer = await http.get(CLOCK, params={"process": name})
    while True:
        seen.append(answer.json()["offset_seconds"])
        answer = await http.get(CLOCK, params={"process": name, "after": str(seen[-1])})


async def test_an_advance_answers_after_every_follower_has_it(http: httpx.AsyncClient) -> None:
    seen: dict[str, list[float]] = {name: [] for name in ("order", "payment")}
    tasks = [asyncio.create_task(follow(http, name, got)) for name, got in seen.items()]
    await asyncio.sleep(0.05)
    for step in (60, 0.5, 3600):
        told = await advance(http, step)
        assert told["waited_for"] == ["order", "payment"]
        assert all(got[-1] == told["offset_seconds"] for got in seen.values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_poll_answers_at_once_and_a_later_one_waits(
    http: httpx.AsyncClient,
) -> None:
    assert (await http.get(CLOCK, params={"process": "p"})).json() == {"offset_seconds": 0}
    waiting = asyncio.create_task(http.get(CLOCK, params={"process": "p", "after": 0}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    moving = asyncio.create_task(advance(http, 5))
    assert (await waiting).json() == {"offset_seconds": 5}
    await http.get(CLOCK, params={"process": "p", "after": 4})
    await asyncio.sleep(0.1)
    assert not moving.done(), "the process has not asked with the new offset yet"
    again = asyncio.create_task(http.get(CLOCK, params={"process": "p", "after": 5}))
    assert (await moving)["waited_for"] == ["p"]
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)


async def test_a_poll_ends_by_itself(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "POLL_SECONDS", 0.1)
    answer = await http.get(CLOCK, params={"process": "p", "after": 0})
    assert answer.json() == {"offset_seconds": 0}


async def test_a_process_that_stopped_asking_is_not_waited_for(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await http.get(CLOCK, params={"process": "gone"})
    monkeypatch.setattr(clock_module, "FORGOTTEN_AFTER_SECONDS", 0.3)
    told = await advance(http, 5)
    assert (told["waited_for"], told["still_behind"]) == ([], [])


async def test_an_advance_is_bounded_and_says_who_is_behind(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await http.get(CLOCK, params={"process": "slow"})
    monkeypatch.setattr(clock_module, "ADVANCE_SECONDS_MAX", 0.3)
    assert (await advance(http, 5))["still_behind"] == ["slow"]


async def test_concurrent_advances_add_up(http: httpx.AsyncClient) -> None:
    await asyncio.gather(*(advance(http, 1) for _ in range(20)))
    assert (await http.get(CLOCK)).json() == {"offset_seconds": 20}


@pytest.mark.parametrize("seconds", [0, -1, "5", True, None, float("1e12")])
async def test_the_clock_only_grows_by_a_sensible_number(
    http: httpx.AsyncClient, seconds: object
) -> None:
    answer = await http.post(f"{CLOCK}/advance", json={"seconds": seconds})
    assert answer.status_code == 422


async def test_a_request_signed_just_before_an_advance_is_still_good(
    http: httpx.AsyncClient, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"/v3/global/transactions/out-trade-no/nobody?mchid={merchant.known['mchid']}"
    before = merchant.pairs("GET", target, b"")
    later = merchant.pairs("GET", target, b"")
    await advance(http, 86_400)
    answer = await merchant.send("GET", target, pairs=before)
    assert answer.status_code == 404
    assert int(answer.headers["wechatpay-timestamp"]) - int(before["timestamp"]) < 60
    replayed = await merchant.send("GET", target, pairs=before)
    assert replayed.status_code == 401, "the advance gives no nonce a second use"
    wall = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: wall() + 11)
    assert (await merchant.send("GET", target, pairs=later)).status_code == 401


async def test_the_offset_outlives_the_process(home: Path) -> None:
    for expected in (7, 14):
        sandbox = Sandbox(home)
        async with sandbox.routes.router.lifespan_context(sandbox.routes):
            offset, _, _ = await sandbox.clock.advance(7)
        assert offset == expected
