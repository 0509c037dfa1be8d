"""An escrow is divided without rest, whoever came and whatever was refunded before."""

from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment.domain.settlement import (
    SettlementMove,
    SettlementState,
    Share,
    divide,
    shrink,
    top_up_for,
)
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden, MoveRefused
from tests.services.payment.world import hkd


@dataclass
class Thing:
    state: SettlementState


@pytest.mark.parametrize(
    ("move", "state", "role"), list(product(SettlementMove, SettlementState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: SettlementMove, state: SettlementState, role: Role
) -> None:
    thing = Thing(state)
    if role in move.allowed and state in move.sources:
        move.apply(thing, by=role)
        assert thing.state is move.target
        return
    with pytest.raises((MoveForbidden, MoveRefused)):
        move.apply(thing, by=role)
    assert thing.state is state


@st.composite
def escrows(draw: st.DrawFn) -> tuple[int, int, list[Share]]:
    """What is held now, what of it the user paid, and the shares as they were told."""
    gross = draw(st.integers(0, 10**7))
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any))
    rate = draw(st.integers(1_000, 2_000))
    commission = hkd(gross).share(rate)
    nets = (hkd(gross) - commission).split(weights)
    kept = commission.split(weights)
    shares = [
        Share(1, number, net, part, new_id(), draw(st.booleans()))
        for number, (net, part) in enumerate(zip(nets, kept, strict=True), 1)
    ]
    promoted = draw(st.integers(0, gross))
    refunded = draw(st.integers(0, gross - promoted))
    return gross - refunded, gross - promoted - refunded, shares


@given(escrows())
def test_every_cent_goes_somewhere(escrow: tuple[int, int, list[Share]]) -> None:
    held, paid, shares = escrow
    division = divide(hkd(held), hkd(paid), shares)
    parts = [*division.pay, division.commission, division.to_user, division.to_promotion]
    assert sum(part.minor for part in parts) == held
    assert min(part.minor for part in parts) >= 0


@given(escrows(), st.data())
def test_what_is_shown_after_refunds_is_what_worked_positions_get(
    escrow: tuple[int, int, list[Share]], data: st.DataObject
) -> None:
    _, paid, told = escrow
    held = sum(share.net.minor + share.commission.minor for share in told)
    shown = [(share.net, share.commission) for share in told]
    for _ in range(data.draw(st.integers(1, 3))):
        held -= data.draw(st.integers(0, held))
        shown = shrink(hkd(held), shown)
        assert sum(net.minor + kept.minor for net, kept in shown) == held
        assert shrink(hkd(held), shown) == shown

    parts = zip(told, shown, strict=True)
    shares = [replace(share, net=net, commission=kept) for share, (net, kept) in parts]
    division = divide(hkd(held), hkd(min(paid, held)), shares)
    nothing = hkd(0)
    assert division.pay == [share.net if share.worked else nothing for share in shares]
    worked = (share.commission for share in shares if share.worked)
    assert division.commission == sum(worked, nothing)


@given(escrows())
def test_the_user_never_gets_back_more_than_they_paid(
    escrow: tuple[int, int, list[Share]],
) -> None:
    held, paid, shares = escrow
    assert divide(hkd(held), hkd(paid), shares).to_user.minor <= paid


@given(escrows())
def test_the_platform_tops_up_just_what_the_bank_pays_beyond_the_user_s_money(
    escrow: tuple[int, int, list[Share]],
) -> None:
    held, paid, shares = escrow
    division = divide(hkd(held), hkd(paid), shares)
    in_bank = hkd(paid) - division.to_user
    top_up = top_up_for(in_bank, division)
    assert top_up == hkd(held - paid) - division.to_promotion
    assert top_up.minor >= 0


def test_worked_positions_get_exactly_what_they_were_told() -> None:
    shares = [
        Share(1, 1, hkd(58_667), hkd(8_000), new_id(), worked=True),
        Share(1, 2, hkd(29_333), hkd(4_000), new_id(), worked=True),
    ]
    division = divide(hkd(100_000), hkd(100_000), shares)
    assert list(division.pay) == [hkd(58_667), hkd(29_333)]
    assert division.commission == hkd(12_000)
    assert division.to_user == hkd(0)


def test_an_unworked_position_goes_back_with_its_commission() -> None:
    shares = [
        Share(1, 1, hkd(44_000), hkd(6_000), new_id(), worked=True),
        Share(1, 2, hkd(44_000), hkd(6_000), new_id(), worked=False),
    ]
    division = divide(hkd(100_000), hkd(90_000), shares)  # A platform coupon of 10,000.
    assert list(division.pay) == [hkd(44_000), hkd(0)]
    assert division.commission == hkd(6_000)
    assert (division.to_user, division.to_promotion) == (hkd(45_000), hkd(5_000))
