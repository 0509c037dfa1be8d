"""Who may work: the whole table, and the codes of skills."""

import itertools
from types import SimpleNamespace

import pytest

from services.worker.domain.worker import (
    CodeInvalid,
    CodeRepeated,
    SkillNotAsked,
    WorkerMove,
    WorkerState,
    check_grants,
    checked_codes,
    is_approved,
)
from shared.kit.caller import Role
from shared.kit.errors import Problem


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(WorkerMove, WorkerState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: WorkerMove, state: WorkerState, role: Role
) -> None:
    worker = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(worker, by=role)
        assert worker.state == (move.target or state)
    else:
        with pytest.raises(Problem):
            move.apply(worker, by=role)
        assert worker.state == state


def test_every_state_has_a_way_out() -> None:
    assert [s for s in WorkerState if not any(s in move.sources for move in WorkerMove)] == []


def test_a_suspended_worker_was_approved() -> None:
    assert [state for state in WorkerState if is_approved(state)] == ["approved", "suspended"]


@pytest.mark.parametrize("code", ["", "a", "Towing", "1st", "a b", "a" * 41, "a-b", "拖車"])
def test_a_malformed_code_is_refused_with_its_place(code: str) -> None:
    with pytest.raises(CodeInvalid) as refused:
        checked_codes("equipment", ["flatbed", code])
    assert refused.value.facts["field"] == "equipment.1"


def test_a_code_is_named_once() -> None:
    assert checked_codes("equipment", ["flatbed", "winch_2"]) == ["flatbed", "winch_2"]
    with pytest.raises(CodeRepeated):
        checked_codes("equipment", ["flatbed", "flatbed"])


def test_only_what_was_asked_for_is_granted_at_any_level() -> None:
    check_grants({"towing": 4}, {"towing": 1})
    check_grants({"towing": 4}, {"towing": 5})
    with pytest.raises(SkillNotAsked):
        check_grants({"towing": 4}, {"gas": 1})
