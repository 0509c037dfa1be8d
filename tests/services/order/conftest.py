"""What the tests of the order service start from."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import ServiceFixture
from tests.services.order.given import Shop
from tests.services.order.given import shop as open_shop
from tests.services.order.peers import peers


@pytest.fixture
async def shop(service: ServiceFixture) -> AsyncIterator[Shop]:
    """The order service with two offerings and its peers."""
    async with peers() as both:
        running = await service("order", USER_URL=both.url, PROMOTION_URL=both.url)
        yield await open_shop(running, both)
