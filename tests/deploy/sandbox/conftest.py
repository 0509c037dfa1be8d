"""A sandbox in this process with books of its own, and those who deal with it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.sandbox.app import Sandbox
from deploy.sandbox.keys import make
from tests.deploy.sandbox.world import URL, BankCaller, Listener, Merchant, listening


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys are slow to make: made once, copied for each test."""
    home = tmp_path_factory.mktemp("sandbox") / "home"
    assert make(home)
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A home with keys and empty books."""
    shutil.copytree(made_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
async def sandbox(home: Path) -> AsyncIterator[Sandbox]:
    """A running sandbox."""
    sandbox = Sandbox(home)
    async with sandbox.routes.router.lifespan_context(sandbox.routes):
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """Calls into the running sandbox."""
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=URL, timeout=40) as client:
        yield client


@pytest.fixture
def merchant(home: Path, http: httpx.AsyncClient) -> Merchant:
    """The merchant at WeChat Pay."""
    return Merchant(home, http)


@pytest.fixture
def bank(home: Path, http: httpx.AsyncClient) -> BankCaller:
    """The account holder of the escrow bank."""
    return BankCaller(home, http)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """The merchant's notify address."""
    async with listening() as heard:
        yield heard
