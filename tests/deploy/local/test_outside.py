"""As root without user namespaces: data outside the home, tied to it, and gone with it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import outside, postgres
from deploy.local.children import StartFailed
from deploy.local.record import Home
from tests.deploy.local.test_fleet import bare, keep_a_note, left_in, notes
from tests.support import cluster, fleets

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder any user can reach, on a machine whose kernel gives root no namespaces."""
    monkeypatch.setattr(postgres, "_namespaces_allowed", lambda: False)
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(outside, "PARENT", folder)
    yield folder
    shutil.rmtree(folder)


def folder_of(home: Path, said: list[str] | None = None) -> Path:
    """The home's folder, as the launcher asks for it."""
    say = (said if said is not None else []).append
    return outside.folder_of(home, home / "secrets" / "postgres.json", say)


def inside(parent: Path) -> list[Path]:
    """The folders that lie there now."""
    return list(parent.iterdir())


async def run_once(home: Path, note: str) -> tuple[list[str], list[str]]:
    """Start a fleet in this home, keep a note, and stop: the notes there are, and what it said."""
    said: list[str] = []
    fleet = bare(home, said, broker="lite")
    await fleet.start()
    try:
        pid = fleet.home.read()["children"]["postgres"]["pid"]
        assert psutil.Process(pid).uids().real == outside.NOBODY
        await keep_a_note(fleet, note)
        return await notes(fleet), said
    finally:
        await fleet.stop()


async def test_another_user_runs_it_and_a_home_made_anew_starts_anew(
    tmp_path: Path, parent: Path
) -> None:
    home = tmp_path / "home"
    kept, said = await run_once(home, "first")
    assert kept == ["first"]
    assert any("refuses root" in line for line in said)
    kept, _ = await run_once(home, "second")
    assert kept == ["first", "second"]
    [old] = inside(parent)

    shutil.rmtree(home)
    kept, said = await run_once(home, "third")
    assert kept == ["third"]
    assert any(f"lies in {old}; remove it" in line for line in said)
    outside.remove(home)
    assert inside(parent) == [old]
    assert left_in(parent) == []


def test_passwords_that_are_gone_make_new_data_and_leave_the_old(
    tmp_path: Path, parent: Path
) -> None:
    home = Home(tmp_path)
    home.stamps.mkdir(parents=True)
    old = folder_of(tmp_path)
    assert folder_of(tmp_path) == old  # A start that was killed before it made anything.
    (old / "data").mkdir()
    home.stamp("order-migrated")
    said: list[str] = []
    new = folder_of(tmp_path, said)
    assert new != old
    assert not home.is_stamped("order-migrated")
    assert said == [
        f"An earlier PostgreSQL of this home lies in {old}; remove it when it is of no use."
    ]

    (new / "data").mkdir()
    home.secrets.mkdir()
    (home.secrets / "postgres.json").write_text("{}")
    assert folder_of(tmp_path) == new


def test_nobody_else_can_change_the_folder_or_foresee_its_name(
    tmp_path: Path, parent: Path
) -> None:
    first = folder_of(tmp_path)
    outside.remove(tmp_path)
    second = folder_of(tmp_path)
    assert first.name != second.name
    found = second.lstat()
    assert (found.st_uid, found.st_mode & 0o777) == (0, 0o710)


@pytest.mark.parametrize("how", ["a link", "another's", "open to all"])
def test_a_folder_that_is_not_ours_alone_is_refused(tmp_path: Path, parent: Path, how: str) -> None:
    folder = folder_of(tmp_path)
    if how == "a link":
        folder.rename(parent / "elsewhere")
        folder.symlink_to(parent / "elsewhere")
    elif how == "another's":
        os.chown(folder, outside.NOBODY, outside.NOBODY)
    else:
        folder.chmod(0o777)
    with pytest.raises(StartFailed, match="not ours alone"):
        folder_of(tmp_path)
    with pytest.raises(StartFailed, match="not ours alone"):
        outside.remove(tmp_path)
    (tmp_path / "postgres" / "outside").unlink()


def test_a_folder_that_was_cleared_away_is_made_again(tmp_path: Path, parent: Path) -> None:
    shutil.rmtree(folder_of(tmp_path))
    assert folder_of(tmp_path).exists()


def test_a_test_session_leaves_nothing(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (cluster.HOME, cluster.POSTGRES_PORT, cluster.KAFKA):
        monkeypatch.setenv(name, "")  # So that this session's come back.
    session = cluster.Cluster()
    session.start()
    assert len(inside(parent)) == 1
    session.stop()
    assert inside(parent) == []


async def test_a_fleet_of_a_test_leaves_nothing(tmp_path: Path, parent: Path) -> None:
    home = tmp_path / "home"
    async with fleets.fleet_in(home, services=[], broker="lite", say=lambda _: None):
        assert len(inside(parent)) == 1
    assert inside(parent) == []
