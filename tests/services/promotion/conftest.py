"""The promotion service on a database of its own."""

import pytest

from tests.conftest import ServiceFixture
from tests.support.service import Running


@pytest.fixture
async def run(service: ServiceFixture) -> Running:
    return await service("promotion")
