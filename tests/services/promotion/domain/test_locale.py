"""Which language a header asks for."""

import pytest

from services.promotion.domain.locale import Locale, locale_asked


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", Locale.ZH_HK),
        ("fr-FR", Locale.ZH_HK),
        ("en-GB,en;q=0.9", Locale.EN),
        ("zh-CN", Locale.ZH_CN),
        ("zh", Locale.ZH_CN),
        ("zh-Hant-TW", Locale.ZH_HK),
        ("en;q=0.1, zh-Hans;q=0.8", Locale.ZH_CN),
        ("en;q=nonsense, zh-HK;q=0.1", Locale.ZH_HK),
        ("en;q=7", Locale.ZH_HK),
    ],
)
def test_the_best_of_ours_is_taken(header: str, locale: Locale) -> None:
    assert locale_asked(header) is locale
