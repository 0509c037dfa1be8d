"""Numbers that people read out."""

from hypothesis import given
from hypothesis import strategies as st

from services.order.domain.numbers import ALPHABET, SEQUENCE_MAX, is_number, number_of

sequences = st.integers(0, SEQUENCE_MAX)


@given(sequences, sequences)
def test_no_two_orders_share_a_number(one: int, other: int) -> None:
    assert (number_of(one) == number_of(other)) == (one == other)


def test_the_first_hundred_thousand_numbers_all_differ() -> None:
    assert len({number_of(n) for n in range(100_000)}) == 100_000


@given(sequences)
def test_a_number_is_read_out_in_two_groups_of_four(sequence: int) -> None:
    number = number_of(sequence)
    assert len(number) == 12
    assert number[:3] == "JA-"
    assert number[7] == "-"
    assert is_number(number)
    assert is_number(number.lower().replace("-", "").removeprefix("ja"))


@given(sequences, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_noticed(sequence: int, place: int, letter: str) -> None:
    letters = number_of(sequence).removeprefix("JA-").replace("-", "")
    slipped = letters[:place] + letter + letters[place + 1 :]
    assert is_number(slipped) == (slipped == letters)


def test_what_is_no_number_is_refused() -> None:
    assert not any(is_number(text) for text in ("", "JA-", "JA-IIII-LLLL", "JA-7K3M-92Q", "😀" * 8))
