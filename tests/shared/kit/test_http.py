"""Calls between services against a real server on loopback."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from joserfc.jwk import ECKey
from pydantic import BaseModel

from shared.kit import http
from shared.kit.caller import Caller, Role
from shared.kit.clock import OffsetClock
from shared.kit.errors import Refused, Unavailable
from shared.kit.http import Breaker, Peer, deadline_at
from shared.kit.ids import new_id
from shared.kit.log import request_id, traceparent
from shared.kit.metrics import REGISTRY
from shared.kit.money import Currency, Money
from shared.tokens import ServiceTokens, SigningKey

CALLER = Caller(new_id(), Role.USER)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Depot:
    """A service on loopback that answers as told and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[Any] = []
        self.answers: list[Answer] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        text = await request.text()
        self.bodies.append(json.loads(text) if text else None)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def says(status: int, body: object = None, kind: str = "application/json") -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=json.dumps(body), content_type=kind)

    return answer


async def hangs(_: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


async def hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cuts_short(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "100"})
    await answer.prepare(request)
    await answer.write(b"{")
    assert request.transport is not None
    request.transport.abort()
    return answer


@pytest.fixture
async def depot() -> AsyncIterator[Depot]:
    yield Depot()
    request_id.set("")
    traceparent.set("")
    deadline_at.set(None)


@pytest.fixture
async def tokens(tmp_path: Path) -> ServiceTokens:
    file = tmp_path / "till.jwk.json"
    file.write_text(json.dumps(ECKey.generate_key("P-256", {"kid": "t1"}).as_dict(private=True)))
    key = SigningKey.load(file)
    (tmp_path / "till.jwks.json").write_text(json.dumps(key.jwks))
    return ServiceTokens("till", key, tmp_path)


@pytest.fixture
async def url(depot: Depot) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", depot.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
async def peer(url: str, tokens: ServiceTokens) -> AsyncIterator[Peer]:
    async with aiohttp.ClientSession() as session:
        yield Peer("depot", url, tokens, OffsetClock(), session)


async def test_a_call_carries_caller_deadline_trace_and_key(
    peer: Peer, depot: Depot, tokens: ServiceTokens, tmp_path: Path
) -> None:
    depot.answers = [says(200, {"tools": [1, 2]})]
    request_id.set("r1")
    traceparent.set("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    answer = await peer.call(
        "POST",
        "/internal/loans",
        caller=CALLER,
        body={"id": CALLER.id, "at": datetime(2026, 1, 1, tzinfo=UTC), "m": Money(5, Currency.HKD)},
        query={"limit": 5, "open": "true", "cursor": None, "q": "a&b c"},
        key="k-1",
    )
    assert answer == {"tools": [1, 2]}
    asked = depot.asked[0]
    assert asked.path == "/internal/loans"
    assert dict(asked.query) == {"limit": "5", "open": "true", "q": "a&b c"}
    assert depot.bodies[0] == {
        "id": str(CALLER.id),
        "at": "2026-01-01T00:00:00Z",
        "m": {"minor": 5, "currency": "HKD"},
    }
    assert asked.headers["Idempotency-Key"] == "k-1"
    assert asked.headers["X-Request-Id"] == "r1"
    assert asked.headers["traceparent"].startswith("00-4bf9")
    assert 1500 < int(asked.headers["X-Deadline-Ms"]) <= 2000
    token = asked.headers["Authorization"].removeprefix("Bearer ")
    receiver = ServiceTokens("depot", tokens.signing_key, tmp_path, frozenset({"till"}))
    assert receiver.verify(token, OffsetClock().now()) == ("till", CALLER)


async def test_a_model_is_a_body_and_no_content_is_none(peer: Peer, depot: Depot) -> None:
    class Loan(BaseModel):
        days: int

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=204)

    depot.answers = [nothing]
    assert await peer.call("PUT", "/x", caller=CALLER, body=Loan(days=3)) is None
    assert depot.bodies == [{"days": 3}]


async def test_a_problem_is_passed_on_as_it_came_and_not_tried_again(
    peer: Peer, depot: Depot
) -> None:
    kind = "https://api.example/problems/tool-lent"
    standard = {"type": kind, "title": "T", "status": 409, "detail": "D", "instance": "/x"}
    facts = {"code": "c", "detail_of": 1, "allowed": ["a"]}
    depot.answers = [says(409, standard | facts, "application/problem+json")]
    with pytest.raises(Refused) as caught:
        await peer.call("POST", "/x", caller=CALLER)
    refused = caught.value
    assert (refused.peer_code, refused.peer_status, refused.detail) == ("tool-lent", 409, "D")
    assert refused.facts == facts
    assert len(depot.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        says(401, {"type": "token-refused"}, "application/problem+json"),
        says(404, {"detail": "no such route"}),
        says(302, {}),
        says(400, [1]),
        says(422, [1], "application/problem+json"),
    ],
)
async def test_an_answer_that_is_no_refusal_of_the_callers_is_unavailable(
    peer: Peer, depot: Depot, answer: Answer
) -> None:
    depot.answers = [answer]
    with pytest.raises(Unavailable):
        await peer.call("GET", "/x", caller=CALLER)
    assert len(depot.asked) == 1


async def test_an_answer_that_is_no_json_is_unavailable(peer: Peer, depot: Depot) -> None:
    async def prose(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    depot.answers = [prose]
    with pytest.raises(Unavailable):
        await peer.call("GET", "/x", caller=CALLER)


@pytest.mark.parametrize("first", [says(500), says(503, {}), hangs_up, cuts_short])
async def test_an_idempotent_call_is_tried_once_more(
    peer: Peer, depot: Depot, first: Answer
) -> None:
    depot.answers = [first, says(200, "fine")]
    assert await peer.call("POST", "/x", caller=CALLER, key="k") == "fine"
    assert len(depot.asked) == 2
    assert depot.asked[1].headers["Idempotency-Key"] == "k"


async def test_a_call_is_tried_twice_at_most(peer: Peer, depot: Depot) -> None:
    depot.answers = [says(500)]
    with pytest.raises(Unavailable):
        await peer.call("GET", "/x", caller=CALLER)
    assert len(depot.asked) == 2


@pytest.mark.parametrize("first", [says(500), hangs_up])
async def test_a_call_that_is_not_idempotent_is_tried_once(
    peer: Peer, depot: Depot, first: Answer
) -> None:
    depot.answers = [first, says(200)]
    with pytest.raises(Unavailable):
        await peer.call("POST", "/x", caller=CALLER, idempotent=False)
    assert len(depot.asked) == 1


async def test_a_silent_peer_is_given_up_at_the_deadline(peer: Peer, depot: Depot) -> None:
    depot.answers = [hangs]
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await peer.call("GET", "/x", caller=CALLER, deadline_seconds=0.2)
    assert time.monotonic() - began < 1
    assert len(depot.asked) == 1


async def test_the_rest_of_the_incoming_deadline_bounds_the_call(peer: Peer, depot: Depot) -> None:
    depot.answers = [says(200)]
    deadline_at.set(time.monotonic() + 0.5)
    await peer.call("GET", "/x", caller=CALLER)
    assert int(depot.asked[0].headers["X-Deadline-Ms"]) <= 500
    deadline_at.set(time.monotonic() - 1)
    with pytest.raises(Unavailable):
        await peer.call("GET", "/x", caller=CALLER)
    assert len(depot.asked) == 1


async def test_a_peer_that_is_not_there_is_unavailable(tokens: ServiceTokens) -> None:
    async with aiohttp.ClientSession() as session:
        nobody = Peer("nobody", "http://127.0.0.1:1", tokens, OffsetClock(), session)
        with pytest.raises(Unavailable):
            await nobody.call("GET", "/x", caller=CALLER)


async def test_an_open_breaker_asks_nobody_and_one_good_probe_closes_it(
    peer: Peer, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot.answers = [says(500)]
    for _ in range(30):
        with pytest.raises(Unavailable):
            await peer.call("GET", "/x", caller=CALLER)
    asked = len(depot.asked)
    assert asked == http.CALLS_MIN
    assert REGISTRY.get_sample_value("peer_calls_total", {"peer": "depot", "outcome": "open"})
    monkeypatch.setattr(http, "REST_SECONDS", 0)
    depot.answers = [says(200, "back")]
    assert await peer.call("GET", "/x", caller=CALLER) == "back"
    assert await peer.call("GET", "/x", caller=CALLER) == "back"


async def test_a_cancelled_probe_leaves_the_breaker_ready_for_another(
    peer: Peer, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot.answers = [says(500)]
    while len(depot.asked) < http.CALLS_MIN:
        with pytest.raises(Unavailable):
            await peer.call("GET", "/x", caller=CALLER)
    monkeypatch.setattr(http, "REST_SECONDS", 0)
    depot.answers = [hangs]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await peer.call("GET", "/x", caller=CALLER)
    depot.answers = [says(200, "back")]
    assert await peer.call("GET", "/x", caller=CALLER) == "back"


def test_refusals_do_not_open_the_breaker_but_half_failures_of_twenty_do() -> None:
    breaker = Breaker()
    for second in range(19):
        breaker.record(second / 10, ok=second % 2 == 0)
    assert breaker.admits(2.0)
    breaker.record(2.0, ok=False)
    assert not breaker.admits(2.1)


def test_failures_older_than_ten_seconds_are_forgotten() -> None:
    breaker = Breaker()
    for _ in range(19):
        breaker.record(0.0, ok=False)
    breaker.record(10.1, ok=False)
    assert breaker.admits(10.2)


def test_a_half_open_breaker_lets_one_call_through_and_closes_or_opens_by_it() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.record(0.0, ok=False)
    assert not breaker.admits(4.9)
    assert breaker.admits(5.0)
    assert not breaker.admits(5.1)
    breaker.record(5.2, ok=False)
    assert not breaker.admits(10.1)
    assert breaker.admits(10.2)
    breaker.record(10.3, ok=True)
    assert breaker.admits(10.3)
    assert breaker.admits(10.3)


async def test_retries_are_a_tenth_of_the_calls_in_the_long_run(
    peer: Peer, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "FAILED_SHARE", 2)  # The breaker stays closed.
    monkeypatch.setattr(http, "BACKOFF_SECONDS", 0)
    depot.answers = [says(500)]
    for _ in range(100):
        with pytest.raises(Unavailable):
            await peer.call("GET", "/x", caller=CALLER)
    assert 110 <= len(depot.asked) <= 100 + 10 + http.RETRIES_KEPT_MAX
