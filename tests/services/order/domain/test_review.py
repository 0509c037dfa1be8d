"""The terms of a review are those of the product."""

from services.order.domain.review import REVIEW_SECONDS, SCORE_MAX, SCORE_MIN, Dimension


def test_fifteen_days_five_stars_five_dimensions() -> None:
    assert REVIEW_SECONDS == 15 * 86_400
    assert (SCORE_MIN, SCORE_MAX) == (1, 5)
    assert {each.value for each in Dimension} == {
        "punctual",
        "skill",
        "manner",
        "tidy",
        "price_honesty",
    }
