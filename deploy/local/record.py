"""The home folder of a running fleet: who holds it, and what others read about it."""

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import psutil


class AlreadyRunning(Exception):
    """A fleet runs in this home; `record` is what it wrote about itself."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__("a fleet already runs here")
        self.record = record


@dataclass
class Home:
    """One fleet's folder: data, keys, logs, and the file that tells others where it serves."""

    path: Path
    _lock: TextIOWrapper | None = field(default=None, repr=False)

    @property
    def logs(self) -> Path:
        """One log file a child."""
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        """The fleet's keys."""
        return self.path / "secrets"

    @property
    def sandbox(self) -> Path:
        """The outside world's own folder."""
        return self.path / "sandbox"

    @property
    def stamps(self) -> Path:
        """What has been done once to the databases; beside them, so that both go together."""
        return self.path / "postgres" / "stamps"

    @property
    def file(self) -> Path:
        """The fleet's ports, pids and addresses, as JSON."""
        return self.path / "fleet.json"

    def hold(self) -> None:
        """Take the home for one launcher, and end what a killed one left. Raises AlreadyRunning."""
        for folder in (self.path, self.logs, self.secrets, self.stamps):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            self._lock.close()
            raise AlreadyRunning(self.read()) from e
        end_leftovers(self.read())

    def let_go(self) -> None:
        """Give the home back; nothing runs in it any more."""
        self.file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_held(self) -> bool:
        """Whether a launcher runs in this home."""
        lock = self.path / "lock"
        if not lock.exists():
            return False
        with lock.open("r") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def read(self) -> dict[str, Any]:
        """What the last launcher wrote; empty if there is nothing."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            record: dict[str, Any] = json.loads(self.file.read_text())
            return record
        return {}

    def write(self, record: dict[str, Any]) -> None:
        """Tell others; the file holds passwords and is the user's alone."""
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as handle:
            json.dump(record, handle, indent=1)
        fresh.rename(self.file)

    def stamp(self, name: str, value: str = "done") -> None:
        """Remember that something has been done."""
        (self.stamps / name).write_text(value)

    def is_stamped(self, name: str, value: str = "done") -> bool:
        """Whether it has been done, for the same value."""
        stamp = self.stamps / name
        return stamp.exists() and stamp.read_text() == value


def born(pid: int) -> float:
    """When a process started: with its number, its identity. 0 if there is none."""
    with contextlib.suppress(psutil.Error):
        return float(psutil.Process(pid).create_time())
    return 0.0


def end_leftovers(record: dict[str, Any], patience_seconds: float = 10) -> None:
    """End children that outlived a killed launcher, where the kernel did not do it for us."""
    left = [
        psutil.Process(child["pid"])
        for child in record.get("children", {}).values()
        if child["born"] and abs(born(child["pid"]) - child["born"]) < 1
    ]
    for process, by in ((p, signal.SIGINT if "postgres" in p.name() else None) for p in left):
        with contextlib.suppress(psutil.Error):
            process.send_signal(by or signal.SIGTERM)
    _, alive = psutil.wait_procs(left, timeout=patience_seconds)
    for process in alive:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def end_launcher(home: Home, patience_seconds: float = 40) -> bool:
    """Ask the launcher of a home to stop everything, and wait for it; whether it did."""
    launcher = int(home.read().get("launcher", 0))
    if launcher and born(launcher):
        os.kill(launcher, signal.SIGTERM)
    until = time.monotonic() + patience_seconds
    while home.is_held() and time.monotonic() < until:
        time.sleep(0.05)
    return not home.is_held()
