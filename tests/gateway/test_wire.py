"""Requests that are no requests: smuggled, endless, slow, or not HTTP at all."""

import asyncio
import re

import pytest

from gateway import wire
from tests.gateway.conftest import OpenDoor
from tests.gateway.toys import Door, Heard, answer

LOGIN = b"POST /api/v1/auth/otp HTTP/1.1\r\nHost: x\r\n"
HIDDEN = b"GET /api/v1/catalog/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def statuses(said: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d+) ", said)]


# Each holds a request that one reader sees as a body and another as a second request.
SMUGGLED = {
    "length and chunks": LOGIN + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": LOGIN + CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": LOGIN + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + HIDDEN,
    "two lengths in one": LOGIN + b"Content-Length: 0, 60\r\n\r\n" + HIDDEN,
    "two codings": LOGIN + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "hidden coding": LOGIN + b"Transfer-Encoding: xchunked\r\n\r\n" + HIDDEN,
    "coding after chunks": LOGIN + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + HIDDEN,
    "vertical tab": LOGIN + b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 4\r\n\r\n" + HIDDEN,
    "space before the colon": LOGIN + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "folded": LOGIN + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n" + HIDDEN,
    "bare line feed": LOGIN
    + b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    + HIDDEN,
    "bare carriage return": LOGIN + b"X: y\rContent-Length: 4\r\n\r\n" + HIDDEN,
    "signed length": LOGIN + b"Content-Length: +4\r\n\r\nabcd" + HIDDEN,
    "negative length": LOGIN + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "hexadecimal length": LOGIN + b"Content-Length: 0x4\r\n\r\nabcd" + HIDDEN,
    "huge length": LOGIN + b"Content-Length: 18446744073709551620\r\n\r\nabcd" + HIDDEN,
    "chunk size with a sign": LOGIN + CHUNKED + b"\r\n+0\r\n\r\n" + HIDDEN,
    "chunk size too large": LOGIN + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n" + HIDDEN,
    "chunk without its end": LOGIN + CHUNKED + b"\r\n1\r\nXY0\r\n\r\n" + HIDDEN,
    "null in a header": LOGIN + b"X: a\x00b\r\n\r\n" + HIDDEN,
    "no colon": LOGIN + b"Transfer-Encoding chunked\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("request_bytes", SMUGGLED.values(), ids=SMUGGLED.keys())
async def test_no_request_hides_in_anothers_body(door: Door, request_bytes: bytes) -> None:
    said = await door.raw(request_bytes, seconds=1)
    assert statuses(said)[:1] == [400]
    assert b"application/problem+json" in said
    assert len(statuses(said)) == 1  # And the connection is over.
    assert [heard for heard in door.toy.heard if heard.whole] == []


async def test_two_requests_in_one_packet_are_two(door: Door) -> None:
    first = LOGIN + b"Content-Length: 3\r\n\r\nabc"
    said = await door.raw(first + HIDDEN.replace(b"Host", b"Connection: close\r\nHost"))
    assert statuses(said) == [200, 200]
    assert [(heard.target, heard.body) for heard in door.toy.heard] == [
        ("/auth/otp", b"abc"), ("/catalog/smuggled", b""),
    ]  # fmt: skip


async def test_a_chunk_extension_and_trailers_do_not_reach_the_service(open_door: OpenDoor) -> None:
    door = await open_door(trusted_proxies=1)
    seen = b"X-Forwarded-For: 192.0.2.7\r\n"
    trailers = b"X-Harmless: 1\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n"
    said = await door.raw(
        LOGIN + seen + CHUNKED + b"\r\n3;x=y\r\nabc\r\n0\r\n" + trailers,
        HIDDEN.replace(b"Host", b"Connection: close\r\n" + seen + b"Host"),
    )
    assert statuses(said) == [200, 200]
    assert door.toy.heard[0].body == b"abc"
    for heard in door.toy.heard:  # Nor do they pass for headers of the next request.
        assert heard.header("x-harmless") is None
        assert heard.header("x-client-ip") == "192.0.2.7"


@pytest.mark.parametrize(
    "piece",
    [
        b"X-Filler: " + b"x" * 100_000 + b"\r\n",
        b"x" * 100_000,
        b"1;" + b"x" * 100_000 + b"\r\na\r\n",
    ],
    ids=["trailers", "one trailer", "chunk extensions"],
)
async def test_what_frames_a_body_has_an_end(door: Door, piece: bytes) -> None:
    begun = b"" if piece.startswith(b"1;") else b"0\r\nX: "
    sent = 0
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(LOGIN + CHUNKED + b"\r\n" + begun)
    with pytest.raises(ConnectionError):
        while sent < 3_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(0.01)
    assert sent < 1_000_000
    writer.close()
    assert door.toy.heard == []


async def test_many_small_chunks_are_a_body_like_any_other(door: Door) -> None:
    body = b"".join(b"10\r\n0123456789abcdef\r\n" for _ in range(20_000)) + b"0\r\n\r\n"
    said = await door.raw(LOGIN + b"Connection: close\r\n" + CHUNKED + b"\r\n", body)
    assert statuses(said) == [200]
    assert len(door.toy.heard[0].body) == 320_000


@pytest.mark.parametrize(
    "protocol", ["websocket", "h2c", "nonsense"], ids=["websocket", "h2c", "nonsense"]
)
async def test_nobody_is_upgraded_and_what_follows_is_not_read(door: Door, protocol: str) -> None:
    head = (
        f"GET /api/v1/catalog/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        f"Upgrade: {protocol}\r\nHTTP2-Settings: AAMAAABk\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    said = await door.raw(head.encode(), HIDDEN, seconds=2)
    assert statuses(said) == [200]
    assert [heard.target for heard in door.toy.heard] == ["/catalog/x"]
    assert door.toy.heard[0].header("upgrade") is None


@pytest.mark.parametrize(
    "said_first",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n",
     b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
     b"GET /a b HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
     b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)  # fmt: skip
async def test_what_is_no_request_of_ours_is_refused_in_words(
    door: Door, said_first: bytes
) -> None:
    said = await door.raw(said_first, seconds=2)
    assert statuses(said) == [400]
    assert b"/problems/request-malformed" in said


@pytest.mark.parametrize("pieces", [1, 30])
async def test_a_head_without_end_is_cut_off(door: Door, pieces: int) -> None:
    filler = b"X-Filler: " + b"x" * (33_000 // pieces) + b"\r\n"
    said = await door.raw(LOGIN + filler * (pieces - 1), filler)
    assert statuses(said) == [431]
    assert b"head-too-large" in said
    assert door.toy.heard == []


async def test_very_many_headers_are_refused(door: Door) -> None:
    said = await door.raw(LOGIN + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n")
    assert b"head-too-large" in said


async def test_a_head_that_does_not_come_is_given_up(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    assert statuses(await door.raw(b"GET / HTTP/1.1\r\n", b"X: y\r\n", seconds=3)) == [408]
    assert await door.raw(seconds=3) == b""  # Silence is hung up on as well.


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (HIDDEN, b"X: y\r\n"), (HIDDEN, b"\r\n")],
    ids=["headers", "headers after a request", "empty lines after a request"],
)
async def test_dripping_does_not_hold_a_connection(
    door: Door, monkeypatch: pytest.MonkeyPatch, first: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(first)
    async with asyncio.timeout(10):
        with pytest.raises(ConnectionError):
            while True:
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.02)
    writer.close()


async def test_a_slow_head_behind_a_request_does_not_cut_its_answer(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.2)

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await answer(writer, b"late")

    door.toy.behave = behave
    said = await door.raw(HIDDEN + b"GET /half", seconds=1.5)
    assert statuses(said)[0] == 200
    assert b"\r\n\r\nlate" in said


async def test_nonsense_behind_a_request_does_not_land_in_its_answer(door: Door) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nbegun")
        await asyncio.sleep(1)

    door.toy.behave = behave
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(HIDDEN)
    said = await reader.readuntil(b"begun")
    writer.write(b"nonsense\r\n\r\n")
    said += await reader.read()
    assert statuses(said) == [200]
    assert said.endswith(b"begun")
    writer.close()


async def test_what_follows_an_early_refusal_is_thrown_away_but_not_for_ever(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "DISCARDED_BYTES_MAX", 300_000)
    head = b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    said = await door.raw(head % 200_000, b"x" * 200_000, HIDDEN, seconds=1)
    assert statuses(said) == [401, 200]
    said = await door.raw(head % 9_000_000, *[b"x" * 100_000] * 4, seconds=1)
    assert statuses(said) in ([413], [401])
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(head % 900_000_000)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"x" * 100_000)
                await writer.drain()
                await asyncio.sleep(0)
    writer.close()


async def test_an_expectation_is_met_only_if_the_body_is_wanted(open_door: OpenDoor) -> None:
    door = await open_door(body_bytes_max=1000)
    expect = b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    assert statuses(await door.raw(LOGIN + expect % 3, b"abc")) == [100, 200]
    assert statuses(await door.raw(LOGIN + expect % 3000)) == [413]
    assert door.toy.heard[0].header("expect") is None


async def test_http_1_0_is_answered_and_hung_up_on(door: Door) -> None:
    said = await door.raw(b"GET /api/v1/catalog/x HTTP/1.0\r\n\r\n", seconds=2)
    assert statuses(said) == [200]
    assert b"connection: close" in said.lower()
