"""The broker's jars: fetched by the committed lock, refused where a hash differs.

`python -m deploy.kafka.jars fetch` fills the user's cache; `… lock` rewrites the lock after a
change of `jgo.toml`. The lock names versions and hashes, never a host: where the jars come from is
the configuration of `jgo` on this machine.
"""

import fcntl
import hashlib
import os
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import LockFile
from jgo.maven import MavenContext, PythonResolver

HERE = Path(__file__).parent
SPEC = HERE / "jgo.toml"
LOCK = HERE / "jgo.lock.toml"
DOWNLOADS_AT_ONCE = 8


class JarsMissing(Exception):
    """The broker's jars cannot be had here; the message says why."""


def cache_folder() -> Path:
    """The user's own cache, shared by every checkout on the machine."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jajaya"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jajaya"


def fetch(lock_file: Path = LOCK) -> list[Path]:
    """Every jar of a lock, verified. Raises JarsMissing."""
    folder = cache_folder() / "maven"
    context = _context(folder)
    try:
        with _one_at_a_time(folder), ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            return list(pool.map(lambda row: _verified(context, row), _rows(lock_file)))
    except OSError as e:  # The cache cannot be written, the disk is full.
        raise JarsMissing(_first_line(e)) from e


def fetched(lock_file: Path = LOCK) -> list[Path]:
    """Every jar of a lock that has just been fetched, at no cost. Raises JarsMissing."""
    context = _context(cache_folder() / "maven")
    found: list[Path] = [_artifact(context, row).cached_path for row in _rows(lock_file)]
    for jar in found:
        if not jar.exists():
            raise JarsMissing(f"{jar.name} has gone from {cache_folder()}.")
    return found


def lock() -> int:
    """Resolve `jgo.toml` afresh and write the lock; the number of jars."""
    context = _context(cache_folder() / "maven")
    coordinates = tomllib.loads(SPEC.read_text())["dependencies"]["coordinates"]
    asked = [context.create_dependency(coordinate) for coordinate in coordinates]
    given, implied = context.resolver.resolve(asked)
    everything = sorted([*given, *implied], key=lambda d: (d.groupId, d.artifactId))
    LockFile.from_resolved_dependencies(everything, environment_name="jajaya-kafka").save(LOCK)
    return len(everything)


def _rows(lock_file: Path) -> list[dict[str, Any]]:
    """The jars of a lock: coordinates and hash."""
    rows: list[dict[str, Any]] = tomllib.loads(lock_file.read_text())["dependencies"]
    return rows


def _context(folder: Path) -> MavenContext:
    """Where jars are kept and asked for; a mirror of the user's own comes first."""
    mirrors = GlobalSettings.load().repositories
    return MavenContext(
        repo_cache=folder,
        remote_repos={**mirrors, "central": MAVEN_CENTRAL_URL},
        resolver=PythonResolver(),
        timeout=30,
    )


def _verified(context: MavenContext, row: dict[str, Any]) -> Path:
    """One jar with the locked hash. A torn download is fetched once more, then refused."""
    found = ""
    for _ in range(2):
        jar = _local(context, row)
        found = hashlib.sha256(jar.read_bytes()).hexdigest()
        if found == row["sha256"]:
            return jar
        jar.unlink()
    name = f"{row['groupId']}:{row['artifactId']}:{row['version']}"
    raise JarsMissing(f"{name} has hash {found}, the lock says {row['sha256']}: refused.")


def _local(context: MavenContext, row: dict[str, Any]) -> Path:
    """The jar's place in the cache, downloaded where it is not there yet."""
    artifact = _artifact(context, row)
    try:
        jar: Path = artifact.resolve()
    except Exception as e:
        if artifact.cached_path is not None:
            artifact.cached_path.unlink(missing_ok=True)  # Half a file would pass for a whole one.
        raise JarsMissing(f"{row['artifactId']} {row['version']}: {_first_line(e)}") from e
    return jar


def _artifact(context: MavenContext, row: dict[str, Any]) -> Any:
    """The jar of a row of the lock, as jgo knows it."""
    component = context.project(row["groupId"], row["artifactId"]).at_version(row["version"])
    return component.artifact(packaging=row["packaging"])


def _first_line(error: Exception) -> str:
    """What went wrong, short enough for one line on a terminal."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two set-ups that share a cache take turns, so that neither reads the other's half file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    """The command line: fetch or lock."""
    if sys.argv[1:] == ["lock"]:
        sys.stdout.write(f"{LOCK.name}: {lock()} jars\n")
        return 0
    try:
        sys.stdout.write(f"{len(fetch())} jars in {cache_folder()}\n")
    except JarsMissing as e:
        sys.stderr.write(f"The broker's jars cannot be had: {e}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
