"""The broker's jars come from the lock or not at all."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.kafka import jars

JAR = b"not really a jar"
ROW = """
[[dependencies]]
groupId = "org.example"
artifactId = "thing"
version = "1.0"
packaging = "jar"
sha256 = "{hash}"
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a line per request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on this machine, named by the user's jgo settings; the jar it serves."""
    jar = tmp_path / "mirror" / "org/example/thing/1.0/thing-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(JAR)
    handler = partial(QuietHandler, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nours = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield jar
        server.shutdown()


def _lock(tmp_path: Path, sha256: str) -> Path:
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text(ROW.format(hash=sha256))
    return lock


def test_a_jar_of_the_lock_is_fetched_once_into_the_users_cache(
    mirror: Path, tmp_path: Path
) -> None:
    lock = _lock(tmp_path, hashlib.sha256(JAR).hexdigest())
    (first,) = jars.fetch(lock)
    mirror.unlink()
    assert jars.fetch(lock) == [first]
    assert first.read_bytes() == JAR
    assert first.is_relative_to(jars.cache_folder())


def test_what_has_been_fetched_is_found_again_without_asking(mirror: Path, tmp_path: Path) -> None:
    lock = _lock(tmp_path, hashlib.sha256(JAR).hexdigest())
    with pytest.raises(jars.JarsMissing, match=r"thing-1\.0\.jar has gone"):
        jars.fetched(lock)
    first = jars.fetch(lock)
    mirror.unlink()
    assert jars.fetched(lock) == first


def test_a_cache_that_cannot_be_written_is_no_fault_but_a_lack(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(mirror))  # A file where a folder should be.
    with pytest.raises(jars.JarsMissing, match="Not a directory"):
        jars.fetch(_lock(tmp_path, hashlib.sha256(JAR).hexdigest()))


def test_a_jar_with_another_hash_is_refused_and_not_kept(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(jars.JarsMissing, match=r"org\.example:thing:1\.0 has hash .* refused"):
        jars.fetch(_lock(tmp_path, "0" * 64))
    assert list(jars.cache_folder().rglob("*.jar")) == []


def test_a_torn_download_in_the_cache_is_fetched_again(mirror: Path, tmp_path: Path) -> None:
    lock = _lock(tmp_path, hashlib.sha256(JAR).hexdigest())
    (jar,) = jars.fetch(lock)
    jar.write_bytes(JAR[:5])
    assert jars.fetch(lock)[0].read_bytes() == JAR


def test_the_lock_has_a_hash_for_every_jar_and_names_no_host() -> None:
    text = jars.LOCK.read_text()
    assert text.count("[[dependencies]]") == text.count("sha256 = ") >= 40
    assert "://" not in text
    # The parent of log4j must not pull the client back to an older release than the server.
    assert text.count('artifactId = "kafka-clients"\nversion = "4.3.0"') == 1
