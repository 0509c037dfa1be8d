"""How a search finds offerings: what people type and what is written, brought to one form. Pure.

Text is folded (width, case, traditional to simplified), then cut: Latin text into words without
their endings, Chinese into pairs of neighbouring characters. Words that mean the same are rows of
data; each row that a text touches adds one more token, its concept.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise

import opencc

from services.order.domain.catalogue import CategoryTerms, OfferingLayout

CONCEPT = "~"  # Leads the token of a concept; no text folds to it.
CONCEPT_WEIGHT = 3  # Meaning counts more than spelling.
_ENDINGS = ("ings", "ing", "ers", "er", "ed", "es", "s")
_STEM_MIN = 3

Synonyms = Mapping[str, Sequence[str]]
"""Words by the concept that they mean."""


@lru_cache(maxsize=1)
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """The text in small simplified form, so that spellings of one word become equal."""
    folded: str = _to_simplified().convert(unicodedata.normalize("NFKC", text).casefold())
    return folded


def offering_tokens(
    terms: OfferingLayout, category: CategoryTerms, synonyms: Synonyms
) -> list[str]:
    """What an offering is found by: its names, its category's, and its keywords."""
    texts = [*terms.name.values(), *category.name.values(), *terms.keywords]
    return tokens_of(texts, synonyms)


def tokens_of(texts: Iterable[str], synonyms: Synonyms) -> list[str]:
    """What an offering is found by: words, single characters, pairs, and concepts."""
    found: set[str] = set()
    for text in texts:
        units = _units(text)
        found |= {*units, *_pairs(units), *_concepts(units, synonyms)}
    return sorted(found)


def tokens_asked(query: str, synonyms: Synonyms) -> list[str]:
    """What a query looks for; a single character only where it stands alone."""
    units = _units(query)
    found = {*_pairs(units), *_concepts(units, synonyms)}
    for is_chinese, run in groupby(units, key=_is_chinese):
        alone = list(run)
        if not is_chinese or len(alone) == 1:
            found.update(alone)
    return sorted(found)


def _units(text: str) -> list[str]:
    """Words and single Chinese characters, in the order they stand."""
    units: list[str] = []
    for kind, run in groupby(fold(text), key=_kind):
        letters = "".join(run)
        if kind == "chinese":
            units += letters
        elif kind == "word":
            units.append(_stem(letters))
    return units


def _kind(letter: str) -> str:
    if _is_chinese(letter):
        return "chinese"
    return "word" if letter.isalnum() else ""


def _is_chinese(unit: str) -> bool:
    first = unit[0]
    return "\u3400" <= first <= "\u9fff" or "\uf900" <= first <= "\ufaff" or first >= "\U00020000"


def _stem(word: str) -> str:
    """The word without an English ending; rough, but the same for what is written and asked."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            return word.removesuffix(ending)
    return word


def _pairs(units: Sequence[str]) -> set[str]:
    return {a + b for a, b in pairwise(units) if _is_chinese(a) and _is_chinese(b)}


def _concepts(units: Sequence[str], synonyms: Synonyms) -> set[str]:
    return {
        CONCEPT + concept
        for concept, words in synonyms.items()
        if any(_contains(units, _units_kept(word)) for word in words)
    }


@lru_cache(maxsize=10_000)
def _units_kept(word: str) -> tuple[str, ...]:
    return tuple(_units(word))


def _contains(units: Sequence[str], part: Sequence[str]) -> bool:
    size = len(part)
    return bool(part) and any(
        tuple(units[at : at + size]) == part for at in range(len(units) - size + 1)
    )
