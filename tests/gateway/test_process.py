"""``python -m gateway`` as a process: its commands, and how it stops."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.gateway.toys import SERVICES, Door, Heard, answer, until

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def environment(url: str, **more: str) -> dict[str, str]:
    urls = {f"{name.upper()}_URL": url for name in SERVICES}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {
        **kept,
        **urls,
        "USER_JWKS_URL": f"{url}/.well-known/jwks.json",
        "SANDBOX_URL": "",
        **more,
    }


async def start(command: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", command, cwd=ROOT, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def test_check_says_whether_the_settings_hold() -> None:
    for limit, code in (("", 0), ("often", 1)):
        process = await start("check", environment("http://x", GATEWAY_ADDRESS_LIMIT=limit))
        await process.communicate()
        assert process.returncode == code, limit


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
async def test_told_to_stop_it_finishes_what_it_carries(door: Door, kind: signal.Signals) -> None:
    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        await answer(writer, b"finished")

    door.toy.behave = behave
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    process = await start("serve", environment(door.toy.url, GATEWAY_PORT=str(port)))
    try:
        await _until_ready(door, at)
        carried = asyncio.ensure_future(door.http.get(f"{at}/api/v1/me", headers=door.bearer()))
        await until(lambda: door.toy.heard)
        process.send_signal(kind)
        async with await carried as got:
            assert (got.status, await got.read()) == (200, b"finished")
        await door.http.close()
        async with asyncio.timeout(30):
            said, _ = await process.communicate()
        assert process.returncode == 0
        assert b"Traceback" not in said
        assert b'"event":"request.carried"' in said
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_port_that_is_taken_ends_it_with_a_word(door: Door) -> None:
    process = await start("serve", environment(door.toy.url, GATEWAY_PORT=str(door.port)))
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    assert process.returncode == 3
    assert b"address already in use" in said


async def _until_ready(door: Door, at: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with door.http.get(f"{at}/readyz") as got:
                    if got.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
