"""Databases of the user's own: what is taken, what is refused, and that a service serves there."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.children import StartFailed, run_once
from deploy.local.databases import own_databases
from deploy.local.environment import Facts
from deploy.local.ports import USUAL
from deploy.local.processes import Processes
from deploy.local.secrets import make
from shared.kit.ids import new_id
from tests.support.cluster import postgres_of
from tests.support.databases import give_back, take

APP, OWNER = "order_app:p@h/mine", "order_owner:p@h/mine"


def variables(app: str, owner: str) -> dict[str, str]:
    return {"DATABASE_URL_ORDER": app, "OWNER_DATABASE_URL_ORDER": owner}


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_an_address_is_taken_as_people_write_it(scheme: str) -> None:
    users = variables(f"{scheme}://{APP}", f"{scheme}://{OWNER}")
    ours = {"app": f"postgresql+asyncpg://{APP}", "owner": f"postgresql+asyncpg://{OWNER}"}
    assert own_databases(users) == {"order": ours}


def test_without_variables_every_database_is_the_launchers() -> None:
    assert own_databases({"DATABASE_URL_ORDER": ""}) == {}


@pytest.mark.parametrize("missing", ["DATABASE_URL_ORDER", "OWNER_DATABASE_URL_ORDER"])
def test_one_of_two_is_refused_and_the_other_named(missing: str) -> None:
    users = variables(f"postgres://{APP}", f"postgres://{OWNER}")
    del users[missing]
    with pytest.raises(StartFailed, match=f" {missing} is not: order needs both"):
        own_databases(users)


def test_a_role_the_migrations_do_not_grant_to_is_refused() -> None:
    users = variables("postgres://mine:p@h/mine", f"postgres://{OWNER}")
    with pytest.raises(StartFailed, match="DATABASE_URL_ORDER is for the role mine"):
        own_databases(users)


@pytest.mark.parametrize("url", ["mysql://order_app:secret@h/x", "order_app:secret@h/x", "secret"])
def test_what_is_no_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StartFailed, match="postgresql://ROLE:PASSWORD@HOST:PORT/NAME") as refused:
        own_databases(variables(url, f"postgres://{OWNER}"))
    assert "secret" not in str(refused.value)


@pytest_asyncio.fixture
async def second() -> AsyncIterator[dict[str, str]]:
    """A second database for orders on the session's server, as a user of the launcher tells it."""
    migrated = await take(os.environ, "order", "services.order")  # With it the roles are there.
    postgres, name = postgres_of(os.environ), f"own_{new_id().hex[-12:]}"
    admin = await asyncpg.connect(postgres.url("postgres", "postgres", "postgresql"))
    await admin.execute(f"CREATE DATABASE {name} OWNER order_owner")
    yield variables(
        postgres.url("order_app", name, "postgres"), postgres.url("order_owner", name, "postgresql")
    )
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
    await give_back(os.environ, "order", migrated)


async def test_a_service_migrates_and_serves_on_a_database_of_the_users_own(
    second: dict[str, str], tmp_path: Path
) -> None:
    users = {**os.environ, **second}
    databases = own_databases(users)
    facts = Facts(USUAL, databases, make(tmp_path / "keys"), "127.0.0.1:9", True, tmp_path)
    processes = Processes(facts, users, tmp_path)
    await run_once(processes.migrate("order"), tmp_path)
    serving = processes.service("order", split=False)[0].env["ORDER_DATABASE_URL"]
    app = await asyncpg.connect(serving.replace("+asyncpg", ""))
    assert await app.fetchval("SELECT count(*) FROM orders") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("DELETE FROM order_history")
    await app.close()
