"""Servers and services for every test that asks for them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.support.cluster import HOME, Cluster, broker_of
from tests.support.sandbox import Sandbox, sandbox_of
from tests.support.service import Running, running

ServiceFixture = Callable[..., Awaitable[Running]]


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the process that controls the session; its workers share them."""
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.option.collectonly or os.environ.get("JAJAYA_NO_SERVERS"):
        return
    cluster = Cluster()
    cluster.start()
    config.add_cleanup(cluster.stop)


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
