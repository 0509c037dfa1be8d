"""A whole fleet on this machine, started and stopped as one thing.

Tests and the bench start fleets of their own in temporary homes with free ports:

    fleet = Fleet(home, durable=False)
    await fleet.start()
    fleet.kill("order", signal.SIGKILL)  # It is started again.
    await fleet.stop()
"""

import asyncio
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.kafka import jars, topics
from deploy.local import secrets
from deploy.local.bearer import STAFF_PHONE, bearer
from deploy.local.children import Child, Command, Say, StartFailed, run_once
from deploy.local.databases import own_databases
from deploy.local.door import NoToken
from deploy.local.environment import Facts
from deploy.local.kafka import Kafka, fetch_jars, lite_command
from deploy.local.ports import HOST, Ports, choose
from deploy.local.postgres import Postgres
from deploy.local.processes import Processes, migrations_mark
from deploy.local.record import Home, born
from deploy.local.secrets import SERVICES

MIGRATIONS_AT_ONCE = 2
KAFKA, LITE, KAFKA_OR_LITE = "kafka", "lite", "kafka-or-lite"


def say_on_terminal(line: str) -> None:
    """Progress for a person; a terminal that has gone away is no reason to stop."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        pass


class Fleet:
    """PostgreSQL, broker, sandbox, services and gateway, with one home for data, keys and logs.

    `broker` is "kafka", "lite", "kafka-or-lite" (light where the jars cannot be had) or the
    `host:port` of a broker of the user's own. With `services=[]` it is PostgreSQL and broker alone.
    """

    def __init__(
        self,
        home: Path,
        *,
        split: bool = False,
        ports: Ports = "free",
        broker: str = KAFKA,
        services: Sequence[str] = SERVICES,
        durable: bool = True,
        demo: bool = False,
        users: Mapping[str, str] | None = None,
        say: Say = say_on_terminal,
    ) -> None:
        self.home = Home(home.resolve())
        self.ports: dict[str, int] = {}
        self.topic_prefix = topics.PREFIX
        self._split = split
        self._mode: Ports = ports
        self._broker = broker
        self._services = tuple(services)
        self._durable = durable
        self._demo = demo
        self._users = dict(os.environ if users is None else users)
        self._say = say
        self._own_databases: dict[str, dict[str, str]] = {}
        self._children: dict[str, Child] = {}
        self._postgres: Postgres | None = None
        self._bootstrap = ""
        self._began = time.monotonic()

    async def start(self) -> None:
        """Start everything and wait until it serves; a start that fails leaves nothing running.

        Raises AlreadyRunning, StartFailed.
        """
        self.home.hold()
        self._began = time.monotonic()
        try:
            await self._start()
        except BaseException as e:
            await self.stop()
            raise _first_reason(e) from None

    async def stop(self) -> None:
        """Stop everything: whoever calls before who is called, data last."""
        own = [c for name, c in self._children.items() if name not in {"postgres", "kafka"}]
        doors = [c for c in own if c.command.name != "sandbox"]
        await asyncio.gather(*(child.stop() for child in doors))
        await asyncio.gather(*(child.stop() for child in self._children.values()))
        self._children.clear()
        self.home.let_go()

    def kill_all(self) -> None:
        """End every process at once, for whoever cannot wait."""
        for child in self._children.values():
            child.kill_group()

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> int:
        """Send a process a signal, as an accident would; its pid. The launcher starts it again."""
        return self._children[name].kill(by)

    async def wait_ready(self, name: str) -> None:
        """Wait until a process serves (again). Raises StartFailed."""
        await self._children[name].wait_ready()

    @property
    def names(self) -> list[str]:
        """The processes that run, by name."""
        return list(self._children)

    @property
    def urls(self) -> dict[str, str]:
        """Where gateway, services and sandbox are called."""
        names = ("gateway", *self._services, "sandbox") if self._services else ()
        return {name: f"http://{HOST}:{self.ports[name]}" for name in names}

    @property
    def kafka_bootstrap(self) -> str:
        """The broker's address."""
        return self._bootstrap

    @property
    def databases(self) -> dict[str, dict[str, str]]:
        """Each service's database, as the serving role ("app") and as its owner ("owner")."""
        return {service: self._database(service) for service in SERVICES if self._has(service)}

    @property
    def admin_url(self) -> str:
        """Our own server as its superuser, for tests and invariants; empty where it is not ours."""
        return self._postgres.url("postgres", "postgres") if self._postgres else ""

    async def _start(self) -> None:
        self._own_databases = own_databases(self._users)
        keys = secrets.make(self.home.secrets)
        self._choose_ports()
        async with asyncio.TaskGroup() as together:
            together.create_task(self._start_postgres())
            together.create_task(self._start_broker())
            if self._services:
                together.create_task(self._start_sandbox(keys))
        if self._services:
            await self._start_services(self._processes(keys))
        self._write()

    def _choose_ports(self) -> None:
        names = ["postgres", "kafka", "kafka-controller"]
        if self._services:
            names += ["gateway", "sandbox", *SERVICES]
            names += [f"{service}-background" for service in self._services if self._split]
        self.ports, moved = choose(names, self._mode, self.home.path / "ports.json")
        for line in moved:
            self._say(line)

    async def _start_postgres(self) -> None:
        ours = [service for service in SERVICES if service not in self._own_databases]
        if not ours:
            self._say("PostgreSQL: your own, for every service.")
            return
        with self._timed(f"PostgreSQL 18 on {self.ports['postgres']}"):
            home, port = self.home.path, self.ports["postgres"]
            self._postgres = Postgres(home, port, durable=self._durable, say=self._say)
            await self._postgres.make(self.home.logs)
            await self._run(self._postgres.command())
            await self._postgres.divide(ours)

    async def _broker_command(self) -> Kafka | Command | None:
        """Which broker it is: Kafka, the light one, or none of ours."""
        if self._broker not in {KAFKA, LITE, KAFKA_OR_LITE}:
            return None
        if self._broker != LITE:
            try:
                with self._timed("the broker's jars"):
                    found = await fetch_jars(self.home.logs)
                port, controller = self.ports["kafka"], self.ports["kafka-controller"]
                return Kafka(self.home.path, port, controller, found)
            except jars.JarsMissing as e:
                if self._broker == KAFKA:
                    raise StartFailed(str(e)) from e
                self._say(f"Apache Kafka's jars cannot be had ({e})")
                self._say("Going on with the light broker: for trying things, not for figures.")
        self._broker = LITE
        return lite_command(self.home.path, self.ports["kafka"])

    async def _start_broker(self) -> None:
        broker = await self._broker_command()
        self._bootstrap = f"{HOST}:{self.ports['kafka']}" if broker else self._broker
        what = {LITE: "Light broker"}.get(self._broker, "Apache Kafka" if broker else "Your broker")
        with self._timed(f"{what} on {self._bootstrap}, topics"):
            if isinstance(broker, Kafka):
                await broker.make(self.home.logs)
                await self._run(broker.command())
            elif broker is not None:
                await self._run(broker)
            wanted = topics.topics(self.topic_prefix)
            try:
                patience = 30 if broker else 10
                await topics.ensure(self._bootstrap, wanted, patience, extend=self._broker != LITE)
            except TimeoutError as e:
                raise StartFailed(str(e)) from e

    async def _start_sandbox(self, keys: secrets.Secrets) -> None:
        with self._timed(f"Sandbox of the outside world on {self.ports['sandbox']}"):
            processes = self._processes(keys)
            if not (self.home.sandbox / "initialised").exists():
                await run_once(processes.sandbox_init(), self.home.logs)
                (self.home.sandbox / "initialised").touch()
            await self._run(processes.sandbox())

    async def _start_services(self, processes: Processes) -> None:
        await self._migrate(processes)
        commands = [c for s in self._services for c in processes.service(s, split=self._split)]
        with self._timed(f"{len(commands)} processes of {len(self._services)} services, gateway"):
            async with asyncio.TaskGroup() as together:
                for command in [*commands, processes.gateway()]:
                    together.create_task(self._run(command))
        self._write()
        if "user" in self._services:
            await self._grant_staff_once(processes)
        if self._demo:
            await self._load_demo_data_once(processes)

    async def _migrate(self, processes: Processes) -> None:
        """Bring databases up to date, two at a time; ours only when a migration is new."""
        gate = asyncio.Semaphore(MIGRATIONS_AT_ONCE)

        async def one(service: str) -> None:
            mark, name = migrations_mark(service), f"{service}-migrated"
            ours = service not in self._own_databases
            if ours and self.home.is_stamped(name, mark):
                return
            async with gate:
                await run_once(processes.migrate(service), self.home.logs)
            if ours:
                self.home.stamp(name, mark)

        with self._timed("Migrations"):
            async with asyncio.TaskGroup() as together:
                for service in self._services:
                    together.create_task(one(service))

    async def _grant_staff_once(self, processes: Processes) -> None:
        """The first staff account, without which nobody could open the staff routes."""
        if not self.home.is_stamped("staff-granted"):
            with self._timed("First staff account"):
                await run_once(processes.grant_staff(STAFF_PHONE), self.home.logs)
            self.home.stamp("staff-granted")

    async def _load_demo_data_once(self, processes: Processes) -> None:
        """Demo data through the staff routes, where this checkout has any."""
        if importlib.util.find_spec("deploy.demo") is None:
            return
        if not self.home.is_stamped("demo-loaded"):
            with self._timed("Demo data"):
                try:
                    token = await bearer(self.home, "staff", "staff")
                except NoToken as e:
                    raise StartFailed(f"demo data: {e}") from e
                await run_once(processes.demo(token), self.home.logs)
            self.home.stamp("demo-loaded")

    async def _run(self, command: Command) -> None:
        child = Child(command, self.home.logs, self._say, self._write)
        self._children[command.name] = child
        await child.start()

    def _processes(self, keys: secrets.Secrets) -> Processes:
        facts = Facts(
            ports=self.ports,
            databases=self.databases,
            secrets=keys,
            kafka_bootstrap=self._bootstrap,
            kafka_long_poll=self._broker != LITE,
            sandbox_credentials=self.home.sandbox / "credentials",
            topic_prefix=self.topic_prefix,
        )
        return Processes(facts, self._users, self.home.sandbox)

    def _has(self, service: str) -> bool:
        return self._postgres is not None or service in self._own_databases

    def _database(self, service: str) -> dict[str, str]:
        if service in self._own_databases:
            return self._own_databases[service]
        if self._postgres is None:
            raise StartFailed(f"{service} has no database")
        return {part: self._postgres.url(f"{service}_{part}", service) for part in ("app", "owner")}

    def _write(self) -> None:
        """Tell others where everything is; written again whenever a process is replaced."""
        children = {name: child.pid for name, child in self._children.items() if child.pid}
        record: dict[str, Any] = {
            "launcher": os.getpid(),
            "children": {n: {"pid": pid, "born": born(pid)} for n, pid in children.items()},
            "ports": self.ports,
            "urls": self.urls,
            "databases": self.databases,
            "admin_database_url": self.admin_url,
            "kafka_bootstrap": self._bootstrap,
            "broker": self._broker,
            "topic_prefix": self.topic_prefix,
            "split": self._split,
            "secrets": str(self.home.secrets),
            "sandbox_credentials": str(self.home.sandbox / "credentials"),
            "logs": str(self.home.logs),
        }
        self.home.write(record)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        """A progress line with its own seconds and those since the start."""
        began = time.monotonic()
        yield
        now = time.monotonic()
        self._say(f"{now - self._began:6.1f} s  {what} ({now - began:.1f} s)")


def _first_reason(error: BaseException) -> BaseException:
    """The one reason to tell, out of a group of tasks that ended together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
