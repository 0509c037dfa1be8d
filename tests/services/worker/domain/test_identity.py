"""Identity numbers, by the samples of the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from services.worker.domain.identity import IdKind, IdNumberInvalid, normalised, shown

VALID_HKIDS = [
    "A123456(3)", "G123456(A)", "AB987654(3)", "C668668(9)", "K000000(0)", "Z683365(A)",
]  # fmt: skip


@pytest.mark.parametrize("number", VALID_HKIDS)
def test_a_valid_hkid_is_written_without_brackets(number: str) -> None:
    plain = number.replace("(", "").replace(")", "")
    assert normalised(IdKind.HKID, number) == plain
    assert normalised(IdKind.HKID, f" {plain.lower()} ") == plain
    assert normalised(IdKind.HKID, plain[:-1] + "（" + plain[-1] + "）") == plain


@pytest.mark.parametrize("number", VALID_HKIDS)
def test_any_other_check_digit_is_refused(number: str) -> None:
    for check in set("0123456789AB") - {number[-2]}:
        with pytest.raises(IdNumberInvalid):
            normalised(IdKind.HKID, f"{number[:-3]}({check})")


@pytest.mark.parametrize(
    "number", ["Z683365(5)", "", "A12345(3)", "ABC123456(3)", "1234567(8)", "Ａ123456(3)"]
)
def test_what_is_no_hkid_is_refused(number: str) -> None:
    with pytest.raises(IdNumberInvalid) as refused:
        normalised(IdKind.HKID, number)
    assert refused.value.facts["field"] == "id_document.number"
    assert number not in str(refused.value.facts) or not number


def test_mainland_numbers_are_checked_by_digit_and_date() -> None:
    assert normalised(IdKind.MAINLAND_ID, "11010519491231002x") == "11010519491231002X"
    for wrong in ("110105194912310021", "11010519491331002X", "1101051949123100", "x" * 18):
        with pytest.raises(IdNumberInvalid):
            normalised(IdKind.MAINLAND_ID, wrong)


def test_a_residence_permit_of_hong_kong_is_a_mainland_number() -> None:
    plain = "81000019940823002"
    number = plain + ric.calc_check_digit(plain + "0")
    assert normalised(IdKind.MAINLAND_ID, number) == number
    with pytest.raises(IdNumberInvalid):
        normalised(IdKind.MAINLAND_ID, plain.replace("0823", "1323") + number[-1])


def test_a_passport_has_six_to_twelve_letters_and_digits() -> None:
    assert normalised(IdKind.PASSPORT, "k 1234 5678") == "K12345678"
    for wrong in ("12345", "ABCDEFGH", "K1234567890123", "K12345_78"):
        with pytest.raises(IdNumberInvalid):
            normalised(IdKind.PASSPORT, wrong)


def test_what_is_shown_hides_enough() -> None:
    assert shown(IdKind.HKID, "A1234563") == "A12****(*)"
    assert shown(IdKind.MAINLAND_ID, "11010519491231002X") == "110*************2X"
    assert shown(IdKind.PASSPORT, "K12345678") == "****"


@given(st.sampled_from(IdKind), st.text(max_size=30))
def test_any_text_is_a_number_or_refused(kind: IdKind, text: str) -> None:
    try:
        number = normalised(kind, text)
    except IdNumberInvalid:
        return
    assert normalised(kind, number) == number
