"""A toy service that speaks raw HTTP/1.1, and a gateway in front of it, both on loopback."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from joserfc.jwk import ECKey

from gateway.__main__ import build, new_server
from gateway.app import Gateway
from gateway.settings import Settings
from gateway.upstream import new_session
from shared.kit.clock import OffsetClock
from shared.tokens import SigningKey, sign

SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")


@dataclass
class Heard:
    """One request as it arrived at the toy service."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False  # False if the connection ended before the body did.

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        found = [value for other, value in self.headers if other == name]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None


Behave = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


async def answer(
    writer: asyncio.StreamWriter, body: bytes, *headers: str, status: int = 200
) -> None:
    """A whole answer."""
    head = [f"HTTP/1.1 {status} OK", f"content-length: {len(body)}", *headers]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def _answer_ok(heard: Heard, writer: asyncio.StreamWriter) -> None:
    await answer(writer, b'{"ok":true}', "content-type: application/json")


@dataclass
class Toy:
    """All six services in one; ``behave`` says how the next requests are answered."""

    key: SigningKey
    behave: Behave = _answer_ok
    before_body: Callable[[Heard], Awaitable[None]] | None = None
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8")
        line, *rest = head.strip().split("\r\n")
        pairs = [tuple(row.split(": ", 1)) for row in rest]
        heard = Heard(line, [(pair[0].lower(), pair[1]) for pair in pairs])
        if heard.target == "/.well-known/jwks.json":
            await answer(writer, json.dumps(self.key.jwks).encode())
            return
        if heard.target == "/livez":
            await answer(writer, b"{}")
            return
        self.heard.append(heard)
        if self.before_body is not None:
            await self.before_body(heard)
        await _read_body(reader, heard)
        heard.whole = True
        await self.behave(heard, writer)


async def _read_body(reader: asyncio.StreamReader, heard: Heard) -> None:
    if heard.header("transfer-encoding"):
        while size := int((await reader.readuntil(b"\n")).strip(), 16):
            heard.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return
    left = int(heard.header("content-length") or 0)
    while left:
        piece = await reader.read(min(left, 65536))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        heard.body += piece
        left -= len(piece)


@dataclass
class Door:
    """A running gateway with its toy services and a plain HTTP caller."""

    gateway: Gateway
    toy: Toy
    http: aiohttp.ClientSession
    url: str
    port: int

    def bearer(self, account: UUID | None = None, **claims: Any) -> dict[str, str]:
        """The header of somebody who is logged in."""
        said = {"sub": str(account or uuid4()), "roles": ["user"], "sid": str(uuid4())} | claims
        return {"Authorization": f"Bearer {sign(self.toy.key, said, datetime.now(UTC), 900)}"}

    @property
    def carrying(self) -> int:
        """Requests that hold a slot now."""
        return self.gateway._upstream.carrying

    async def raw(self, *pieces: bytes, seconds: float = 5) -> bytes:
        """Everything the gateway says to these bytes, until it hangs up or stays silent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        with contextlib.suppress(ConnectionError):  # It may hang up before it has heard all.
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.02)
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(seconds):
                while more := await reader.read(65536):
                    said += more
        writer.close()
        return said


def new_key(folder: Path) -> SigningKey:
    """A fresh key that signs people's tokens."""
    file = folder / f"{uuid4()}.json"
    file.write_text(json.dumps(ECKey.generate_key("P-256", {"kid": str(uuid4())}).as_dict(True)))
    return SigningKey.load(file)


@contextlib.asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Door]:
    """A gateway with these settings in front of a toy fleet."""
    toy = Toy(new_key(folder))
    listening = await asyncio.start_server(toy.serve, "127.0.0.1", 0)
    toy.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    urls = {f"{name}_url": toy.url for name in SERVICES}
    given = {"jwks_url": f"{toy.url}/.well-known/jwks.json", "port": 0, **urls, **settings}
    made = Settings(**{"upstream_connections_max": 20, **given})
    async with (
        new_session(made.upstream_connections_max) as session,
        aiohttp.ClientSession() as http,
    ):
        gateway = build(made, session, OffsetClock())
        await gateway.tokens.refresh()
        server = new_server(made, gateway)
        serving = asyncio.ensure_future(server.serve())
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Door(gateway, toy, http, f"http://127.0.0.1:{port}/api/v1", port)
        finally:
            await http.close()
            for writer in list(toy.connections):
                writer.close()
            server.should_exit = True
            await serving
            listening.close()


async def until(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  Nobody tells when it does.
            await asyncio.sleep(0.01)


def code_of(document: dict[str, Any]) -> str:
    """The last word of a problem's type."""
    return str(document["type"]).rpartition("/")[2]
