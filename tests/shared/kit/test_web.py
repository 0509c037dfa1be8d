"""The edge of a service: every fault is a problem document, and says nothing it should not."""

import asyncio
import socket
import time
from typing import Any
from uuid import UUID

import pytest

from deploy.local.ports import any_free
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.support.service import Running
from tests.support.toy.storage import Tool


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"https://api.jajaya.hk/problems/{code}"
    assert body["status"] == status
    return body


async def test_unknown_routes_and_methods_are_problems(toy: Running) -> None:
    problem(await toy.http.get("/nowhere"), 404, "route-not-found")
    problem(await toy.http.delete(f"/tools/{new_id()}"), 405, "method-not-allowed")


async def test_bad_input_names_field_and_reason(toy: Running, tool: Tool) -> None:
    headers = toy.headers(new_id(), Role.WORKER)
    url = f"/tools/{tool.id}/loans"
    for body, field in [({"days": 0}, "body.days"), ({"days": True}, "body.days"),
                        ({"days": 1, "price": 0}, "body.price"), ({}, "body.days")]:  # fmt: skip
        told = problem(await toy.http.post(url, json=body, headers=headers), 422, "invalid-request")
        assert told["field"] == field
        assert told["reason"]
        assert told["errors"][0] == {"field": field, "reason": told["reason"]}
    broken = await toy.http.post(url, content=b"{", headers=headers)
    problem(broken, 422, "invalid-request")
    assert await toy.told() == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"days": \xff}', id="no UTF-8"),
        pytest.param(b'{"days": ' + b"9" * 5_000 + b"}", id="a number without end"),
        *(
            pytest.param(b'{"days": ' + b"[" * deep + b"]" * deep + b"}", id=f"{deep} deep")
            for deep in (100, 254, 255, 300, 900, 1_100, 10_000)
        ),
    ],
)
async def test_what_no_reader_reads_is_refused_by_name(
    toy: Running, tool: Tool, content: bytes
) -> None:
    headers = toy.headers(new_id(), Role.WORKER) | {"content-type": "application/json"}
    answer = await toy.http.post(f"/tools/{tool.id}/loans", content=content, headers=headers)
    told = problem(answer, 422, "invalid-request")
    assert told["field"] in ("body", "body.days")
    assert told["reason"]


@pytest.mark.parametrize(
    ("url", "field"),
    [("/tools/a%00b", "path"), (f"/tools/{UUID(int=1)}?a=1&name=%00&b", "query.name")],
)
async def test_a_character_that_no_column_keeps_is_refused_in_any_address(
    toy: Running, url: str, field: str
) -> None:
    answer = await toy.http.get(url, headers=toy.bearer(new_id(), Role.WORKER))
    assert problem(answer, 422, "invalid-request")["field"] == field


async def test_a_name_that_utf8_cannot_write_is_refused_like_any_other(
    toy: Running, tool: Tool
) -> None:
    headers = toy.headers(new_id(), Role.WORKER) | {"content-type": "application/json"}
    url = f"/tools/{tool.id}/loans"
    for body in (rb'{"days": 1, "\ud800": 1}', rb'{"days": "\ud800"}'):
        problem(await toy.http.post(url, content=body, headers=headers), 422, "invalid-request")


async def test_headers_that_are_no_numbers_are_no_fault(toy: Running) -> None:
    for odd in (b"\xb2", b"9" * 400, b"9" * 5_000, b"-1", b""):
        for name in ("X-Deadline-Ms", "Content-Length"):
            headers: Any = {name.encode(): odd}
            assert (await toy.http.get("/livez", headers=headers)).is_success


async def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not(
    toy: Running, tool: Tool
) -> None:
    headers = toy.headers(new_id(), Role.WORKER)
    url = f"/tools/{tool.id}/loans"
    large = b"x" * (toy.kit.settings.request_bytes_max + 1)

    async def chunks() -> Any:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    problem(await toy.http.post(url, content=large, headers=headers), 413, "body-too-large")
    problem(await toy.http.post(url, content=chunks(), headers=headers), 413, "body-too-large")


async def test_an_unforeseen_fault_keeps_its_text(toy: Running) -> None:
    headers = toy.bearer(new_id(), Role.WORKER)
    answer = await toy.http.get("/tools/broken/always", headers=headers)

    problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]


async def test_roles_and_tokens_are_asked_for(toy: Running, tool: Tool) -> None:
    url = f"/tools/{tool.id}"
    problem(await toy.http.get(url), 401, "token-missing")
    user = toy.bearer(new_id(), Role.USER)
    problem(await toy.http.get(url, headers=user), 403, "role-missing")
    wrong = {"Authorization": "Bearer nonsense"}
    problem(await toy.http.get(url, headers=wrong), 401, "token-refused")
    internal = toy.internal(Caller(new_id(), Role.WORKER), "order")
    assert (await toy.http.get(url, headers=internal)).status_code == 401
    assert (await toy.http.get(url, headers=toy.bearer(new_id(), Role.WORKER))).is_success


async def test_a_value_no_column_can_hold_is_the_askers_fault(toy: Running) -> None:
    async with toy.begin() as tx:
        with pytest.raises(Exception, match="0x00"):
            await tx.run("SELECT $1::text", "a\x00b")
    headers = toy.bearer(new_id(), Role.WORKER)
    problem(await toy.http.get("/tools/%00", headers=headers), 422, "invalid-request")


async def test_a_thousand_abandoned_requests_leave_no_connection_behind(
    toy: Running, tool: Tool
) -> None:
    headers = toy.bearer(new_id(), Role.WORKER)
    for _ in range(20):
        asked = [
            asyncio.create_task(toy.http.get(f"/tools/{tool.id}", headers=headers))
            for _ in range(50)
        ]
        await asyncio.sleep(0.004)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    for _ in range(100):
        if toy.kit.pool_in_use() == 0:
            break
        await asyncio.sleep(0.05)

    assert toy.kit.pool_in_use() == 0
    assert (await toy.http.get(f"/tools/{tool.id}", headers=headers)).is_success


async def test_health_metrics_and_docs_need_nothing_from_outside(broker: str, toy: Running) -> None:
    assert (await toy.http.get("/livez")).is_success
    ready = await toy.http.get("/readyz")
    assert ready.json() == {"failing": []}
    assert b"http_requests_total" in (await toy.http.get("/metrics")).content
    for page in ("/docs", "/redoc"):
        text = (await toy.http.get(page)).text
        assert "https://" not in text.replace("https://api.jajaya.hk", "")
    listed = (await toy.http.get("/openapi.json")).json()
    post = listed["paths"]["/tools/{tool_id}/loans"]["post"]
    assert "move-refused" in post["responses"]["409"]["description"]


@pytest.mark.parametrize(("addresses", "failing"), [("{gone},{real}", []), ("{gone}", ["broker"])])
async def test_one_broker_that_answers_is_enough(
    broker: str, toy: Running, addresses: str, failing: list[str]
) -> None:
    gone = f"127.0.0.1:{any_free()}"
    chosen = {"kafka_bootstrap": addresses.format(gone=gone, real=broker)}
    toy.kit.settings = toy.kit.settings.model_copy(update=chosen)
    assert (await toy.http.get("/readyz")).json() == {"failing": failing}


async def test_a_broker_that_says_nothing_keeps_nobody_waiting(broker: str, toy: Running) -> None:
    with socket.socket() as silent:  # It listens, and its queue is full.
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        address = silent.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        chosen = {"kafka_bootstrap": f"{address[0]}:{address[1]},{broker}"}
        toy.kit.settings = toy.kit.settings.model_copy(update=chosen)
        began = time.monotonic()
        assert (await toy.http.get("/readyz")).json() == {"failing": []}
        assert time.monotonic() - began < 0.9
        for one in waiting:
            one.close()


async def test_a_draining_service_says_that_it_is_not_ready(broker: str, toy: Running) -> None:
    toy.kit.draining = True
    answer = await toy.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"failing": ["draining"]})


async def test_the_request_id_given_is_kept_if_it_is_one(toy: Running) -> None:
    given = await toy.http.get("/livez", headers={"X-Request-Id": "abc-123"})
    forged = await toy.http.get("/livez", headers={"X-Request-Id": "a b<script>"})
    assert given.headers["x-request-id"] == "abc-123"
    assert forged.headers["x-request-id"] != "a b<script>"
