"""The life of a login session, without a database."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.user.domain.session import Lifetimes, SessionMove, SessionState
from shared.kit.caller import Role
from shared.kit.errors import Problem

DAY = 86_400
LIFETIMES = Lifetimes(30 * DAY, 90 * DAY, DAY // 2)
OPENED = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(SessionMove, SessionState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: SessionMove, state: SessionState, role: Role
) -> None:
    session = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(session, by=role)
        assert session.state == (move.target or state)
    else:
        with pytest.raises(Problem):
            move.apply(session, by=role)
        assert session.state == state


def test_an_unused_session_ends_after_its_idle_time() -> None:
    ends_at = LIFETIMES.ends_at(OPENED, OPENED + timedelta(days=7), {Role.USER})
    assert ends_at == OPENED + timedelta(days=37)


def test_no_use_keeps_a_session_for_ever() -> None:
    ends_at = LIFETIMES.ends_at(OPENED, OPENED + timedelta(days=89), {Role.USER, Role.WORKER})
    assert ends_at == OPENED + timedelta(days=90)


def test_staff_log_in_each_day() -> None:
    ends_at = LIFETIMES.ends_at(OPENED, OPENED, {Role.USER, Role.STAFF})
    assert ends_at == OPENED + timedelta(hours=12)
