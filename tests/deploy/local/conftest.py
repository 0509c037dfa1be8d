"""Homes of tests leave nothing, wherever their data lay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import outside


@pytest.fixture(autouse=True)
def nothing_outside(tmp_path: Path) -> Iterator[None]:
    """Forget what lay outside a test's home, on a machine where it does."""
    yield
    outside.remove(tmp_path)
