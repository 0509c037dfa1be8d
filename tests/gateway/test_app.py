"""What the gateway refuses, adds and takes away, seen from both sides of it."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from shared.tokens import UserTokens, sign
from tests.gateway.conftest import OpenDoor
from tests.gateway.toys import Door, Heard, answer, code_of, new_key, until


async def test_a_request_arrives_with_what_only_the_gateway_may_say(door: Door) -> None:
    forged = {
        "X-Client-Ip": "6.6.6.6", "X-Forwarded-For": "6.6.6.6", "X-User-Id": "1",
        "X-Request-Id": "forged", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "X-Deadline-Ms": "99999999", "X_User_Id": "1", "Idempotency-Key": "mine",
    }  # fmt: skip
    headers = {**door.bearer(), **forged}
    async with door.http.post(
        f"{door.url}/orders?a=1&b=%20", headers=headers, json={"x": 1}
    ) as got:
        assert got.status == 200
        assert await got.json() == {"ok": True}
    heard = door.toy.heard[-1]
    assert heard.line == "POST /orders?a=1&b=%20 HTTP/1.1"
    assert heard.body == b'{"x": 1}'
    assert heard.header("x-client-ip") == "127.0.0.1"
    assert heard.header("host") == "gateway"
    assert heard.header("x-deadline-ms") == "4000"
    assert heard.header("idempotency-key") == "mine"
    assert heard.header("authorization") == headers["Authorization"]
    assert heard.header("x-request-id") == got.headers["x-request-id"] != "forged"
    assert (heard.header("traceparent") or "")[3:35] not in {"a" * 32, ""}
    assert {"x-forwarded-for", "x-user-id", "x_user_id"} & {
        name for name, _ in heard.headers
    } == set()


async def test_an_answer_leaves_with_security_headers_once_and_without_the_hops(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await answer(
            writer, b"{}", "server: toy", "x-request-id: theirs", "X-Content-Type-Options: nosniff",
            "connection: x-hop", "x-hop: 1", "etag: e", "keep-alive: timeout=5",
        )  # fmt: skip

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/catalog/categories") as got:
        assert await got.read() == b"{}"
    names = [name.lower() for name, _ in got.raw_headers]
    assert len(names) == len(set(names))
    assert got.headers["etag"] == "e"
    assert got.headers["x-frame-options"] == "DENY"
    assert got.headers["x-request-id"] != "theirs"
    assert {b"server", b"x-hop", b"keep-alive", b"connection"} & set(names) == set()


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_keeps_its_status(door: Door, status: int) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\n" % status)

    door.toy.behave = behave
    for _ in range(2):
        async with door.http.get(f"{door.url}/catalog/categories") as got:
            assert got.status == status


async def test_refusals_of_a_service_pass_through_as_they_are(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await answer(
            writer, b'{"type":"x/y"}', "content-type: application/problem+json", status=409
        )

    door.toy.behave = behave
    async with door.http.post(f"{door.url}/orders", headers=door.bearer()) as got:
        assert (got.status, await got.read()) == (409, b'{"type":"x/y"}')
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer not.a.token"])
async def test_without_a_token_nothing_reaches_the_service(door: Door, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    async with door.http.get(f"{door.url}/orders", headers=headers) as got:
        assert got.status == 401
        assert got.headers["www-authenticate"] == "Bearer"
        assert got.content_type == "application/problem+json"
        assert code_of(await got.json()) in {"token-missing", "token-refused"}
    assert door.toy.heard == []


async def test_a_token_that_is_over_or_of_another_key_is_refused_early(
    door: Door, open_door: OpenDoor
) -> None:
    stranger = await open_door()
    over = sign(
        door.toy.key, {"sub": str(uuid4()), "roles": ["user"], "sid": str(uuid4())},
        door.gateway._clock.now().replace(year=2020), 900,
    )  # fmt: skip
    for headers in (stranger.bearer(), {"Authorization": f"Bearer {over}"}):
        async with door.http.get(f"{door.url}/me", headers=headers) as got:
            assert got.status == 401
            assert code_of(await got.json()) in {"token-refused", "key-unknown"}
    assert door.toy.heard == []


async def test_a_rotated_key_is_fetched_when_first_seen(door: Door, tmp_path: object) -> None:
    door.gateway.tokens.refetch_seconds = 0
    door.toy.key = new_key(tmp_path)  # type: ignore[arg-type]
    async with door.http.get(f"{door.url}/me", headers=door.bearer()) as got:
        assert got.status == 200


async def test_without_keys_nobody_is_told_that_his_token_is_wrong(door: Door) -> None:
    async def nobody_answers() -> Mapping[str, Any]:
        raise OSError("user is not up yet")

    door.gateway.tokens = UserTokens(nobody_answers)
    async with door.http.get(f"{door.url}/me", headers=door.bearer()) as got:
        assert (got.status, code_of(await got.json())) == (503, "keys-missing")
        assert got.headers["retry-after"] == "1"
    async with door.http.get(f"http://127.0.0.1:{door.port}/readyz") as got:
        assert (got.status, await got.json()) == (503, {"failing": ["keys"]})


@pytest.mark.parametrize("path", ["/auth/otp", "/payments/notify/wechat"])
async def test_logging_in_and_notifying_need_no_token(door: Door, path: str) -> None:
    async with door.http.post(f"{door.url}{path}", data=b"{}") as got:
        assert got.status == 200
    assert door.toy.heard[-1].target == path


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
async def test_other_methods_are_refused_with_those_there_are(door: Door, method: str) -> None:
    async with door.http.request(method, f"{door.url}/orders", headers=door.bearer()) as got:
        assert got.status == 405
        assert got.headers["allow"] == "DELETE, GET, POST, PUT"
        body = await got.read()
        assert (body == b"") == (method == "HEAD")
    assert door.toy.heard == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/internal/addresses/1", 404, "route-not-found"),
        ("/api/v1/nobody", 404, "route-not-found"),
        ("*", 404, "route-not-found"),
        ("/internal/x", 404, "route-not-found"),
        ("/api/v1/orders/", 404, "route-not-found"),
        ("/api/v1/orders/../internal/x", 404, "route-not-found"),
        ("/api/v1/catalog/%2e%2e/internal/x", 400, "path-unclear"),
        ("/api/v1/catalog/%00", 400, "path-unclear"),
        ("/api/v1/catalog/%ff", 400, "path-unclear"),
        ("/api/v1/catalog/a%2Fb", 400, "path-unclear"),
    ],
)
async def test_a_path_that_is_nobodys_is_answered_here(
    door: Door, path: str, status: int, code: str
) -> None:
    said = await door.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert f"/problems/{code}".encode() in said
    assert door.toy.heard == []


async def test_a_query_with_raw_bytes_is_refused(door: Door) -> None:
    for path in (b"/catalog", b"/catalog/offerings"):
        head = b"GET /api/v1" + path + b"?q=\xe6 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await door.raw(head)).startswith(b"HTTP/1.1 400 ")
    assert door.toy.heard == []


async def test_an_account_is_told_what_is_left_and_when_to_come_back(open_door: OpenDoor) -> None:
    door = await open_door(account_limit="3 per 30 seconds", address_limit="")
    mine, other = door.bearer(uuid4()), door.bearer(uuid4())
    left = []
    for _ in range(3):
        async with door.http.get(f"{door.url}/me", headers=mine) as got:
            assert got.headers["ratelimit-limit"] == "3;w=30"
            assert 1 <= int(got.headers["ratelimit-reset"]) <= 30
            left.append(got.headers["ratelimit-remaining"])
    assert left[0] == "2"
    async with door.http.get(f"{door.url}/me", headers=mine) as got:
        assert got.status == 429
        document = await got.json()
        assert code_of(document) == "too-many-requests"
        assert document["counted_by"] == "account"
        assert got.headers["ratelimit-remaining"] == "0"
        assert int(got.headers["retry-after"]) == document["retry_after_seconds"] >= 1
        assert got.headers["ratelimit-reset"] == got.headers["retry-after"]
    async with door.http.get(f"{door.url}/me", headers=other) as got:
        assert got.status == 200
    assert len(door.toy.heard) == 4


async def test_an_account_places_ten_orders_a_minute_and_reads_on(door: Door) -> None:
    mine, other, url = door.bearer(uuid4()), door.bearer(uuid4()), f"{door.url}/orders"
    answers = []
    for _ in range(11):
        async with door.http.post(url, headers=mine, json={}) as got:
            answers.append(got.status)
            limit, document = got.headers["ratelimit-limit"], await got.json()
    assert answers == [200] * 10 + [429]
    assert (limit, document["counted_by"]) == ("10;w=60", "orders")
    assert 1 <= int(got.headers["retry-after"]) == document["retry_after_seconds"] <= 61
    for method, who in (("GET", mine), ("POST", other)):
        async with door.http.request(method, url, headers=who) as got:
            assert got.status == 200
    assert len(door.toy.heard) == 12


async def test_an_address_is_counted_for_refusals_too(open_door: OpenDoor) -> None:
    door = await open_door(address_limit="5/hour")
    paths = ["/nobody", "/me", "/catalog/x", "/nobody", "/me"]
    for path in paths:
        async with door.http.get(door.url + path) as got:
            assert got.status in {200, 401, 404}
            assert "ratelimit-remaining" in got.headers
    async with door.http.get(f"{door.url}/catalog/x") as got:
        assert got.status == 429
    async with door.http.get(f"http://127.0.0.1:{door.port}/livez") as got:
        assert got.status == 200


async def test_nobody_gets_a_limit_of_his_own_by_a_forwarded_header(open_door: OpenDoor) -> None:
    door = await open_door(address_limit="2/hour")
    for number in range(3):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        async with door.http.get(f"{door.url}/catalog/x", headers=headers) as got:
            assert got.status == (429 if number == 2 else 200)


async def test_behind_load_balancers_the_address_is_the_one_the_outermost_saw(
    open_door: OpenDoor,
) -> None:
    door = await open_door(trusted_proxies=2)
    told = [("X-Forwarded-For", "6.6.6.6, 198.51.100.7"), ("X-Forwarded-For", "10.0.0.1")]
    async with door.http.get(f"{door.url}/catalog/x", headers=told):
        assert door.toy.heard[-1].header("x-client-ip") == "198.51.100.7"
    async with door.http.get(f"{door.url}/catalog/x"):
        assert door.toy.heard[-1].header("x-client-ip") == "127.0.0.1"


async def test_too_many_at_once_are_told_to_come_back(open_door: OpenDoor) -> None:
    door = await open_door(requests_max=1)
    held = asyncio.Event()

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        await answer(writer, b"{}")

    door.toy.behave = behave
    first = asyncio.ensure_future(door.http.get(f"{door.url}/catalog/x"))
    await until(lambda: door.toy.heard)
    async with door.http.get(f"{door.url}/catalog/y") as got:
        assert (got.status, code_of(await got.json())) == (503, "gateway-busy")
    held.set()
    async with await first as got:
        assert got.status == 200


async def test_metrics_are_not_for_who_comes_over_a_load_balancer(door: Door) -> None:
    over = {"X-Forwarded-For": "203.0.113.9"}
    async with door.http.get(f"http://127.0.0.1:{door.port}/metrics", headers=over) as got:
        assert got.status == 404
        assert (await got.json(content_type=None))["type"].endswith("/route-not-found")


async def test_health_and_metrics_are_answered_here(door: Door) -> None:
    at = f"http://127.0.0.1:{door.port}"
    async with door.http.get(f"{door.url}/orders/0193-secret", headers=door.bearer()):
        pass
    async with door.http.get(f"{at}/livez") as got:
        assert (got.status, await got.json()) == (200, {"state": "alive"})
    async with door.http.head(f"{at}/readyz") as got:
        assert got.status == 200
    async with door.http.get(f"{at}/metrics") as got:
        text = await got.text()
    assert 'http_requests_total{method="GET",route="/orders",status="200"}' in text
    assert "0193-secret" not in text
    async with door.http.post(f"{at}/livez") as got:
        assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    door.gateway.draining = True
    await asyncio.sleep(0.6)
    async with door.http.get(f"{at}/readyz") as got:
        assert (got.status, await got.json()) == (503, {"failing": ["draining"]})


async def test_a_fault_of_ours_never_shows_its_text(door: Door) -> None:
    del door.gateway._portal
    async with door.http.get(f"http://127.0.0.1:{door.port}/docs") as got:
        assert (got.status, code_of(await got.json())) == (500, "internal")
        assert "_portal" not in await got.text()
