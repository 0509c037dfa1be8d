"""The script that divides compose's PostgreSQL, run by psql on a server of its own."""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local import outside
from deploy.local.children import Child
from deploy.local.ports import HOST, any_free
from deploy.local.postgres import Postgres, _package
from deploy.local.secrets import SERVICES
from shared.run.migrate import migrate
from tests.conventions.tree import ROOT

SCRIPT = ROOT / "deploy" / "compose_init.sql"
PASSWORD = "it's a pass-word"


async def run(port: int, superusers_password: str) -> tuple[int | None, str]:
    """Run the script as the image does, as its superuser; how it ended and what it said."""
    psql = await asyncio.create_subprocess_exec(
        *(str(_package() / "pginstall" / "bin" / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc"),
        *("-h", HOST, "-p", str(port), "-U", "postgres", "-d", "postgres", "-f", str(SCRIPT)),
        env={
            "PATH": os.environ["PATH"],
            "PGPASSWORD": superusers_password,
            "JAJAYA_DATABASE_PASSWORD": PASSWORD,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await psql.communicate()
    return psql.returncode, said.decode()


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """A fresh server on which the script has run."""
    postgres = Postgres(tmp_path, any_free(), durable=False, say=lambda _: None)
    await postgres.make(tmp_path)
    server = Child(postgres.command(), tmp_path, lambda _: None, lambda: None)
    await server.start()
    try:
        code, said = await run(postgres.port, postgres._password("postgres"))
        assert code == 0, said
        yield postgres.port
    finally:
        await server.stop()
        outside.remove(tmp_path)


async def connect(port: int, role: str, database: str) -> asyncpg.Connection:
    """A connection with the password that compose gives every role."""
    return await asyncpg.connect(
        host=HOST, port=port, user=role, password=PASSWORD, database=database
    )


async def test_every_service_gets_its_database_its_roles_and_the_extensions(port: int) -> None:
    for service in SERVICES:
        owner = await connect(port, f"{service}_owner", service)
        await owner.execute("CREATE TABLE things (name text)")
        extensions = {row[0] for row in await owner.fetch("SELECT extname FROM pg_extension")}
        assert {"btree_gist", "pg_trgm"} <= extensions
        await owner.close()
        app = await connect(port, f"{service}_app", service)
        assert await app.fetchval("SELECT current_user") == f"{service}_app"
        await app.close()


async def test_no_role_reaches_another_services_database(port: int) -> None:
    for service in SERVICES:
        for role in (f"{service}_app", f"{service}_owner"):
            for other in {*SERVICES, "postgres", "template1"} - {service}:
                try:
                    await (await connect(port, role, other)).close()
                except asyncpg.InsufficientPrivilegeError:
                    continue
                raise AssertionError(f"{role} reaches {other}")


async def test_migrations_run_there_and_the_serving_role_reads(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql+asyncpg://order_owner@{HOST}:{port}/order"
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    await migrate(address, importlib.import_module("services.order.storage"))
    app = await connect(port, "order_app", "order")
    assert await app.fetchval("SELECT count(*) FROM orders") == 0
    await app.close()
