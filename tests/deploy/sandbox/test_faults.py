"""Faults strike where, when and as often as they are told, and survive a restart."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.sandbox.app import Sandbox
from deploy.sandbox.faults import DroppedConnection
from tests.deploy.sandbox.world import URL, Merchant

ORDERS = "POST /v3/global/transactions/jsapi"


async def switch(http: httpx.AsyncClient, *rules: dict[str, Any]) -> None:
    """Put these faults in force."""
    assert (await http.put("/__sandbox/faults", json=rules)).status_code == 200


async def test_a_request_dropped_before_was_not_executed(merchant: Merchant) -> None:
    await switch(merchant.http, {"route": ORDERS, "kind": "drop_before", "times": 1})
    with pytest.raises(DroppedConnection):
        await merchant.prepay("dropped-one")
    found = await merchant.get("/v3/global/transactions/out-trade-no/dropped-one")
    assert found.status_code == 404


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
async def test_a_request_dropped_after_was_executed(merchant: Merchant, kind: str) -> None:
    await switch(merchant.http, {"route": ORDERS, "kind": kind, "times": 1})
    with pytest.raises((DroppedConnection, KeyError)):
        await merchant.prepay("dropped-two")
    found = await merchant.get("/v3/global/transactions/out-trade-no/dropped-two")
    assert found.json()["trade_state"] == "NOTPAY"
    assert (await merchant.prepay("dropped-two")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/v3/global/refunds", "SYSTEM_ERROR"),
        ("GET", "/bank/v1/statements", "system_error"),
        ("POST", "/2010-04-01/Accounts/AC/Messages.json", "20500"),
        ("GET", "/sns/jscode2session", "-1"),
        ("GET", "/s3/b/k", "InternalError"),
        ("GET", "/weatherAPI/opendata/weather.php", "InternalError"),
    ],
)
async def test_an_error_has_the_shape_of_whoever_is_asked(
    http: httpx.AsyncClient, method: str, path: str, told: str
) -> None:
    await switch(http, {"kind": "error"})
    answer = await http.request(method, path)
    assert answer.status_code == (200 if path.startswith("/sns") else 500)
    assert told in answer.text


@pytest.mark.parametrize("kind", ["delay", "delay_after"])
async def test_an_answer_can_be_late(http: httpx.AsyncClient, kind: str) -> None:
    await switch(http, {"route": "GET /sns", "kind": kind, "seconds": 0.3, "times": 1})
    started = time.monotonic()
    await http.get("/sns/jscode2session")
    assert time.monotonic() - started >= 0.3


async def test_a_fault_strikes_so_many_times_and_counts(http: httpx.AsyncClient) -> None:
    await switch(http, {"route": "GET /sns", "kind": "error", "times": 2})
    codes = [(await http.get("/sns/jscode2session")).json()["errcode"] for _ in range(4)]
    assert codes == [-1, -1, 40013, 40013]
    (listed,) = (await http.get("/__sandbox/faults")).json()["faults"]
    assert (listed["hits"], listed["matched"]) == (2, 2)
    assert (await http.delete("/__sandbox/faults")).status_code == 204
    assert (await http.get("/__sandbox/faults")).json() == {"faults": []}


async def test_a_share_is_decided_by_its_seed(http: httpx.AsyncClient) -> None:
    runs = []
    for seed in (1, 1, 2):
        await switch(http, {"route": "GET /sns", "kind": "error", "share": 0.5, "seed": seed})
        answers = [(await http.get("/sns/jscode2session")).json()["errcode"] for _ in range(40)]
        runs.append([code == -1 for code in answers])
    assert runs[0] == runs[1] != runs[2]
    assert 8 <= sum(runs[0]) <= 32


async def test_the_sandboxs_own_doors_are_never_faulty(http: httpx.AsyncClient) -> None:
    await switch(http, {"kind": "drop_before"})
    for path in ("/livez", "/readyz", "/__sandbox/clock", "/__sandbox/faults"):
        assert (await http.get(path)).is_success


async def test_faults_and_their_counts_outlive_the_process(home: Path) -> None:
    for hits in (1, 2):
        sandbox = Sandbox(home)
        transport = httpx.ASGITransport(app=sandbox.app)
        async with (
            sandbox.routes.router.lifespan_context(sandbox.routes),
            httpx.AsyncClient(transport=transport, base_url=URL) as http,
        ):
            if hits == 1:
                await switch(http, {"route": "GET /sns", "kind": "error", "times": 2})
            assert (await http.get("/sns/jscode2session")).json()["errcode"] == -1
            (listed,) = (await http.get("/__sandbox/faults")).json()["faults"]
            assert listed["hits"] == hits


@pytest.mark.parametrize(
    "rule", [{}, {"kind": "explode"}, {"kind": "error", "times": 0}, {"kind": "error", "x": 1}]
)
async def test_an_unknown_fault_is_refused(http: httpx.AsyncClient, rule: dict[str, Any]) -> None:
    assert (await http.put("/__sandbox/faults", json=[rule])).status_code == 422
