"""The hop on a bad day: slow, dead, dying half-way, and streams in both directions."""

import asyncio
import time

import aiohttp
import pytest

from tests.gateway.conftest import OpenDoor
from tests.gateway.toys import Door, Heard, answer, code_of, until

PIECE = b"0123456789abcdef" * 4096


async def _hang_up(heard: Heard, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("PUT", 1), ("DELETE", 1)])
async def test_only_a_get_is_asked_again_and_only_once(door: Door, method: str, times: int) -> None:
    async with door.http.get(f"{door.url}/me", headers=door.bearer()):
        door.toy.heard.clear()  # A connection is kept now: the case in which clients ask again.
    door.toy.behave = _hang_up
    async with door.http.request(method, f"{door.url}/me", headers=door.bearer()) as got:
        assert (got.status, code_of(await got.json())) == (502, "service-lost")
        assert "retry-after" not in got.headers
    assert len(door.toy.heard) == times


async def test_a_get_survives_a_connection_that_died(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if len(door.toy.heard) == 1:
            writer.transport.abort()
        else:
            await answer(writer, b"second")

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/me", headers=door.bearer()) as got:
        assert (got.status, await got.read()) == (200, b"second")


async def test_a_get_survives_a_short_answer_that_was_cut(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if len(door.toy.heard) == 1:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            writer.close()
        else:
            await answer(writer, b"the whole.")

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/me", headers=door.bearer()) as got:
        assert (got.status, await got.read()) == (200, b"the whole.")


async def test_a_service_that_is_down_is_said_so_at_once(open_door: OpenDoor) -> None:
    door = await open_door(order_url="http://127.0.0.1:1")
    async with door.http.post(f"{door.url}/orders", headers=door.bearer()) as got:
        assert (got.status, code_of(await got.json())) == (503, "service-unreachable")
        assert got.headers["retry-after"] == "1"
    async with door.http.get(f"http://127.0.0.1:{door.port}/readyz") as got:
        assert (got.status, await got.json()) == (503, {"failing": ["order"]})


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_is_slow_is_given_up(open_door: OpenDoor, method: str) -> None:
    door = await open_door(deadline_seconds=0.3)

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    door.toy.behave = behave
    began = time.monotonic()
    async with door.http.request(method, f"{door.url}/me", headers=door.bearer()) as got:
        assert (got.status, code_of(await got.json())) == (504, "service-too-slow")
    assert 0.25 < time.monotonic() - began < 1.5
    assert len(door.toy.heard) == 1
    assert door.toy.heard[0].header("x-deadline-ms") == "240"


async def test_a_large_answer_streams_and_may_take_longer_than_the_deadline(
    open_door: OpenDoor,
) -> None:
    door = await open_door(deadline_seconds=0.5)
    sent = 0

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(PIECE) * 200))
        for number in range(200):
            writer.write(PIECE)
            await writer.drain()
            sent += len(PIECE)
            if number % 20 == 0:
                await asyncio.sleep(0.1)

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/catalog/photo") as got:
        first = await got.content.readany()
        assert sent < len(PIECE) * 200  # It comes out before all of it went in.
        rest = await got.read()
    assert first + rest == PIECE * 200


async def test_an_answer_in_chunks_stays_whole(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for part in (b"one ", b"two ", b"three"):
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
        writer.write(b"0\r\n\r\n")

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/catalog/x") as got:
        assert await got.read() == b"one two three"


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("way", ["dies", "stalls"])
async def test_an_answer_cut_half_way_is_never_taken_for_whole(
    open_door: OpenDoor, framing: str, way: str
) -> None:
    door = await open_door(deadline_seconds=0.4)

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        said = b"content-length: 1000000" if framing == "length" else b"transfer-encoding: chunked"
        writer.write(b"HTTP/1.1 200 OK\r\n" + said + b"\r\n\r\n")
        writer.write(PIECE if framing == "length" else b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        await writer.drain()
        if way == "dies":
            writer.close()
        else:
            await asyncio.sleep(3)

    door.toy.behave = behave
    began = time.monotonic()
    async with door.http.get(f"{door.url}/catalog/x") as got:
        assert got.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await got.read()
    assert time.monotonic() - began < 2
    assert len(door.toy.heard) == 1  # What has begun to go out is not asked again.
    async with door.http.get(f"http://127.0.0.1:{door.port}/metrics") as got:
        assert 'route="/catalog",status="599"' in await got.text()


async def test_a_file_streams_before_it_is_whole(door: Door) -> None:
    seen = asyncio.Event()

    async def before_body(heard: Heard) -> None:
        seen.set()

    door.toy.before_body = before_body

    async def pieces() -> object:
        yield PIECE
        yield PIECE
        await asyncio.wait_for(seen.wait(), 3)
        yield b"end"

    headers = door.bearer() | {"Content-Type": "multipart/form-data; boundary=x"}
    url = f"{door.url}/jobs/1/evidence"
    async with door.http.post(url, headers=headers, data=pieces()) as got:
        assert got.status == 200
    heard = door.toy.heard[-1]
    assert heard.body == PIECE * 2 + b"end"
    assert heard.header("transfer-encoding") == "chunked"
    async with door.http.post(url, headers=headers, data=PIECE * 3) as got:
        assert got.status == 200
    heard = door.toy.heard[-1]
    assert (heard.body, heard.header("content-length")) == (PIECE * 3, str(len(PIECE) * 3))


async def test_a_body_over_the_limit_is_refused_before_and_while_it_comes(
    open_door: OpenDoor,
) -> None:
    door = await open_door(body_bytes_max=200_000)
    headers = door.bearer()
    async with door.http.post(f"{door.url}/orders", headers=headers, data=b"x" * 200_001) as got:
        assert (got.status, code_of(await got.json())) == (413, "body-too-large")
    assert door.toy.heard == []

    async def pieces() -> object:
        for _ in range(20):
            yield b"x" * 20_000
            await asyncio.sleep(0)

    async with door.http.post(f"{door.url}/orders", headers=headers, data=pieces()) as got:
        assert (got.status, code_of(await got.json())) == (413, "body-too-large")
    assert door.toy.heard == []


async def test_only_a_form_for_a_job_may_hold_a_photo(open_door: OpenDoor) -> None:
    door = await open_door(body_bytes_max=1000, file_bytes_max=5000, file_deadline_seconds=20)
    for path, size, status in (
        ("/jobs/1/evidence", 4000, 200),
        ("/jobs/1/evidence", 6000, 413),
        ("/orders", 4000, 413),
    ):
        form = aiohttp.FormData()
        form.add_field("photo", b"x" * size, filename="a.jpg")
        async with door.http.post(door.url + path, headers=door.bearer(), data=form) as got:
            assert got.status == status
    assert door.toy.heard[0].header("x-deadline-ms") == "16000"
    async with door.http.post(
        f"{door.url}/jobs/1/start", headers=door.bearer(), json={"x": "y" * 2000}
    ) as got:
        assert got.status == 413


async def test_a_caller_who_dawdles_over_a_body_is_given_up(open_door: OpenDoor) -> None:
    door = await open_door(deadline_seconds=0.3)
    head = b"POST /api/v1/auth/otp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
    said = await door.raw(head + b"123", seconds=1)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"request-too-slow" in said
    assert door.toy.heard == []


async def test_a_caller_who_hangs_up_half_way_leaves_no_whole_request_behind(door: Door) -> None:
    bearer = door.bearer()["Authorization"].encode()
    form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 200000\r\n\r\n"
    head = b"POST /api/v1/jobs/1/evidence HTTP/1.1\r\nHost: x\r\nAuthorization: " + bearer
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(head + b"\r\n" + form + b"x" * 100_000)
    await writer.drain()
    await until(lambda: door.toy.heard)
    writer.transport.abort()
    await until(lambda: not door.carrying and not door.toy.connections)
    assert not door.toy.heard[0].whole
    assert door.gateway._arrivals.by_network == {}


async def test_nobody_reads_on_for_a_caller_who_is_gone(door: Door) -> None:
    stopped = asyncio.Event()

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
                await writer.drain()
                await asyncio.sleep(0.001)
        finally:
            stopped.set()

    door.toy.behave = behave
    async with door.http.get(f"{door.url}/catalog/endless") as got:
        await got.content.readany()
        got.close()
    await asyncio.wait_for(stopped.wait(), 5)
    assert door.carrying == 0


async def test_one_slow_service_does_not_hold_up_another(open_door: OpenDoor) -> None:
    door = await open_door(deadline_seconds=2)

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.target == "/catalog/slow":
            await asyncio.sleep(1)
        await answer(writer, b"{}")

    door.toy.behave = behave
    slow = [asyncio.ensure_future(door.http.get(f"{door.url}/catalog/slow")) for _ in range(5)]
    await asyncio.sleep(0.05)
    began = time.monotonic()
    async with door.http.get(f"{door.url}/catalog/x") as got:
        assert got.status == 200
    assert time.monotonic() - began < 0.8
    for answered in await asyncio.gather(*slow):
        answered.release()
