"""How what people type and what is written meet."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.order.domain.search import CONCEPT, fold, tokens_asked, tokens_of

SYNONYMS = {"unblock": ["通渠", "通廁所", "drain", "pipe unblocking"]}


def test_traditional_simplified_and_full_width_become_one() -> None:
    assert fold("ＤＲＡＩＮ 通廁所") == fold("drain 通厕所")


@pytest.mark.parametrize(
    "query", ["通渠", "通渠佬", "通廁所", "通厕所", "Drains", "PIPE unblocking"]
)
def test_words_that_mean_the_same_share_a_concept(query: str) -> None:
    assert f"{CONCEPT}unblock" in tokens_asked(query, SYNONYMS)


@pytest.mark.parametrize("query", ["渠", "drainage", "pipes"])
def test_parts_of_words_are_not_the_word(query: str) -> None:
    assert f"{CONCEPT}unblock" not in tokens_asked(query, SYNONYMS)


def test_chinese_is_asked_for_in_pairs_and_a_single_character_alone() -> None:
    assert tokens_asked("洗冷氣", {}) == ["冷气", "洗冷"]
    assert tokens_asked("洗", {}) == ["洗"]
    assert tokens_asked("洗 car", {}) == ["car", "洗"]


def test_english_endings_do_not_matter() -> None:
    assert tokens_asked("cleaning cleaners", {}) == tokens_asked("clean", {}) == ["clean"]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_text_is_found_by_itself(text: str) -> None:
    asked = set(tokens_asked(text, SYNONYMS))
    assert asked <= set(tokens_of([text], SYNONYMS))
    assert "" not in asked
