"""One real PostgreSQL and one real Kafka a test session, started by its controlling process.

Kafka starts when the first test asks for it. Their data lies in a temporary folder and dies with
the session; they end with their starter even when that is killed.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.kafka import jars
from deploy.local import outside
from deploy.local.children import LEASH, Command
from deploy.local.kafka import Kafka, listens
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres

HOME = "JAJAYA_TEST_HOME"
POSTGRES_PORT = "JAJAYA_TEST_POSTGRES_PORT"
KAFKA = "JAJAYA_TEST_KAFKA"
READY_SECONDS = 60
WANTED = "kafka-wanted"


class Cluster:
    """The servers of one test session; its places are told to the workers by the environment."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="jajaya-tests-"))
        self._running: list[subprocess.Popen[bytes]] = []
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start PostgreSQL and wait for it; Kafka waits for somebody to want it."""
        (self.home / "logs").mkdir()
        kafka = asyncio.run(self._start())
        threading.Thread(target=self._run_when_wanted, args=[kafka], daemon=True).start()

    def _run_when_wanted(self, kafka: Kafka) -> None:
        """Its thread lives as long as the session: the leash holds to the thread that starts it."""
        while not self._stopped.wait(0.1):
            if (self.home / WANTED).exists():
                asyncio.run(kafka.make(self.home / "logs"))
                self._run(kafka.command())
                self._stopped.wait()

    async def _start(self) -> Kafka:
        logs = self.home / "logs"
        ports = [any_free(taken) for taken in ((), (), ())]
        postgres = Postgres(self.home, ports[0], durable=False, say=print)
        kafka = Kafka(self.home, ports[1], ports[2], jars.fetch())
        await postgres.make(logs)
        self._run(postgres.command())
        os.environ[HOME] = str(self.home)
        os.environ[POSTGRES_PORT] = str(postgres.port)
        os.environ[KAFKA] = f"127.0.0.1:{kafka.port}"
        until = time.monotonic() + READY_SECONDS
        ready = postgres.command().ready
        assert ready is not None
        while not await ready():
            if time.monotonic() > until:
                raise TimeoutError((logs / "postgres.log").read_text()[-2000:])
            await asyncio.sleep(0.05)
        await postgres.divide([])
        return kafka

    def _run(self, command: Command) -> None:
        log = (self.home / "logs" / f"{command.name}.log").open("wb")
        leash = [sys.executable, "-I", "-S", str(LEASH), str(int(command.orphan_by))]
        leash += [str(os.getpid())]
        leash += [] if command.uid is None else [str(command.uid)]
        self._running.append(
            subprocess.Popen(
                [*leash, "--", *command.argv],
                env=dict(command.env),
                cwd=command.cwd,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        )

    def stop(self) -> None:
        """End the servers and forget their data."""
        self._stopped.set()
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait(10)
        outside.remove(self.home)
        shutil.rmtree(self.home, ignore_errors=True)


def postgres_of(environment: Mapping[str, str]) -> Postgres:
    """The session's PostgreSQL, as seen from any of its test processes."""
    home, port = Path(environment[HOME]), int(environment[POSTGRES_PORT])
    return Postgres(home, port, durable=False, say=print)


async def broker_of(environment: Mapping[str, str]) -> str:
    """The session's Kafka, started now if nobody has asked before; its ``host:port``."""
    (Path(environment[HOME]) / WANTED).touch()
    host, _, port = environment[KAFKA].partition(":")
    until = time.monotonic() + READY_SECONDS
    while not await listens(int(port)):
        if time.monotonic() > until:
            raise TimeoutError(f"no broker on {host}:{port}")
        await asyncio.sleep(0.1)
    return environment[KAFKA]
