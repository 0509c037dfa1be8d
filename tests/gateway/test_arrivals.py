"""Bodies that are slow to come, or never do: who sends them waits alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.gateway.conftest import OpenDoor
from tests.gateway.toys import Door, code_of, until

NOTIFY = "/payments/notify/wechat"
SLOW = {
    "length": b"Content-Length: 100\r\n\r\n",
    "length and a piece": b"Content-Length: 100000\r\n\r\n" + b"x" * 70_000,
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
}


def addressed(path: str, address: str) -> bytes:
    """The head of a POST that a load balancer passed on, but for how long it is."""
    head = f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n"
    return head.encode()


@asynccontextmanager
async def stalled(door: Door, count: int, request: bytes) -> AsyncIterator[None]:
    """So many callers who never send the end of this request."""
    opened = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(count)]
    for _, writer in opened:
        writer.write(request)
    await until(lambda: sum(door.gateway._arrivals.by_network.values()) == count)
    try:
        yield
    finally:
        for _, writer in opened:
            writer.close()


@pytest.mark.parametrize("framing", SLOW.values(), ids=SLOW.keys())
async def test_bodies_that_do_not_come_keep_nobody_else_out(
    open_door: OpenDoor, framing: bytes
) -> None:
    door = await open_door(requests_max=20, upstream_connections_max=5, trusted_proxies=1)
    async with stalled(door, 30, addressed(NOTIFY, "198.51.100.1") + framing):
        assert door.carrying == 0
        assert door.toy.heard == []
        async with door.http.get(f"{door.url}/catalog/x") as got:
            assert got.status == 200
        other = {"X-Forwarded-For": "198.51.100.2"}
        async with door.http.post(door.url + NOTIFY, headers=other, data=b"paid") as got:
            assert got.status == 200
    assert door.toy.heard[-1].body == b"paid"
    await until(lambda: not door.gateway._arrivals.by_network)


async def test_a_network_has_so_many_bodies_on_their_way_and_no_more(open_door: OpenDoor) -> None:
    door = await open_door(arriving_max=2, trusted_proxies=1, deadline_seconds=1)
    one, other = ({"X-Forwarded-For": f"2001:db8:0:{net}::7"} for net in (1, 2))
    async with stalled(door, 2, addressed(NOTIFY, "2001:db8:0:1::1") + SLOW["length"]):
        async with door.http.post(door.url + NOTIFY, headers=one, data=b"x") as got:
            told = await got.json()
            assert (got.status, code_of(told)) == (429, "too-many-requests")
            assert (got.headers["retry-after"], told["counted_by"]) == ("1", "arriving")
        async with door.http.get(f"{door.url}/catalog/x", headers=one) as got:
            assert got.status == 200  # It has no body.
        async with door.http.post(door.url + NOTIFY, headers=other, data=b"x") as got:
            assert got.status == 200
        await until(lambda: not door.gateway._arrivals.by_network)  # They are given up in time.
        async with door.http.post(door.url + NOTIFY, headers=one, data=b"x") as got:
            assert got.status == 200


async def test_what_is_held_of_bodies_in_pieces_is_bounded(open_door: OpenDoor) -> None:
    door = await open_door(held_bytes_max=150_000)
    whole = door.gateway._arrivals.bytes_left
    request = addressed(NOTIFY, "-") + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 10_000
            await asyncio.sleep(0.01)

    async with stalled(door, 1, request):
        await until(lambda: door.gateway._arrivals.bytes_left == whole - 100_000)
        async with door.http.post(door.url + NOTIFY, data=pieces()) as got:
            assert (got.status, code_of(await got.json())) == (503, "gateway-busy")
        async with door.http.post(door.url + NOTIFY, data=b"whole") as got:
            assert got.status == 200
    await until(lambda: door.gateway._arrivals.bytes_left == whole)
    async with door.http.post(door.url + NOTIFY, data=pieces()) as got:
        assert got.status == 200


async def test_a_file_counts_until_it_is_whole_and_not_while_it_is_answered(door: Door) -> None:
    held = asyncio.Event()

    async def behave(*_: object) -> None:
        await held.wait()

    door.toy.behave = behave
    headers = door.bearer() | {"Content-Type": "multipart/form-data; boundary=x"}

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 10
        await until(lambda: door.gateway._arrivals.by_network == {"127.0.0.1": 1})
        yield b"y"

    url = f"{door.url}/jobs/1/evidence"
    asked = asyncio.ensure_future(door.http.post(url, headers=headers, data=pieces()))
    await until(lambda: door.toy.heard and door.toy.heard[-1].whole)
    assert door.gateway._arrivals.by_network == {}
    assert door.carrying == 1
    held.set()
    asked.cancel()
