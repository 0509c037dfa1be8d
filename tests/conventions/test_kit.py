"""The kit stays small; that it imports no business is an import contract."""

from tests.conventions.tree import Source, sources

LINES_MAX = 2_800
MODULES_MAX = 24


def kit() -> list[Source]:
    return [source for source in sources("shared/kit") if source.stem != "__init__"]


def test_it_fits_its_budget() -> None:
    assert sum(source.text.count("\n") for source in kit()) <= LINES_MAX
    assert len(kit()) <= MODULES_MAX
