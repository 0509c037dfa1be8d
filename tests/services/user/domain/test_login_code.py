"""The life and the limits of login codes, without a database."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.user.domain.login_code import (
    CodeRules,
    Limit,
    LoginCodeMove,
    LoginCodeState,
    sms_text,
    wait_seconds,
)
from shared.kit.caller import Role
from shared.kit.errors import Problem
from shared.kit.ids import new_id
from shared.locales import Locale

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LIMITS = [Limit(1, 60), Limit(5, 3_600)]


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(LoginCodeMove, LoginCodeState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: LoginCodeMove, state: LoginCodeState, role: Role
) -> None:
    code = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(code, by=role)
        assert code.state == move.target
    else:
        with pytest.raises(Problem):
            move.apply(code, by=role)
        assert code.state == state


def test_who_has_not_asked_need_not_wait() -> None:
    assert wait_seconds([], NOW, LIMITS) == 0


def test_the_wait_ends_when_the_oldest_leaves_the_window() -> None:
    assert wait_seconds([NOW - timedelta(seconds=20)], NOW, LIMITS) == 40
    assert wait_seconds([NOW - timedelta(seconds=60)], NOW, LIMITS) == 0
    asked = [NOW - timedelta(minutes=minutes) for minutes in (10, 20, 30, 40, 50)]
    assert wait_seconds(asked, NOW, LIMITS) == 600


def test_a_part_of_a_second_is_waited_for_in_full() -> None:
    assert wait_seconds([NOW - timedelta(seconds=59.5)], NOW, LIMITS) == 1


def test_a_limit_of_zero_is_lifted() -> None:
    assert wait_seconds([NOW] * 9, NOW, [Limit(0, 60)]) == 0


def test_a_kept_code_is_bound_to_its_request_and_phone() -> None:
    rules = CodeRules(b"k" * 32, 600, 5, LIMITS, [])
    request_id = new_id()
    kept = rules.digest(request_id, "+85261234567", "123456")
    assert rules.matches(kept, request_id, "+85261234567", "123456")
    assert not rules.matches(kept, request_id, "+85261234568", "123456")
    assert not rules.matches(kept, new_id(), "+85261234567", "123456")
    assert not rules.matches(kept, request_id, "+85261234567", "123457")
    assert "kkk" not in repr(rules)


@pytest.mark.parametrize("locale", Locale)
def test_each_language_has_its_sms(locale: Locale) -> None:
    assert "012345" in sms_text("012345", 600, locale)
    assert "10" in sms_text("012345", 600, locale)
