"""The kit's own tables, the grants of the serving role, and how migrations run.

A migration of a service calls ``kit_tables()`` first and ``grant_serving(...)`` last.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from alembic import command, op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

KIT_TABLES = {
    "outbox", "event_versions", "requests", "inbox", "inbox_keys", "dead_events", "timers",
    "subject_keys", "reveals", "alembic_version",
}  # fmt: skip
_ADVISORY_LOCK = 0x4A41  # One migration of a database at a time.

_DDL = """
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE,
    type text NOT NULL, topic text NOT NULL, compacted text, key uuid NOT NULL,
    version bigint NOT NULL, time timestamptz NOT NULL, body text NOT NULL,
    traceparent text NOT NULL, causation uuid,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz);
CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE TABLE event_versions (key uuid PRIMARY KEY, version bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE requests (
    scope text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL, ref uuid,
    done boolean NOT NULL DEFAULT false, answer text, created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)) WITH (fillfactor = 70);
CREATE UNIQUE INDEX requests_ref ON requests (ref) WHERE ref IS NOT NULL;
CREATE INDEX requests_age ON requests (created_at);
CREATE TABLE inbox (
    handler text NOT NULL, event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (handler, event_id));
CREATE INDEX inbox_age ON inbox (received_at);
CREATE TABLE inbox_keys (
    handler text NOT NULL, key uuid NOT NULL, version bigint NOT NULL,
    parked integer NOT NULL DEFAULT 0 CHECK (parked >= 0),
    PRIMARY KEY (handler, key)) WITH (fillfactor = 70);
CREATE TABLE dead_events (
    handler text NOT NULL, event_id uuid NOT NULL, key uuid NOT NULL, version bigint NOT NULL,
    headers jsonb NOT NULL, body text NOT NULL, error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (handler, event_id));
CREATE INDEX dead_events_key ON dead_events (handler, key, version);
CREATE TABLE timers (
    id uuid PRIMARY KEY, kind text NOT NULL, ref uuid NOT NULL, due_at timestamptz NOT NULL,
    payload jsonb NOT NULL, attempts integer NOT NULL DEFAULT 0, leased_until timestamptz,
    UNIQUE (kind, ref));
CREATE INDEX timers_due ON timers (due_at);
CREATE TABLE subject_keys (
    subject uuid PRIMARY KEY, wrapped text, created_at timestamptz NOT NULL,
    erased_at timestamptz, CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)));
CREATE INDEX subject_keys_wrapping ON subject_keys (split_part(wrapped, ':', 1))
    WHERE wrapped IS NOT NULL;
CREATE TABLE reveals (
    id uuid PRIMARY KEY, at timestamptz NOT NULL, actor uuid NOT NULL, role text NOT NULL,
    subject uuid NOT NULL, place text NOT NULL, row_id uuid NOT NULL, purpose text NOT NULL);
"""


def kit_tables() -> None:
    """Create the kit's tables; first act of every service's first migration."""
    for statement in _DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)


def grant_serving(app_role: str, *, append_only: Sequence[str] = ()) -> None:
    """Let the serving role read and write rows, but not change what is append-only, nor DDL."""
    frozen = {"reveals", *append_only}
    op.execute(f"GRANT USAGE ON SCHEMA public TO {app_role}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app_role}")
    for table in sorted(frozen):
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app_role}")
    # An erased subject stays known as erased: without its row a key could be made anew.
    op.execute(f"REVOKE DELETE, TRUNCATE ON subject_keys FROM {app_role}")
    op.execute(f"REVOKE ALL ON alembic_version FROM {app_role}")


def config_for(storage: ModuleType) -> Config:
    """Alembic's configuration of one service; its scripts lie in ``storage/migrations``."""
    folder = Path(str(storage.__file__)).parent / "migrations"
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(folder))
    config.set_main_option("version_locations", str(folder))
    return config


def _run(connection: Connection, config: Config, metadata: MetaData) -> None:
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: object, _: object) -> object:
        return script._upgrade_revs("heads", revision)  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        with environment.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            connection.execute(text("SET LOCAL lock_timeout = '4s'"))
            connection.execute(text("SET LOCAL statement_timeout = '60s'"))
            environment.run_migrations()


async def migrate(owner_url: str, storage: ModuleType) -> None:
    """Bring the database to the newest revision, as its owner; safe to run twice at once."""
    engine = create_async_engine(owner_url)
    try:
        async with engine.connect() as connection:
            metadata: MetaData = storage.Row.metadata
            await connection.run_sync(_run, config_for(storage), metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def new_migration(storage: ModuleType, message: str) -> None:
    """Write an empty migration with the next number, to be filled by hand."""
    config = config_for(storage)
    heads = ScriptDirectory.from_config(config).get_heads()
    number = f"{int(heads[0]) + 1:04d}" if heads else "0001"
    command.revision(config, message, rev_id=number)


def migrate_now(owner_url: str, storage: ModuleType) -> None:
    """``migrate`` from the command line."""
    asyncio.run(migrate(owner_url, storage))
