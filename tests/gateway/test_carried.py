"""What of a request goes on, as what."""

import pytest
from starlette.types import Message

from gateway.carried import Carried, ClientGone, length_of, onward
from gateway.problems import BodyTooLarge, LengthUnclear

OWN = {"host": "gateway", "x-client-ip": "192.0.2.1"}


@pytest.mark.parametrize(
    "name",
    [
        "Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "TE", "Trailer",
        "Upgrade", "Proxy-Authorization", "Proxy-Connection", "HTTP2-Settings", "Expect", "Cookie",
        "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "X-Client-Ip",
        "X-User-Id", "X-User-Roles", "X-Caller", "X-Caller-Id", "X-Deadline-Ms", "X-Request-Id",
        "Traceparent", "Tracestate", "Baggage", "X-Original-URL", "X-Rewrite-URL",
        "X-HTTP-Method-Override", "X_User_Id", "x_forwarded_for", "X-User_Id",
    ],
)  # fmt: skip
def test_what_only_we_may_say_does_not_pass(name: str) -> None:
    name = "X-Caller-Id" if name == "X-Caller" else name
    assert onward([(name.encode(), b"forged")], OWN, b"") == OWN


def test_everything_else_passes_and_repeats_are_joined() -> None:
    headers = [
        (b"authorization", b"Bearer x"), (b"idempotency-key", b"k"), (b"accept-language", b"zh-HK"),
        (b"accept", b"a/b"), (b"accept", b"c/d"), (b"x-name", "香港".encode()), (b"x-odd", b"\xe9"),
    ]  # fmt: skip
    assert onward(headers, OWN, b"keep-alive") == {
        "authorization": "Bearer x", "idempotency-key": "k", "accept-language": "zh-HK",
        "accept": "a/b, c/d", "x-name": "香港", "x-odd": "é", **OWN,
    }  # fmt: skip


def test_headers_that_the_caller_declares_of_this_hop_stay_here() -> None:
    headers = [(b"x-hop", b"1"), (b"x-end", b"2"), (b"connection", b"close, X-Hop, x-client-ip")]
    assert onward(headers, OWN, b"close, X-Hop, x-client-ip") == {"x-end": "2", **OWN}


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, 0),
        ({b"content-length": b"0"}, 0),
        ({b"content-length": b"12"}, 12),
        ({b"transfer-encoding": b"chunked"}, None),
        ({b"transfer-encoding": b" Chunked "}, None),
    ],
)
def test_a_length_is_read(headers: dict[bytes, bytes], length: int | None) -> None:
    assert length_of(headers) == length


@pytest.mark.parametrize(
    "headers",
    [
        {b"content-length": b"1", b"transfer-encoding": b"chunked"},
        {b"transfer-encoding": b"identity"},
        {b"transfer-encoding": b"gzip, chunked"},
        {b"transfer-encoding": b"chunked, identity"},
        {b"transfer-encoding": b"xchunked"},
        {b"content-length": b"+1"},
        {b"content-length": b"-1"},
        {b"content-length": b"1, 1"},
        {b"content-length": b"0x1"},
        {b"content-length": b""},
        {b"content-length": "１".encode()},
    ],
)
def test_a_doubtful_length_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(LengthUnclear):
        length_of(headers)


def carried(
    messages: list[Message], length: int | None, bytes_max: int = 100_000, streams: bool = False
) -> Carried:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return Carried("POST", "/x", {}, receive, bytes_max=bytes_max, length=length, streams=streams)


def piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("length", [80_000, None])
async def test_a_body_is_gathered_however_it_comes(length: int | None) -> None:
    long = carried([piece(b"x" * 40_000, more=True), piece(b"y" * 40_000, more=False)], length)
    assert await long.body() == b"x" * 40_000 + b"y" * 40_000
    assert long.whole


async def test_a_file_streams() -> None:
    file = carried(
        [piece(b"x" * 40_000, more=True), piece(b"y" * 40_000, more=False)], 80_000, streams=True
    )
    body = await file.body()
    assert not isinstance(body, bytes | None)
    assert [len(one) async for one in body] == [40_000, 40_000]
    assert file.headers == {"content-length": "80000"}


async def test_a_body_that_grows_too_large_stops_there() -> None:
    pieces = [piece(b"x" * 60, more=True), piece(b"x" * 60, more=False)]
    with pytest.raises(BodyTooLarge):
        await carried(pieces, None, 100).body()
    chunks = carried(pieces, None, 100, streams=True)
    body = await chunks.body()
    assert not isinstance(body, bytes | None)
    with pytest.raises(BodyTooLarge):
        [one async for one in body]
    assert isinstance(chunks.fault, BodyTooLarge)
    with pytest.raises(BodyTooLarge):
        carried([], 101, 100)


async def test_a_caller_who_hangs_up_is_no_short_body() -> None:
    cut = carried([piece(b"x", more=True), {"type": "http.disconnect"}], 3)
    with pytest.raises(ClientGone):
        await cut.body()
