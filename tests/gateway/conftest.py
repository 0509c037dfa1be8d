"""A gateway for every test that asks for one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.toys import Door, opened

OpenDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_door(tmp_path: Path) -> AsyncIterator[OpenDoor]:
    """``await open_door(deadline_seconds=0.3)``: a gateway with these settings."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Door:
            return await stack.enter_async_context(opened(tmp_path, **settings))

        yield start


@pytest.fixture
async def door(open_door: OpenDoor) -> Door:
    """A gateway as it is set up by default."""
    return await open_door()
