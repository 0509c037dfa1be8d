"""The fleet's own processes as commands: services, gateway, sandbox, and what runs once."""

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.children import Command, Ready
from deploy.local.environment import Facts, environment_of
from deploy.local.ports import HOST

ROOT = Path(__file__).resolve().parents[2]
DRAIN_SECONDS = 15.0  # A service may take 10 s to answer what it has begun.


@dataclass(frozen=True)
class Processes:
    """Makes the commands of one fleet."""

    facts: Facts
    users: Mapping[str, str]  # The variables of whoever starts the fleet.
    sandbox_home: Path

    def service(self, service: str, *, split: bool) -> list[Command]:
        """A service as one process, or with its API and its background apart."""
        if not split:
            return [self._serving(service, service, "all", service)]
        background = f"{service}-background"
        return [
            self._serving(service, service, "api", service),
            self._serving(background, service, "background", background),
        ]

    def gateway(self) -> Command:
        """The fleet's one door."""
        env = environment_of("gateway", self.facts, self.users)
        port = self.facts.ports["gateway"]
        return self._python("gateway", ["gateway", "serve"], env, ready=readyz(port))

    def sandbox(self) -> Command:
        """The outside world."""
        port = self.facts.ports["sandbox"]
        words = ["deploy.sandbox", "serve", "--home", str(self.sandbox_home), "--port", str(port)]
        return self._python("sandbox", words, dict(self.users), ready=readyz(port))

    def sandbox_init(self) -> Command:
        """Makes the outside world's keys and our credentials with it."""
        words = ["deploy.sandbox", "init", "--home", str(self.sandbox_home)]
        return self._python("sandbox-init", words, dict(self.users))

    def migrate(self, service: str) -> Command:
        """Brings a service's database to the newest revision."""
        env = environment_of(service, self.facts, self.users, owner=True)
        return self._python(f"{service}-migrate", [f"services.{service}", "migrate"], env)

    def grant_staff(self, phone: str) -> Command:
        """Makes the first staff account, which logs in by one-time codes to that number."""
        env = environment_of("user", self.facts, self.users)
        return self._python("user-grant-staff", ["services.user", "grant-staff", phone], env)

    def demo(self, staff_token: str) -> Command:
        """Loads the demo data through the routes staff use."""
        env = {**self.users, "STAFF_TOKEN": staff_token}
        return self._python("demo", ["deploy.demo", "--url", self.facts.url("gateway")], env)

    def _serving(self, name: str, service: str, word: str, port: str) -> Command:
        env = environment_of(service, self.facts, self.users, port=port)
        ready = readyz(self.facts.ports[port])
        return self._python(name, [f"services.{service}", word], env, ready=ready)

    def _python(
        self, name: str, words: list[str], env: Mapping[str, str], ready: Ready | None = None
    ) -> Command:
        """A module of this checkout, run by the Python that runs the launcher."""
        argv = [sys.executable, "-m", *words]
        limit = DRAIN_SECONDS
        return Command(name, argv, env=env, cwd=ROOT, ready=ready, end_within_seconds=limit)


def readyz(port: int) -> Ready:
    """Asks a process whether it serves."""

    async def ask() -> bool:
        try:
            async with asyncio.timeout(2):
                return await _status(port, "/readyz") == 200
        except (OSError, TimeoutError, ValueError, IndexError):
            return False

    return ask


async def _status(port: int, path: str) -> int:
    """The HTTP status a path answers with."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def migrations_mark(service: str) -> str:
    """A hash of whatever decides a service's schema: unchanged, there is nothing to migrate."""
    scripts = sorted((ROOT / "services" / service / "storage" / "migrations").glob("*.py"))
    mark = hashlib.sha256()
    kit = [ROOT / "shared" / "run" / "migrate.py", ROOT / "shared" / "kit" / "tables.sql"]
    for script in [*scripts, *kit]:
        mark.update(script.name.encode() + script.read_bytes())
    return mark.hexdigest()
