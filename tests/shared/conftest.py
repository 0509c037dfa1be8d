"""The toy service, on which the kit is tested."""

import pytest

from tests.conftest import ServiceFixture
from tests.support.service import Running
from tests.support.toy.storage import Tool


@pytest.fixture
async def toy(service: ServiceFixture) -> Running:
    return await service("toy", package="tests.support.toy")


@pytest.fixture
async def tool(toy: Running) -> Tool:
    async with toy.begin() as tx:
        tool = Tool(name="drain snake")
        tx.add(tool)
    return tool
