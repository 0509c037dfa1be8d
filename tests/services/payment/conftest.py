"""The payment service against the sandbox of the outside world."""

import os
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.ports import any_free
from tests.conftest import ServiceFixture
from tests.services.payment.world import World
from tests.support.sandbox import Sandbox, sandbox_of
from tests.support.service import _served, as_json


@pytest.fixture
async def sandbox() -> Sandbox:
    """A sandbox whose clock these tests may move."""
    return await sandbox_of(os.environ, "moved")


@pytest.fixture
async def world(service: ServiceFixture, sandbox: Sandbox) -> AsyncIterator[World]:
    """Nobody hears the network's notices: each test hands them over, or loses them."""
    payment = await service("payment", **sandbox.settings())
    async with _reached(sandbox) as reached:
        yield await _together(World(payment, reached))


@pytest.fixture
async def hurried(service: ServiceFixture, sandbox: Sandbox) -> AsyncIterator[World]:
    """As ``world``, with little time to answer a notice."""
    payment = await service("payment", **sandbox.settings(), notice_seconds_max=0.3)
    async with _reached(sandbox) as reached:
        yield await _together(World(payment, reached))


@pytest.fixture
async def notified(service: ServiceFixture, sandbox: Sandbox) -> AsyncIterator[World]:
    """The network's notices arrive over HTTP, under the prefix that the gateway takes away."""
    port = any_free()
    public = {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    payment = await service("payment", **(sandbox.settings() | public))
    outer = FastAPI()
    outer.mount("/api/v1", payment.app)
    async with _served(outer, port), _reached(sandbox) as reached:
        yield await _together(World(payment, reached))


def _reached(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=sandbox.url, timeout=40)


async def _together(world: World) -> World:
    """The sandbox outlives tests: start at its offset, without the faults of the last one."""
    clock = as_json(await world.sandbox.get("/__sandbox/clock"))
    world.payment.clock.advance_to(clock["offset_seconds"])
    await world.sandbox.delete("/__sandbox/faults")
    await world.sandbox.put("/__sandbox/wechat/rules", json={"refund_spacing": False})
    return world
