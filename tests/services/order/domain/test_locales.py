"""Which language a reader gets."""

import pytest

from services.order.domain.locales import Locale, locale_asked


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", Locale.ZH_HK),
        ("fr", Locale.ZH_HK),
        ("en-GB,en;q=0.9", Locale.EN),
        ("zh", Locale.ZH_CN),
        ("zh-Hans-CN", Locale.ZH_CN),
        ("zh-TW", Locale.ZH_HK),
        ("fr, en;q=0.3, zh-CN;q=0.8", Locale.ZH_CN),
        ("en;q=0, zh-CN;q=0.1", Locale.ZH_CN),
        ("en;q=nonsense", Locale.ZH_HK),
        ("zh-HK;q=0.5, en;q=0.5", Locale.ZH_HK),
    ],
)
def test_the_best_language_that_is_asked_for_is_used(header: str, locale: Locale) -> None:
    assert locale_asked(header) is locale
