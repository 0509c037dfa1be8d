"""The conventions that one file alone can break."""

from collections.abc import Callable

import pytest

from tests.conventions import borders, rules
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
IN_SERVICES: list[Rule] = [
    borders.framework_refusals,
    borders.port_in_transaction,
    borders.transaction_round_yield,
    borders.addresses,
]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_everywhere(rule: Rule) -> None:
    files = [*code(), *sources("deploy", "tests")]
    assert [place for source in files for place in rule(source)] == []


@pytest.mark.parametrize("rule", IN_PRODUCTION, ids=lambda rule: rule.__name__)
def test_in_production_code(rule: Rule) -> None:
    assert [place for source in code() for place in rule(source)] == []


@pytest.mark.parametrize("rule", IN_SERVICES, ids=lambda rule: rule.__name__)
def test_in_services(rule: Rule) -> None:
    assert [place for source in sources("services") for place in rule(source)] == []


# Who may open a sealed field without a row in ``reveals``, and what becomes of it.
UNSEALS = {
    "shared/privacy/sealing.py:reveal": "writes that row",
    "services/user/storage/accounts.py:open_phone": "masked, for its owner",
    "services/user/storage/accounts.py:open_display_name": "masked, for its owner",
    "services/user/storage/addresses.py:open_place": "down to the block, for its owner",
    "services/order/api/order_views.py:stop_view": "down to the block",
    "services/order/api/job_views.py:_lines": "down to the block; the door is revealed",
    "services/order/storage/reviews.py:text_of": "scrubbed; written to be read by everybody",
    "services/payment/storage/payments.py:open_account": "for the channel, shown to nobody",
}


def test_nobody_else_opens_a_sealed_field_unrecorded() -> None:
    found = [place for source in code() for place in borders.opened_unrecorded(source)]
    assert sorted(found) == sorted(UNSEALS)


# Architecture 4 leaves the wall clock to how often one may speak, and to the age of what is pruned.
WALL_CLOCK = {"services/dispatch/storage/presences.py", "shared/run/process.py"}


def test_only_limits_and_pruning_ask_the_database_for_the_time() -> None:
    files = [source for source in code() if not source.path.startswith(rules.KIT)]
    assert {source.path for source in files if borders.time_in_sql(source)} == WALL_CLOCK


@pytest.mark.parametrize("rule", [rules.use_case_shape, borders.told_but_not_said])
def test_in_use_cases(rule: Rule) -> None:
    assert [place for source in use_cases() for place in rule(source)] == []


# What staff read across all users, and reviews of one offering by everybody.
ACROSS_USERS = {"board", "order_by_number", "reviews_of_offering"}


def test_queries_of_orders_carry_the_shard() -> None:
    found = [place for source in sources("services/order") for place in rules.shardless(source)]
    assert {place.rpartition(":")[2] for place in found} == ACROSS_USERS, found


def test_no_mock_of_our_own_code() -> None:
    mine = {"tests/conventions/rules.py", "tests/conventions/test_seen_red.py"}
    files = [source for source in sources("tests") if source.path not in mine]
    assert [place for source in files for place in rules.mocks(source)] == []


# What no test can bring about otherwise.
REPLACED = {
    "tests/shared/kit/test_outbox.py:_consume": "a fetcher that died without a word",
    "tests/deploy/local/test_outside.py:_namespaces_allowed": "a kernel that refuses namespaces",
}


def test_nothing_of_our_own_is_replaced_by_a_test() -> None:
    found = [place for source in sources("tests") for place in borders.replaced(source)]
    assert sorted(found) == sorted(REPLACED)


def test_every_folder_of_code_is_a_package() -> None:
    # import-linter silently skips a folder without __init__.py.
    files = [*code(), *sources("deploy", "tests")]
    folders = {(ROOT / source.path).parent for source in files}
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []
