"""What the tests of the order service start from."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.conftest import ServiceFixture
from tests.services.order.given import Shop
from tests.services.order.given import shop as open_shop
from tests.services.order.peers import peers
from tests.services.order.works import Works, others
from tests.services.order.works import works as open_works
from tests.support.sandbox import Sandbox, sandbox_of
from tests.support.service import running


@pytest.fixture
async def shop(service: ServiceFixture) -> AsyncIterator[Shop]:
    """The order service with two offerings and its peers."""
    async with peers() as both:
        running = await service("order", USER_URL=both.url, PROMOTION_URL=both.url)
        yield await open_shop(running, both)


@pytest.fixture(scope="session")
async def workplace() -> AsyncIterator[Works]:
    """One order service beside the object store, for all tests that leave its clock alone."""
    sandbox = await sandbox_of(os.environ)
    async with running(os.environ, "order", **sandbox.settings()) as order:
        yield await open_works(order)


@pytest.fixture
async def works(workplace: Works) -> Works:
    """A user and a crew of their own in the service that these tests share."""
    return others(workplace)


@pytest.fixture
async def own_works(service: ServiceFixture, sandbox: Sandbox) -> Works:
    """A user and a crew in a service of their own, whose clock may be moved."""
    return await open_works(await service("order", **sandbox.settings()))
