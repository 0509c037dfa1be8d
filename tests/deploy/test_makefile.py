"""The Makefile's lines about events and migrations: they run just as `make` would call them."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.ports import any_free
from deploy.local.record import Home
from deploy.local.secrets import SERVICES, make
from shared.kit.ids import new_id
from tests.conventions.tree import ROOT
from tests.support.cluster import postgres_of
from tests.support.databases import give_back, take
from tests.support.sandbox import Sandbox

_SENT = """
INSERT INTO outbox (id, type, topic, key, version, time, body, traceparent, sent_at)
VALUES ($1, 'order.placed.v1', 'order', $1, 1, now(), '{}', '', now())
"""


def line(*words: str) -> list[str]:
    """The command that `make` runs for these words, with the Python that runs the tests."""
    said = subprocess.run(
        ["make", "--no-print-directory", "-n", f"PY={sys.executable}", *words],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, *command = shlex.split(said.stdout.splitlines()[-1])
    assert first == "exec"
    return command


async def run(command: list[str], cwd: Path = ROOT) -> str:
    """All it says; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest_asyncio.fixture
async def home(tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Home]:
    """The home of a fleet that runs, as far as `run` can see: a database, keys, a sandbox."""
    name = await take(os.environ, "order", "services.order")
    postgres = postgres_of(os.environ)
    database = {part: postgres.url(f"order_{part}", name) for part in ("app", "owner")}
    home = Home(tmp_path / "home")
    home.hold()
    ports = dict.fromkeys(("gateway", *SERVICES), any_free())
    home.write(
        {
            "ports": ports | {"sandbox": int(sandbox.url.rpartition(":")[2])},
            "databases": {"order": database},
            "secrets": str(make(home.secrets).folder),
            "kafka_bootstrap": "127.0.0.1:9",
            "broker": "kafka",
            "sandbox_credentials": str(sandbox.credentials),
            "topic_prefix": "jajaya",
        }
    )
    yield home
    home.let_go()
    await give_back(os.environ, "order", name)


def in_home(home: Home, command: list[str]) -> list[str]:
    """The same, for a fleet that does not run in the checkout's own folder."""
    cut = command.index("deploy.local") + 1
    return [*command[:cut], "--home", str(home.path), *command[cut:]]


async def connect(home: Home) -> asyncpg.Connection:
    """The database of orders, as the role that serves."""
    url = home.read()["databases"]["order"]["app"]
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def test_redeliver_takes_dead_events_up_again(home: Home) -> None:
    said = await run(in_home(home, line("redeliver", "s=order")))
    assert said.splitlines()[-1] == "order: 0 redelivered, 0 still dead"


async def test_replay_sends_again_from_an_instant_on(home: Home) -> None:
    book = await connect(home)
    await book.execute(_SENT, new_id())
    early = await run(in_home(home, line("replay", "s=order", "since=2999-01-01")))
    assert early == "order: 0 events will be sent again\n"
    said = await run(in_home(home, line("replay", "s=order", "since=2020-11-01")))
    assert said == "order: 1 events will be sent again\n"
    assert await book.fetchval("SELECT sent_at FROM outbox") is None
    await book.close()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the order service's code to write in."""
    for folder in ("services/order", "shared"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "services" / "__init__.py", tmp_path / "services")
    return tmp_path


async def test_a_new_migration_follows_the_last_and_is_found(checkout: Path) -> None:
    folder = checkout / "services" / "order" / "storage" / "migrations"
    before = set(folder.glob("0*.py"))
    last = max(path.name[:4] for path in before)
    number = f"{int(last) + 1:04d}"

    await run(line("migration", "s=order", "m=add tip"), checkout)

    (made,) = set(folder.glob("0*.py")) - before
    assert made.name == f"{number}_add_tip.py"
    text = made.read_text()
    assert text.startswith('"""Add tip."""\n\nfrom alembic import op\n')
    assert f'revision = "{number}"\ndown_revision = "{last}"\n' in text
    assert "def upgrade() -> None:" in text
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml")]
    await run([*ruff, str(made)])
    await run(line("migration", "s=order", "m=add tip again"), checkout)
    assert (folder / f"{int(number) + 1:04d}_add_tip_again.py").exists()
