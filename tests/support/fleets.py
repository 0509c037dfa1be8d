"""Whole fleets for tests, in temporary homes and on free ports."""

import contextlib
import importlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from deploy.local import outside
from deploy.local.children import Child
from deploy.local.fleet import Fleet
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres
from deploy.local.processes import migrations_mark
from deploy.local.record import Home
from deploy.local.secrets import SERVICES
from deploy.sandbox import keys
from shared.run.migrate import migrate

_furnished: list[Path] = []


@contextlib.asynccontextmanager
async def fleet_in(home: Path, *, furnish: bool = False, **how: Any) -> AsyncIterator[Fleet]:
    """A running fleet with the demo data, stopped again at the end.

    ``furnish`` spares it what only a first start does and the journeys' fleet does anyway: its
    home has keys of the outside world and migrated databases before it starts.
    """
    if furnish:
        await _furnish(home)
    fleet = Fleet(home, demo=True, **how)
    try:
        await fleet.start()
        try:
            yield fleet
        finally:
            await fleet.stop()
    finally:
        outside.remove(home)


async def _furnish(home: Path) -> None:
    """Copy what is made once a test process; nothing where the data lie outside the home."""
    if not _furnished:
        folder = home.with_name("furnished")
        await _make(folder)
        _furnished.append(folder)
    if (_furnished[0] / "postgres" / "data").exists():
        shutil.copytree(_furnished[0], home, dirs_exist_ok=True)


async def _make(folder: Path) -> None:
    home = Home(folder)
    home.hold()
    postgres = Postgres(folder, any_free(), durable=False, say=_nothing)
    await postgres.make(home.logs)
    server = Child(postgres.command(), home.logs, _nothing, lambda: None)
    await server.start()
    try:
        await postgres.divide(SERVICES)
        for service in SERVICES:
            storage = importlib.import_module(f"services.{service}.storage")
            await migrate(postgres.url(f"{service}_owner", service), storage)
            home.stamp(f"{service}-migrated", migrations_mark(service))
    finally:
        await server.stop()
    keys.make(home.sandbox)
    (home.sandbox / "initialised").touch()
    home.let_go()
    outside.remove(folder)


def _nothing(_: str) -> None:
    """Not said."""
