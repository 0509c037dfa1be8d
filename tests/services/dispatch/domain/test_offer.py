"""The life of an offer, the whole table."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.dispatch.domain.offer import (
    HOLDING,
    OPEN,
    REFUSED,
    OfferMove,
    OfferState,
    tells_place,
)
from shared.kit.caller import Role
from shared.kit.errors import Problem


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(OfferMove, OfferState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: OfferMove, state: OfferState, role: Role
) -> None:
    offer = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(offer, by=role)
        assert offer.state == move.target
    else:
        with pytest.raises(Problem):
            move.apply(offer, by=role)
        assert offer.state == state


def test_an_offer_that_holds_nothing_never_holds_again() -> None:
    over = set(OfferState) - HOLDING
    assert all(move.target in over for move in OfferMove if move.sources & over)


def test_a_worker_who_left_is_not_asked_again_though_their_claim_was_lost() -> None:
    for state in (OfferState.CLAIMING, OfferState.ACCEPTED, OfferState.LOST):
        offer = SimpleNamespace(state=state)
        OfferMove.RELEASE.apply(offer, by=Role.SYSTEM)
        assert offer.state in REFUSED


def test_only_an_offer_still_open_can_become_a_job() -> None:
    assert [move for move in OfferMove if move.target is OfferState.ACCEPTED] == [OfferMove.ACCEPT]
    assert OfferMove.ACCEPT.sources <= OPEN


def test_the_exact_place_is_told_while_the_job_is_theirs_and_a_day_after_its_end() -> None:
    ended = datetime(2026, 11, 2, 10, tzinfo=UTC)
    just, late = ended + timedelta(hours=24, seconds=-1), ended + timedelta(hours=24)
    assert tells_place(OfferState.ACCEPTED, None, late)
    assert tells_place(OfferState.ACCEPTED, ended, just)
    assert not tells_place(OfferState.ACCEPTED, ended, late)
    others = set(OfferState) - {OfferState.ACCEPTED}
    assert not any(tells_place(state, None, ended) for state in others)
