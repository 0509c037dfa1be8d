"""The sandbox's books in SQLite: written to disk before any answer leaves.

One thread owns the connection. Whatever waits for it shares one commit, each piece of work in a
savepoint of its own, so that many requests cost one flush and a refused one changes nothing.
"""

import asyncio
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Job = tuple[Work, asyncio.AbstractEventLoop, "asyncio.Future[Any]"]
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]

BATCH_MAX = 256
SCHEMA = Path(__file__).with_name("schema.sql")


class Store:
    """One SQLite file under a home that only one process may hold."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._lock = (home / "sandbox.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise RuntimeError(f"another sandbox is using {home}") from None
        self._db = connect(home / "sandbox.sqlite3")
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="books", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in a transaction and answer when it is on disk."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, loop, done))
        return await done

    def at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work before the loop runs: only for reading back what a start needs."""
        return work(self._db)

    def close(self) -> None:
        """Finish what waits, close the file and let another process have it."""
        self._jobs.put(None)
        self._thread.join()
        self._db.close()
        self._lock.close()

    def _serve(self) -> None:
        """Take what waits, write it together, answer all of it."""
        while (job := self._jobs.get()) is not None:
            batch, last = [job], False
            while len(batch) < BATCH_MAX and not self._jobs.empty():
                another = self._jobs.get_nowait()
                if another is None:
                    last = True
                    break
                batch.append(another)
            answer(batch, write_together(self._db, batch))
            if last:
                return


def connect(path: Path) -> sqlite3.Connection:
    """Open the file so that a commit is on disk when it returns."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(SCHEMA.read_text(encoding="utf-8"))
    let_top_ups_in(db)
    return db


def let_top_ups_in(db: sqlite3.Connection) -> None:
    """A file from before top-ups refuses their lines: give it the table as the schema has it."""
    find = "SELECT sql FROM sqlite_master WHERE name = 'bank_lines'"
    if "'top_up'" in db.execute(find).fetchone()["sql"]:
        return
    db.executescript(
        "BEGIN; DROP INDEX bank_lines_by_day; DROP INDEX bank_lines_by_order;"
        f"ALTER TABLE bank_lines RENAME TO lines_before; {SCHEMA.read_text(encoding='utf-8')}"
        "INSERT INTO bank_lines SELECT * FROM lines_before; DROP TABLE lines_before; COMMIT;"
    )


def write_together(db: sqlite3.Connection, batch: list[Job]) -> list[Outcome]:
    """Run each job in a savepoint of one transaction; if that cannot commit, none happened."""
    try:
        db.execute("BEGIN")
        outcomes = [attempt(db, work, done) for work, _, done in batch]
        db.execute("COMMIT")
    except sqlite3.Error as broken:
        if db.in_transaction:
            db.execute("ROLLBACK")
        return [(done, None, broken) for _, _, done in batch]
    return outcomes


def attempt(db: sqlite3.Connection, work: Work, done: "asyncio.Future[Any]") -> Outcome:
    """One job in its savepoint: what it answers, or what it raised and nothing changed."""
    db.execute("SAVEPOINT job")
    try:
        value = work(db)
    except Exception as refused:
        db.execute("ROLLBACK TO job")
        db.execute("RELEASE job")
        return done, None, refused
    db.execute("RELEASE job")
    return done, value, None


def answer(batch: list[Job], outcomes: list[Outcome]) -> None:
    """Hand the outcomes back to the loop in one call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for (_, loop, _), outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(loop, []).append(outcome)
    for loop, mine in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, mine)


def settle(outcomes: list[Outcome]) -> None:
    """Resolve what is still waited for."""
    for done, value, raised in outcomes:
        if done.cancelled():
            continue
        if raised is None:
            done.set_result(value)
        else:
            done.set_exception(raised)


def fact(db: sqlite3.Connection, name: str, default: str) -> str:
    """One remembered value."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row["value"])


def remember(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep one value."""
    db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))
