"""The sandbox of the outside world as a process of the test session."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.children import LEASH
from deploy.local.ports import any_free

READY_SECONDS = 30


@dataclass
class Sandbox:
    """Where the outside world listens, and the credentials it has given us."""

    url: str
    credentials: Path

    def settings(self) -> dict[str, Any]:
        """What points a service's clients at it."""
        systems = ("WECHAT_API", "SMS", "WECHAT_PAY", "BANK", "OBJECT_STORE")
        urls = {f"{system}_URL": self.url for system in systems}
        return urls | {"SANDBOX_CREDENTIALS_DIR": self.credentials}


_running: dict[str, Sandbox] = {}


async def sandbox_of(environment: Mapping[str, str], name: str = "still") -> Sandbox:
    """The sandbox of this name in this test process, started when first asked for.

    Who moves a sandbox's clock takes one of another name: the others' signatures would grow stale.
    """
    worker = f"{environment.get('PYTEST_XDIST_WORKER', 'only')}-{name}"
    if worker not in _running:
        home = Path(environment["JAJAYA_TEST_HOME"]) / f"sandbox-{worker}"
        _running[worker] = await _start(home)
    return _running[worker]


async def _start(home: Path) -> Sandbox:
    port = any_free()
    await asyncio.to_thread(_spawn, home, port)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient() as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(f"{url}/readyz")).is_success:
                    return Sandbox(url, home / "credentials")
            if time.monotonic() > until:
                raise TimeoutError((home / "sandbox.log").read_text()[-2000:])
            await asyncio.sleep(0.05)


def _spawn(home: Path, port: int) -> None:
    """Run it on a leash held by the main thread's process; it makes its keys by itself."""
    home.mkdir(exist_ok=True)
    python = [sys.executable, "-m", "deploy.sandbox"]
    leash = [sys.executable, "-I", "-S", str(LEASH), "9", str(os.getpid()), "--"]
    with (home / "sandbox.log").open("wb") as log:
        subprocess.Popen(
            [*leash, *python, "serve", "--home", str(home), "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
