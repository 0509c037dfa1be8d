"""The kit's own tables, the grants of the serving role, and how migrations run.

A service's first migration calls ``kit_tables()`` first and ``grant_serving(...)`` last. A later
one that makes tables grants them by name: the call again hands UPDATE and DELETE back on every
append-only table that is not listed once more.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

KIT_TABLES = {
    "outbox", "event_versions", "requests", "inbox", "inbox_keys", "dead_events", "timers",
    "subject_keys", "reveals", "alembic_version",
}  # fmt: skip
# As migrations are written here. Until it is filled in, PostgreSQL refuses what it says.
_NEW = '''"""{title}."""

from alembic import op

revision = "{number}"
down_revision = {previous}


def upgrade() -> None:
    op.execute("...")
'''
_ADVISORY_LOCK = 0x4A41  # One migration of a database at a time.


def kit_tables() -> None:
    """Create the kit's tables; first act of every service's first migration."""
    for statement in (Path(__file__).parents[1] / "kit" / "tables.sql").read_text().split(";\n"):
        if statement.strip():
            op.execute(statement)


def grant_serving(app_role: str, *, append_only: Sequence[str] = ()) -> None:
    """Let the serving role read and write rows, but not change what is append-only, nor DDL."""
    op.execute(f"GRANT USAGE ON SCHEMA public TO {app_role}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app_role}")
    for table in sorted({"reveals", *append_only}):
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app_role}")
    # An erased subject stays known as erased: without its row a key could be made anew.
    op.execute(f"REVOKE DELETE, TRUNCATE ON subject_keys FROM {app_role}")
    op.execute(f"REVOKE ALL ON alembic_version FROM {app_role}")


async def migrate(owner_url: str, storage: ModuleType) -> None:
    """Bring the database to the newest revision, as its owner; safe to run twice at once."""
    engine = create_async_engine(owner_url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, storage)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, storage: ModuleType) -> None:
    config = _config(storage)
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: object, _: object) -> object:
        return script._upgrade_revs("heads", revision)  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, target_metadata=storage.Row.metadata)
        with environment.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            connection.execute(text("SET LOCAL lock_timeout = '4s'"))
            connection.execute(text("SET LOCAL statement_timeout = '60s'"))
            environment.run_migrations()


def new_migration(storage: ModuleType, message: str) -> Path:
    """Write an empty migration with the next number, to be filled by hand; where it lies."""
    words = re.findall(r"[a-z0-9]+", message.lower())
    if not words:
        raise ValueError("Say in a few words what the migration does.")
    script = ScriptDirectory.from_config(_config(storage))
    head = script.get_current_head()
    number = f"{int(head) + 1:04d}" if head else "0001"
    previous = f'"{head}"' if head else None
    text = _NEW.format(title=" ".join(words).capitalize(), number=number, previous=previous)
    path = Path(script.dir) / f"{number}_{'_'.join(words)}.py"
    path.write_text(text)
    return path


def _config(storage: ModuleType) -> Config:
    """Alembic's configuration of one service; its scripts lie in ``storage/migrations``."""
    folder = str(Path(str(storage.__file__)).parent / "migrations")
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", folder)
    config.set_main_option("version_locations", folder)
    return config
