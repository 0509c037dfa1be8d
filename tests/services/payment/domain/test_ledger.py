"""Every posting balances, by construction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment.domain import ledger
from services.payment.domain.ledger import Line, Posting, PostingKind
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.payment.world import hkd

amounts = st.integers(0, 10**9)
ORDER, REF = new_id(), new_id()


def total(posting: Posting) -> int:
    return sum(line.amount.minor for line in posting.lines)


@given(paid=amounts, discounts=st.lists(amounts, max_size=3), fee=amounts)
def test_capture_and_cancellation_balance(paid: int, discounts: list[int], fee: int) -> None:
    promotions = [(f"C{number}", hkd(minor)) for number, minor in enumerate(discounts)]
    assert total(ledger.captured(REF, ORDER, "wechat", hkd(paid), promotions)) == 0
    assert total(ledger.cancelled(ORDER, hkd(paid), hkd(fee), promotions)) == 0


@given(pay=st.lists(amounts, min_size=1, max_size=5), kept=amounts, back=amounts, promo=amounts)
def test_a_settlement_balances_and_empties_the_escrow(
    pay: list[int], kept: int, back: int, promo: int
) -> None:
    shares = [(new_id(), hkd(minor)) for minor in pay]
    told = (("towing", hkd(kept)), hkd(back), [("C", hkd(promo))])
    posting = ledger.settled(REF, ORDER, shares, *told)
    assert total(posting) == 0
    out = [line.amount.minor for line in posting.lines if line.account == ledger.escrow(ORDER)]
    assert sum(out) == -(sum(pay) + kept + back + promo)


def test_the_id_of_a_posting_follows_from_what_it_is_about() -> None:
    first = ledger.refunded(REF, ORDER, "wechat", hkd(5))
    assert first.id == ledger.refunded(REF, ORDER, "wechat", hkd(5)).id
    assert first.id != ledger.refund_owed(REF, ORDER, hkd(5)).id


def test_what_does_not_balance_cannot_be_written_down() -> None:
    one = Line(ledger.escrow(ORDER), hkd(5))
    with pytest.raises(ValueError, match="does not balance"):
        Posting(PostingKind.CAPTURED, REF, ORDER, [one])
    other = Line(ledger.clearing("wechat"), Money(-5, Currency.CNY))
    with pytest.raises(ValueError, match="does not balance"):
        Posting(PostingKind.CAPTURED, REF, ORDER, [one, other])


def test_an_account_has_one_id_a_currency() -> None:
    account = ledger.escrow(ORDER)
    assert account.id("HKD") == ledger.escrow(ORDER).id("HKD") != account.id("CNY")
