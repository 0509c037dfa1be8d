"""The user service beside the sandbox of the outside world."""

from collections.abc import Awaitable, Callable

import pytest

from shared.kit.ids import new_id
from tests.services.user.people import Person, log_in_by_wechat
from tests.support.sandbox import Sandbox
from tests.support.service import Running


@pytest.fixture
async def user(service: Callable[..., Awaitable[Running]], sandbox: Sandbox) -> Running:
    """The service with its limits as they are in production."""
    return await service("user", **sandbox.settings())


@pytest.fixture
async def ming(user: Running) -> Person:
    """Somebody who has logged in."""
    return await log_in_by_wechat(user, f"ming-{new_id()}")
