"""A migrated database for each service under test, handed from test to test as good as new.

A template is migrated once a session; a clone of it costs a tenth of a second, putting one back to
what the migrations wrote a few milliseconds. One that cannot be put back is thrown away.
"""

import importlib
from collections.abc import Mapping

import asyncpg

from deploy.local.postgres import Postgres
from shared.kit.ids import new_id
from shared.run.migrate import migrate
from tests.support.cluster import postgres_of

_LOCK = 4711
_free: dict[str, list[str]] = {}

_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
ORDER BY 1
"""
_SEQUENCES = """
INSERT INTO seeds.sequences SELECT schemaname || '.' || sequencename, coalesce(last_value, 1),
    last_value IS NOT NULL FROM pg_sequences WHERE schemaname = 'public'
"""
_RESTART = "SELECT setval(name::regclass, value, called) FROM seeds.sequences"


async def take(environment: Mapping[str, str], service: str, package: str) -> str:
    """The name of a database just as the service's migrations leave it."""
    if free := _free.get(service):
        return free.pop()
    postgres = postgres_of(environment)
    admin = await asyncpg.connect(postgres.url("postgres", "postgres", "postgresql"))
    try:
        await admin.execute("SELECT pg_advisory_lock($1)", _LOCK)
        postgres = postgres_of(environment)  # Read anew: passwords are added under this lock.
        known = await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service)
        if not known:
            await _make_template(postgres, service, package)
        name = f"{service}_{new_id().hex[-12:]}"
        await admin.execute(
            f'CREATE DATABASE {name} TEMPLATE "{service}" OWNER {service}_owner STRATEGY FILE_COPY'
        )
        await admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        await admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {service}_app")
        await admin.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    finally:
        await admin.close()
    return name


async def give_back(environment: Mapping[str, str], service: str, name: str) -> None:
    """Put a database back to what it was, for the next test."""
    try:
        await _put_back(postgres_of(environment), name)
    except (asyncpg.PostgresError, OSError, TimeoutError):
        await _drop(environment, name)
        return
    _free.setdefault(service, []).append(name)


async def _make_template(postgres: Postgres, service: str, package: str) -> None:
    """Migrate it, and keep aside what the migrations wrote."""
    await postgres.divide([service])
    storage = importlib.import_module(f"{package}.storage")
    await migrate(postgres.url(f"{service}_owner", service), storage)
    owner = await asyncpg.connect(postgres.url("postgres", service, "postgresql"))
    try:
        await owner.execute("CREATE SCHEMA seeds")
        await owner.execute("CREATE TABLE seeds.sequences (name text, value bigint, called bool)")
        await owner.execute(_SEQUENCES)
        for row in await owner.fetch(_TABLES):
            table = row["tablename"]
            if await owner.fetchval(f"SELECT EXISTS (SELECT FROM public.{table})"):
                await owner.execute(f"CREATE TABLE seeds.{table} AS TABLE public.{table}")
    finally:
        await owner.close()


async def _put_back(postgres: Postgres, name: str) -> None:
    connection = await asyncpg.connect(
        postgres.url("postgres", name, "postgresql"),
        server_settings={"lock_timeout": "2000", "session_replication_role": "replica"},
        command_timeout=20,
    )
    try:
        seeded = {
            row["tablename"]
            for row in await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'seeds'"
            )
        } - {"sequences"}
        tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
        statements = [f"DELETE FROM public.{table}" for table in tables]
        statements += [
            f"INSERT INTO public.{table} OVERRIDING SYSTEM VALUE SELECT * FROM seeds.{table}"
            for table in sorted(seeded)
        ]
        await connection.execute("; ".join([*statements, _RESTART]))
    finally:
        await connection.close()


async def _drop(environment: Mapping[str, str], name: str) -> None:
    postgres = postgres_of(environment)
    admin = await asyncpg.connect(postgres.url("postgres", "postgres", "postgresql"))
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.close()
