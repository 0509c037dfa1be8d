"""Where PostgreSQL's data lie when root must let another user run it: outside the home.

A folder of a random name, which only the home knows: whoever throws the home away starts anew, and
nobody can make the folder before us.
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from deploy.local.children import Say, StartFailed

NOBODY = 65534
PARENT = Path("/var/tmp")  # Reachable by every user; each server has a private folder in it.
PREFIX = "jajaya-postgres-"
WHOSE = "home"  # In the folder: the home it was made for, for whoever finds it.


def folder_of(home: Path, passwords: Path, say: Say) -> Path:
    """The home's folder, made where there is none that serves. Raises StartFailed.

    Data whose passwords are gone serve nobody: they are left for their owner to remove.
    """
    note = _note(home)
    if note.exists():
        folder = Path(note.read_text())
        if folder.exists() or folder.is_symlink():
            _refuse_others(folder)
            if passwords.exists() or not (folder / "data").exists():
                return folder
    for old in _left_by(home):
        say(f"An earlier PostgreSQL of this home lies in {old}; remove it when it is of no use.")
    return _new(home, note)


def remove(home: Path) -> None:
    """Remove the home's folder, where it has one; for homes that are about to go themselves."""
    note = _note(home)
    if note.exists():
        folder = Path(note.read_text())
        if folder.exists():
            _refuse_others(folder)
            shutil.rmtree(folder)
        note.unlink()


def _note(home: Path) -> Path:
    """The file that names the folder; beside the stamps, so that they go together."""
    return home / "postgres" / "outside"


def _new(home: Path, note: Path) -> Path:
    """A folder that others may pass through and only root can change."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
    (folder / WHOSE).write_text(str(home.resolve()))
    os.chown(folder, 0, NOBODY)
    folder.chmod(0o710)
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for stamp in (note.parent / "stamps").glob("*"):
        stamp.unlink()  # It tells of the data that went before.
    fresh = note.with_suffix(".new")
    fresh.write_text(str(folder))
    fresh.rename(note)
    return folder


def _refuse_others(folder: Path) -> None:
    """Raise StartFailed for a folder that is a link, or that another user made or can change."""
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o022:
        raise StartFailed(f"{folder} is a link or not ours alone: PostgreSQL does not go there.")


def _left_by(home: Path) -> list[Path]:
    """Folders made for this home which it does not use any more."""
    whose = str(home.resolve())
    return [
        file.parent
        for file in sorted(PARENT.glob(f"{PREFIX}*/{WHOSE}"))
        if not file.is_symlink() and file.stat().st_uid == 0 and file.read_text() == whose
    ]
