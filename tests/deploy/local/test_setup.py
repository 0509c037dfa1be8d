"""Set-up: what it asks of a machine, and the doors of the Makefile."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.local import setup

MAKEFILE = (setup.ROOT / "Makefile").read_text()
DOORS = (
    "help setup up down test check fmt journey bench invariants token migration redeliver replay"
    " logs"
)


def test_fetching_jars_waits_for_no_heavy_wheel() -> None:
    light = setup.without_heavy((setup.ROOT / "requirements" / "local.txt").read_text())
    names = re.findall(r"^([a-z0-9-]+)==", light, re.MULTILINE)
    assert "jgo" in names
    assert not set(names) & set(setup.HEAVY)
    assert light.count("--hash=") >= len(names)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert list(setup.what_is_missing()) == []
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "DISK_BYTES", 10**18)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    words = " ".join(setup.what_is_missing())
    assert "venv module" in words
    assert "disk" in words


def test_uv_is_pinned_with_hashes() -> None:
    assert re.match(r"uv==[\d.]+ \\\n +--hash=sha256:", setup.UV.read_text())


@pytest.mark.parametrize("door", DOORS.split())
def test_every_door_is_explained_in_a_line(door: str) -> None:
    told = subprocess.run(["make", "help"], cwd=setup.ROOT, capture_output=True, text=True)
    assert re.search(rf"^  make {door} +\S", told.stdout, re.MULTILINE)
    assert re.search(rf"^{door}:.* ## ", MAKEFILE, re.MULTILINE)
