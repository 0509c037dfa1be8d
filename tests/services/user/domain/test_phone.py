"""Phone numbers, without a database."""

import pytest

from services.user.domain.phone import PhoneInvalid, e164


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("61234567", "+85261234567"),
        ("+852 6123 4567", "+85261234567"),
        ("852-6123-4567", "+85261234567"),
        ("６１２３４５６７", "+85261234567"),
        ("13812345678", "+8613812345678"),
        ("(6123) 4567", "+85261234567"),
        ("85261234567", "+85261234567"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
    ],
)
def test_a_number_is_one_however_it_is_written(written: str, number: str) -> None:
    assert e164(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "", "+", "()", "\x00", "21234567", "6123456", "612345678", "12345678901", "6123456x",
        "61234567 ext. 5", "call 61234567", "61234567 91234567", "+852+61234567", "41234567",
        "999", "18088", "+44 7700 900123", "+853 6612 3456", "+886 912 345 678",
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_is_refused_by_field_and_reason(written: str) -> None:
    with pytest.raises(PhoneInvalid) as refused:
        e164(written)
    assert refused.value.facts.keys() == {"field", "reason"}
