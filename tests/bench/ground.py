"""Where figures are measured: a fleet of our own in a temporary home, with durable commits."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local import outside
from deploy.local.bearer import bearer
from deploy.local.fleet import Fleet
from deploy.local.record import Home
from tests.bench.figure import say
from tests.bench.people import Person

# Per-address limits are lifted, for all our users sit at one address; those per account stay.
# A worker of the bench is free again at once, or a life a worker and quarter of an hour were all.
SETTINGS = {
    "GATEWAY_ADDRESS_LIMIT": "",
    "GATEWAY_OTP_ADDRESS_LIMIT": "",
    "USER_PER_ADDRESS_LIMITS": "false",
    "WORKER_TRAVEL_BUFFER_SECONDS": "0",
}
SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")


@dataclass
class Sizes:
    """How much is done; the command line may ask for more or less."""

    seconds: float = 20.0  # Of each load.
    life_seconds: float = 120.0  # Of whole orders.
    events: int = 20_000  # Of the backlog.
    orders: int = 100_000  # Of the large book of orders.
    idle_seconds: float = 30.0


@dataclass
class Ground:
    """A running fleet and how much to ask of it."""

    fleet: Fleet
    sizes: Sizes
    first_start_seconds: float = 0.0
    first_start_load: float = 0.0
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Home:
        return self.fleet.home

    @property
    def gateway(self) -> str:
        return self.fleet.urls["gateway"]

    @property
    def sandbox(self) -> str:
        return self.fleet.urls["sandbox"]

    def children(self) -> dict[str, int]:
        """Every process of the fleet and its number, as of now."""
        return {name: child["pid"] for name, child in self.home.read()["children"].items()}

    def database_url(self, service: str) -> str:
        """A service's database as its owner, for reading what happened."""
        return self.fleet.databases[service]["owner"].replace("+asyncpg", "")

    @property
    def admin_url(self) -> str:
        """The server as its superuser."""
        return self.fleet.admin_url.replace("+asyncpg", "")

    @contextlib.asynccontextmanager
    async def books(self) -> AsyncIterator[dict[str, asyncpg.Connection]]:
        """A connection to each service's database."""
        async with contextlib.AsyncExitStack() as stack:
            opened = {}
            for service in SERVICES:
                connection = await asyncpg.connect(self.database_url(service))
                stack.push_async_callback(connection.close)
                opened[service] = connection
            yield opened

    async def staff(self) -> Person:
        """The first member of staff."""
        access = await bearer(self.home, "staff", "staff")
        return Person("staff", "", access, time.monotonic())


@contextlib.asynccontextmanager
async def ground(sizes: Sizes) -> AsyncIterator[Ground]:
    """Start a fleet, and leave nothing of it."""
    home = Path(tempfile.mkdtemp(prefix="jajaya-bench-"))
    try:
        fleet = fleet_in(home)
        began = time.monotonic()
        load = os.getloadavg()[0]
        await fleet.start()
        made = Ground(fleet, sizes, time.monotonic() - began, load)
        try:
            await _write_down(made)
            yield made
        finally:
            await made.fleet.stop()
    finally:
        outside.remove(home)
        shutil.rmtree(home, ignore_errors=True)


async def _write_down(made: Ground) -> None:
    """What setting up has left unwritten goes to the disk now, not in the midst of a load."""
    server = await asyncpg.connect(made.admin_url)
    await server.execute("CHECKPOINT")
    await server.close()
    await asyncio.to_thread(os.sync)


def fleet_in(home: Path) -> Fleet:
    """A fleet as ``make up`` starts it, with free ports and the limits per address lifted."""
    users = {**os.environ, **SETTINGS}
    return Fleet(home, ports="free", durable=True, demo=True, users=users, say=say)
