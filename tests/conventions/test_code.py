"""The conventions that one file alone can break."""

from collections.abc import Callable

import pytest

from tests.conventions import rules
from tests.conventions.tree import ROOT, Source, code, sources, use_cases

Rule = Callable[[Source], list[str]]

EVERYWHERE: list[Rule] = [
    rules.long_file,
    rules.long_functions,
    rules.relative_imports,
]
IN_PRODUCTION: list[Rule] = [
    rules.assigned_states,
    rules.commits,
    rules.impure_time,
    rules.sleeps,
    rules.transaction_and_port,
    rules.banned_names,
    rules.loose_requests,
]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_everywhere(rule: Rule) -> None:
    files = [*code(), *sources("deploy", "tests")]
    assert [place for source in files for place in rule(source)] == []


@pytest.mark.parametrize("rule", IN_PRODUCTION, ids=lambda rule: rule.__name__)
def test_in_production_code(rule: Rule) -> None:
    assert [place for source in code() for place in rule(source)] == []


# What staff read across all users, and reviews of one offering by everybody.
ACROSS_USERS = {"board", "order_by_number", "reviews_of_offering"}


def test_queries_of_orders_carry_the_shard() -> None:
    found = [place for source in sources("services/order") for place in rules.shardless(source)]
    assert {place.rpartition(":")[2] for place in found} == ACROSS_USERS, found


@pytest.mark.parametrize("rule", [rules.use_case_shape, rules.told_but_not_said])
def test_in_use_cases(rule: Rule) -> None:
    assert [place for source in use_cases() for place in rule(source)] == []


def test_no_mock_of_our_own_code() -> None:
    mine = {"tests/conventions/rules.py", "tests/conventions/test_seen_red.py"}
    files = [source for source in sources("tests") if source.path not in mine]
    assert [place for source in files for place in rules.mocks(source)] == []


def test_every_folder_of_code_is_a_package() -> None:
    # import-linter silently skips a folder without __init__.py.
    files = [*code(), *sources("deploy", "tests")]
    folders = {(ROOT / source.path).parent for source in files}
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []
