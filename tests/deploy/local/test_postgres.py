"""What a killed server leaves in the way of the next one."""

import os
from pathlib import Path

import pytest

from deploy.local import outside
from deploy.local.postgres import Postgres


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_the_note_of_a_killed_server_does_not_stop_the_next(tmp_path: Path, whose: str) -> None:
    command = Postgres(tmp_path, 25_432, durable=False, say=print).command()
    data = Path(command.argv[command.argv.index("-D") + 1])
    data.mkdir(parents=True)
    number = os.getpid() if whose == "another's" else 2**22 + 1
    (data / "postmaster.pid").write_text(f"{number}\n{data}\n")

    assert command.before_start is not None
    command.before_start()

    assert list(data.iterdir()) == []
    outside.remove(tmp_path)
