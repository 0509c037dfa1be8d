"""What a user says about the work, and how long they may. Pure."""

from enum import StrEnum

from shared.kit.errors import NotFound

REVIEW_SECONDS = 15 * 24 * 60 * 60  # Then the order is completed without a rating.
CASE_CHECK_SECONDS = 60 * 60  # While a case is open, silence is asked about again this often.
SCORE_MIN, SCORE_MAX = 1, 5
TEXT_MAX = 1_000


class ReviewNotFound(NotFound):
    """The order has no review."""


class Dimension(StrEnum):
    """What is scored beside the whole."""

    PUNCTUAL = "punctual"
    SKILL = "skill"
    MANNER = "manner"
    TIDY = "tidy"
    PRICE_HONESTY = "price_honesty"
