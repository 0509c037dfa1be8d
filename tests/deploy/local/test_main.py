"""The launcher as a process: it stops on every signal, and leaves nothing whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from deploy.local.fleet import LITE
from tests.deploy.local.test_fleet import left_in

UP = ("up", "--bare", "--ports", "free")
Launch = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture(autouse=True)
def hangs_up() -> Iterator[None]:
    """Whatever is started hears SIGHUP; under nohup the launcher would inherit not to."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def call(home: Path, *words: str, **variables: str) -> asyncio.subprocess.Process:
    """The launcher's command line on a home, with these variables set."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "--home", str(home), *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | variables,
    )


async def words_of(process: asyncio.subprocess.Process) -> str:
    """All it says until it ends."""
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    return said.decode()


async def says(process: asyncio.subprocess.Process, text: str) -> None:
    """Wait until it says so."""
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while line := await process.stdout.readline():
            if text in line.decode():
                return
    pytest.fail(f"never said {text!r}")


async def nothing_left(home: Path) -> bool:
    """Whether every process of a home ends soon."""
    for _ in range(200):
        if not left_in(home):
            return True
        await asyncio.sleep(0.1)
    return False


@pytest_asyncio.fixture
async def launch(tmp_path: Path) -> AsyncIterator[Launch]:
    """Starts a fleet's launcher; whatever still runs of it afterwards is killed."""
    launched: list[asyncio.subprocess.Process] = []

    async def start(broker: str = "", **variables: str) -> asyncio.subprocess.Process:
        launched.append(await call(tmp_path, *UP, KAFKA=broker, **variables))
        return launched[-1]

    yield start
    for process in launched:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("by", "broker"), [(signal.SIGINT, ""), (signal.SIGTERM, LITE), (signal.SIGHUP, LITE)]
)
async def test_a_signal_stops_everything(
    launch: Launch, tmp_path: Path, by: signal.Signals, broker: str
) -> None:
    launcher = await launch(broker)
    await says(launcher, "The fleet is ready")
    launcher.send_signal(by)
    assert "Stopped; its data waits" in await words_of(launcher)
    assert launcher.returncode == 0
    assert left_in(tmp_path) == []


async def test_a_signal_in_the_middle_of_a_start_stops_everything(
    launch: Launch, tmp_path: Path
) -> None:
    launcher = await launch()
    await says(launcher, "PostgreSQL 18 on")
    launcher.terminate()
    assert "nothing is left running" in await words_of(launcher)
    assert launcher.returncode == 130
    assert await nothing_left(tmp_path)


async def test_a_signal_while_the_jars_are_downloaded_is_heard_at_once(
    launch: Launch, tmp_path: Path
) -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def keep_waiting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await done.wait()
        writer.close()

    mirror = await asyncio.start_server(keep_waiting, "127.0.0.1", 0)
    port = mirror.sockets[0].getsockname()[1]
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\nours = http://127.0.0.1:{port}\n")
    launcher = await launch(JGO_CONFIG_FILE=str(settings), XDG_CACHE_HOME=str(tmp_path / "cache"))
    await asyncio.wait_for(asked.wait(), 60)
    children = psutil.Process(launcher.pid).children()
    launcher.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):  # A download is given up after 30 s at the earliest.
        assert "nothing is left running" in await words_of(launcher)
    assert launcher.returncode == 130
    assert children
    assert not any(child.is_running() for child in children)
    done.set()
    mirror.close()


async def test_a_killed_launcher_leaves_nothing_and_the_next_start_works(
    launch: Launch, tmp_path: Path
) -> None:
    launcher = await launch()
    await says(launcher, "The fleet is ready")
    launcher.kill()
    await launcher.wait()
    assert await nothing_left(tmp_path)
    again = await launch()
    await says(again, "The fleet is ready")
    again.terminate()
    await words_of(again)
    assert again.returncode == 0


async def test_a_second_up_says_so_and_down_stops_the_first(launch: Launch, tmp_path: Path) -> None:
    launcher = await launch(LITE)
    await says(launcher, "The fleet is ready")
    second = await call(tmp_path, *UP)
    assert f"A fleet runs here already (launcher {launcher.pid})" in await words_of(second)
    assert second.returncode == 1
    status = await words_of(await call(tmp_path, "status"))
    assert "postgres" in status
    assert await words_of(await call(tmp_path, "down")) == "Stopped.\n"
    await words_of(launcher)
    assert launcher.returncode == 0
    assert not psutil.pid_exists(launcher.pid)
    assert await words_of(await call(tmp_path, "down")) == "No fleet runs here.\n"


async def test_without_a_fleet_there_is_no_token_and_it_says_why(tmp_path: Path) -> None:
    asked = await call(tmp_path, "token", "role=user")
    assert "`make up` starts one" in await words_of(asked)
    assert asked.returncode == 1
