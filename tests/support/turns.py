"""How the tests are dealt out to the processes of a run: a file's together, what is long first.

pytest-xdist would put its own groups' names into test ids, which pytest 9.2 no longer lets it do.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# Files that one process runs one after the other; a line that takes longer stands higher, so that
# no process waits while another ends a fleet. Whole fleets take turns: two would starve each other.
FIRST = (
    ("tests/kill/", "tests/journeys/"),
    ("tests/contracts/test_fuzz.py",),
    ("tests/deploy/local/test_fleet.py",),
    ("tests/deploy/local/test_main.py",),
    ("tests/races/test_accepts.py",),
    ("tests/races/test_pay_timeout_or_notify.py",),
    ("tests/races/test_equal_posts.py", "tests/races/test_equal_calls.py"),
    ("tests/conventions/",),
    ("tests/contracts/test_told_twice.py",),
    ("tests/gateway/",),
    ("tests/shared/kit/",),
)


def place_of(test_id: str) -> int:
    """Which line of the table a test belongs to; the number of lines for all others."""
    places = (n for n, line in enumerate(FIRST) if test_id.startswith(line))
    return next(places, len(FIRST))


class LongestFirst(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a process a line of the table, or one file, whenever it has nearly nothing left."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # The tests come in the order of the table.

    def _split_scope(self, test_id: str) -> str:
        place = place_of(test_id)
        return str(FIRST[place]) if place < len(FIRST) else test_id.partition("::")[0]
