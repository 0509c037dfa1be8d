"""Servers and services for every test that asks for them."""

import functools
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.support.cluster import HOME, Cluster, broker_of
from tests.support.sandbox import Sandbox, sandbox_of
from tests.support.service import Running, running
from tests.support.turns import LongestFirst, place_of

ServiceFixture = Callable[..., Awaitable[Running]]


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the process that controls the session; its workers share them."""
    is_worker = hasattr(config, "workerinput")
    _read_keys_once()
    if not is_worker:
        _keep_byte_code()
    if is_worker or config.option.collectonly or os.environ.get("JAJAYA_NO_SERVERS"):
        return
    cluster = Cluster()
    cluster.start()
    config.add_cleanup(cluster.stop)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffle, which stays within a line of the table and among all others."""
    items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst:
    """With ``-n``, whatever ``--dist`` says."""
    return LongestFirst(config, log)


def _read_keys_once() -> None:
    """Reading an RSA key tests its primes, for 40 ms; tests read the same few again and again."""
    read = functools.cache(serialization.load_pem_private_key)
    serialization.load_pem_private_key = read  # type: ignore[assignment]


def _keep_byte_code() -> None:
    """A run starts a hundred processes: they find modules compiled, whatever the shell says."""
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / ".byte-code")
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""


@pytest.fixture
async def service() -> AsyncIterator[ServiceFixture]:
    """``await service("order")``: that service on a database of its own."""
    if HOME not in os.environ:
        pytest.fail("this test needs the session's servers")
    async with AsyncExitStack() as stack:

        async def start(name: str, **settings: Any) -> Running:
            return await stack.enter_async_context(running(os.environ, name, **settings))

        yield start


@pytest.fixture
async def broker() -> str:
    """A real Kafka's ``host:port``."""
    return await broker_of(os.environ)


@pytest.fixture
async def sandbox() -> Sandbox:
    """The outside world, one process for this test worker; state stays between its tests."""
    return await sandbox_of(os.environ)
