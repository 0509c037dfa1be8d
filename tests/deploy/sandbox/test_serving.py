"""The sandbox as a process: real sockets, the kept library, kill -9, quick stops."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from wechatpayv3.type import RequestType

from tests.deploy.sandbox.world import BankCaller, Listener, Merchant, oracle

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Served:
    """A sandbox process that can be killed and started again on its home and port."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start and wait until it is ready."""
        command = ("-m", "deploy.sandbox", "serve", "--home", str(self.home))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "--port", str(self.port), cwd=ROOT
        )
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=self.url) as http:
            while True:
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    assert self.process.returncode is None
                await asyncio.sleep(0.05)

    async def stop(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Signal it and wait for its end."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)


@asynccontextmanager
async def serving(home: Path) -> AsyncIterator[Served]:
    """A sandbox process."""
    served = Served(home)
    try:
        await served.start()
        yield served
    finally:
        await served.stop()


@pytest.fixture
async def served(home: Path) -> AsyncIterator[Served]:
    """A sandbox process on fresh books."""
    async with serving(home) as process:
        yield process


async def test_the_kept_library_orders_queries_and_closes(served: Served) -> None:
    client = oracle(served.home, served.url)
    known = Merchant(served.home, httpx.AsyncClient())
    request = client._core.request
    body = known.order("by-the-library", description="通渠")
    path = "/v3/global/transactions/jsapi"
    code, text = await asyncio.to_thread(request, path, RequestType.POST, body)
    assert (code, "prepay_id" in text) == (200, True)
    query = f"/v3/global/transactions/out-trade-no/by-the-library?mchid={known.known['mchid']}"
    code, text = await asyncio.to_thread(request, query)
    assert (code, "订单未支付" in text) == (200, True)
    close = "/v3/global/transactions/out-trade-no/by-the-library/close"
    mchid = {"mchid": known.known["mchid"]}
    code, text = await asyncio.to_thread(request, close, RequestType.POST, mchid)
    assert code == 204
    certificates = await asyncio.to_thread(request, "/v3/global/certificates")
    assert certificates[0] == 200


async def test_kill_9_loses_nothing_that_was_answered(served: Served, listener: Listener) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as http:
        merchant, bank = Merchant(served.home, http), BankCaller(served.home, http)
        listener.answers = [500]
        view = await merchant.paid("outlives", notify_url=listener.url)
        await listener.until(1)
        split = {"party": "p", "account": "a", "amount_minor": 300, "currency": "HKD"}
        body = {"id": "i-1", "order_id": "order-outlives", "splits": [split]}
        executed = await bank.instruct(body)
        pairs = merchant.pairs("GET", "/v3/global/certificates", b"")
        assert (await merchant.send("GET", "/v3/global/certificates", pairs=pairs)).is_success
        await served.stop()
        await served.start()
        found = await merchant.get("/v3/global/transactions/out-trade-no/outlives")
        assert found.json()["id"] == view["id"]
        assert (await bank.instruct(body)).json() == executed.json()
        replayed = await merchant.send("GET", "/v3/global/certificates", pairs=pairs)
        assert replayed.status_code == 401, "a nonce stays spent"
        await http.post("/__sandbox/clock/advance", json={"seconds": 20})
        await listener.until(2)


async def test_a_dropped_request_sees_a_closed_socket_and_no_byte(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as http:
        merchant = Merchant(served.home, http)
        for kind, found in (("drop_before", 404), ("drop_after", 200)):
            rule = {"route": "POST /v3/global/transactions/jsapi", "kind": kind, "times": 1}
            await http.put("/__sandbox/faults", json=[rule])
            with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
                await merchant.prepay(f"number-{kind}")
            query = f"/v3/global/transactions/out-trade-no/number-{kind}"
            assert (await merchant.get(query)).status_code == found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_stop_is_quick_though_somebody_polls(
    served: Served, number: signal.Signals
) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        query = {"process": "p", "after": "0"}
        waiting = asyncio.create_task(http.get("/__sandbox/clock", params=query))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        assert await served.stop(number) == 0
        assert time.monotonic() - started < 3
        assert (await waiting).status_code == 200


async def test_a_follower_that_dies_is_not_waited_for(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        dying = httpx.AsyncClient(base_url=served.url, timeout=0.3)
        with pytest.raises(httpx.ReadTimeout):
            await dying.get("/__sandbox/clock", params={"process": "dying", "after": 0})
        await dying.aclose()
        started = time.monotonic()
        await http.post("/__sandbox/clock/advance", json={"seconds": 1})
        assert time.monotonic() - started < 3


async def test_a_second_sandbox_on_the_same_home_is_refused(served: Served) -> None:
    command = ("-m", "deploy.sandbox", "serve", "--home", str(served.home))
    second = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*command, "--port", str(free_port())),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(second.communicate(), 20)
    assert second.returncode != 0
    assert b"another sandbox is using" in said


async def test_init_makes_keys_once(tmp_path: Path) -> None:
    command = ("-m", "deploy.sandbox", "init", "--home", str(tmp_path / "h"))
    contents = []
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT)
        assert await process.wait() == 0
        folder = tmp_path / "h" / "credentials"
        contents.append({file.name: file.read_bytes() for file in folder.iterdir()})
        assert all(file.stat().st_mode & 0o077 == 0 for file in folder.glob("*.pem"))
    assert contents[0] == contents[1]
