"""Child processes: started on a leash, restarted when they die, ended as groups."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
BACK_OFF_FIRST_SECONDS = 0.2
BACK_OFF_MAX_SECONDS = 5.0
STEADY_AFTER_SECONDS = 20.0
DEATHS_BEFORE_READY_MAX = 4
LOG_BYTES_MAX = 20_000_000

Say = Callable[[str], None]
Ready = Callable[[], Awaitable[bool]]


class StartFailed(Exception):
    """A part of the fleet did not come up; the message names it and says why."""


@dataclass(frozen=True)
class Command:
    """One process of the fleet: how it is started, known to be ready, and ended."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Ready | None = None
    ready_within_seconds: float = 60.0
    end_by: signal.Signals = signal.SIGTERM  # What asks it to end in order.
    orphan_by: signal.Signals = signal.SIGKILL  # What it gets when the launcher is killed.
    end_within_seconds: float = 15.0
    uid: int | None = None  # Another user to run as; only root can ask for it.
    before_start: Callable[[], None] | None = None  # Clears what a killed one left lying about.


class Child:
    """A command kept running until it is told to stop."""

    def __init__(self, command: Command, logs: Path, say: Say, changed: Callable[[], None]) -> None:
        self.command = command
        self.log = logs / f"{command.name}.log"
        self.restarts = 0
        self._say = say
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self._doomed: int | None = None  # Killed by us, perhaps not yet seen to be dead.

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises StartFailed."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._stopping = False
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_running(), name=self.command.name)
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Wait until it serves. Raises StartFailed when it keeps dying or takes too long."""
        until = time.monotonic() + self.command.ready_within_seconds
        first = self.restarts
        while not await self._is_ready():
            if self.restarts - first >= DEATHS_BEFORE_READY_MAX:
                raise StartFailed(f"{self.command.name} keeps dying:\n{self.last_lines()}")
            if time.monotonic() > until:
                raise StartFailed(f"{self.command.name} is not ready:\n{self.last_lines()}")
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ask it to end, insist after its time is over, and leave nothing of its group."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.command.end_by)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.command.end_within_seconds)
        self.kill_group()
        if process is not None:
            await process.wait()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    def kill(self, by: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the process, as an accident would; its id. It is started again."""
        if self.pid is None:
            raise ProcessLookupError(f"{self.command.name} does not run")
        self._doomed = self.pid if by == signal.SIGKILL else None
        os.kill(self.pid, by)
        return self.pid

    def kill_group(self) -> None:
        """End whatever of the group still runs, at once."""
        if self._process is not None:
            _end_group(self._process.pid)

    def last_lines(self) -> str:
        """The end of its log, for a person who asks what happened."""
        return last_lines(self.log)

    async def _is_ready(self) -> bool:
        if self.pid in (None, self._doomed):
            return False
        return self.command.ready is None or await self.command.ready()

    async def _spawn(self) -> None:
        self._process = await _spawn(self.command, self.log)
        self._changed()

    async def _keep_running(self) -> None:
        """Start it again whenever it dies, waiting longer each time it dies soon."""
        pause = BACK_OFF_FIRST_SECONDS
        while self._process is not None:
            started = time.monotonic()
            code = await self._process.wait()
            if self._stopping:
                return
            self.kill_group()
            if time.monotonic() - started > STEADY_AFTER_SECONDS:
                pause = BACK_OFF_FIRST_SECONDS
            self._say(f"{self.command.name} {_how(code)}; started again in {pause:.1f} s.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACK_OFF_MAX_SECONDS)
            self.restarts += 1
            await self._spawn()


async def run_once(command: Command, logs: Path) -> None:
    """Run a command to its end. Raises StartFailed with the end of its log."""
    log = logs / f"{command.name}.log"
    process = await _spawn(command, log)
    try:
        code = await asyncio.wait_for(process.wait(), command.ready_within_seconds)
    except TimeoutError as e:
        raise StartFailed(f"{command.name} takes too long:\n{last_lines(log)}") from e
    finally:
        _end_group(process.pid)
    if code:
        raise StartFailed(f"{command.name} {_how(code)}:\n{last_lines(log)}")


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log file."""
    if not log.exists():
        return ""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 16_000))
        return "\n".join(handle.read().decode(errors="replace").splitlines()[-count:])


async def _spawn(command: Command, log: Path) -> asyncio.subprocess.Process:
    """The command as a new process: on the leash, in a session of its own, its words in a file."""
    if command.before_start is not None:
        command.before_start()
    uid = [] if command.uid is None else [str(command.uid)]
    leash = [sys.executable, "-I", "-S", str(LEASH), str(int(command.orphan_by))]
    with log.open("ab") as words:
        return await asyncio.create_subprocess_exec(
            *leash, str(os.getpid()), *uid, "--", *command.argv,
            env=dict(command.env), cwd=command.cwd, stdin=asyncio.subprocess.DEVNULL,
            stdout=words, stderr=words, start_new_session=True,
        )  # fmt: skip


def _end_group(pid: int) -> None:
    """Kill what still runs of a process's group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _how(code: int) -> str:
    """The way a process ended, in words."""
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    return f"ended with code {code}"
