"""Children: restarted when they die, told so, and ended with everything they started."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from deploy.local.children import Child, Command, StartFailed, run_once

SLEEPER = "import time; time.sleep(600)"
# A child that ignores SIGTERM and has a child of its own, whose pid it writes down.
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(str(other.pid))
time.sleep(600)
"""

Keep = Callable[..., Child]


@pytest.fixture
def told() -> list[str]:
    """What the launcher said."""
    return []


@pytest_asyncio.fixture
async def keep(tmp_path: Path, told: list[str]) -> AsyncIterator[Keep]:
    """Makes children that are ended after the test."""
    kept: list[Child] = []

    def make(code: str, *words: str, **options: object) -> Child:
        argv = [sys.executable, "-c", code, *words]
        child = Child(_command(argv, **options), tmp_path, told.append, lambda: None)
        kept.append(child)
        return child

    yield make
    for child in kept:
        child.kill_group()
        await child.stop()


def _command(argv: Sequence[str], **options: object) -> Command:
    return Command("toy", argv, env=dict(os.environ), **options)  # type: ignore[arg-type]


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def _until(true: Callable[[], bool], within_seconds: float = 10) -> None:
    for _ in range(int(within_seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came true")


async def test_a_killed_child_is_started_again_and_it_is_said(keep: Keep, told: list[str]) -> None:
    child = keep(SLEEPER)
    await child.start()
    before = child.kill()
    await _until(lambda: child.pid not in (None, before))
    assert told == ["toy was killed (SIGKILL); started again in 0.2 s."]


async def test_a_child_that_dies_at_once_is_started_ever_more_slowly(
    keep: Keep, told: list[str]
) -> None:
    async def never() -> bool:
        return False

    child = keep("print('no bread'); raise SystemExit(3)", ready=never)
    with pytest.raises(StartFailed, match=r"toy keeps dying:\n(no bread\n?)+"):
        await child.start()
    pauses = ("0.2", "0.4", "0.8", "1.6")
    assert told[:4] == [f"toy ended with code 3; started again in {p} s." for p in pauses]


async def test_a_child_that_is_never_ready_fails_the_start(keep: Keep) -> None:
    async def never() -> bool:
        return False

    child = keep("print('thinking', flush=True);" + SLEEPER, ready=never, ready_within_seconds=0.5)
    with pytest.raises(StartFailed, match="toy is not ready:\nthinking"):
        await child.start()


async def test_a_stubborn_child_is_ended_with_its_own_children(keep: Keep, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    child = keep(STUBBORN, str(note), end_within_seconds=0.3)
    await child.start()
    await _until(lambda: note.exists() and note.read_text() != "")
    pid, other = child.pid, int(note.read_text())
    assert pid is not None
    await child.stop()
    await _until(lambda: _gone(pid) and _gone(other))


async def test_a_child_asked_to_end_is_not_started_again(keep: Keep, told: list[str]) -> None:
    child = keep(SLEEPER)
    await child.start()
    await child.stop()
    await asyncio.sleep(0.4)
    assert child.pid is None
    assert told == []


async def test_a_child_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    """The launcher here is a process of its own, killed as `kill -9` would."""
    launcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LAUNCHER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert launcher.stdout is not None
    pid = int(await launcher.stdout.readline())
    assert not _gone(pid)
    launcher.send_signal(signal.SIGKILL)
    await launcher.wait()
    await _until(lambda: _gone(pid))


async def test_a_command_that_runs_once_says_why_it_failed(tmp_path: Path) -> None:
    await run_once(_command([sys.executable, "-c", "pass"]), tmp_path)
    with pytest.raises(StartFailed, match="toy ended with code 1:\nno bread"):
        await run_once(_command([sys.executable, "-c", "raise SystemExit('no bread')"]), tmp_path)
    slow = _command([sys.executable, "-c", SLEEPER], ready_within_seconds=0.2)
    with pytest.raises(StartFailed, match="toy takes too long"):
        await run_once(slow, tmp_path)


LAUNCHER = f"""
import asyncio, pathlib, sys
from deploy.local.children import Child, Command
async def main():
    command = Command("toy", [sys.executable, "-c", {SLEEPER!r}])
    child = Child(command, pathlib.Path(sys.argv[1]), print, lambda: None)
    await child.start()
    await asyncio.sleep(0.5)  # Until the leash has become the command.
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
